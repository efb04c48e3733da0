// What the stories of Security info need beside a page: letters, a camera for QR codes, ears, and time that goes by.
package browser

import (
	"context"
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/chromedp"

	"woggle/internal/db"
	"woggle/internal/session"
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

// Later makes every proof in the records older, as if so much time had gone by since it was made. The program has no clock
// that could be moved, and nobody waits in a test.
func (c *County) Later(age time.Duration) {
	c.t.Helper()
	files, err := filepath.Glob(filepath.Join(c.folder, "*", "woggle.db"))
	if err != nil || len(files) != 1 {
		c.t.Fatalf("the records are in %v: %v", files, err)
	}
	records, err := db.Open("sqlite:"+files[0], time.Now)
	if err != nil {
		c.t.Fatal(err)
	}
	defer records.Close()
	err = records.Tx(context.Background(), func(tx *db.Tx) error {
		proofs := map[string][]session.Proof{}
		err := tx.Each("SELECT id, proofs FROM sessions", nil, func(scan func(...any) error) error {
			var id, raw string
			var made []session.Proof
			if err := scan(&id, &raw); err != nil {
				return err
			}
			err := json.Unmarshal([]byte(raw), &made)
			proofs[id] = made
			return err
		})
		if err != nil {
			return err
		}
		for id, made := range proofs {
			for i := range made {
				made[i].At = made[i].At.Add(-age)
			}
			raw, err := json.Marshal(made)
			if err != nil {
				return err
			}
			if _, err := tx.Exec("UPDATE sessions SET proofs = $2 WHERE id = $1", id, string(raw)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		c.t.Fatal(err)
	}
}
