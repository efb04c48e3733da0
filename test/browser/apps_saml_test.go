package browser_test

import (
	"testing"

	"woggle/test/browser"
)

// Somebody new opens the shop first. Her first sign-in ends there.
func TestAppsFirstSignInBySAML(t *testing.T) {
	everyWay(t, func(t *testing.T, county *browser.County, w *browser.Window, _ func(string, int64)) {
		aisha := county.Person("aisha.khan")
		w.Open(county.Apps+"/kit/").See("You are not signed in here.").PressTo(county.Base, "Sign in with Northwold County Scouts")
		addPhone(county, w, aisha)
		arriveByForm(w, county, "Go on").See("Hello, Aisha Khan", "aisha.khan@northwold.example", "Fenland District, Leaders", "two steps")
	})
}

// arriveByForm presses what leads to an app by a form that sends itself; who has no script presses its button.
func arriveByForm(w *browser.Window, county *browser.County, words string) *browser.Window {
	if w.Scripted() {
		return w.PressTo(county.Apps, words)
	}
	return w.Press(words).See("If nothing happens, press the button.").PressTo(county.Apps, "Go on")
}

// Whoever has signed in before is asked for the second step on the way, and is in the next time at once.
func TestAppsLaterSignInBySAML(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		raj := county.Person("raj.patel")
		w.Open(county.Apps+"/kit/").PressTo(county.Base, "Sign in with Northwold County Scouts")
		signInHere(w, raj).See("Enter the code we sent").Fill("one-time-code", county.Code(raj.Phone))
		w.Still().Press("Verify").See("You are on your way to Kit shop").Moving()
		w.PressTo(county.Apps, "Go on").See("Hello, Raj Patel", "two steps")
		w.PressTo(county.Base, "My apps").See("Hello, Raj").PressTo(county.Apps, "Kit shop").See("Hello, Raj Patel")
		w.Press("Sign out here").See("You are not signed in here.")
		arriveByForm(w, county, "Sign in with Northwold County Scouts").See("Hello, Raj Patel")
	})
}

// The shop is for leaders. Who is none reads so, and the shop hears of it when he goes back there.
func TestAppsNotAllowed(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		ben, raj := county.Person("ben.fairweather"), county.Person("raj.patel")
		enter(county, w, ben).Open("/").See("Camp rota").NotSee("Kit shop")
		refused := func() *browser.Window {
			return w.Open(county.Apps+"/kit/").PressTo(county.Base, "Sign in with Northwold County Scouts").See("This app is not open to you",
				"You are signed in as Ben Fairweather, but you may not use Kit shop. If you should, ask for it.")
		}
		refused()
		arriveByForm(w, county, "Go back to Kit shop").See("You are not signed in to the Kit shop", "You turned back, or this app is not open to you.", "AuthnFailed")
		refused().Press("My apps").See("Hello, Ben")
		refused().Press("Sign in as somebody else")
		signInHere(w, raj).Fill("one-time-code", county.Code(raj.Phone))
		arriveByForm(w, county, "Verify").See("Hello, Raj Patel")
	})
}

// Signing out of everything leads through every app that wants to be told, and back to the one that asked.
func TestAppsSignOutBySAML(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		raj := county.Person("raj.patel")
		enter(county, w, raj)
		arriveByForm(w, county, "Kit shop").PressTo(county.Apps, "Sign out of everything").See("You are signed out here and everywhere else.")
		w.Open("/").See("Email or user name")

		enter(county, w, raj)
		arriveByForm(w, county, "Kit shop").See("Hello, Raj Patel")
		w.Open("/").PressUntil("Sign out", "Kit shop: signed out").Open(county.Apps + "/kit/").See("You are not signed in here.")
		w.Open("/").See("Email or user name")
	})
}
