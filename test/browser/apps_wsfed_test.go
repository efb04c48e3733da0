package browser_test

import (
	"testing"

	"woggle/test/browser"
)

// Somebody new opens the files first. His first sign-in, with a call to the phone at home, ends there.
func TestAppsFirstSignInByWSFederation(t *testing.T) {
	everyWay(t, func(t *testing.T, county *browser.County, w *browser.Window, _ func(string, int64)) {
		tom := county.Person("tom.underhay")
		w.Open(county.Apps+"/files/").See("You are not signed in here.").PressTo(county.Base, "Sign in with Northwold County Scouts")
		addPhone(county, w, tom)
		arriveByForm(w, county, "Go on").See("Hello, Tom Underhay", "tom.underhay@northwold.example", "Brecks District", "two steps", "a password")
	})
}

// Whoever has signed in before is asked for the second step on the way, and is in the next time at once.
func TestAppsLaterSignInByWSFederation(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		raj := county.Person("raj.patel")
		w.Open(county.Apps+"/files/").PressTo(county.Base, "Sign in with Northwold County Scouts")
		signInHere(w, raj).See("Enter the code we sent").Fill("one-time-code", county.Code(raj.Phone))
		w.Still().Press("Verify").See("You are on your way to District files").Moving()
		w.PressTo(county.Apps, "Go on").See("Hello, Raj Patel", "two steps")
		w.PressTo(county.Base, "My apps").See("Hello, Raj").PressTo(county.Apps, "District files").See("Hello, Raj Patel")
		w.Press("Sign out here").See("You are not signed in here.")
		arriveByForm(w, county, "Sign in with Northwold County Scouts").See("Hello, Raj Patel")
	})
}

// Signing out of everything ends on a page of ours, which tells the apps by pictures.
func TestAppsSignOutByWSFederation(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		raj := county.Person("raj.patel")
		enter(county, w, raj)
		arriveByForm(w, county, "District files").PressTo(county.Base, "Sign out of everything")
		w.PressTo(county.Apps, "Go back to District files").See("You are signed out here and everywhere else.", "You are not signed in here.")
		w.Open("/").See("Email or user name")
	})
}
