// What the stories of paper need: files that a browser saves, what comes out of a printer, and a second browser of the same person.
package browser

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/page"
)

// Another opens a browser that nobody has used, set up like this one: with script or without, in the same language, in letters as large.
func (w *Window) Another() *Window {
	w.t.Helper()
	another := w.suite.Window(w.t, w.base)
	another.apps, another.large = w.apps, w.large
	another.set(another.width, another.dark)
	if w.noScript {
		another.NoScript()
	}
	if w.welsh {
		another.PrefersWelsh()
	}
	return another
}

// Fits demands that all that stands in the field is in sight at once, for whoever compares it with paper.
func (w *Window) Fits(field string) *Window {
	w.t.Helper()
	if !eval[bool](w, "fits", field) {
		w.t.Errorf("%q is wider than its field in a window of %d", w.Value(field), w.width)
	}
	return w
}

// Save presses a link that leads to a file with the name, and gives what was saved.
func (w *Window) Save(words, name string) []byte {
	w.t.Helper()
	folder := w.t.TempDir()
	callBrowser(w, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{Behavior: browser.SetDownloadBehaviorBehaviorAllow,
		DownloadPath: folder, BrowserContextID: w.contextID()})
	w.Tap(words)
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for late := time.After(patience); ; {
		// Until all of it is there, a part of it lies beside it.
		files, _ := filepath.Glob(filepath.Join(folder, "*"))
		if content, err := os.ReadFile(filepath.Join(folder, name)); err == nil && len(content) > 0 && len(files) == 1 {
			return content
		}
		select {
		case <-again.C:
		case <-late:
			w.t.Fatalf("pressing %s saved no %s, but %v", words, name, files)
		}
	}
}

// Print prints the page, and gives what is to be read on the paper.
func (w *Window) Print() string {
	w.t.Helper()
	return w.OnPaper(call(w, page.PrintToPDF, page.PrintToPDFParams{}).Data)
}

// OnPaper is what is to be read on the paper that a PDF makes, in the order of a reader aloud, with single spaces: poppler reads it.
func (w *Window) OnPaper(pdf []byte) string {
	w.t.Helper()
	w.suite.need(w.t, "pdftotext")
	read := exec.Command("pdftotext", "-raw", "-", "-")
	read.Stdin = strings.NewReader(string(pdf))
	text, err := read.Output()
	if err != nil {
		w.t.Fatalf("no reader of PDF reads it: %v", err)
	}
	return strings.Join(strings.Fields(string(text)), " ")
}
