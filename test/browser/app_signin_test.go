package browser_test

import (
	"net/url"
	"strings"
	"testing"
)

const pin = "274917" // of the phones in these stories

// The whole way: on a computer somebody signs in for the first time and chooses an app in place of a phone; her phone scans what
// is on the screen, and shows a code, which lets her in; and so does the next one at the next sign-in.
func TestTheWholeWayInWithTheApp(t *testing.T) {
	t.Parallel()
	county := suite.Demo(t)
	aisha := county.Person("aisha.khan")
	computer, phone := county.Window(), county.Phone()
	signIn(computer, aisha).Press("Use an authenticator app instead").Press("Another app").See("Scan this with your app", "Work or school account", "Scan a QR code")
	secret := scanned(t, computer, aisha.Username)

	phone.Start("").See("Your codes, on this device").PIN(pin).See("No accounts yet")
	phone.Tap("Add an account").Tap("Work or school account").Scan("Scan a QR code", "Add this account?", computer.Screenshot(".qr"))
	phone.See("Northwold County Scouts", aisha.Username, "New").Tap("Add").See("Northwold County Scouts was added.")
	code := phone.ShowsCodeOf(secret)
	computer.Press("Next").Fill("one-time-code", code).Press("Verify").See("You’re all set", "Authenticator app").Press("Go on").See("Hello, Aisha")

	next := phone.NextCode()
	if next == code {
		t.Fatalf("the app says that %s comes after %s", next, code)
	}
	signIn(computer.Press("Sign out"), aisha).See("Enter the code from your app").Fill("one-time-code", code).Press("Verify").See("right code")
	computer.Fill("one-time-code", next).Press("Verify").See("Hello, Aisha")
}

// The phone's plain camera opens the app with the account ready to add. What the address carried leaves the address bar before
// anything else, and the key goes to nobody.
func TestThePlainCameraOpensTheApp(t *testing.T) {
	t.Parallel()
	county := suite.Demo(t)
	tom := county.Person("tom.underhay")
	computer, phone := county.Window(), county.Phone()
	signIn(computer, tom).Press("Use an authenticator app instead").Press("Woggle Authenticator").See("Open it with your phone’s camera")
	link := computer.Scan(".qr")
	address, fragment, _ := strings.Cut(link, "#")
	if address != county.Base+"/authenticator/" || computer.Read("a[href*=authenticator]", "href") != link {
		t.Fatalf("a camera reads %s", link)
	}
	secret := secretOf(t, fragment)

	phone.Listen().Start("#"+fragment).See("Your codes, on this device", "An account is waiting to be added.")
	if at := phone.Address(); at != "/authenticator/" {
		t.Errorf("the address bar says %s", at)
	}
	phone.PIN(pin).See("Add this account?", "Northwold County Scouts", tom.Username, "Add it only if you are setting it up right now.")
	if sent := phone.Sent(); strings.Contains(sent, "otpauth") {
		t.Errorf("the server was told before anything was added: %s", sent)
	}
	phone.Tap("Add").See("Northwold County Scouts was added.")
	computer.Press("Next").Fill("one-time-code", phone.ShowsCodeOf(secret)).Press("Verify").See("You’re all set").Press("Go on").See("Hello, Tom")
	phone.Again().Open(pin).See("Your accounts") // nothing waits any more
	if sent := phone.Sent(); strings.Contains(sent, secret) || strings.Contains(sent, "otpauth") {
		t.Errorf("the key was sent: %s", sent)
	}
}

func secretOf(t *testing.T, link string) string {
	t.Helper()
	uri, err := url.Parse(link)
	if err != nil || uri.Scheme != "otpauth" || len(uri.Query().Get("secret")) != 32 {
		t.Fatalf("the link is %s: %v", link, err)
	}
	return uri.Query().Get("secret")
}
