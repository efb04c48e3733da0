package browser_test

import (
	"strings"
	"testing"

	"woggle/test/browser"
)

// The language can be changed on any page of a sign-in, in the middle of it. Nothing is lost and nothing is sent again.
func TestSwitchToWelshInTheMiddle(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		siobhan := county.Person("siobhan.oleary")
		w.Open("/signin?to=/details").Welsh().See("Mewngofnodi").English().See("Sign in").Fill("username", siobhan.Username).Press("Next").Fill("current-password", "nothing like it").Press("Next")
		w.See(wrongPassword).Welsh().See("Enter your password", siobhan.Username)
		w.Fill("current-password", siobhan.Password).Press("Next").See("Add a phone so we know it’s you")
		w.Fill("tel", "0891 50 50 50").Choose("sms").Press("Send me a code").English().See("Add a phone so we know it’s you")
		w.Fill("tel", siobhan.Phone).Choose("sms").Press("Send me a code").See("Enter the code we sent").Welsh().See("Enter the code we sent", "•••103")
		w.Fill("one-time-code", "12").Press("Verify").See(notACode).English().See("Enter the code we sent", "•••103")
		if got := len(county.Messages(siobhan.Phone)); got != 1 {
			t.Errorf("%d texts came", got)
		}
		w.Fill("one-time-code", county.Code(siobhan.Phone)).Press("Verify").See("You’re all set").Welsh().See("You’re all set").Press("Go on").See("Details")
	})
}

// Somebody who has chosen Welsh once gets it everywhere: the text, and all pages as soon as it is known who they are.
func TestAWelshSpeaker(t *testing.T) {
	once(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		megan := county.Person("megan.pryce")
		signIn(w, megan).See("Enter the code we sent")
		code := county.Code(megan.Phone)
		if text := county.Messages(megan.Phone)[0].Text; !strings.HasPrefix(text, code+" yw eich cod") {
			t.Errorf("the text to a Welsh speaker says: %s", text)
		}
		w.Fill("one-time-code", code).Press("Verify").See("Helo, Megan", "Gwybodaeth ddiogelwch", "Allgofnodi")
		county.Letter(email(megan), "Mewngofnodi newydd")
	})
}

// A browser that is set to Welsh is greeted in Welsh.
func TestAWelshBrowser(t *testing.T) {
	once(t, func(t *testing.T, _ *browser.County, w *browser.Window) {
		w.PrefersWelsh().Open("/signin").See("Mewngofnodi", "Email or user name").Press("I can’t sign in").See("What do you still have?").Press("My phone").See("Send me a link")
		w.Open("/no-such-page").See("There is no page at this address. It may be mistyped, or it may have moved.").English().See("Something is in the way")
	})
}
