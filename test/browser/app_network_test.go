package browser_test

import (
	"strings"
	"testing"
	"time"

	"woggle/test/browser"
)

// The account of these stories, beside those that a server gives.
const (
	secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	link   = "otpauth://totp/Fenland:mei.lin?secret=" + secret + "&issuer=Fenland"

	otherSecret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	otherLink   = "otpauth://totp/Riverside%20Library:mei?secret=" + otherSecret + "&issuer=Riverside%20Library"
)

// withAccount is a phone that has been used: it has a lock, and one account.
func withAccount(site *browser.Site, t *testing.T) *browser.Phone {
	t.Helper()
	phone := suite.Phone(t, site.Base).Start("").PIN(pin).Add(link)
	phone.ShowsCodeOf(secret)
	return phone
}

// After the first visit the app needs no network: it starts, opens, shows right codes, and knows its way to screens that were
// never opened, however long ago it last heard of the server.
func TestTheAppWithoutANetwork(t *testing.T) {
	t.Parallel()
	site := suite.Site(t)
	phone := withAccount(site, t).Kept()
	site.Stop()
	phone.Again().See("Authenticator is locked").Open(pin)
	phone.ShowsCodeOf(secret)
	phone.AskedBefore(40 * 24 * time.Hour)

	phone = phone.Tab().Open(pin)
	phone.ShowsCodeOf(secret)
	phone.Tap("Add an account").Tap("Other account").Tap("Enter the key").Fill("Key", otherLink).Tap("Next").Tap("Add")
	phone.ShowsCodeOf(otherSecret)
	for button, seen := range map[string]string{"Backup": "A backup is a file", "Move to another phone": "Open this app on both phones.", "Lock": "Now: a PIN"} {
		phone.Tap("Settings").Tap(button).See(seen).Tap("Back").Tap("Back")
	}
	site.Start()
}

// A newer version comes by itself, never under somebody's fingers, and brings the accounts along.
func TestANewerVersionOfTheApp(t *testing.T) {
	t.Parallel()
	site := suite.Site(t)
	open, closed, left := withAccount(site, t).Kept(), withAccount(site, t).Kept(), withAccount(site, t).Kept()
	site.Publish("Your accounts", "Your renewed accounts")

	// Somebody has it open: it goes on as it is, says so, and is another one once it is locked.
	open.Away().Back().See("Your accounts", "There is a new version. It starts the next time the app is locked.").ShowsCodeOf(secret)
	open.Tap("Lock").Wait("document.querySelector('script[src*=newer]')")
	open.Open(pin).See("Your renewed accounts").ShowsCodeOf(secret)

	// Somebody comes back within a day: the kept one is there at once, and the newer one is fetched meanwhile.
	closed.AskedBefore(23 * time.Hour).Again()
	if strings.Contains(closed.Read("script[src]", "src"), "newer") {
		t.Error("within a day the app waits for the server")
	}
	closed.Wait("document.querySelector('script[src*=newer]')") // locked, so it starts anew by itself
	closed.Open(pin).See("Your renewed accounts").ShowsCodeOf(secret)

	// Somebody comes back after a day: nothing older is shown at all.
	left.AskedBefore(24 * time.Hour).Again()
	if first := left.Read("script[src]", "src"); !strings.Contains(first, "newer") {
		t.Errorf("after a day begins %s", first)
	}
	left.Open(pin).See("Your renewed accounts").ShowsCodeOf(secret)

	// And then it needs no network either.
	site.Stop()
	left.Again().Open(pin).See("Your renewed accounts").ShowsCodeOf(secret)
	site.Start()
}

// A clock that is a day off makes no wrong codes: the app asks the server what time it is, and says what is wrong.
func TestAClockThatIsWrongByADay(t *testing.T) {
	t.Parallel()
	site := suite.Site(t)
	for by, said := range map[time.Duration]string{24 * time.Hour: "This device’s clock is 24 h fast.", -24 * time.Hour: "This device’s clock is 24 h slow."} {
		phone := suite.Phone(t, site.Base).Ahead(by).Start("").PIN(pin).Add(link)
		phone.See(said, "Your codes use the right time.", "Turn on automatic time in the device’s settings, or codes will be wrong when there is no signal.")
		phone.ShowsCodeOf(secret)
	}
	if phone := withAccount(site, t); strings.Contains(phone.Text(), "clock") {
		t.Errorf("a clock that is right is complained of: %s", phone.Text())
	}
}
