package browser_test

import (
	"testing"

	"woggle/test/browser"
)

// each tells a story with and without scripts.
func each(t *testing.T, story func(t *testing.T, county *browser.County, w *browser.Window)) {
	for name, prepare := range map[string]func(*browser.Window){
		"script":    func(*browser.Window) {},
		"no script": func(w *browser.Window) { w.NoScript() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			county := suite.Demo(t)
			w := county.Window()
			prepare(w)
			story(t, county, w)
		})
	}
}

// signIn goes as far as the second step.
func signIn(w *browser.Window, p browser.Person) *browser.Window {
	return w.Open("/signin").Fill("username", p.Username).Press("Next").Fill("current-password", p.Password).Press("Next")
}

func TestFirstSignInWithAMobile(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		aisha := county.Person("aisha.khan")
		signIn(w, aisha).See("Add a phone so we know it’s you")
		w.Fill("tel", "07700 900101").Choose("sms").Press("Send me a code").See("Enter the code we sent", "+44 •••• •••101")
		w.Fill("one-time-code", county.Code(aisha.Phone)).Press("Verify").See("You’re all set", "Mobile phone", "+44 7700 900101")
		w.Press("Go on").See("Hello, Aisha")
	})
}
