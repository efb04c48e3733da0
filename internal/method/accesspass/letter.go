// A pass on paper, for whoever gets it by hand or by post.
package accesspass

import (
	"net/url"
	"strings"
	"time"

	"woggle/internal/code"
	"woggle/internal/directory"
	"woggle/internal/page"
	"woggle/internal/paper"
	"woggle/internal/signin"
)

// Letter is a printed letter (PDF) with the pass of the user, in their language. Its QR code opens the sign-in page with their
// user name filled in, and does not hold the pass: addresses end up in histories, in logs and with whoever reads along, and a
// picture of a QR code would be the whole key.
func Letter(pages *page.Renderer, base string, user directory.User, pass string, e signin.Enrolled, now time.Time) ([]byte, error) {
	l := pages.Locales.Find(user.Locale)
	if l == nil {
		l = pages.Locales.Find("en")
	}
	brand := pages.Brand()
	say := func(key string) string {
		return l.Text("accesspass.letter."+key, "name", user.Called(), "organisation", brand.Name, "username", user.Username,
			"address", base+"/signin", "from", l.Moment(e.StartsAt, now), "until", l.Moment(e.ExpiresAt, now), "help", brand.Help)
	}
	times := say("until")
	if e.StartsAt.After(now) {
		times = say("from-until")
	}
	once := say("once")
	if e.Several() {
		once = say("several")
	}
	letter := paper.Letter{Language: l.Code, To: []string{user.Name()}, Date: l.Day(now, now), Heading: say("heading"),
		Paragraphs: []string{say("hello"), times + " " + once}, CodeLabel: say("code"), Code: code.Grouped(clean(pass)),
		Spelt: strings.Join(Spell(l, pass), ", "), Link: base + "/signin?name=" + url.QueryEscape(user.Username),
		LinkLabel: say("qr"), LinkSays: say("qr.says"), Steps: []string{say("step.1"), say("step.2"), say("step.3")}, Footer: say("footer")}
	if brand.Help != "" {
		letter.Help = say("help")
	}
	return paper.Letters(paper.About{Title: say("heading"), Author: brand.Name, Colour: brand.Colour, Language: l.Code, Made: now},
		[]paper.Letter{letter})
}
