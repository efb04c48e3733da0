package browser_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// The device's own lock opens the app where it can, without a PIN.
func TestTheDeviceLockOpensTheApp(t *testing.T) {
	t.Parallel()
	phone := suite.Phone(t, suite.Site(t).Base).DeviceLock().Start("").Tap("Use this device’s lock").See("No accounts yet").Add(link)
	phone.ShowsCodeOf(secret)
	phone.Again().See("Authenticator is locked").Gone(secret).Tap("Unlock with this device’s lock").See("Your accounts")
	phone.ShowsCodeOf(secret)
	phone.Tap("Settings").Tap("Lock").Tap("Unlock with this device’s lock").Tap("Change to a PIN").Fill("New PIN", pin).Fill("The same PIN again", pin).
		Tap("Save PIN").See("The lock was changed.")
	phone.Again().Open(pin).ShowsCodeOf(secret)
}

// A PIN can't be tried on and on: not by waiting a little, and not by starting the app again.
func TestWrongPINs(t *testing.T) {
	t.Parallel()
	site := suite.Site(t)
	phone := suite.Phone(t, site.Base).Ahead(0).Start("").Tap("Choose a PIN").Fill("New PIN", "123456").Fill("The same PIN again", "12345").Tap("Save PIN").
		See("The two are not the same. Type both again.").Fill("The same PIN again", "123456").Tap("Save PIN").See("Not 123456, not a date.").
		Fill("New PIN", pin).Fill("The same PIN again", pin).Tap("Save PIN").See("No accounts yet").Add(link)
	phone.Tap("Lock").See("Authenticator is locked")
	for _, left := range []string{"4", "3", "2", "1"} {
		phone.Open("999999").See("Tries left before you have to wait: " + left).Retry()
	}
	phone.Open("999999").See("You have to wait before the next try.")
	phone.Again().Open(pin).See("Too many wrong PINs. Wait before you try again.", "Time left:").Gone("Your accounts")
	phone.Later(61*time.Second).Open(pin).See("Your accounts", "Fenland")
}

// Out of sight it is covered at once, and soon locked.
func TestTheAppOutOfSight(t *testing.T) {
	t.Parallel()
	phone := suite.Phone(t, suite.Site(t).Base).Ahead(0).Start("").PIN(pin).Add(link)
	phone.Away().See("Hidden while you are away").Later(time.Minute).Back().See("Your accounts").ShowsCodeOf(secret)
	phone.Away().Later(3 * time.Minute).Back().See("Authenticator is locked").Gone("Fenland")
}

// Two windows of the app are one: what is added in one is in the other, and both are locked at once.
func TestTwoWindowsOfTheApp(t *testing.T) {
	t.Parallel()
	one := withAccount(suite.Site(t), t)
	other := one.Tab().See("Authenticator is locked").Open(pin)
	other.ShowsCodeOf(secret)
	one.Add(otherLink)
	other.See("Riverside Library").ShowsCodeOf(otherSecret)
	other.Tap("Change the list").Tap("Delete Riverside Library").See("Delete Riverside Library?").Tap("Delete").See("Riverside Library was deleted.")
	one.Gone("Riverside Library")
	other.Tap("Undo").See("Riverside Library is back.")
	one.See("Riverside Library").ShowsCodeOf(otherSecret)
	other.Tap("Done").Tap("Lock")
	one.See("Authenticator is locked").Gone("Fenland")
}

// Where there is no room, nothing is lost, and it says what to do.
func TestNoRoomOnTheDevice(t *testing.T) {
	t.Parallel()
	const full = "There is no room left on this device. Delete some photos or apps, then try again. Nothing was lost."
	phone := suite.Phone(t, suite.Site(t).Base).Start("").Kept()
	phone.Room(phone.Used() + 6000).PIN(pin).Add(link)
	for n := 0; ; n++ { // the browser measures now and then only, and in large steps
		name := fmt.Sprint("Choir", n)
		phone.Offer(link2(name)).Tap("Add").Wait(fmt.Sprintf("words().includes(%q) || words().includes('%s was added.')", full, name))
		if strings.Contains(phone.Text(), full) {
			break
		}
		if n > 40 {
			t.Fatal("the browser finds room for everything")
		}
		phone.See("Your accounts")
	}
	phone.See(full).Tap("Don’t add").Tap("Lock").Open(pin).See(full) // a try that can't be counted is none
	phone.Room(0).Open(pin).See("Fenland").ShowsCodeOf(secret)
	phone.Add(link2("Library")).See("Library was added.")
}
