package browser_test

import (
	"strings"
	"testing"
	"time"

	"woggle/test/browser"
)

// The default is asked first, and its code is sent at once; another way is one click off.
func TestLaterSignInWithAMobile(t *testing.T) {
	everyWay(t, func(t *testing.T, county *browser.County, w *browser.Window, _ func(string, int64)) {
		harriet := county.Person("harriet.pye")
		signIn(w, harriet).See("Enter the code we sent", "+44 •••• •••211", "I can’t do this")
		text := county.Code(harriet.Phone)
		w.Press("I can’t do this").See("How do you want to prove it’s you?", "Send a text", "Call me", "+44 •••• •••211", "If you have none of these, you need an access pass.")
		w.Press("Back").See("Enter the code we sent")
		if newest := county.Messages(harriet.Phone)[0]; newest.Channel != "sms" || !strings.Contains(newest.Text, text) {
			t.Errorf("looking at the other ways has sent %+v", newest)
		}
		w.Press("I can’t do this").Press("Call me").See("We are calling you")
		w.Fill("one-time-code", pickUp(t, w, harriet)).Press("Verify").See("Security info", "Sign out")
	})
}

// A household shares one phone: the call asks for the one who signs in, in their language.
func TestLaterSignInOfAHousehold(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		mair, idris := county.Person("mair.hughes"), county.Person("idris.hughes")
		for _, p := range []browser.Person{mair, idris} {
			given, _, _ := strings.Cut(p.Name, " ")
			signIn(w, p).See("We are calling you", "+44 •••• •••201")
			code := county.Code(p.Phone)
			if call := county.Messages(p.Phone)[0]; call.Channel != "voice" || !strings.Contains(call.Text, given) || !strings.Contains(call.Text, "Eich cod") {
				t.Errorf("the call for %s says: %s", given, call.Text)
			}
			w.Fill("one-time-code", code).Press("Verify").See("Helo, " + given)
			w.Open("/security").Press("Allgofnodi")
		}
	})
}

// The app needs no message. Each of its codes works once, and only at its time.
func TestLaterSignInWithTheApp(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		mei := county.Person("mei.lin")
		signIn(w, mei).See("Enter the code from your app", "Open your authenticator app and look for Northwold County Scouts.")
		code := county.AppCode(mei.Secret)
		w.Fill("one-time-code", code).Press("Verify").See("Hello, Mei").Press("Sign out")
		signIn(w, mei).Fill("one-time-code", code).Press("Verify").See(wrongCode)
		for _, clock := range []time.Duration{-2 * time.Minute, 2 * time.Minute} {
			w.Fill("one-time-code", county.AppCodeAt(mei.Secret, time.Now().Add(clock))).Press("Verify").See(wrongCode)
		}
		prove(county, w, mei).See("Hello, Mei")
		for _, m := range county.Messages(mei.Phone) {
			t.Errorf("a phone that is not set up got: %s", m.Text)
		}
	})
}

// Who wants to stays signed in on this device, also when the browser was closed. Who does not is asked again then.
func TestStaySignedIn(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		raj, ben := county.Person("raj.patel"), county.Person("ben.fairweather")
		prove(county, signIn(w, raj).Choose("yes"), raj).See("Hello, Raj")
		county.Later(3 * 24 * time.Hour)
		w = w.Reopen().Open("/").See("Hello, Raj").Press("Sign out")
		prove(county, signIn(w, ben), ben).See("Hello, Ben")
		w.Reopen().Open("/").See("Email or user name")

		other := county.Window()
		prove(county, signIn(other, raj), raj).See("Hello, Raj")
		county.Later(time.Hour + time.Second)
		other.Reload().See("Email or user name")
	})
}

// After signing out nothing is left of the person in the browser, not even under the button for the page before.
func TestSignOut(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		raj := county.Person("raj.patel")
		enter(county, w, raj).Open("/security").See("+44 7700 900202").Press("Sign out").See("Sign in", "Email or user name").NotSee("Raj", "900202")
		w.Back().See("Email or user name").NotSee("Raj", "900202")
		for _, page := range []string{"/", "/details", "/activity", "/security/add"} {
			w.Open(page).See("Email or user name").NotSee("Raj")
		}
		if name := w.Value("username"); name != "" {
			t.Errorf("the next person at this computer is offered the name %q", name)
		}
	})
}

// Who may not sign in is told so after the right password, and not before: a stranger learns nothing.
func TestAccountsThatAreLockedOrClosed(t *testing.T) {
	everyWay(t, func(t *testing.T, county *browser.County, w *browser.Window, _ func(string, int64)) {
		victor, leonard := county.Person("victor.snell"), county.Person("leonard.gedge")
		nobody := browser.Person{Username: "nobody.here", Password: "campfire-kettle-42"}
		for _, p := range []browser.Person{victor, leonard, nobody} {
			p.Password = "not-the-password-9"
			signIn(w, p).See(wrongPassword)
		}
		signIn(w, nobody).See(wrongPassword)
		signIn(w, victor).See("This account is locked", "Your password is right, but the account is locked to keep it safe. The people who look after sign-in can open it again.", "Ruth Calloway")
		w.Press("Start again")
		signInHere(w, leonard).See("This account is closed", "Your password is right, but the account is closed. If that is a mistake, ask the people who look after sign-in.")
		for _, p := range []browser.Person{victor, leonard} {
			if got := county.Messages(p.Phone); len(got) > 0 {
				t.Errorf("%s got %v", p.Username, got)
			}
		}
	})
}

// Five wrong passwords end a sign-in, and there is a wait after ten, for names that nobody has just the same.
func TestTooManyWrongPasswords(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		for _, name := range []string{"raj.patel", "nobody.here"} {
			for range 2 {
				w.Open("/signin").Fill("username", name).Press("Next")
				for range 5 {
					w.Fill("current-password", "campfire-kettle-43").Press("Next")
				}
				w.See("Too many wrong tries").Press("Start again")
			}
			w.Fill("username", name).Press("Next").Fill("current-password", "campfire-kettle-42").Press("Next").
				See("There were too many tries. Wait ", ", then try again. If you have forgotten your password, use I can’t sign in.")
		}
		county.Later(61 * time.Second)
		signIn(w, county.Person("raj.patel")).See("Enter the code we sent")
	})
}
