package browser_test

import (
	"testing"

	"woggle/test/browser"
)

// Somebody new opens an app first. Her first sign-in, with a phone, ends in that app.
func TestAppsFirstSignInByOpenIDConnect(t *testing.T) {
	everyWay(t, func(t *testing.T, county *browser.County, w *browser.Window, _ func(string, int64)) {
		aisha := county.Person("aisha.khan")
		w.Open(county.Apps+"/rota/").See("You are not signed in here.").PressTo(county.Base, "Sign in with Northwold County Scouts")
		addPhone(county, w, aisha)
		w.PressTo(county.Apps, "Go on").See("Hello, Aisha Khan", "What we were told about you", "aisha.khan", "aisha.khan@northwold.example",
			"Fenland District, Leaders", "two steps", "a password, a code by text")
	})
}

// addPhone goes from the page for the name to the done page of somebody who has never signed in.
func addPhone(county *browser.County, w *browser.Window, p browser.Person) {
	signInHere(w, p).See("Add a phone so we know it’s you").Fill("tel", p.Phone).Choose("sms").Press("Send me a code")
	w.See("Enter the code we sent").Fill("one-time-code", county.Code(p.Phone)).Press("Verify").See("You’re all set")
}
