// The trail: looked through, and whether it is whole.
package admin

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/page"
	"woggle/internal/problem"
)

const (
	eventsAPage = 50
	verifyTime  = 20 * time.Second // in which some hundred thousand events are looked at
)

type trailPage struct {
	Who, Words  string // as they were typed
	Kind        audit.Type
	From, Until string
	Kinds       []audit.Type
	Events      []eventRow
	Later       bool   // this is not the first page
	Again       string // address of the first page
	Next        string // address of the next one, or empty
	Sheet       string // address of the CSV
	Most        number // events in it
	Seen        *seen  // what a look at the whole has found, or nil
}

// seen is what became of a look at the whole trail.
type seen struct {
	Whole, Late    bool
	Events, Faults number
	Block          int64 // of the first fault
	Head           string
}

// eventRow is an event in words.
type eventRow struct {
	What, Detail, When string
	User, By           person // By has no name where it is the person themselves
	Agent, Address     string
}

// person is somebody's name, and their id if they are still there.
type person struct{ ID, Name string }

func (a *Admin) showTrail(w http.ResponseWriter, r *http.Request) error {
	return a.trail(w, r, nil)
}

func (a *Admin) trail(w http.ResponseWriter, r *http.Request, found *seen) error {
	l, typed := page.VisitOf(r).Locale, r.URL.Query()
	data := trailPage{Who: typed.Get("who"), Words: typed.Get("words"), Kind: audit.Type(typed.Get("kind")), From: typed.Get("from"),
		Until: typed.Get("until"), Kinds: audit.Types[:], Seen: found, Most: mostRows}
	var wrong page.Problems
	err := a.DB.View(r.Context(), func(tx *db.Tx) error {
		wrong, data.Events, data.Next = nil, nil, ""
		q, err := trailQuery(tx, l, typed)
		if problem.Is(err, problem.Invalid) {
			wrong = page.One(problem.Of(err))
			return nil
		}
		if err != nil {
			return err
		}
		q.Count = eventsAPage + 1
		events, err := audit.Find(tx, q)
		if err != nil {
			return err
		}
		if len(events) > eventsAPage {
			events = events[:eventsAPage]
			data.Next = trailAddress("/admin/audit", typed, events[eventsAPage-1].ID)
		}
		data.Events, err = eventRows(tx, events, l)
		return err
	})
	if err != nil {
		return err
	}
	data.Later = typed.Get("before") != ""
	data.Again, data.Sheet = trailAddress("/admin/audit", typed, ""), trailAddress("/admin/audit.csv", typed, "")
	return a.Pages.Show(w, r, "admin/audit", data, page.Wrong(wrong))
}

// trailAddress is the address of a page of the same search.
func trailAddress(path string, query url.Values, before string) string {
	known := url.Values{}
	for _, name := range []string{"who", "kind", "from", "until", "words"} {
		if value := query.Get(name); value != "" && len(value) <= typedMax {
			known.Set(name, value)
		}
	}
	if before != "" {
		known.Set("before", before)
	}
	return path + "?" + known.Encode()
}

// trailQuery is what was asked for. Its errors are Invalid problems of the fields who, from and until.
func trailQuery(tx *db.Tx, l *page.Locale, typed url.Values) (q audit.Query, err error) {
	if before := typed.Get("before"); uuid.Validate(before) == nil { // whatever else was typed is no place in the list
		q.Before = before
	}
	if kind := audit.Type(typed.Get("kind")); slices.Contains(audit.Types[:], kind) {
		q.Types = []audit.Type{kind}
	}
	if words := strings.TrimSpace(typed.Get("words")); len(words) <= typedMax {
		q.Text = words
	}
	if q.Since, err = dayOf(l, "from", typed.Get("from")); err != nil {
		return q, err
	}
	if q.Until, err = dayOf(l, "until", typed.Get("until")); err != nil {
		return q, err
	}
	if !q.Until.IsZero() { // that day as well
		q.Until = q.Until.AddDate(0, 0, 1)
	}
	if who := strings.TrimSpace(typed.Get("who")); who != "" {
		user, found, err := directory.ByUsername(tx, who)
		if err == nil && !found {
			err = problem.Field("who", "admin.audit.nobody")
		}
		if err != nil {
			return q, err
		}
		q.User = user.ID
	}
	return q, nil
}

// dayOf reads a day as browsers send it.
func dayOf(l *page.Locale, field, typed string) (time.Time, error) {
	if typed == "" {
		return time.Time{}, nil
	}
	day, err := l.ReadMoment(typed + "T00:00")
	if err != nil {
		err = problem.Field(field, "admin.audit.day")
	}
	return day, err
}

// eventRows are events in words.
func eventRows(tx *db.Tx, events []audit.Event, l *page.Locale) (rows []eventRow, err error) {
	people, err := whoIn(tx, events, directory.User.Name)
	if err != nil {
		return nil, err
	}
	people[audit.System] = person{Name: l.Text("admin.system")}
	for _, e := range events {
		row := eventRow{What: l.Text("admin.event." + string(e.Type)), Detail: detail(e, l), When: l.Moment(e.At, tx.Now),
			Agent: e.Agent, Address: e.Address, User: people[e.User]}
		if e.Actor != e.User {
			row.By = people[e.Actor]
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// whoIn are the people of the events, by id. Who is no more has their id for a name, and what is nobody its own.
func whoIn(tx *db.Tx, events []audit.Event, called func(directory.User) string) (map[string]person, error) {
	all := map[string]person{}
	var ids []string
	for _, e := range events {
		for _, id := range []string{e.User, e.Actor} {
			if _, known := all[id]; !known {
				all[id] = person{Name: id}
				ids = append(ids, id)
			}
		}
	}
	found, err := directory.ByIDs(tx, ids)
	for id, u := range found {
		all[id] = person{id, called(u)}
	}
	return all, err
}

// detail are the values of an event that say something to a person.
func detail(e audit.Event, l *page.Locale) string {
	var words []string
	add := func(name, prefix, suffix string) {
		value := e.Detail[name]
		if key := prefix + value + suffix; value != "" && prefix != "" && l.Has(key) {
			value = l.Text(key)
		}
		if value != "" {
			words = append(words, value)
		}
	}
	add("method", "signin.kind.", "")
	add("hint", "", "")
	add("name", "", "")
	add("reason", "signin.refused.", ".title")
	add("role", "admin.role.", "")
	add("fields", "", "")
	return strings.Join(words, " · ")
}

// verify looks at the whole trail, as long as somebody would wait for a page.
func (a *Admin) verify(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), verifyTime)
	defer cancel()
	report, err := audit.Verify(func(work func(*db.Tx) error) error { return a.DB.View(ctx, work) }, a.Keys, "")
	found := seen{Whole: report.Whole(), Events: number(report.Events), Faults: number(len(report.Faults)), Head: report.Last.Head()}
	switch {
	case ctx.Err() != nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
		found.Late = true
	case err != nil:
		return err
	case !found.Whole:
		found.Block = report.Faults[0].Block
	}
	return a.trail(w, r, &found)
}
