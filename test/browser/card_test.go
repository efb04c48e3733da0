package browser_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"woggle/test/browser"
)

// camp is a real server, a browser that nobody has used, and Jo Smith, who was added and has an access pass in place of a password.
func camp(t *testing.T) (*browser.County, *browser.Window, browser.Person) {
	t.Helper()
	county, _ := suite.Serve(t)
	lines := county.Command("user", "add", "jo.smith", "--given", "Jo", "--family", "Smith", "--pass")
	pass := browser.Find(t, lines, regexp.MustCompile(`\b([2-9a-z]{4}-[2-9a-z]{4}-[2-9a-z]{4})\b`))
	return county, county.Window(), browser.Person{Username: "jo.smith", Password: pass}
}

// atCamp tells a story there with script, without, and in Welsh.
func atCamp(t *testing.T, story func(t *testing.T, county *browser.County, w *browser.Window, jo browser.Person)) {
	t.Parallel()
	for _, way := range []string{"script", "no script", "Welsh"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			county, w, jo := camp(t)
			switch way {
			case "no script":
				w.NoScript()
			case "Welsh":
				w.PrefersWelsh()
			}
			story(t, county, w, jo)
		})
	}
}

// day is the date so many days from now, as commands take it. A server that was told of no other zone reckons in UTC.
func day(from int) string { return time.Now().UTC().AddDate(0, 0, from).Format(time.DateOnly) }

// printed makes a card for Jo by the command, and reads off the paper its number, and its codes as they stand there.
func printed(t *testing.T, county *browser.County, w *browser.Window, arguments ...string) (number string, codes []string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "card.pdf")
	lines := county.Command(append([]string{"card", "issue", "jo.smith", "--pdf", file}, arguments...)...)
	browser.Find(t, lines, regexp.MustCompile(`^(1 card) in .* Print it, hand them out, and delete the file: it is shown only here\.$`))
	pdf, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := w.OnPaper(pdf)
	name := regexp.MustCompile(`Card ([2-9][A-Z]) Jo Smith`).FindStringSubmatch(text)
	for n, one := range regexp.MustCompile(`\b(\d+) (\d{3} \d{3})\b`).FindAllStringSubmatch(text, -1) {
		if codes = append(codes, one[2]); one[1] != strconv.Itoa(n+1) {
			t.Errorf("the %d. code of the card has the number %s", n+1, one[1])
		}
	}
	if name == nil || len(codes) != 12 {
		t.Fatalf("on the paper stands: %s", text)
	}
	return name[1], codes
}

// asks demands that the page asks for the code with the number, of the card.
func asks(t *testing.T, w *browser.Window, code, card string) *browser.Window {
	t.Helper()
	asked := regexp.MustCompile(`\d+`).FindString(w.Read("h1", ""))
	if names := strings.Fields(w.Read("main b", "")); asked != code || len(names) == 0 || names[0] != card {
		t.Fatalf("not code %s of card %s is asked for: %s", code, card, w.Text())
	}
	return w
}

// Jo has no phone. An administrator has printed a card, and from the first sign-in on the page asks for its codes one by one: only the one
// that is asked for is right, and only once.
func TestACardInPlaceOfAPhone(t *testing.T) {
	atCamp(t, func(t *testing.T, county *browser.County, w *browser.Window, jo browser.Person) {
		card, codes := printed(t, county, w, "--until", day(7))
		asks(t, signIn(w, jo), "1", card).Fill("one-time-code", codes[0]).Press("Verify").See("Choose a password")
		jo.Password = "acorn lantern puddle"
		w.Fill("new-password", jo.Password).Press("Save password").See("You’re all set").Press("Go on")
		w.Press("Security info").See(card).Press("Sign out")

		asks(t, signIn(w, jo), "2", card).Fill("one-time-code", "12 34").Press("Verify").See(notACode)
		for _, wrong := range []string{codes[0], codes[2]} { // used, and not asked for yet
			asks(t, w.Fill("one-time-code", wrong).Press("Verify").See(wrongCode), "2", card)
		}
		w.Fill("one-time-code", codes[1]).Press("Verify").See("Sign out", "Security info")

		other := w.Another().Width(360)
		asks(t, signIn(other, jo), "3", card).Press("I can’t do this").See("How do you want to prove it’s you?").Press("Back")
		asks(t, other, "3", card).Fill("one-time-code", codes[2]).Press("Verify").See("Sign out", "Security info")
	})
}

// A card is nothing before its first day and after its last one, and nothing once it is ended, whoever holds it. Jo reads large letters.
func TestACardInItsTimeOnly(t *testing.T) {
	t.Parallel()
	county, w, jo := camp(t)
	signIn(w.Large(), jo)
	setUpTheApp(county, w)
	jo.Password = "acorn lantern puddle"
	w.See("Choose a password").Fill("new-password", jo.Password).Press("Save password").Press("Go on").Press("Sign out")
	const way = "Use a code of your card "
	card, codes := printed(t, county, w, "--from", day(1), "--until", day(7))
	signIn(w, jo).See("Enter the code from your app").Press("I can’t do this").NotSee(way)

	county.Later(24 * time.Hour)
	signIn(w, jo).See("Enter the code from your app").Press("Try another way").See(way+card, "12 codes left").Press(way)
	asks(t, w, "1", card).Fill("one-time-code", codes[0]).Press("Verify").See("Hello, Jo").Press("Security info")
	w.See("Printed card "+card, "11 codes left").Press("Sign out")

	ended, _ := printed(t, county, w, "--until", day(7))
	signIn(w, jo).Press("Try another way").See(way+card, way+ended).Press(way + ended)
	revoked := regexp.MustCompile(`^(Card .* works no more), and they are signed out everywhere\.$`)
	browser.Find(t, county.Command("card", "revoke", "jo.smith", ended), revoked)
	w.Fill("one-time-code", "123456").Press("Verify").See("Enter the code from your app")
	w.Press("Try another way").See(way + card).NotSee(way + ended)

	county.Later(7 * 24 * time.Hour)
	signIn(w, jo).See("Enter the code from your app").Press("I can’t do this").NotSee(way)
}
