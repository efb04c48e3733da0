package browser_test

import (
	"regexp"
	"testing"
	"time"

	"woggle/test/browser"
)

// A mailbox and a phone alone get a password back that works a day later; until then the old one does.
func TestAForgottenPasswordThatWaits(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		grace := county.Person("grace.thaxter")
		w.Open("/signin").Press("I can’t sign in").Press("My phone").See("For your safety it works a day later")
		w.Fill("username", grace.Username).Press("Send me a link").See("Check your email", linkSent, "have your phone ready")
		letter := county.Letter(email(grace), "Choose a new password for Northwold County Scouts")
		w.Open(letter.Link).Press("Next").See("Enter the code we sent", "•••207")
		prove(county, w, grace).Fill("new-password", "acorn lantern puddle").Press("Save password")
		w.See("Your new password works tomorrow", "Until then your old password works", "Can’t wait?")
		county.Letter(email(grace), "A new password was chosen")
		changed := grace
		changed.Password = "acorn lantern puddle"
		signIn(w, changed).See(wrongPassword)
		enter(county, w, grace).Open("/security").See("A new password was chosen with your email and your phone.")
		w.Press("Throw the new one away").See("The one that you have stays.").NotSee("A new password was chosen")
	})
}

// A stuck person and a helper, side by side: three words are read out, and the helper sees each step as it comes.
func TestAStuckPersonAndAHelper(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		layla, raj := county.Person("layla.haddad"), county.Person("raj.patel")
		helper := county.Window()
		enter(county, helper, raj).Press("Help others").See("You help the people of: Fenland District")

		layla.Password = "not this one"
		signIn(w, layla).See(wrongPassword).Press("Ask a helper").See("They never see a password").Press("Show me three words")
		said := regexp.MustCompile(`to your helper:\s+(\S+)\s+(\S+)\s+(\S+)\s+They work until`).FindStringSubmatch(w.See("Read these three words").Text())
		if said == nil {
			t.Fatalf("no three words: %s", w.Text())
		}
		helper.Fill("words", said[1]+" "+said[2]+" "+said[3]).Press("See where they are")
		helper.See("A page that asks for their password.", "That password isn’t right for this user name", "The words don’t prove it.")
		layla = county.Person("layla.haddad")
		w.Press("Go back to where I was").Fill("current-password", layla.Password).Press("Next").See("Enter the code we sent")
		helper.Reload().See("A page that asks for a code that we sent to their phone.", "•••203").NotSee("7700")
		prove(county, w, layla)
		helper.Reload().See("finished in another window")
		helper.Press("What is set up").See("Phone", "•••203", "Give an access pass", "Vouch for somebody")
	})
}

// A member who has lost all is vouched for by two helpers, and undone by the administrator, who was told.
func TestALockedOutMemberAndTwoHelpers(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		w.Open("/signin").Press("I can’t sign in").Press("None of these").See("Two helpers of your group can vouch for you")
		first, second, ruth := county.Window(), county.Window(), county.Window()
		at := func(w *browser.Window, helper string) *browser.Window {
			enter(county, w, county.Person(helper)).Press("Help others").Fill("find", "ernest").Press("Find").Press("Ernest Wix")
			return w.See("Phone", "•••203", "What went wrong lately").Press("Vouch for somebody").See("Call them back now, on a number that you knew before.")
		}
		vouch := func(w *browser.Window) *browser.Window { return w.Choose("yes").Press("I vouch for this person") }
		vouch(at(first, "raj.patel")).See("Now another helper of the group has to, within 24 hours.")
		vouch(at(second, "hugh.tillett").See("Raj Patel has vouched already.")).See("The access pass", "It is for Ernest Wix, and nobody else.")
		ernest := county.Person("ernest.wix")
		county.Letter(email(ernest), "Two helpers let you in again")
		county.Letter("admin@northwold.example", "Two helpers vouched for Ernest Wix")

		ernest.Password = regexp.MustCompile(`[2-9a-z]{4}-[2-9a-z]{4}-[2-9a-z]{4}`).FindString(second.Text())
		signIn(w, ernest).See("We are calling you").Press("I can’t do this").Press("I don’t have any of these any more").Press("Use an authenticator app instead")
		setUpTheApp(county, w)
		w.See("You’re all set", "Have you forgotten your password?").Press("Go on").See("Hello, Ernest")

		enter(county, ruth, county.Person("admin")).Press("Help others").Press("People who were vouched for").See("Ernest Wix")
		ruth.Press("Undo").See("What was removed since does not come back.").Press("Undo").See("It is undone.")
		w.Reload().See("Email or user name")
		county.Later(time.Minute)
	})
}

// A helper gives somebody a pass, who is told, and cancels it again.
func TestAHelperGivesAPass(t *testing.T) {
	once(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		enter(county, w, county.Person("hugh.tillett")).Press("Help others").Press("Mair Hughes").Press("Give an access pass")
		w.Choose("yes").Press("Make the pass").See("It is for Mair Hughes", "We have told them")
		w.Press("Done").See("Works until").Press("Cancel").Press("Cancel the access pass").See("The access pass does not work any more.")
		w.Open("/helping?find=ruth").See("Nobody is found.")
	})
}
