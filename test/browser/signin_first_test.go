package browser_test

import (
	"regexp"
	"strings"
	"testing"

	"woggle/test/browser"
)

// A first sign-in with a mobile: the name, the password, the number, the code, what was set up, and where she was going.
func TestFirstSignInWithAMobile(t *testing.T) {
	everyWay(t, func(t *testing.T, county *browser.County, w *browser.Window, take func(string, int64)) {
		aisha := county.Person("aisha.khan")
		w.Open("/details").See("Email or user name").Fill("username", aisha.Username)
		take("name", 440)
		w.Press("Next").See("Enter your password", aisha.Username, "Or the access pass that you were given.")
		take("password", 440)
		w.Fill("current-password", aisha.Password).Press("Next").See("Add a phone so we know it’s you", "We’ll send a code to it when you sign in. Nobody else sees the number.")
		w.Fill("tel", "07700 900101").Choose("sms")
		take("phone-number", 440)
		w.Press("Send me a code").See("Enter the code we sent", "+44 •••• •••101").NotSee("900101", "+447700900101")
		take("code-text", 440)
		w.Fill("one-time-code", county.Code(aisha.Phone)).Press("Verify")
		w.See("You’re all set", "This is set up now:", "Mobile phone", "+44 7700 900101", "text message", "You can see and change it at any time under Security info.")
		take("done", 440)

		w.Press("Go on").See("Details")
		if path := w.Path(); path != "/details" {
			t.Errorf("she wanted to go to /details and is at %s", path)
		}
	})
}

// A landline gets no texts, and the page says so; but it rings, and a voice says the code to whoever presses 1.
func TestFirstSignInWithALandline(t *testing.T) {
	everyWay(t, func(t *testing.T, county *browser.County, w *browser.Window, take func(string, int64)) {
		winifred := county.Person("winifred.tuck")
		signIn(w, winifred).Fill("tel", "01632 960102").Choose("sms").Press("Send me a code")
		w.See("Add a phone so we know it’s you", "That is a landline, which can’t show a text message. Choose a phone call.")
		if number := w.Value("tel"); number != "01632 960102" {
			t.Errorf("the number that was typed is %q now", number)
		}
		if texts := county.Messages(winifred.Phone); len(texts) > 0 {
			t.Errorf("a landline got %v", texts)
		}

		w.Press("Send me a code").See("We are calling you", "+44 •••• •••102", "Call me again").NotSee("Send me a text instead") // a call is chosen by now
		take("code-call", 440)
		w.Fill("one-time-code", pickUp(t, w, winifred)).Press("Verify")
		w.See("You’re all set", "Landline phone", "+44 1632 960102", "phone call").Press("Go on")
		w.See("Security info", "Sign out")
	})
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// pickUp answers the call that rings at somebody's, listens, presses 1 and writes down the code.
func pickUp(t *testing.T, w *browser.Window, p browser.Person) (code string) {
	t.Helper()
	county := w.Tab().Open("/handset?to=" + strings.TrimPrefix(p.Phone, "+"))
	county.See("A call is coming in").Press("Answer").See("On a call")
	if heard := county.Hear(); heard.Seconds < 3 || heard.Peak < 0.1 {
		t.Errorf("the greeting of the call can't be heard: %+v", heard)
	}
	if said := county.Read(".caption", ""); sixDigits.MatchString(said) {
		t.Errorf("whoever answers hears the code at once: %s", said)
	}
	county.Press("1").See("On a call: your code")
	code = sixDigits.FindString(county.Read(".caption", ""))
	if code == "" {
		t.Fatalf("the call says: %s", county.Read(".caption", ""))
	}
	county.Press("Hang up").See("Call ended")
	return code
}

// Who would rather use an app chooses it on the page for the phone. A camera reads the code on the page.
func TestFirstSignInWithTheApp(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		tom := county.Person("tom.underhay")
		signIn(w, tom).See("Add a phone so we know it’s you").Press("Use an authenticator app instead")
		w.See("Which app do you want to use?", "Use a phone instead", "I can’t do this").Press("Use a phone instead")
		w.See("Add a phone so we know it’s you").Press("Use an authenticator app instead").Press("Another app")
		secret := scanned(t, w, tom.Username)
		w.Press("Next").See("Enter the code from your app").Fill("name", "Tom’s tablet").Fill("one-time-code", "000 000").Press("Verify")
		w.See("That isn’t the right code. Check the digits, and that it is the newest code you got.")
		w.Fill("one-time-code", county.AppCode(secret)).Press("Verify")
		w.See("You’re all set", "Authenticator app", "Tom’s tablet").Press("Go on").See("Hello, Tom")
		county.Letter(email(tom), "Your second step is set up")

		// The next time the app is asked.
		tom.Secret = secret
		signIn(w.Press("Sign out"), tom).See("Open your authenticator app and look for Northwold County Scouts.")
		prove(county, w, tom).See("Hello, Tom")
	})
}

// Somebody whose names are missing is asked for them after the second step. What is wrong is said beside it, what was
// typed stays, and any name is taken for what it is.
func TestMissingDetailsAreAskedFor(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		scout := county.Person("scout.0417")
		w.Open("/signin?to=/security")
		signInHere(w, scout)
		prove(county, w, scout).See("A few details", "Northwold County Scouts would like to know these about you.", "First name", "Last name", "What you do in Scouts")
		w.Tap("Save and go on") // the browser itself holds back a form that is not complete
		w.See("A few details").Fill("given-name", " ").Fill("family-name", "حداد 👩🏽‍🚒").Choose("Trustee").Fill("email", "scout@home").Press("Save and go on")
		w.See("A few details", "We need this. Please fill it in.", "This is not a whole e-mail address. It looks like name@example.org.")
		for field, want := range map[string]string{"family-name": "حداد 👩🏽‍🚒", "field-role": "Trustee", "email": "scout@home"} {
			if value := w.Value(field); value != want {
				t.Errorf("in the field %s stands %q after a mistake in another", field, value)
			}
		}
		w.Fill("given-name", "<b onclick=alert(1)>Zoë</b>").Fill("email", "scout@home.example").Press("Save and go on").See("Security info")
		w.Open("/").See("Hello, <b onclick=alert(1)>Zoë</b>").Press("Details")
		if name := w.Value("given-name"); name != "<b onclick=alert(1)>Zoë</b>" {
			t.Errorf("the given name is %q now", name)
		}

		// It is asked once.
		signIn(w.Press("Sign out"), scout)
		prove(county, w, scout).See("Hello, <b onclick=alert(1)>Zoë</b>")
	})
}
