package browser_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"woggle/test/browser"
)

const pressedThem = "I have pressed them"

// approving tells a story in a county whose calls ask for two numbers on the page, with and without scripts.
func approving(t *testing.T, story func(t *testing.T, county *browser.County, w *browser.Window, script bool)) {
	t.Parallel()
	for name, script := range map[string]bool{"script": true, "no script": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			county := suite.Demo(t, "--calls", "approve")
			w := county.Window()
			if !script {
				w.NoScript()
			}
			story(t, county, w, script)
		})
	}
}

// shown are the two numbers on the page.
func shown(t *testing.T, w *browser.Window) (first, second string) {
	t.Helper()
	first, second, found := strings.Cut(w.Read(".digits", ""), " ")
	if !found || len(first) != 1 || len(second) != 1 {
		t.Fatalf("the page shows %q", w.Read(".digits", ""))
	}
	return first, second
}

// comes waits for a page that the window goes to by itself.
func comes(w *browser.Window, words string) {
	w.Wait("document.readyState === 'complete' && document.body.innerText.includes('" + words + "')")
}

// answer picks the phone up in a tab of its own, and hears no code.
func answer(county *browser.County, w *browser.Window, p browser.Person) *browser.Window {
	county.Called(p.Phone)
	phones := w.Tab().Open("/handset?to=" + strings.TrimPrefix(p.Phone, "+"))
	return phones.See("A call is coming in").Press("Answer").See("On a call")
}

// Dorothy signs in with her landline. No code is said: she presses the two numbers that she sees. With script the page goes
// on by itself.
func TestApproveACall(t *testing.T) {
	approving(t, func(t *testing.T, county *browser.County, w *browser.Window, script bool) {
		dorothy := county.Person("dorothy.cobbold")
		signIn(w, dorothy).See("We are calling you", "Answer, and press these two numbers on the phone:").NotSee("6-digit code")
		first, second := shown(t, w)
		phones := answer(county, w, dorothy)
		if said := phones.Read(".caption", ""); sixDigits.MatchString(said) || strings.Contains(said, first+second) {
			t.Errorf("the call says %q", said)
		}
		if !script {
			w.Press(pressedThem).See("We are still waiting for the two numbers.")
		}
		phones.Press(first).Press(second).See("You keyed the right numbers")
		if script {
			comes(w, "Hello, Dorothy")
		} else {
			w.Press(pressedThem)
		}
		w.See("Hello, Dorothy")
	})
}

// Wrong numbers end the call. The page says so, by itself where it can, and there are two new ones after another call.
func TestApproveWithWrongNumbers(t *testing.T) {
	approving(t, func(t *testing.T, county *browser.County, w *browser.Window, script bool) {
		dorothy := county.Person("dorothy.cobbold")
		const wrong = "Those weren’t the two numbers on this page. Let us call you again: you will see two new ones."
		signIn(w, dorothy)
		first, second := shown(t, w)
		answer(county, w, dorothy).Press(first).Press(other(second)).See("Those were not the numbers")
		if script {
			comes(w, "Those weren’t the two numbers")
		} else {
			w.Press(pressedThem)
		}
		w.See(wrong).NotSee(pressedThem)
		county.Later(31 * time.Second)
		w.Welsh().See(wrong).Press("Call me again").See(pressedThem)
		first, second = shown(t, w.English().See("press these two numbers"))
		answer(county, w, dorothy).Press(first).Press(second).See("You keyed the right numbers")
		if script {
			comes(w, "Hello, Dorothy")
		} else {
			w.Reload().See("Those are the right numbers").Press("Go on")
		}
		w.See("Hello, Dorothy")
	})
}

// Colin adds a landline by the keys alone, and looks at his phone only to press the two numbers.
func TestApproveByKeyboard(t *testing.T) {
	approving(t, func(t *testing.T, county *browser.County, w *browser.Window, script bool) {
		daniel := county.Person("daniel.achebe")
		daniel.Phone = "+441632960106"
		signIn(w, daniel).See("You press two numbers that the page shows").Key("01632 960106").Reach("channel").Key(kb.ArrowDown)
		w.Reach("Send me a code").Enter().See("We are calling you", "•••106")
		first, second := shown(t, w)
		phones := answer(county, w, daniel)
		if !script {
			w.Reach(pressedThem).Enter().See("We are still waiting")
		}
		phones.Press(first).Press(second)
		if script {
			comes(w, "You’re all set")
		} else {
			w.Reach(pressedThem).Enter()
		}
		w.See("You’re all set", "Landline phone", "+44 1632 960106").Reach("Go on").Enter().See("Hello, Daniel")
	})
}
