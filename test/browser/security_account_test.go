package browser_test

import (
	"testing"

	"woggle/test/browser"
)

// Three browsers are signed in; one ends another, and then all that are left.
func TestWhereOneIsSignedIn(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		hugh := county.Person("hugh.tillett")
		left, kept := county.Window(), county.Window()
		enter(county, left, hugh)
		enter(county, w, hugh).Press("Security info").See("Where you are signed in", "This browser", "Chrome · Linux signed in today at")
		w.PressBeside("Chrome · Linux", "Sign out").See("Done. It can’t be used any more until you sign in there again.")
		left.Press("Details").See("Email or user name")

		enter(county, kept, hugh)
		w.Press("Sign out everywhere but here").See("Done. It can’t be used any more until you sign in there again.", "This browser")
		kept.Press("Details").See("Email or user name")
		w.Press("Activity").See("Your other browsers were signed out", "A browser was signed out")
		w.Press("Sign out").See("Email or user name").Back()
		w.Reload().See("Email or user name")
	})
}

func TestChangeThePassword(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		ben := county.Person("ben.fairweather")
		other := county.Window()
		enter(county, other, ben)
		enter(county, w, ben).Press("Security info").PressBeside("Password", "Change").See("Change password", "All your other browsers are signed out.")
		if name := w.Read("[autocomplete=username]", "value"); name != ben.Username {
			t.Errorf("a password manager would keep it for %q", name)
		}
		change := func(current, next string) *browser.Window {
			return w.Fill("current-password", current).Fill("new-password", next).Press("Change password")
		}
		change("wrong-"+ben.Password, "acorn-lantern-puddle-9").See("That isn’t your password now. Check Caps Lock and type it again.")
		change(ben.Password, "password123").NotSee("Your password is changed.").See("Change password")
		change(ben.Password, "acorn-lantern-puddle-9").See("Your password is changed. All your other browsers are signed out.")
		county.Letter(email(ben), "Your password was changed")
		county.Text(ben.Phone, "The password of your account was changed.")

		other.Reload().See("Email or user name")
		signIn(other, ben).See("That password isn’t right for this user name.")
		ben.Password = "acorn-lantern-puddle-9"
		enter(county, other, ben)
	})
}

// What the organisation knows about somebody is theirs to keep right.
func TestChangeDetails(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		grace := county.Person("grace.thaxter")
		enter(county, w, grace).Press("Details").See("Northwold County Scouts would like to know these about you.", "First name (we need this)",
			"You sign in as: grace.thaxter", "We write to you at: grace.thaxter@northwold.example")
		w.Fill("given-name", "Gracie").Choose("Trustee").Fill("field-second_email", "grace@home").Press("Save").See("It looks like name@example.org.")
		if given, role := w.Value("given-name"), w.Value("field-role"); given != "Gracie" || role != "Trustee" {
			t.Errorf("after a mistake stands there %q, %q", given, role)
		}
		w.Fill("field-second_email", "grace@home.example").Press("Save")
		w.See("Your details are saved.", "You changed: First name, What you do in Scouts, Second e-mail address.").
			Press("Save").See("Nothing was different, so nothing was changed.")
		w.Press("Home").See("Hello, Gracie").Press("Activity").See("Details were changed: First name, What you do in Scouts, Second e-mail address")
		w.Press("Details").Welsh().See("Enw cyntaf", "Beth rydych yn ei wneud gyda’r Sgowtiaid").Fill("given-name", "<b>Grace</b>").Press("Save").
			See("Your details are saved.").Press("Home").See("Helo, <b>Grace</b>")
	})
}
