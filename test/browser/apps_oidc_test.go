package browser_test

import (
	"testing"
	"time"

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

// Whoever has signed in before is asked for the second step on the way. Chromium holds what follows a form against the
// policy of its page, so that a page of ours sends the browser on.
func TestAppsLaterSignInByOpenIDConnect(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		raj := county.Person("raj.patel")
		w.Open(county.Apps+"/rota/").PressTo(county.Base, "Sign in with Northwold County Scouts")
		signInHere(w, raj).See("Enter the code we sent").Fill("one-time-code", county.Code(raj.Phone))
		w.Still().Press("Verify").See("You are on your way to Camp rota").Moving()
		w.PressTo(county.Apps, "Go on").See("Hello, Raj Patel", "two steps").Press("Ask again what is known about me").See("We asked again, and show what we were told just now.", "Hello, Raj Patel")

		// He is signed in everywhere: from his apps he is in the next one at once, and in this one without a question.
		w.PressTo(county.Base, "My apps").See("Hello, Raj").PressTo(county.Apps, "Camp rota").See("Hello, Raj Patel")
		w.Press("Sign out here").See("You are signed out here.", "You are not signed in here.").PressTo(county.Apps, "Sign in with Northwold County Scouts").See("Hello, Raj Patel")
	})
}

// What an app is told is what is so when it asks.
func TestAppsAreToldOfANewName(t *testing.T) {
	once(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		raj := county.Person("raj.patel")
		enter(county, w, raj).PressTo(county.Apps, "Camp rota").See("Hello, Raj Patel")
		w.Open("/details").Fill("family-name", "Patel-Jones").Press("Save")
		w.Open(county.Apps + "/rota/").See("Hello, Raj Patel").NotSee("Jones").Press("Ask again what is known about me").See("Hello, Raj Patel-Jones")
	})
}

// Raj was at the app before, and Ben has sat down at the computer since. The app asks for Raj, so Ben is asked who he is.
func TestAppsAskForSomebodyElse(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		raj, ben := county.Person("raj.patel"), county.Person("ben.fairweather")
		enter(county, w, raj).PressTo(county.Apps, "Camp rota").Press("Sign out here")
		enter(county, w.Open("/").Press("Sign out"), ben)
		asked := func() *browser.Window {
			return w.Open(county.Apps+"/rota/").PressTo(county.Base, "Sign in again as raj.patel").See("Who is signing in?",
				"You are signed in as Ben Fairweather (ben.fairweather).", "Camp rota asks for raj.patel.")
		}
		asked().PressTo(county.Apps, "Go back to Camp rota").See("You are not signed in to the Camp rota", "You turned back", "access_denied")
		asked().PressTo(county.Apps, "Go on as Ben Fairweather").See("Hello, Ben Fairweather").Press("Sign out here")

		// It is remembered by the app who was there last, so that it is Ben's turn to be asked for.
		w.Open("/").Press("Sign out")
		enter(county, w, raj).Open(county.Apps+"/rota/").PressTo(county.Base, "Sign in again as ben.fairweather").Press("Sign in as somebody else")
		if name := w.Value("username"); name != "ben.fairweather" {
			t.Errorf("the name that the app asks for is not there, but %q", name)
		}
		signInHere(w, ben).Fill("one-time-code", county.Code(ben.Phone)).PressTo(county.Apps, "Verify").See("Hello, Ben Fairweather")
	})
}

// One page of the app wants a sign-in of the last five minutes.
func TestAppsStepUp(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		raj := county.Person("raj.patel")
		enter(county, w, raj)
		county.Later(10 * time.Minute)
		w.Open("/").PressTo(county.Apps, "Camp rota").See("Hello, Raj Patel")
		w.PressTo(county.Base, "Safeguarding notes").See("Enter your password").Fill("current-password", raj.Password).Press("Next")
		w.See("Enter the code we sent").Fill("one-time-code", county.Code(raj.Phone)).PressTo(county.Apps, "Verify")
		w.See("Safeguarding notes", "which is recent enough to read this").Press("Back to the rota").See("Hello, Raj Patel")
		w.Press("Safeguarding notes").See("which is recent enough to read this")
	})
}

// Signing out of everything, from the app or from Woggle, is signing out of both.
func TestAppsSignOutByOpenIDConnect(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		raj := county.Person("raj.patel")
		enter(county, w, raj).PressTo(county.Apps, "Camp rota").PressTo(county.Apps, "Sign out of everything").See("You are signed out here and everywhere else.")
		w.Open("/").See("Email or user name")

		enter(county, w, raj).PressTo(county.Apps, "Camp rota").See("Hello, Raj Patel")
		w.Open("/").Press("Sign out")
		// The app is told behind the browser's back, in a moment.
		w.Until(county.Apps+"/rota/", "You are not signed in here.")
	})
}

// An app that is not the organisation's own asks before it is told anything.
func TestAppsConsent(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		county.ChangeApp("rota", func(settings map[string]any) { settings["consent"] = true })
		raj := county.Person("raj.patel")
		enter(county, w, raj).PressTo(county.Base, "Camp rota").See("May Camp rota know this about you?", "Your name, your user name and your language", "The groups you are in")
		w.PressTo(county.Apps, "No, go back to Camp rota").See("You are not signed in to the Camp rota")
		w.PressTo(county.Base, "Try again").PressTo(county.Apps, "Yes, tell it").See("Hello, Raj Patel")
		w.Press("Sign out here").PressTo(county.Apps, "Sign in with Northwold County Scouts").See("Hello, Raj Patel") // it is asked once
	})
}
