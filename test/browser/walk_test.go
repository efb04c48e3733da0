package browser_test

import (
	"strings"
	"testing"

	"woggle/test/visitor"
)

// walk is a visitor on the way through pages. Its verbs end the story when they cannot be done.
type walk struct {
	*testing.T
	*visitor.Visitor
	page *visitor.Page
}

func (v *walk) open(address string) {
	v.Helper()
	v.on(v.Open(address))
}

func (v *walk) on(p *visitor.Page, err error) {
	v.Helper()
	if err != nil {
		v.Fatal(err)
	}
	v.page = p
}

// send fills a field and presses a button of its form.
func (v *walk) send(field, value, button string) {
	v.Helper()
	form, err := v.page.Form(field)
	if err != nil {
		v.Fatal(err)
	}
	v.on(v.Send(form.Set(field, value), form.Press(button)))
}

// onward presses the button of a page that sends browsers on, if this is one: a link, or a form of hidden fields.
func (v *walk) onward() {
	v.Helper()
	for _, form := range v.page.Forms {
		if button := form.Press("Go on"); button != nil {
			v.on(v.Send(form, button))
			return
		}
	}
	if to := strings.TrimPrefix(v.page.Header.Get("Refresh"), "0; url="); to != "" {
		v.on(v.Open(to))
		return
	}
	for _, link := range v.page.Links {
		if strings.HasPrefix(link, "/app/continue/") {
			v.on(v.Open(link))
			return
		}
	}
}

func (v *walk) sees(words string) bool { return strings.Contains(v.page.Text, words) }
