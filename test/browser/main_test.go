package browser_test

import (
	"fmt"
	"os"
	"testing"

	"woggle/test/browser"
)

// suite is what all stories share: one Chromium, one build of the program.
var suite *browser.Suite

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if suite, err = browser.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer suite.Stop()
	return m.Run()
}

// each tells a story with and without scripts.
func each(t *testing.T, story func(t *testing.T, county *browser.County, w *browser.Window)) {
	t.Parallel()
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
	return signInHere(w.Open("/signin"), p)
}

// signInHere does so on the page for the name.
func signInHere(w *browser.Window, p browser.Person) *browser.Window {
	return w.Fill("username", p.Username).Press("Next").Fill("current-password", p.Password).Press("Next")
}
