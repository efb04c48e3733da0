package browser_test

import (
	"strings"
	"testing"

	"woggle/test/browser"
)

// says waits for words in the app, whose screens come and go within one page.
func says(phone *browser.Window, words string) *browser.Window {
	return phone.Wait("document.body.innerText.includes('" + words + "')")
}

// openedApp is Woggle's own authenticator, as the camera of a phone opens it by the link of a QR code, with the account added.
func openedApp(t *testing.T, county *browser.County, link string) *browser.Window {
	// The rules for pages are not those of an app of one page, which has tests of its own.
	phone := suite.Window(t, "http://phone.invalid").Beyond(county.Base).Open(link)
	says(phone, "An account is waiting to be added").Tap("Choose a PIN")
	for field := range 2 {
		phone.Wait("document.querySelectorAll('input')[" + string('0'+rune(field)) + "]?.focus() === undefined").Key("482915")
	}
	phone.Tap("Save PIN")
	says(phone, "Don’t add").Tap("Add")
	says(phone, "was added")
	return phone.Wait("performance.getEntriesByType('resource').some((one) => one.name.endsWith('/authenticator/api/devices') && one.responseEnd > 0)")
}

// Raj sets up Woggle's own app by its QR code, types its code once, and from then on types two numbers in it. And when it is not he
// who signs in, he says so there.
func TestSayYesInTheApp(t *testing.T) {
	t.Parallel()
	county := suite.Demo(t)
	raj := county.Person("raj.patel")
	w := county.Window()
	enter(county, w, raj).Press("Security info").Press("Add sign-in method").Press("Authenticator app")
	w.See("Which app do you want to use?").Press("Woggle Authenticator").See("Open it with your phone’s camera")
	link := w.Scan(".qr")
	if written := w.Read("a[href*='/authenticator/#']", "href"); written != link {
		t.Errorf("a camera reads %s, and the link is %s", link, written)
	}
	phone := openedApp(t, county, link)
	if strings.Contains(phone.Address(), "otpauth") {
		t.Error("the secret stands in the address of the app")
	}
	w.Press("Next").Fill("name", "Pixel").Fill("one-time-code", strings.ReplaceAll(phone.Read(".otp", ""), " ", "")).Press("Verify")
	w.See("It is added.", "Pixel · says yes to sign-ins")

	asked := func() *browser.Window {
		other := county.Window()
		signIn(other, raj).Press("Try another way").Press("Say yes in my authenticator app").See("Say yes in your app", "Pixel")
		says(phone, "From the same network as this device")
		return other
	}
	other := asked()
	first, second := shown(t, other)
	says(phone, "Northwold County Scouts").Fill("number", first+second).Tap("Yes, it’s me")
	comes(other, "Hello, Raj")
	says(phone, "Go on in the window where you sign in")

	thief := asked()
	phone.Tap("No, it’s not me")
	says(phone, "somebody else has your password").Tap("It’s not me: stop it")
	says(phone, "Nobody was let in")
	thief.Wait("!document.querySelector('.digits')")
	for _, one := range []*browser.Window{w, other, thief} {
		one.Open("/security").See("Sign in").NotSee("Pixel")
	}
}
