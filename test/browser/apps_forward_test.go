package browser_test

import (
	"testing"

	"woggle/test/browser"
)

// A site that knows nothing of signing in stands behind a proxy. Whoever is new is signed in on the way to it.
func TestAppsFirstSignInBehindAProxy(t *testing.T) {
	everyWay(t, func(t *testing.T, county *browser.County, w *browser.Window, _ func(string, int64)) {
		aisha, minibus := county.Person("aisha.khan"), county.Minibus()
		w.OpenTo(county.Base, minibus+"/")
		addPhone(county, w, aisha)
		w.PressTo(minibus, "Go on").See("Hello, Aisha Khan", "aisha.khan@northwold.example", "Fenland District, Leaders", "two steps", "a password, a code by text")
	})
}

// Whoever has signed in before is asked for the second step on the way, and is in the next time at once. Signing out there
// is asked about here.
func TestAppsLaterSignInBehindAProxy(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		raj, minibus := county.Person("raj.patel"), county.Minibus()
		w.OpenTo(county.Base, minibus+"/")
		signInHere(w, raj).See("Enter the code we sent").Fill("one-time-code", county.Code(raj.Phone)).PressTo(minibus, "Verify").See("Hello, Raj Patel")
		w.PressTo(county.Base, "My apps").See("Hello, Raj").PressTo(minibus, "Minibus log").See("Hello, Raj Patel")
		w.PressTo(county.Base, "Sign out here").PressTo(minibus, "Open Minibus log").See("Hello, Raj Patel")
		w.PressTo(county.Base, "Sign out here").Press("Sign out").See("Email or user name")
		w.OpenTo(county.Base, minibus+"/").See("Email or user name")
	})
}
