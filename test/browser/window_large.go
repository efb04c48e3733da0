// The letters of somebody who has told the browser that they must be large.
package browser

import "github.com/chromedp/cdproto/page"

// The sizes of letters that a browser is told, in CSS pixels, in place of the 16 that it comes with. Twice as large must do no harm (WCAG
// 2.2, 1.4.4); on a small phone, where a line would be a word then, half as large again.
const (
	large       = 32
	largeNarrow = 24
)

// Large is what somebody has chosen who can't read small letters. Every page is looked at like that then, too.
func (w *Window) Large() *Window {
	w.t.Helper()
	w.large = true
	w.set(w.width, w.dark)
	return w
}

// size tells the browser how large letters are in a window so wide.
func (w *Window) size(width int64) {
	w.t.Helper()
	if !w.large {
		return
	}
	letters := int64(large)
	if width < wide/2 {
		letters = largeNarrow
	}
	call(w, page.SetFontSizes, page.SetFontSizesParams{FontSizes: &page.FontSizes{Standard: letters}})
}

// letters names how the window is set up, so that a page in large letters is another one to look at.
func (w *Window) letters() string {
	if w.large {
		return "large "
	}
	return ""
}
