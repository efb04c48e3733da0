// Looking at a page: what every page is held to, whatever story comes by.
package browser

import (
	_ "embed"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
)

// narrow is the width of the smallest telephones, in CSS pixels (WCAG 2.2, 1.4.10, asks for 320 of reflow; see widths).
const narrow = 360

//go:embed look.js
var rules string

// look holds the page to the rules, wide and light, then narrow and dark, unless some story has done it.
func (w *Window) look() *Window {
	w.t.Helper()
	state := fmt.Sprint(w.noScript, " ", w.ask("stateOf()"))
	if !w.suite.first(state) {
		return w
	}
	for _, setting := range []struct {
		width int64
		dark  bool
	}{{wide, false}, {narrow, true}} {
		w.set(setting.width, setting.dark)
		faults := w.faults()
		if !w.noScript { // axe is a script; without script the page is the same but for what opens later
			faults = append(faults, w.Axe()...)
		}
		for _, fault := range faults {
			w.t.Errorf("%s, %d wide, dark %t: %s", state, setting.width, setting.dark, fault)
		}
		w.album(state, setting.width)
	}
	w.set(w.width, w.dark)
	return w
}

// album keeps a screenshot of each page in the folder WOGGLE_ALBUM, for people who want to see them all.
func (w *Window) album(state string, width int64) {
	w.t.Helper()
	folder := os.Getenv("WOGGLE_ALBUM")
	if folder == "" {
		return
	}
	name := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return '-'
	}, state)
	before := w.width
	w.width = width
	shot := w.Screenshot("")
	w.width = before
	if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%.100s-%d.png", name, width)), shot, 0o644); err != nil {
		w.t.Error(err)
	}
}

func (w *Window) ask(expression string) string {
	w.t.Helper()
	return eval[string](w, "(() => {"+rules+"\nreturn "+expression+"; })()")
}

func (w *Window) faults() []string {
	w.t.Helper()
	return eval[[]string](w, "(() => {"+rules+"\nreturn faults(); })()")
}

// Axe are the violations of the rules of accessibility that axe-core finds on the page.
func (w *Window) Axe() []string {
	w.t.Helper()
	return eval[[]string](w, "(() => {"+w.suite.axe+";"+rules+"\nreturn accessibility(); })()")
}

// hear notes what the browser says while the story goes on.
func (w *Window) hear(event any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if !w.isAnswer(e.Entry) {
			w.trouble("%s %s: %s (%s)", e.Entry.Source, e.Entry.Level, e.Entry.Text, e.Entry.URL)
		}
	case *runtime.EventExceptionThrown:
		w.trouble("exception: %s %s", e.ExceptionDetails.Text, e.ExceptionDetails.URL)
	case *runtime.EventConsoleAPICalled:
		w.trouble("console.%s", e.Type)
	case *network.EventRequestWillBeSent:
		w.pending[string(e.RequestID)] = e.Request.URL
		if u, err := url.Parse(e.Request.URL); err != nil || u.Scheme != "data" && !strings.HasPrefix(e.Request.URL, w.base+"/") {
			w.trouble("a request to somebody else: %s", e.Request.URL)
		}
	case *network.EventLoadingFinished:
		w.loaded[w.pending[string(e.RequestID)]] += int(e.EncodedDataLength)
	}
}

func (w *Window) trouble(format string, arguments ...any) {
	w.troubles = append(w.troubles, fmt.Sprintf(format, arguments...))
}

// isAnswer tells whether an entry of the console is only about a page that came with the status of an error, as the one
// after a wrong password does: the visitor reads it, and the story says what it must say.
func (w *Window) isAnswer(entry *log.Entry) bool {
	return entry.Source == log.EntrySourceNetwork && strings.Contains(entry.Text, "the server responded with a status of") &&
		!strings.Contains(entry.URL, "/static/") && !strings.Contains(entry.Text, "status of 5")
}

// noTroubles fails the story if the browser complained of anything: a script or style that the policy of the page
// forbids, a file that is missing, a request to somebody else.
func (w *Window) noTroubles() {
	w.t.Helper()
	for _, trouble := range w.Troubles() {
		w.t.Errorf("the browser complains: %s", trouble)
	}
}

// Troubles are what the browser complained of since it was last asked.
func (w *Window) Troubles() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	troubles := w.troubles
	w.troubles = nil
	return troubles
}

// Weight is how many bytes came over the wire, with their headers.
func (w *Window) Weight() (bytes int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, size := range w.loaded {
		bytes += size
	}
	return bytes
}
