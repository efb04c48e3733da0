// Security info: how a person proves who they are, and where they are signed in.
package portal

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"woggle/internal/copies"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/page"
	"woggle/internal/session"
	"woggle/internal/signin"
)

type securityPage struct {
	Methods  []methodRow
	First    string    // what sign-in asks first, or empty
	Choice   bool      // there is another method that could be asked first
	Add      bool      // one more may be added
	Full     []kindRow // the kinds of which there may be no more
	Light    signin.Light
	Password string // the day on which it was set, or empty
	Sessions []sessionRow
	Frozen   bool
	Passkeys bool   // the browser is told which of its passkeys are any good
	Waiting  string // when a new password comes into force, or empty
	Copies   []copyRow
	Pass     *passRow // the access pass that was given and not used up, or nil
}

// passRow is an access pass: that there is one, and when it works.
type passRow struct {
	From, Until string // From is empty where it works now
	Several     bool
}

// methodRow is one method as the page shows it.
type methodRow struct {
	ID, Icon      string
	Title, Detail string
	Label         string // title and detail: says which one a button is for
	Added, Used   string
	Usable        bool // not disabled
	Default       bool // asked first
	Updates       bool // may be replaced by a new one of its kind
	Prefers       bool // may be the one that is asked first
}

type sessionRow struct {
	ID, Agent, Since, Seen string
	This                   bool
}

func (p *Portal) showSecurity(w http.ResponseWriter, r *http.Request) error {
	s, locale := session.Of(r), page.VisitOf(r).Locale
	var methods []signin.Enrolled
	var sessions []session.Session
	var kept []copies.Copy
	var now time.Time
	err := p.DB.View(r.Context(), func(tx *db.Tx) (err error) {
		now = tx.Now
		if methods, err = signin.Methods(tx, s.User.ID); err != nil {
			return err
		}
		if kept, err = copies.List(tx, s.User.ID); err != nil {
			return err
		}
		sessions, err = p.Sessions.List(tx, s.User.ID)
		return err
	})
	if err != nil {
		return err
	}
	data := securityPage{Methods: p.rows(methods, locale, now), Light: p.Flow.Light(methods), Frozen: s.User.Frozen(),
		Copies: copyRows(kept, locale, now), Passkeys: slices.Contains(p.Flow.Additions(), signin.Passkey)}
	if first := askedFirst(methods, now); len(first) > 0 {
		data.First, _ = p.describe(first[0], locale)
		data.Choice = len(slices.DeleteFunc(first, spare)) > 1
	}
	for _, kind := range p.kinds(methods, locale) {
		if kind.Full {
			data.Full = append(data.Full, kind)
		} else {
			data.Add = true
		}
	}
	if pass := signin.PassOf(methods); pass != nil {
		data.Pass = &passRow{Until: locale.Moment(pass.ExpiresAt, now), Several: pass.Several()}
		if pass.StartsAt.After(now) {
			data.Pass.From = locale.Moment(pass.StartsAt, now)
		}
	}
	if waiting := signin.WaitingPassword(methods); waiting != nil {
		data.Waiting = locale.Moment(waiting.StartsAt, now)
	}
	for _, e := range methods {
		if e.Kind == signin.Password {
			data.Password = locale.Day(e.CreatedAt, now)
		}
	}
	for _, one := range sessions {
		data.Sessions = append(data.Sessions, sessionRow{ID: one.ID, Agent: one.Agent, Since: locale.Moment(one.CreatedAt, now),
			Seen: locale.Moment(one.SeenAt, now), This: one.ID == s.ID})
	}
	return p.Pages.Show(w, r, "portal/security", data, newsOf(r, methods))
}

// newsOf is news, but believes that a method was added only if one was since the person left this page for it: who
// turns back half-way comes to the same address.
func newsOf(r *http.Request, methods []signin.Enrolled) page.Option {
	if name := r.URL.Query().Get("done"); name == "added" || name == "updated" {
		since, _ := strconv.ParseInt(r.URL.Query().Get("since"), 10, 64)
		for _, e := range methods {
			if !e.CreatedAt.Before(db.Time(since)) {
				return news(r)
			}
		}
		return page.Notice("")
	}
	return news(r)
}

// rows are the methods that the page lists. A password and an access pass have rows of their own.
func (p *Portal) rows(methods []signin.Enrolled, l *page.Locale, now time.Time) []methodRow {
	usable := askedFirst(methods, now)
	var rows []methodRow
	for _, e := range methods {
		if !listed(e) {
			continue
		}
		row := methodRow{ID: e.ID, Icon: string(e.Kind), Added: l.Day(e.CreatedAt, now), Usable: e.DisabledAt.IsZero(),
			Default: len(usable) > 0 && usable[0].ID == e.ID, Updates: updates(e.Kind),
			Prefers: e.DisabledAt.IsZero() && !spare(e)}
		row.Title, row.Detail = p.describe(e, l)
		row.Label = row.Title
		if row.Detail != "" {
			row.Label += ", " + row.Detail
		}
		if !e.UsedAt.IsZero() {
			row.Used = l.Moment(e.UsedAt, now)
		}
		rows = append(rows, row)
	}
	return rows
}

func listed(e signin.Enrolled) bool { return e.Kind.Possession() }

// updates tells whether a method of the kind can change and stay the same one to its owner, as a phone with a new
// number does.
func updates(kind signin.Kind) bool { return kind == signin.Phone || kind == signin.Recovery }

// spare tells whether a method is kept for a bad day: it is never asked first, and never the last one to be left.
func spare(e signin.Enrolled) bool { return e.Kind == signin.Recovery }

func (p *Portal) describe(e signin.Enrolled, l *page.Locale) (title, detail string) {
	if d, ok := p.Flow.Method(e.Kind).(signin.Describer); ok {
		return d.Detail(e, l)
	}
	return l.Text("signin.kind." + string(e.Kind)), e.Hint
}

// askedFirst are the methods with which a sign-in would be proved now, the one that it asks first in front. The flow
// itself is asked what comes after the password, so that this page never says anything else than sign-in does.
func askedFirst(methods []signin.Enrolled, now time.Time) []signin.Enrolled {
	a := signin.Attempt{Person: &signin.Person{Status: directory.Active}, TouchedAt: now, CreatedAt: now,
		Proofs: []session.Proof{{Kind: string(signin.Password), Factor: session.Knowledge}}}
	return signin.Next(a, signin.Need{Level: session.Multi}, methods, now).Choices
}
