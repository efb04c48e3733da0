package browser_test

import (
	"strings"
	"testing"
)

// A phone is lost, and its accounts come back: the app kept a copy with the organisation, which renewed itself.
func TestACopyComesBackOnANewPhone(t *testing.T) {
	t.Parallel()
	county := suite.Demo(t)
	tom := county.Person("tom.underhay")
	computer, old := county.Window(), county.Phone()
	signIn(computer, tom).Press("Use an authenticator app instead").Press("Woggle Authenticator")
	_, fragment, _ := strings.Cut(computer.Scan(".qr"), "#")
	secret := secretOf(t, fragment)
	old.Start("#" + fragment).PIN(pin).See("Add this account?").Tap("Add").See("was added.")
	computer.Press("Next").Fill("one-time-code", old.ShowsCodeOf(secret)).Press("Verify").See("You’re all set").Press("Go on").See("Hello, Tom")

	old.Tap("Settings").Tap("Backup").Tap("Keep a copy with your organisation").See("Is it you?").Open(pin).See("Write this password down", "Your organisation does not know it")
	password := old.Read(".phrase", "")
	old.Tap("Keep the copy").See("Write the password down first, then tick the box.").Tick("I have written it down").Tap("Keep the copy").See("A copy is kept now")
	old.Tap("Backup").See("A copy is kept. Last renewed:", "Stop keeping the copy").Tap("Back").Tap("Back")
	old.Add(otherLink).Wait(`performance.getEntriesByType('resource').filter(({name}) => name.endsWith('/copy')).length === 2`)
	code := old.NextCode()

	// The old phone is at the bottom of the lake; but its owner had typed its code first.
	fresh := county.Phone()
	waiting := signIn(fresh.Window, tom).See("Say yes in your app")
	old.See("Approve a sign-in", "The two numbers on the page where you sign in") // it is asked first
	waiting.Press("Type a code instead").Fill("one-time-code", code).Press("Verify").See("Hello, Tom")
	fresh.Window.Open("/security").See("Copies of your authenticator app").Press("Use or remove").See("Copy of your authenticator app", "Save it as a file", "Remove this copy")
	fresh.Tap("Open it in the app on this phone").See("Your copy is fetched as soon as the lock is set.").PIN(pin).See("The copy from your organisation is here.")
	fresh.Fill("The password of the backup", "wrong-wrong-wrong").Tap("Open the backup").See("That is not the password of this backup")
	fresh.Fill("The password of the backup", password).Tap("Open the backup").See("Add these accounts?", "Northwold County Scouts", "Riverside Library").Tap("Add")
	fresh.See("Accounts added or replaced: 2.").ShowsCodeOf(secret)
	fresh.ShowsCodeOf(otherSecret)

	// Removed in Security info, it stays away, and the app says so.
	computer.Open("/security").Press("Use or remove").Press("Remove").See("The copy is removed.")
	old.See("Nothing waits for your answer.").Tap("Back")
	old.Tap("Change the list").Tap("Rename Riverside Library").Fill("Name", "Library").Tap("Save").See("Your organisation does not keep a copy of this app any more.")
	old.Tap("Make a backup").See("Keep a copy with your organisation")
}
