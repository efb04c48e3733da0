package browser_test

import (
	"testing"

	"woggle/test/browser"
)

// A stranger who is signed in adds a phone. The owner learns it from a letter, whose link stops everything.
func TestThisWasNotMe(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		grace := county.Person("grace.thaxter")
		enter(county, w, grace).Open("/security/add").Press("Phone").Fill("tel", "07700 900999").Choose("sms").Press("Send me a code")
		w.Fill("one-time-code", county.Code("+447700900999")).Press("Verify").See("It is added.")
		county.Text(grace.Phone, "This was added to your account: Phone. If this wasn't you, tell us at once.")
		letter := county.Letter(email(grace), "A sign-in method was added")

		owner := county.Window()
		owner.Open("/handset/letters").See("This was added to your account: Phone. If this wasn’t you, tell us at once.")
		owner.Press("This wasn’t me").See("Wasn’t that you?")
		w.Reload().See("Add sign-in method") // looking at the page has done nothing
		owner.Press("It wasn’t me. Stop everything").See("Your account is safe now")
		county.Letter("admin@northwold.example", "Somebody said: this wasn’t me")
		owner.Open(letter.Link).See("This link doesn’t work any more")

		w.Press("Activity").See("Email or user name")
		enter(county, w, grace).See("nothing can be changed in it for now").Press("Security info")
		w.See("nothing can be changed in it for now", "+44 7700 900207").NotSee("Add sign-in method", "Rename", "Remove", "Make default")
		w.Open("/security/password").See("nothing can be changed in it for now")
		w.Open("/details").See("nothing can be changed in it for now").NotSee("Save")
		w.Open("/activity").See("You said “this wasn’t me”; changes were stopped")
	})
}

// Who finds something odd in the activity says so there.
func TestThisWasNotMeFromTheActivity(t *testing.T) {
	t.Parallel()
	county := suite.Demo(t)
	megan := county.Person("megan.pryce") // who reads Welsh
	stranger, w := county.Window(), county.Window()
	w.Open("/signin").Welsh()
	enter(county, stranger.Open("/signin").Welsh(), megan)
	enter(county, w, megan).Press("Activity").See("You signed in", "Chrome · Linux")
	w.Press("Wasn’t you?").Press("It wasn’t me. Stop everything").See("Your account is safe now")
	stranger.Reload().See("Email or user name")
	w.Open("/").See("Email or user name")
	county.Letter("admin@northwold.example", "Somebody said: this wasn’t me")
}
