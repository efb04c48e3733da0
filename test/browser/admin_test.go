package browser_test

import (
	"testing"

	"woggle/test/browser"
)

// The administrator of the county looks how far everybody is, finds somebody, locks the account and opens it again, and finds both in
// the trail. The window speaks Welsh in one of the ways.
func TestTheConsole(t *testing.T) {
	everyWay(t, func(t *testing.T, county *browser.County, w *browser.Window, _ func(string, int64)) {
		enter(county, w, county.Person("admin")).Open("/").Press("Administration")
		w.See("How far everybody is", "still to do", "never signed in", "Groups", "Fenland District")
		w.Press("People").See("Find somebody", "Ruth Calloway").Fill("find", "tha gra").Press("Find").See("Grace Thaxter").NotSee("Ruth Calloway")
		w.Fill("find", "nobody at all").Press("Find").See("Nobody is found.").Press("Show everybody").Fill("find", "grace").Press("Find")
		w.Press("Grace Thaxter").See("grace.thaxter", "What you can do", "What is set up", "Where they are signed in")
		w.Press("Lock the account").
			See("They are signed out everywhere and can’t sign in until you open the account again. Nothing that is set up goes.").Press("Lock the account").See("The account is locked.", "Locked")
		w.Press("Open the account").Press("Open the account").See("The account is open.")
		w.Press("Change the role").See("What may they do?").Press("Back")
		w.Press("Audit").See("What has happened", "Account locked", "Account opened").Press("Look now").See("Is it whole?")
		if found := w.Read(".say.good", ""); found == "" {
			t.Error("the trail is not whole")
		}
		w.Fill("who", "grace.thaxtre").Press("Find").See("There is nobody with this user name.")
		w.Open("/admin/people/none").See("This person is not there any more. Go back to the list and look again.")
	})
}
