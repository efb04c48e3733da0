package browser_test

import (
	"strings"
	"testing"
	"time"

	"woggle/test/browser"
)

// Raj sets up Woggle's own app by its QR code, types its code once, and from then on types two numbers in it. And when it is not he
// who signs in, he says so there.
func TestSayYesInTheApp(t *testing.T) {
	t.Parallel()
	county := suite.Demo(t)
	raj := county.Person("raj.patel")
	w := county.Window()
	phone := county.Phone()
	pair(t, enter(county, w, raj), phone)

	asked := func() *browser.Window {
		other := sayYes(county.Window(), raj)
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

// pair sets up Woggle's own app on the phone, for whoever is signed in, by what its camera sees.
func pair(t *testing.T, w *browser.Window, phone *browser.Phone) {
	t.Helper()
	w.Press("Security info").Press("Add sign-in method").Press("Authenticator app")
	w.See("Which app do you want to use?").Press("Woggle Authenticator").See("Open it with your phone’s camera")
	link := w.Scan(".qr")
	if written := w.Read("a[href*='/authenticator/#']", "href"); written != link {
		t.Errorf("a camera reads %s, and the link is %s", link, written)
	}
	_, fragment, _ := strings.Cut(link, "#")
	phone.Start("#" + fragment).PIN(pin).Tap("Add").Gone("Add this account?").See("Northwold County Scouts").Registered()
	w.Press("Next").Fill("name", "Pixel").Fill("one-time-code", phone.ShowsCodeOf(secretOf(t, fragment))).Press("Verify")
	w.See("It is added.", "Pixel · says yes to sign-ins")
}

// sayYes goes, in a sign-in, to the page that asks the app.
func sayYes(w *browser.Window, p browser.Person) *browser.Window {
	return signIn(w, p).Press("Try another way").Press("Say yes in my authenticator app").See("Say yes in your app", "Pixel")
}

// Every screen about a sign-in that waits is held to the rules that pages are held to, in large letters too: the question, wrong
// numbers, an answer that comes too late, and the two steps to a no, of which the first can be taken back.
func TestTheScreensOfASignInThatWaits(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"English", "Welsh", "large letters"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			county := suite.Demo(t)
			raj, phone, w := county.Person("raj.patel"), county.Phone().Ahead(0), county.Window()
			switch way {
			case "Welsh":
				phone.PrefersWelsh()
			case "large letters":
				phone.Large()
				w.Large()
			}
			pair(t, enter(county, w, raj), phone)

			fresh := w.Another()
			first, second := shown(t, sayYes(fresh, raj))
			const wanted, warning = "The two numbers on the page where you sign in", "Never type numbers that somebody tells you."
			phone.See("Approve a sign-in", "Northwold County Scouts", "From the same network as this device", warning)
			phone.Tap("No, it’s not me").See("It’s not me: stop it").Tap("Back").Fill(wanted, first+other(second)).Tap("Yes, it’s me")
			phone.See("Those are not the two numbers. This sign-in can’t be approved any more. On the page, ask your app again.").Tap("Done")
			comes(fresh, "Those weren’t the two numbers")

			sayYes(fresh, raj)
			phone.See(warning).Later(61 * time.Second).
				See("That took longer than a minute. On the page, ask your app again.").Tap("Done").See("Your accounts")
		})
	}
}
