// The set as a file: a page to print, and plain text.
package recovery

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/page"
	"woggle/internal/paper"
	"woggle/internal/problem"
	"woggle/internal/signin"
)

// print is the set of a visitor's attempt with what stands around it, in their language.
func (m *Method) print(r *http.Request) (list paper.List, now time.Time, err error) {
	l, brand := page.VisitOf(r).Locale, m.Pages.Brand()
	found, err := m.Flow.Watch(r, r.URL.Query().Get("a"), signin.Recovery, signin.ToEnrol, func(tx *db.Tx, c signin.Challenge) error {
		now = tx.Now
		if !c.ExpiresAt.After(now) {
			return gone()
		}
		user, err := directory.ByID(tx, c.User)
		if err != nil {
			return err
		}
		set, _, err := m.set(c)
		list = paper.List{Person: user.Name() + " (" + user.Username + ")", Date: l.Text("recovery.print.made", "day", l.Day(now, time.Time{})),
			Heading: l.Text("recovery.print.title"), Codes: written(set), Paragraphs: []string{l.Text("recovery.print.what"), l.Text("recovery.print.keep")},
			Notes: []string{l.Text("recovery.print.use", "address", m.Flow.Base, "another", l.Text("page.another-way"), "way", l.Text("recovery.way")), l.Text("recovery.print.tick")}, Footer: l.Text("recovery.print.seen")}
		return err
	})
	if err == nil && !found {
		err = gone()
	}
	if brand.Help != "" {
		list.Help = l.Text("recovery.print.help", "help", brand.Help)
	}
	return list, now, err
}

func gone() error { return problem.New(problem.Gone, "recovery.gone") }

// pdf gives the page to print.
func (m *Method) pdf(w http.ResponseWriter, r *http.Request) error {
	list, now, err := m.print(r)
	if err != nil {
		return err
	}
	brand := m.Pages.Brand()
	file, err := paper.Codes(paper.About{Title: list.Heading, Author: brand.Name, Colour: brand.Colour,
		Language: page.VisitOf(r).Locale.Code, Made: now}, list)
	if err != nil {
		return err
	}
	return send(w, "application/pdf", "woggle-codes.pdf", file)
}

// text gives the same in plain text, for those who keep such things in a safe of their own.
func (m *Method) text(w http.ResponseWriter, r *http.Request) error {
	list, _, err := m.print(r)
	if err != nil {
		return err
	}
	lines := append([]string{m.Pages.Brand().Name, list.Heading, list.Person, list.Date, ""}, list.Paragraphs...)
	lines = append(lines, "")
	for i, one := range list.Codes {
		lines = append(lines, fmt.Sprintf("%2d. %s", i+1, one))
	}
	lines = append(append(append(lines, ""), list.Notes...), list.Help, list.Footer)
	return send(w, "text/plain; charset=utf-8", "woggle-codes.txt", []byte(strings.Join(lines, "\r\n")+"\r\n"))
}

// send hands a file over that is to be in no cache.
func send(w http.ResponseWriter, kind, name string, file []byte) error {
	header := w.Header()
	header.Set("Content-Type", kind)
	header.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	header.Set("Cache-Control", "no-store")
	_, err := w.Write(file)
	return err
}
