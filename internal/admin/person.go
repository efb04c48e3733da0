// One person: who it is, what they have set up, where they are signed in, what happened.
package admin

import (
	"net/http"
	"slices"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/session"
	"woggle/internal/signin"
)

const eventsShown = 20

// file is what is known of somebody, as far as what may be done with them goes.
type file struct {
	directory.Found
	Mine     bool // it is who looks
	Methods  []signin.Enrolled
	Sessions []session.Session
}

// open reads the file of the person with the id, for who looks.
func (a *Admin) open(tx *db.Tx, looks, id string) (f file, err error) {
	found, _, err := directory.Search{IDs: []string{id}, Count: 1}.Find(tx)
	if err == nil && len(found) == 0 {
		err = problem.New(problem.NotFound, "directory.user.not-found")
	}
	if err != nil {
		return f, err
	}
	f = file{Found: found[0], Mine: looks == id}
	if f.Methods, err = signin.Methods(tx, id); err != nil {
		return f, err
	}
	f.Sessions, err = a.Sessions.List(tx, id)
	return f, err
}

// Passes tells whether they may be given an access pass here.
func (f file) Passes() bool {
	return !f.Mine && f.Role != directory.Administrator && f.Status == directory.Active && !f.Frozen()
}

// Actions are what may be done with them now.
func (f file) Actions() (all []action) {
	if f.Mine {
		return nil
	}
	for _, one := range actions {
		if one.offered(f) {
			all = append(all, one)
		}
	}
	return all
}

type personPage struct {
	file
	Last     string // when they last signed in, or empty
	Since    string // since when there is this account
	Groups   []directory.Group
	Details  []detailRow
	Rows     []methodRow
	Password bool
	Waiting  string // when a new password comes into force, or empty
	Pass     string // until when an access pass works, or empty
	Open     []sessionRow
	Apps     []string
	Events   []eventRow
	More     bool // there are older events
}

type detailRow struct{ Label, Value string }

type methodRow struct {
	Icon, Title, Hint, Added, Used string
	Stopped                        bool
}

type sessionRow struct{ Agent, Address, Since, Seen string }

func (a *Admin) showPerson(w http.ResponseWriter, r *http.Request) error {
	var data personPage
	l := page.VisitOf(r).Locale
	tiles, err := a.Tiles(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	err = a.DB.View(r.Context(), func(tx *db.Tx) error {
		f, err := a.open(tx, session.Of(r).User.ID, r.PathValue("id"))
		if err != nil {
			return err
		}
		data = personPage{file: f, Since: l.Day(f.CreatedAt, tx.Now)}
		if !f.SignedInAt.IsZero() {
			data.Last = l.Moment(f.SignedInAt, tx.Now)
		}
		data.methods(l, tx.Now)
		for _, s := range f.Sessions {
			data.Open = append(data.Open, sessionRow{s.Agent, s.Address, l.Moment(s.CreatedAt, tx.Now), l.Moment(s.SeenAt, tx.Now)})
		}
		for _, t := range tiles {
			data.Apps = append(data.Apps, t.Name)
		}
		if data.Groups, err = directory.GroupsOf(tx, f.ID); err != nil {
			return err
		}
		if err := data.details(tx, l); err != nil {
			return err
		}
		return data.events(tx, l)
	})
	if err != nil {
		return err
	}
	return a.Pages.Show(w, r, "admin/person", data, news(r))
}

// methods words what is set up. Nothing of a secret is shown, and of a number only what sign-in pages show as well.
func (p *personPage) methods(l *page.Locale, now time.Time) {
	for _, e := range p.Methods {
		switch {
		case e.Kind == signin.Password:
			p.Password = true
		case e.Kind == signin.AccessPass:
			p.Pass = l.Moment(e.ExpiresAt, now)
		case e.Kind == signin.NextPassword:
			p.Waiting = l.Moment(e.StartsAt, now)
		case e.Kind.Possession():
			row := methodRow{Icon: string(e.Kind), Title: l.Text("signin.kind." + string(e.Kind)), Hint: e.Hint, Added: l.Day(e.CreatedAt, now),
				Stopped: !e.DisabledAt.IsZero()}
			if !e.UsedAt.IsZero() {
				row.Used = l.Moment(e.UsedAt, now)
			}
			p.Rows = append(p.Rows, row)
		}
	}
}

// details are the answers that there are. The names stand above already.
func (p *personPage) details(tx *db.Tx, l *page.Locale) error {
	fields, err := directory.Fields(tx)
	if err != nil || len(fields) == 0 {
		return err
	}
	values, err := directory.Values(tx, p.User)
	for _, f := range fields {
		if named := f.ID == directory.GivenNameField || f.ID == directory.FamilyNameField; !named && values[f.ID] != "" {
			p.Details = append(p.Details, detailRow{f.Label(l.Code), values[f.ID]})
		}
	}
	return err
}

func (p *personPage) events(tx *db.Tx, l *page.Locale) error {
	events, err := audit.OfUser(tx, p.ID, "", eventsShown+1)
	if err != nil {
		return err
	}
	if p.More = len(events) > eventsShown; p.More {
		events = events[:eventsShown]
	}
	p.Events, err = eventRows(tx, events, l)
	return err
}

// possesses tells whether they have something that a reset would take.
func (f file) possesses() bool {
	return slices.ContainsFunc(f.Methods, func(e signin.Enrolled) bool { return e.Kind.Possession() })
}
