package browser_test

import (
	"strings"
	"testing"

	"woggle/test/browser"
)

// enter signs somebody in whose default is a text or an app.
func enter(county *browser.County, w *browser.Window, p browser.Person) *browser.Window {
	signIn(w, p)
	return prove(county, w, p).See("Security info", "Sign out")
}

// prove answers what the second step asks.
func prove(county *browser.County, w *browser.Window, p browser.Person) *browser.Window {
	var code string
	if p.Secret != "" {
		code = county.AppCode(p.Secret)
	} else {
		code = county.Code(p.Phone)
	}
	return w.Fill("one-time-code", code).Press("Verify")
}

func email(p browser.Person) string { return p.Username + "@northwold.example" }

// Everything that a person has is on one page: what it is, its detail, when it was added and when it was used.
func TestSecurityInfoShowsWhatIsSetUp(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		grace := county.Person("grace.thaxter")
		enter(county, w, grace).Press("Security info")
		w.See("How we check that it’s you.", "When you sign in we first ask for your: Mobile phone.",
			"Mobile phone Default +44 7700 900207 · text message · added", "last used today at", "Password set", "This browser signed in today at")
		w.Welsh().See("Sut rydym yn gwirio mai chi sydd yno.", "Ffôn symudol Arferol +44 7700 900207 · neges destun · ychwanegwyd",
			"defnyddiwyd ddiwethaf heddiw am", "Y porwr hwn")

		// There is one way only, which can't be removed, and none that could be the default instead.
		w.NotSee("Make default").Press("Remove").See("Remove this?", "This is the only way you can prove who you are. Add another one first, then remove this one.")
		w.Press("Add sign-in method").See("Po fwyaf o ffyrdd sydd gennych")
		if !strings.HasPrefix(w.Address(), "/security/add") {
			t.Error("after the last method one comes to", w.Address())
		}
	})
}
