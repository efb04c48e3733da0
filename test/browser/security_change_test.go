package browser_test

import (
	"testing"

	"woggle/test/browser"
)

// A name, what is asked first, a removal; all of it is told by every way there is, and stands in the activity.
func TestRenameMakeDefaultRemove(t *testing.T) {
	everyWay(t, func(t *testing.T, county *browser.County, w *browser.Window, take func(string, int64)) {
		mei := county.Person("mei.lin")
		enter(county, w, mei).Open("/security/add").Press("Phone").Fill("tel", mei.Phone).Choose("sms").Press("Send me a code")
		w.Fill("one-time-code", county.Code(mei.Phone)).Press("Verify").See("It is added. You can sign in with it from now on.")
		w.Open("/security")
		take("security-info", 800)
		county.Letter(email(mei), "A sign-in method was added")

		w.PressBeside("Mobile phone", "Rename").See("Give it a name").Fill("name", "Kitchen phone").Press("Save")
		w.See("It has its new name.", "Kitchen phone")
		if at := w.Read("nav [aria-current]", "href"); at != "/security" {
			t.Errorf("after a change the navigation is at %q", at)
		}
		w.PressBeside("Kitchen phone", "Make default").See("We’ll ask for this one first from now on.")
		county.Letter(email(mei), "Your default sign-in method was changed")
		county.Text(mei.Phone, "When you sign in we now ask first for: Phone.")
		w.Press("Change").See("What should we ask for first?").Choose(w.Read("input[name=method]:not(:checked)", "value")).Press("Save")
		w.See("We’ll ask for this one first from now on.").PressBeside("Kitchen phone", "Make default").See("We’ll ask for this one first from now on.")

		county.Later(stale)
		w.PressBeside("Kitchen phone", "Remove").See("First, prove it’s you").Press("Go on")
		w.Fill("one-time-code", county.Code(mei.Phone)).Press("Verify").See("Remove this?", "Kitchen phone")
		take("remove", 440)
		w.Press("Remove").See("It is removed. All your other browsers are signed out.").NotSee("Kitchen phone")
		county.Letter(email(mei), "A sign-in method was removed")
		county.Text(mei.Phone, "This was removed from your account: Phone.")

		w.Press("Activity").See("You signed in", "Your other browsers were signed out", "Kitchen phone", "+44 •••• •••304")
		take("activity", 800)
		w.Press("Wasn’t you?").See("Wasn’t that you?", "It wasn’t me. Stop everything")
		take("not-me", 440)
		w.Press("It was me. All is well").See("What has happened in your account, the newest first.")
	})
}

// Nothing can be changed with an old proof: each page asks for a new one first, and a form that was opened in time and
// sent too late changes nothing.
func TestEveryChangeWantsARecentProof(t *testing.T) {
	t.Parallel()
	county := suite.Demo(t)
	ben := county.Person("ben.fairweather")
	w := county.Window()
	enter(county, w, ben).Press("Security info").PressBeside("Mobile phone", "Rename").Fill("name", "Not a good name")
	late := w.Tab().Open("/security/password").Fill("current-password", ben.Password).Fill("new-password", "acorn-lantern-puddle-9")
	county.Later(stale)
	w.Press("Save").See("Enter the code we sent")
	county.Code(ben.Phone) // has come, and is left
	w.Press("Not now").See("First, prove it’s you")
	late.Press("Change password").See("Enter the code we sent")
	county.Code(ben.Phone)
	for _, page := range []string{"/security/password", "/security/default"} {
		late.Open(page).See("First, prove it’s you", "It lasts for 10 minutes.")
	}
	w.Open("/security").NotSee("Not a good name").PressBeside("Mobile phone", "Remove").See("First, prove it’s you").Open("/security").
		PressBeside("Mobile phone", "Rename").See("First, prove it’s you").Press("Go on")
	prove(county, w, ben).See("Give it a name").Fill("name", "Good name").Press("Save").See("It has its new name.", "Good name")
	signIn(county.Window(), ben).See("Enter the code we sent") // the password is the old one
}
