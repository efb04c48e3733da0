// Looking at a page: what every page is held to, whatever story comes by.
package browser

import (
	_ "embed"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
)

// narrow is the width of small telephones, in CSS pixels.
const narrow = 360

// heaviest is how many bytes a page may be over the wire, with its style, script and drawings. Photographs, of which the
// guide has some, and the sound of a call are not counted.
const heaviest = 60_000

//go:embed look.js
var rules string

// settings are how every page is looked at.
var settings = []struct {
	width int64
	dark  bool
}{{wide, false}, {wide, true}, {narrow, true}, {narrow, false}}

// look holds the page to the rules, wide and narrow, light and dark, unless some story has done it.
func (w *Window) look() *Window {
	w.t.Helper()
	if !w.isOurs(w.Site() + "/") {
		return w // somebody else's page
	}
	state := w.letters() + fmt.Sprint(w.noScript, " ", w.ask("stateOf()"))
	if !w.suite.first(state) {
		return w
	}
	if bytes := w.Weight(); bytes >= heaviest {
		w.t.Errorf("%s: it weighs %d bytes", state, bytes)
	}
	w.settle(state)
	w.inspect(state)
	return w
}

// inspect holds what is shown to the rules, wide and narrow, light and dark.
func (w *Window) inspect(state string) {
	w.t.Helper()
	for _, setting := range settings {
		w.set(setting.width, setting.dark)
		faults := w.faults()
		if !w.noScript { // axe is a script; without script the page is the same but for what opens later
			faults = append(faults, w.axe(setting.dark)...)
		}
		for _, fault := range faults {
			w.t.Errorf("%s, %d wide, dark %t: %s", state, setting.width, setting.dark, fault)
		}
		w.album(state, setting.width, setting.dark)
	}
	w.set(w.width, w.dark)
}

// settle waits until the keyboard is where the page wants it, which is a moment after the page has come.
func (w *Window) settle(state string) {
	w.t.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for late := time.After(patience / 10); ; {
		wrong := w.ask("atFirst()")
		if wrong == "" {
			return
		}
		select {
		case <-again.C:
		case <-late:
			w.t.Errorf("%s: %s", state, wrong)
			return
		}
	}
}

// album keeps a screenshot of each page in the folder WOGGLE_ALBUM, for people who want to see them all.
func (w *Window) album(state string, width int64, dark bool) {
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
	usualWidth, usualDark := w.width, w.dark
	w.width, w.dark = width, dark
	shot := w.Screenshot("")
	w.width, w.dark = usualWidth, usualDark
	if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%.100s-%d-%t.png", name, width, dark)), shot, 0o644); err != nil {
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

// axe are the violations of the rules of accessibility that axe-core finds on the page, as it is shown now. On a dark page
// only what can be seen may be different.
func (w *Window) axe(dark bool) []string {
	w.t.Helper()
	if eval[bool](w, "!window.axe") { // once for each page, because it takes long to read
		eval[bool](w, "(() => {"+w.suite.axe+"; return true; })()")
	}
	return eval[[]string](w, fmt.Sprintf("(() => {%s\nreturn accessibility(%t); })()", rules, dark))
}

// hear notes what the browser says while the story goes on.
func (w *Window) hear(event any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if !w.isAnswer(e.Entry) && !isHaste(e.Entry) && !isCut(e.Entry) && !isOffer(e.Entry) {
			w.trouble("%s %s: %s (%s)", e.Entry.Source, e.Entry.Level, e.Entry.Text, e.Entry.URL)
		}
	case *runtime.EventExceptionThrown:
		w.trouble("exception: %s %s", e.ExceptionDetails.Text, e.ExceptionDetails.URL)
	case *runtime.EventConsoleAPICalled:
		w.trouble("console.%s", e.Type)
	case *fetch.EventRequestPaused:
		go w.pass(e) // what listens must not wait for an answer itself
	case *network.EventRequestWillBeSent:
		w.pending[string(e.RequestID)] = e.Request.URL
		w.note(e.Request.Method, e.Request.URL, e.Request.Headers)
		for _, part := range e.Request.PostDataEntries {
			w.note(string(part.Bytes))
		}
		if u, err := url.Parse(e.Request.URL); err != nil || u.Scheme != "data" && !w.isKnown(e.Request.URL) {
			w.trouble("a request to somebody else: %s", e.Request.URL)
		}
	case *network.EventRequestWillBeSentExtraInfo:
		w.note(e.Headers)
	case *network.EventLoadingFinished:
		if e.EncodedDataLength > 0 { // else it came from the cache
			w.loaded[w.pending[string(e.RequestID)]] = int(e.EncodedDataLength)
		}
	}
}

// note keeps what is sent, if the story wants to know.
func (w *Window) note(what ...any) {
	if w.sent != nil {
		fmt.Fprintln(w.sent, what...)
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

// isHaste tells whether an entry is only about a story that typed into a page before the page itself had chosen a field.
func isHaste(entry *log.Entry) bool {
	return entry.Source == log.EntrySourceRendering && strings.HasPrefix(entry.Text, "Autofocus processing was blocked")
}

// isCut tells whether an entry is only about a server that a story has taken away.
func isCut(entry *log.Entry) bool {
	return entry.Source == log.EntrySourceNetwork && strings.Contains(entry.Text, "net::ERR_CONNECTION_REFUSED") && strings.Contains(entry.URL, "/authenticator/")
}

// isOffer tells whether an entry is only about the app's own button for putting it on the home screen, in place of the browser's.
func isOffer(entry *log.Entry) bool { return strings.HasPrefix(entry.Text, "Banner not shown") }

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

// Weight is how many bytes the page is over the wire, with headers, for somebody who has never been on the site.
func (w *Window) Weight() (bytes int) {
	w.t.Helper()
	for _, address := range eval[[]string](w, "(() => {"+rules+"\nreturn parts(); })()") {
		w.mu.Lock()
		size, known := w.loaded[address]
		w.mu.Unlock()
		if !known { // by this window: another one of the browser has filled the cache
			size = w.suite.sizeOf(w.t, address)
		}
		bytes += size
	}
	return bytes
}

// sizeOf is how many bytes a file of the site is, which anybody may read.
func (s *Suite) sizeOf(t testing.TB, address string) int {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	whole, err := httputil.DumpResponse(response, true)
	if err != nil {
		t.Fatal(err)
	}
	return len(whole) // of one that is missing as well: the browser complains of that
}
