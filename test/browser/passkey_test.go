package browser_test

import (
	"testing"
	"time"

	"woggle/test/browser"
)

// inBothLanguages tells a story in English and in Welsh, with script, which passkeys need.
func inBothLanguages(t *testing.T, story func(t *testing.T, county *browser.County, w *browser.Window, take func(picture string, width int64))) {
	t.Parallel()
	for _, language := range []string{"English", "Welsh"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			county := suite.Demo(t)
			w := county.Window()
			if language == "Welsh" {
				w.Open("/signin").Welsh()
			}
			story(t, county, w, func(picture string, width int64) { w.Width(width).Picture(picture).Width(1000) })
		})
	}
}

// A passkey is the first method; from then on the field of the user name fills it in, and that is the whole sign-in.
func TestFirstSignInWithAPasskey(t *testing.T) {
	inBothLanguages(t, func(t *testing.T, county *browser.County, w *browser.Window, take func(string, int64)) {
		phone := w.Handset()
		aisha := county.Person("aisha.khan")
		signIn(w, aisha).See("Add a phone so we know it’s you").Press("Use a passkey instead")
		w.See("Make a passkey", "Make one only on a device that is yours. Whoever can unlock it can sign in as you.").NotSee("its scripts are switched off")
		take("passkey", 440)
		phone.Verifies(false)
		w.Tap("Make a passkey").Wait("document.querySelector('[data-says=NotAllowedError]:not([hidden])')")
		w.See("Nothing was done: it was closed, or it took too long. Press the button to try again.")
		phone.Verifies(true)
		w.Press("Make a passkey").See("You’re all set", "Passkey", "Synced to your devices").Press("Go on").See("Security info").Press("Security info")
		w.See("Synced to your devices")
		if kept := phone.Kept(); len(kept) != 1 || kept[0].UserName != aisha.Username || !kept[0].IsResidentCredential || len(kept[0].UserHandle) != 32 {
			t.Fatalf("the phone keeps %+v", kept)
		}

		phone.Present(false)
		w.Press("Sign out").See("Email or user name", "Sign in with a passkey")
		phone.Present(true)
		w.FilledIn("/signin", "/").See("Security info") // there is one passkey, and a finger on it: nothing is pressed
	})
}

// The button is there for who does not see what the field offers; and beside the password, for who typed their name.
func TestSignInByTheButton(t *testing.T) {
	inBothLanguages(t, func(t *testing.T, county *browser.County, w *browser.Window, _ func(string, int64)) {
		phone := w.Handset()
		aisha := county.Person("aisha.khan")
		signIn(w, aisha).Press("Use a passkey instead").Press("Make a passkey").See("You’re all set")
		phone.Verifies(false) // nobody's finger: the field of the user name says nothing, the button does
		w.Press("Go on").Press("Sign out").See("Email or user name").Tap("Sign in with a passkey").Wait("document.querySelector('[data-says=NotAllowedError]:not([hidden])')")
		w.See("Nothing was done: it was closed, or it took too long. Press the button to try again.").Fill("username", aisha.Username).Press("Next")
		phone.Verifies(true)
		w.See("Enter your password").Press("Sign in with a passkey").See("Security info")
		phone.Present(false)
		w.Press("Sign out").Fill("username", "nobody.here").Press("Next")
		phone.Present(true)
		w.See("Enter your password").Press("Sign in with a passkey").See("That passkey is for another account. Choose another one, or sign in another way.")
	})
}

// A simple security key is a second step.
func TestASecurityKeyAsTheSecondStep(t *testing.T) {
	inBothLanguages(t, func(t *testing.T, county *browser.County, w *browser.Window, _ func(string, int64)) {
		w.SecurityKey()
		grace := county.Person("grace.thaxter")
		enter(county, w, grace).Press("Security info").Press("Add sign-in method").Press("Passkey").See("Make a passkey").Press("Make a passkey")
		w.See("It is added. You can sign in with it from now on.", "Security key", "A key of its own").Press("Sign out")
		signIn(w, grace).See("Enter the code we sent").Press("Try another way").Press("Use my passkey").See("Use your passkey").Press("Use my passkey")
		w.See("Security info").Press("Security info").PressBeside("Security key", "Make default").See("We’ll ask for this one first from now on.").Press("Sign out")
		signIn(w, grace).See("Use your passkey", "Try another way").Press("Use my passkey").See("Security info")
	})
}

// Two tabs that set up the same: one does, and the other follows.
func TestAPasskeyInTwoTabs(t *testing.T) {
	t.Parallel()
	county := suite.Demo(t)
	w := county.Window()
	w.Handset()
	signIn(w, county.Person("aisha.khan")).Press("Use a passkey instead").See("Make a passkey")
	tab := w.Tab()
	tab.Handset()
	tab.Open(w.Address()).See("Make a passkey")
	w.Press("Make a passkey").See("You’re all set")
	tab.Press("Make a passkey")
	if tab.NotSee("Something is in the way").Path() == "/signin/enrol/passkey" {
		t.Errorf("the second tab stays at %s", tab.Address())
	}
	w.Open("/security").See("My device", "Synced to your devices")
}

// A passkey that is removed is gone from the browser as well; a copy of it that is kept elsewhere goes when it is tried.
func TestARemovedPasskey(t *testing.T) {
	inBothLanguages(t, func(t *testing.T, county *browser.County, w *browser.Window, _ func(string, int64)) {
		phone := w.Handset()
		grace := county.Person("grace.thaxter")
		enter(county, w, grace).Press("Security info").Press("Add sign-in method").Press("Passkey").Press("Make a passkey").See("It is added. You can sign in with it from now on.")
		kept := phone.Kept()
		if len(kept) != 1 {
			t.Fatalf("the phone keeps %d passkeys", len(kept))
		}
		w.PressBeside("Synced to your devices", "Remove").Press("Remove").NotSee("Synced to your devices")
		eventually(t, "the passkey goes from the phone", func() bool { return len(phone.Kept()) == 0 })

		other := county.Window()
		tablet := other.Handset()
		tablet.Present(false)
		tablet.Give(kept[0])
		other.Open("/signin")
		tablet.Present(true)
		other.Press("Sign in with a passkey").See("That passkey isn’t known here. Perhaps it was removed. Sign in another way; you can delete it from your device.")
		eventually(t, "the passkey goes from the tablet", func() bool { return len(tablet.Kept()) == 0 })
	})
}

// eventually waits for what the browser does behind the page.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for late := time.After(20 * time.Second); !done(); {
		select {
		case <-again.C:
		case <-late:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// Without script, or in a browser that can't, the page says so and has another way.
func TestNoPasskeyWithoutScript(t *testing.T) {
	t.Parallel()
	county := suite.Demo(t)
	w := county.Window().NoScript()
	aisha, grace := county.Person("aisha.khan"), county.Person("grace.thaxter")
	w.Open("/signin").NotSee("passkey")
	signIn(w, aisha).Press("Use a passkey instead").See("Make a passkey", "This browser can’t make a passkey here, or its scripts are switched off.")
	w.Press("Use a phone instead").See("Add a phone so we know it’s you")
	enter(county, w, grace).Open("/security/add").Press("Passkey").See("its scripts are switched off").Press("Not now").See("Security info")
}
