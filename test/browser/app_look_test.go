package browser_test

import (
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// Every screen of the app is held to the rules that pages are held to: each See does so.
func TestTheScreensOfTheApp(t *testing.T) {
	t.Parallel()
	site := suite.Site(t)
	phone := suite.Phone(t, site.Base).NoCamera().Start("").See("Your codes, on this device").Tap("Choose a PIN").See("You type it each time you open the app.").
		Tap("Back").PIN(pin).See("No accounts yet")
	phone.Tap("Add an account").See("Work or school account").Tap("Work or school account").See("Your organisation’s page shows a QR code or a key.").
		Tap("Scan a QR code").See("The camera is not allowed").Tap("Enter the key").See("The letters and digits that the page shows.")
	phone.Fill("Key", "not a key").Tap("Next").See("This key is not right.").Retry().Fill("Key", secret).Tap("Next").See("Give it a name, so that you find it again.")
	phone.Fill("Your account there", "mei.lin").Tap("More settings").See("Only if the site tells you so").Choose("hotp")
	phone.See("Counter").Tap("Next").See("Add this account?").Tap("Add").See("mei.lin was added.").Tap("Make a code").Wait("codes().length > 0")
	phone.See("Copy this code")

	for _, one := range []string{link, otherLink, link2("Allotments"), link2("Choir")} {
		phone.Add(one)
	}
	phone.See("Fenland").Fill("Search", "fen").Gone("Choir").Fill("Search", "xyz").See("No account has that in its name.").Fill("Search", "").See("Choir")
	phone.Offer(link).See("You have it already").Tap("Done")
	phone.Offer(changed(link)).See("Replaces the one you have").Tap("Replace").See("Fenland was replaced by the new one.").Tap("Undo").See("Fenland is back.")
	phone.Offer("otpauth://nonsense").See("This is for another kind of app (nonsense).").Tap("Back")
	phone.Tap("Change the list").See("Done").Tap("Move Choir up").See("Choir is now number").Tap("Delete Choir").See("Delete Choir?").Tap("Keep it")
	phone.Tap("Rename Choir").See("Only you see this name.").Fill("Name", "Singers").Tap("Save").See("Singers")

	phone.Tap("Settings").See("A PIN opens the app").Tap("Lock").See("Now: a PIN").Fill("PIN", pin).Tap("Unlock").See("Choose another PIN").Tap("Back")
	phone.Tap("Backup").See("You have no backup yet").Tap("Get accounts back").See("Choose the file").Tap("Back").Tap("Back")
	phone.Tap("Move to another phone").See("Open this app on both phones.").Tap("This is the new phone").See("On the old phone choose").Tap("Next").
		See("The camera is not allowed").Tap("Back").Tap("This is the old phone").See("Is it you?").Open(pin).See("On the new phone choose").Tap("Back")
	phone.Tap("Show my accounts to another app").See("You are free to use another app.").Open(pin).See("scan this", "Picture 1 of 1").Tap("Done")
	phone.Tap("Settings").Tap("How this app keeps things").See("Nobody can read them from afar").Tap("Back").Tap("About").See("Apache-2.0", "Version").Tap("Back").Tap("Back")
	phone.Tap("Lock").See("Authenticator is locked").Tap("I can’t open it").See("everything in this app is deleted").Tap("Delete everything and start again").
		See("Yes, delete everything").Tap("No, keep it").Tap("Delete everything and start again").Tap("Yes, delete everything").See("Your codes, on this device")
}

// link2 is one more account.
func link2(issuer string) string {
	return "otpauth://totp/" + issuer + ":mei?secret=" + otherSecret + "&issuer=" + issuer
}

// changed is the same account with another key.
func changed(link string) string {
	return link[:len(link)-len("&issuer=Fenland")-4] + "AAAA&issuer=Fenland"
}

// Somebody who can't use a mouse or a touch screen.
func TestTheAppByKeyboard(t *testing.T) {
	t.Parallel()
	phone := suite.Phone(t, suite.Site(t).Base).Start("").See("Choose a PIN")
	enter := func(words string) { phone.Reach(words).Key(kb.Enter) }
	enter("Choose a PIN")
	phone.See("New PIN").Reach("New PIN").Key(pin)
	phone.Reach("The same PIN again").Key(pin).Key(kb.Enter)
	phone.See("No accounts yet")
	enter("Add an account")
	phone.See("Other account")
	enter("Other account")
	phone.See("Enter the key")
	enter("Enter the key")
	phone.See("More settings").Reach("Organisation or site").Key("Fenland")
	phone.Reach("Your account there").Key("mei.lin")
	phone.Reach("Key").Key(secret).Key(kb.Enter)
	phone.See("Add this account?").Key(kb.Tab) // away from the heading, which begins with the same word
	enter("Add")
	phone.See("Fenland was added.").ShowsCodeOf(secret)
	enter("F Fenland") // with the letter that stands for a picture
	phone.See("Code copied: Fenland")
	enter("Settings")
	phone.See("Language")
	phone.BackTab().Key(kb.Enter) // from the heading, where a screen begins, to the way back
	phone.See("Your accounts")
	enter("Lock")
	phone.See("Authenticator is locked").Reach("PIN").Key(pin).Key(kb.Enter)
	phone.See("Your accounts").ShowsCodeOf(secret)
}

// In Welsh every sentence is another one, and the language can be changed at any time.
func TestTheAppInWelsh(t *testing.T) {
	t.Parallel()
	phone := suite.Phone(t, suite.Site(t).Base).NoCamera()
	phone.PrefersWelsh()
	phone.Start("").See("Your codes, on this device", "Your keys stay on this device. Nobody else can see them, and neither can we.").PIN(pin).See("No accounts yet")
	phone.Tap("Add an account").Tap("Work or school account").See("Your organisation’s page shows a QR code or a key.").Tap("Scan a QR code").See("The camera is not allowed").Tap("Back").Tap("Back").Tap("Back")
	phone.Offer(link).See("Add this account?", "Add it only if you are setting it up right now.").Tap("Add")
	phone.ShowsCodeOf(secret)
	phone.Tap("Settings").See("Settings", "You have no backup yet").Tap("How this app keeps things").See("Nobody can read them from afar: not your organisation, and not the people who made this app. If you lose the device, only a backup brings them back.").Tap("Back")
	phone.Tap("Backup").See("Make a backup").Tap("Back").Tap("Move to another phone").See("Open this app on both phones. Which one is this?").Tap("Back").
		Tap("Lock").See("Now: a PIN").Tap("Back")
	phone.Speak("English", "en").See("You have no backup yet").Tap("Back").Tap("Lock").Open(pin).ShowsCodeOf(secret)
}

// The browser would put it on the home screen.
func TestTheAppCanBeInstalled(t *testing.T) {
	t.Parallel()
	site := suite.Site(t)
	if wrong := suite.Owned(t, site.Base).Start("").Kept().NotInstallable(); len(wrong) > 0 {
		t.Errorf("the app can't be installed: %v", wrong)
	}
}
