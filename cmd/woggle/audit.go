// woggle audit: what has happened, and whether somebody has changed what is written about it.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kong"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
)

type auditCommand struct {
	Place `embed:""`

	List   auditList   `cmd:"" help:"List what has happened, the newest first."`
	Verify auditVerify `cmd:"" help:"Tell whether an event was changed, added or removed."`
	Keep   auditKeep   `cmd:"" help:"Show or decide for how long events are kept."`
}

// AfterApply hands the place to the command below.
func (c *auditCommand) AfterApply(k *kong.Context) error {
	k.Bind(&c.Place)
	return nil
}

type auditList struct {
	User   string    `help:"The person whom it happened to, by user name."`
	By     string    `help:"Who did it, by user name; system is the program."`
	Type   []string  `help:"Kinds of events, such as signed-in."`
	Since  time.Time `format:"2006-01-02" help:"The first day."`
	Until  time.Time `format:"2006-01-02" help:"The last day."`
	Text   string    `help:"Words that stand in the detail, the address or the browser."`
	Count  int       `default:"100" help:"How many at most; 0 is all."`
	Format string    `enum:"text,csv,json" default:"text" help:"text, csv for a spreadsheet, or json, an event a line."`
}

// Run lists events. All of them may be many, so that they are printed a page at a time.
func (c *auditList) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		q, err := c.query(p, o)
		if err != nil {
			return err
		}
		print, flush, err := p.eventPrinter(c.Format)
		if err != nil {
			return err
		}
		names := map[string]string{}
		left := c.Count
		for {
			if q.Count = rowsAtOnce; c.Count > 0 {
				q.Count = min(q.Count, left)
			}
			var page []audit.Event
			err := o.db.View(p.ctx, func(tx *db.Tx) (err error) {
				if page, err = audit.Find(tx, q); err != nil {
					return err
				}
				return nameAll(tx, names, page)
			})
			if err != nil {
				return err
			}
			for _, e := range page {
				if err := print(eventRow{At: e.At, Type: e.Type, Actor: names[e.Actor], User: names[e.User], Address: e.Address, Agent: e.Agent, Detail: e.Detail, ID: e.ID}); err != nil {
					return err
				}
			}
			left -= len(page)
			if len(page) < q.Count || c.Count > 0 && left == 0 {
				return flush()
			}
			q.Before = page[len(page)-1].ID
		}
	})
}

func (c *auditList) query(p *program, o *office) (q audit.Query, err error) {
	q = audit.Query{Since: local(c.Since), Text: c.Text}
	if !c.Until.IsZero() {
		q.Until = local(c.Until).AddDate(0, 0, 1)
	}
	for _, t := range c.Type {
		if !slices.Contains(audit.Types[:], audit.Type(t)) {
			return q, fmt.Errorf("there are no events of the kind %q; those are %s", t, kindsLike(t))
		}
		q.Types = append(q.Types, audit.Type(t))
	}
	if q.User, err = whoseID(p, o, c.User); err != nil {
		return q, err
	}
	q.Actor, err = whoseID(p, o, c.By)
	return q, err
}

// whoseID is the id of the person with the user name; empty and system stand for themselves.
func whoseID(p *program, o *office, name string) (id string, err error) {
	if name == "" || name == audit.System {
		return name, nil
	}
	err = o.db.View(p.ctx, func(tx *db.Tx) error {
		u, err := person(tx, name)
		id = u.ID
		return err
	})
	return id, err
}

// local is the same day here.
func local(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.Local)
}

// kindsLike are the kinds that somebody may have meant, or all.
func kindsLike(typed string) string {
	var all, like []string
	for _, t := range audit.Types {
		all = append(all, string(t))
		if first, _, _ := strings.Cut(typed, "-"); first != "" && strings.Contains(string(t), first) {
			like = append(like, string(t))
		}
	}
	if len(like) > 0 {
		all = like
	}
	return strings.Join(all, ", ")
}

// nameAll finds the user names of whom the events are about. Who is no more keeps their id, and what is nobody its name.
func nameAll(tx *db.Tx, names map[string]string, events []audit.Event) error {
	var unknown []string
	for _, e := range events {
		for _, id := range []string{e.Actor, e.User} {
			if _, known := names[id]; !known {
				names[id] = id
				unknown = append(unknown, id)
			}
		}
	}
	found, err := directory.ByIDs(tx, unknown)
	for id, u := range found {
		names[id] = u.Username
	}
	return err
}

// eventRow is an event as it is printed.
type eventRow struct {
	At      time.Time    `json:"at"`
	Type    audit.Type   `json:"type"`
	Actor   string       `json:"actor"`
	User    string       `json:"user,omitempty"`
	Address string       `json:"address,omitempty"`
	Agent   string       `json:"agent,omitempty"`
	Detail  audit.Detail `json:"detail,omitempty"`
	ID      string       `json:"id"`
}

// eventPrinter prints events in the format; flush ends it.
func (p *program) eventPrinter(format string) (print func(eventRow) error, flush func() error, err error) {
	switch format {
	case "json":
		encoder := json.NewEncoder(p.out)
		encoder.SetEscapeHTML(false)
		return func(e eventRow) error { return encoder.Encode(e) }, func() error { return nil }, nil
	case "csv":
		sheet, err := audit.NewSheet(p.out)
		return func(e eventRow) error {
			event := audit.Event{ID: e.ID, At: e.At, Type: e.Type, Address: e.Address, Agent: e.Agent, Detail: e.Detail}
			return sheet.Write(event, e.Actor, e.User)
		}, sheet.Flush, err
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	return func(e eventRow) error {
		_, err := fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", e.At.Local().Format("2006-01-02 15:04:05"), e.Type, e.User, byWhom(e), e.Address, e.Detail)
		return err
	}, w.Flush, nil
}

func byWhom(e eventRow) string {
	if e.Actor == e.User {
		return ""
	}
	return "by " + e.Actor
}

type auditVerify struct {
	Head string `help:"A head that was written down: everything up to then must still be there."`
}

// faultWords say what was found, and what is known of it.
var faultWords = map[audit.Reason]string{
	audit.Altered:   "an event of it says something else than when it was sealed, or was put in",
	audit.Removed:   "events of it are gone",
	audit.Missing:   "it is gone, with all its events",
	audit.Broken:    "it does not follow the block before, or was not sealed with this key file",
	audit.Forgotten: "the head that you gave is none of this trail: it was cut short and made up, or this is another database",
	audit.Stray:     "there are events of blocks that were never sealed",
}

// Run tells whether the trail is whole.
func (c *auditVerify) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		r, err := audit.Verify(func(work func(*db.Tx) error) error { return o.db.View(p.ctx, work) }, o.ring, strings.ToLower(strings.TrimSpace(c.Head)))
		if err != nil {
			return err
		}
		for _, f := range r.Faults {
			fmt.Fprintf(p.err, "block %d: %s\n", f.Block, faultWords[f.Reason])
		}
		if !r.Whole() {
			fmt.Fprintln(p.err, "Somebody has changed the audit trail, or the disk has. Keep this database as it is, and compare it with a backup.")
			return errTold
		}
		fmt.Fprintf(p.out, "The audit trail is whole: %d events in %d blocks", r.Events, r.Blocks)
		if r.Pruned > 0 {
			fmt.Fprintf(p.out, ", %d of which were deleted for their age", r.Pruned)
		}
		fmt.Fprintln(p.out, ".")
		if r.Waiting > 0 {
			fmt.Fprintf(p.out, "Not sealed yet: %d. The running server does that every few seconds.\n", r.Waiting)
		}
		if r.Blocks > 0 {
			fmt.Fprintf(p.out, "Its head is %s. Write it down elsewhere: woggle audit verify --head proves later that nothing up to now was changed.\n", r.Last.Head())
		}
		return nil
	})
}

type auditKeep struct {
	Days *int `arg:"" optional:"" help:"Days; 0 is for ever."`
}

// Run decides for how long events are kept, or shows it.
func (c *auditKeep) Run(p *program, k *kong.Context, place *Place) error {
	if c.Days != nil && *c.Days != 0 && (*c.Days < 30 || *c.Days > 36500) {
		return errors.New("events are kept for 30 days at least: give a number of days from 30 on, or 0 for ever")
	}
	return p.work(k, place, func(o *office) error {
		var days int
		err := o.db.Tx(p.ctx, func(tx *db.Tx) (err error) {
			if c.Days != nil {
				if err := audit.SetKeep(tx, audit.System, *c.Days); err != nil {
					return err
				}
			}
			days, err = audit.Keep(tx)
			return err
		})
		switch {
		case err != nil:
			return err
		case days == 0:
			fmt.Fprintln(p.out, "Events are kept for ever.")
		default:
			fmt.Fprintf(p.out, "Events are kept for %d days.\n", days)
		}
		return nil
	})
}
