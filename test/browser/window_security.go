// What the stories of Security info need beside a page: letters, a camera for QR codes, and ears.
package browser

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/chromedp/chromedp"
)

// Letter is an e-mail of the demonstration.
type Letter struct {
	To, Subject, Label, Link, Locale string
	Paragraphs                       []string
}

// Letter waits for the newest letter to somebody with the subject.
func (c *County) Letter(to, subject string) (found Letter) {
	c.t.Helper()
	c.eventually("a letter to "+to+": "+subject, func() bool {
		var letters []Letter
		c.get("/handset/letters.json?to="+url.QueryEscape(to), &letters)
		for _, one := range letters {
			if one.Subject == subject {
				found = one
				return true
			}
		}
		return false
	})
	return found
}

// HasLetters tells whether a letter has come to somebody.
func (c *County) HasLetters(to string) bool {
	c.t.Helper()
	var letters []Letter
	c.get("/handset/letters.json?to="+url.QueryEscape(to), &letters)
	return len(letters) > 0
}

// Text waits for a text to the number with the words, which may be the first ones of it.
func (c *County) Text(number, words string) {
	c.t.Helper()
	c.eventually("a text to "+number+": "+words, func() bool {
		for _, m := range c.Messages(number) {
			if strings.HasPrefix(m.Text, words) {
				return true
			}
		}
		return false
	})
}

// Scan is what a camera reads in the QR code that the page shows: its screenshot, decoded by zbarimg.
func (w *Window) Scan(selector string) string {
	w.t.Helper()
	w.suite.need(w.t, "zbarimg")
	shot := filepath.Join(w.t.TempDir(), "qr.png")
	if err := os.WriteFile(shot, w.Screenshot(selector), 0o600); err != nil {
		w.t.Fatal(err)
	}
	read, err := exec.Command("zbarimg", "--quiet", "--raw", shot).Output()
	if err != nil {
		w.t.Fatalf("no camera reads the QR code: %v", err)
	}
	return strings.TrimSpace(string(read))
}

// PressBeside presses a button or a link by its words, in the row of a list that has the other words, and waits for the
// page that it leads to.
func (w *Window) PressBeside(row, words string) *Window {
	w.t.Helper()
	at := w.find("the button "+words+" beside "+row, "beside", []any{w.say(row), w.say(words)})
	w.arrive("pressing "+words, chromedp.MouseClickXY(at.X, at.Y))
	return w.look()
}

// Read is the text of what a selector names, also if it cannot be seen; or the value of one of its attributes.
func (w *Window) Read(selector, attribute string) string {
	w.t.Helper()
	return eval[string](w, "read", selector, attribute)
}

// Focused names what the keyboard is at: its words, or the name of the field.
func (w *Window) Focused() string {
	w.t.Helper()
	return eval[string](w, "focused")
}

// Shown is a picture on a page: its address and its words for those who don't see it.
type Shown struct {
	Address, Words string
	Width, Pixels  int // on the page, and of the file
}

// Pictures are those of the page, once all are there: a reader has scrolled by each.
func (w *Window) Pictures() []Shown {
	w.t.Helper()
	return eval[[]Shown](w, "pictures")
}

// Links are the addresses that the main part of the page leads to.
func (w *Window) Links() []string {
	w.t.Helper()
	return eval[[]string](w, "links")
}

// Sound is what can be heard of the audio on the page.
type Sound struct {
	Seconds float64
	Peak    float64 // of the wave; 0 is silence, 1 the most there is
}

// Hear fetches and decodes the audio of the page, as its player does.
func (w *Window) Hear() Sound {
	w.t.Helper()
	return eval[Sound](w, "sound")
}
