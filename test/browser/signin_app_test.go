package browser_test

import (
	"strings"
	"testing"

	"woggle/test/browser"
)

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
	_, fragment, _ := strings.Cut(link, "#")
	phone := county.Phone().Start("#" + fragment).PIN(pin).Tap("Add").See("Northwold County Scouts was added.").Registered()
	w.Press("Next").Fill("name", "Pixel").Fill("one-time-code", phone.ShowsCodeOf(secretOf(t, fragment))).Press("Verify")
	w.See("It is added.", "Pixel · says yes to sign-ins")

	asked := func() *browser.Window {
		other := county.Window()
		signIn(other, raj).Press("Try another way").Press("Say yes in my authenticator app").See("Say yes in your app", "Pixel")
		phone.See("From the same network as this device")
		return other
	}
	other := asked()
	first, second := shown(t, other)
	phone.See("Northwold County Scouts").Fill("The two numbers on the page where you sign in", first+second).Tap("Yes, it’s me")
	comes(other, "Hello, Raj")
	phone.See("Go on in the window where you sign in")

	thief := asked()
	phone.Tap("No, it’s not me").See("somebody else has your password").Tap("It’s not me: stop it").See("Nobody was let in")
	thief.Wait("!document.querySelector('.digits')")
	for _, one := range []*browser.Window{w, other, thief} {
		one.Open("/security").See("Sign in").NotSee("Pixel")
	}
}
