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
