package browser_test

import (
	"testing"

	"github.com/chromedp/chromedp/kb"

	"woggle/test/browser"
)

// Somebody who can't use a mouse signs in for the first time with the keys alone: the first field of each page is where
// one types at once, and so is the field with a mistake.
func TestFirstSignInByKeyboard(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		aisha := county.Person("aisha.khan")
		at := func(field string) {
			t.Helper()
			w.Wait("document.activeElement.name") // it gets there a moment after the page
			if is := w.Focused(); is != field {
				t.Errorf("on %s the keyboard begins at %q, not at %q", w.Address(), is, field)
			}
		}
		w.Open("/signin")
		at("username")
		w.Key(aisha.Username).Enter().See("Enter your password")
		at("password")
		w.Key("not this one").Enter().See(wrongPassword)
		at("password")
		w.Key(aisha.Password).Enter().See("Add a phone so we know it’s you")
		at("number")
		w.Key("01632 960101").Enter().See("That is a landline, which can’t show a text message. Choose a phone call.")
		at("channel")
		w.Key(kb.ArrowUp) // the text message
		backTo(t, w, "number")
		w.Key("07700 900101").Reach("The phone has an extension").Key(" ").Reach("extension").Reach("Send me a code").Enter().See("Enter the code we sent")
		at("code")
		code := county.Code(aisha.Phone)
		w.Key(other(code)).Enter().See(wrongCode)
		at("code")
		w.Key(code).Reach("stay").Key(" ").Reach("Verify").Enter().See("You’re all set").Reach("Go on").Enter().See("Hello, Aisha")
		w.Reach("Sign out").Enter().See("Email or user name")
	})
}

// backTo presses Shift and Tab until the keyboard is at the field, which is marked as one that comes from there.
func backTo(t *testing.T, w *browser.Window, field string) {
	t.Helper()
	for range 10 {
		if w.Focused() == field {
			return
		}
		w.BackTab()
	}
	t.Fatalf("Shift and Tab never come to %q", field)
}

// So does somebody at another time, on a small dark screen, who turns to every help on the way.
func TestTurnsByKeyboard(t *testing.T) {
	once(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		raj := county.Person("raj.patel")
		w.Dark().Width(360).Open("/signin").Reach("I can’t sign in").Enter().Reach("Back").Enter().See("Email or user name")
		w.Reach("Cymraeg").Enter().Reach("English").Enter().Reach("username").Key(raj.Username).Enter().Reach("Not you?").Enter().See("Email or user name")
		w.Reach("username").Key(raj.Username).Enter().Key(raj.Password).Enter().See("Enter the code we sent")
		w.Reach("I can’t do this").Enter().Reach("Call me").Enter().See("We are calling you")
		w.Reach("code").Key(county.Code(raj.Phone)).Enter().See("Hello, Raj")
	})
}
