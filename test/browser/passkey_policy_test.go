package browser_test

import (
	"regexp"
	"testing"

	"woggle/internal/signin"
	"woggle/test/browser"
	"woggle/test/softkey"
)

// An organisation takes only the keys that it has handed out. Chromium's key has a maker, but another one; its phone's way on is there.
func TestAKeyThatWasNotHandedOut(t *testing.T) {
	inBothLanguages(t, func(t *testing.T, county *browser.County, w *browser.Window, _ func(string, int64)) {
		maker, err := softkey.NewMaker("Acme Security Keys")
		if err != nil {
			t.Fatal(err)
		}
		county.Decides(signin.Policy{Makers: signin.Makers{Roots: [][]byte{maker.Root.Raw}}})
		key := w.SecurityKey()
		aisha := county.Person("aisha.khan")
		signIn(w, aisha).Press("Use a passkey instead").See("Make a passkey",
			"Here you can only add a security key that your organisation gave you. "+
				"Plug it in, or hold it to your phone. If the browser asks to see its make and model, say yes.")
		w.Press("Make a passkey").See("That isn’t one of the keys that your organisation gave out, so it wasn’t added. " +
			"Try again with the one you were given. If you have none, set up another way.")
		if kept := key.Kept(); len(kept) != 1 {
			t.Errorf("the key keeps %d passkeys", len(kept)) // it was made, and is of no use
		}
		w.Press("Use a phone instead").See("Add a phone so we know it’s you")
	})
}

// The site moves to another address, and everybody's passkeys come along: the browser asks the former host, by its own rules.
func TestPasskeysMoveAlong(t *testing.T) {
	t.Parallel()
	const former, today = "signin.former.test", "signin.today.test"
	county := suite.ServeAt(t, former)
	browser.Find(t, county.Command("user", "add", "jo.smith", "--given", "Jo", "--family", "Smith"), regexp.MustCompile(`(Jo Smith was added)`))
	pass := browser.Find(t, county.Command("user", "pass", "jo.smith"), regexp.MustCompile(`^([2-9a-z]{4}-[2-9a-z]{4}-[2-9a-z]{4})$`))
	jo := browser.Person{Username: "jo.smith", Password: pass}
	w := county.Window()
	phone := w.Handset()
	signIn(w, jo).Press("Use a passkey instead").Press("Make a passkey").See("Choose a password")
	w.Fill("new-password", "acorn lantern puddle").Press("Save password").See("You’re all set")
	made := phone.Kept()
	if len(made) != 1 || made[0].RpID != former {
		t.Fatalf("the phone keeps %+v", made)
	}

	county.Move(today, "--passkey-host", former)
	county.Lead(former, true)
	w = county.Window()
	phone = w.Handset()
	phone.Present(false)
	phone.Give(made[0])
	w.Open("/signin")
	phone.Present(true)
	w.Press("Sign in with a passkey").See("Hello, Jo")

	// One that is made now is of the former host, too.
	phone.Away()
	key := w.SecurityKey()
	w.Press("Security info").Press("Add sign-in method").Press("Passkey").Press("Make a passkey")
	w.See("It is added. You can sign in with it from now on.", "Security key")
	if kept := key.Kept(); len(kept) != 1 || kept[0].RpID != former {
		t.Errorf("the key keeps %+v", kept)
	}
	// Old links lead on.
	w.Beyond("https://" + former).Open("https://" + former + "/security?x=1").See("Security info")
	if w.Address() != "/security?x=1" {
		t.Errorf("the old link led to %s", w.Address())
	}

	// Where the former host does not answer, the page says that passkeys don't work, and there are other ways.
	county.Lead(former, false)
	w.Press("Sign out").See("Email or user name").Tap("Sign in with a passkey")
	w.Wait("document.querySelector('[data-says=SecurityError]:not([hidden])')")
	w.See("Passkeys don’t work at this address. Open this site by its usual name.")
	w.Troubles() // of the file that is not there
}
