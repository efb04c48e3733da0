// Finding the people whom one may help, and one of them: what is set up, and what went wrong lately.
package helping

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/session"
	"woggle/internal/signin"
)

const (
	peopleShown = 25
	eventsRead  = 50
	eventsShown = 5
)

type peoplePage struct {
	Find          string
	People        []personRow
	More          bool // there are more of them: type more of the name
	Groups        []string
	Administrator bool
	Words         string // as they were typed
}

type personRow struct{ ID, Name, Username string }

func (h *Helping) showPeople(w http.ResponseWriter, r *http.Request) error {
	return h.askPeople(w, r, nil)
}

func (h *Helping) askPeople(w http.ResponseWriter, r *http.Request, wrong *problem.Problem) error {
	helper := session.Of(r).User
	data := peoplePage{Find: strings.TrimSpace(r.URL.Query().Get("find")), Administrator: helper.Role == directory.Administrator, Words: r.PostFormValue("words")}
	if len(data.Find) > 200 {
		data.Find = ""
	}
	err := h.DB.View(r.Context(), func(tx *db.Tx) error {
		data.People, data.Groups, data.More = nil, nil, false // of a run before
		found, err := directory.FindHelped(tx, helper, data.Find, peopleShown+1)
		if err != nil {
			return err
		}
		if data.More = len(found) > peopleShown; data.More {
			found = found[:peopleShown]
		}
		for _, u := range found {
			data.People = append(data.People, personRow{u.ID, u.Name(), u.Username})
		}
		groups, err := directory.HelperOf(tx, helper.ID)
		for _, g := range groups {
			data.Groups = append(data.Groups, g.Name)
		}
		return err
	})
	if err != nil {
		return err
	}
	return h.Pages.Show(w, r, "helping/people", data, page.Wrong(page.One(wrong)))
}

type personPage struct {
	personRow
	Active, Frozen bool
	Last           string // when they last signed in, or empty
	Methods        []methodRow
	Password       bool
	Waiting        string // when a new password comes into force, or empty
	Pass           string // until when an access pass works, or empty
	Events         []eventRow
	Vouch          bool // the helper may vouch
}

type methodRow struct {
	Icon, Title, Hint, Used string
	Stopped                 bool
}

type eventRow struct{ Text, When, Agent string }

// shown are the events that a helper sees: what keeps people out. Where and with which app somebody signs in is theirs.
var shown = []audit.Type{audit.WrongPassword, audit.WrongCode, audit.GuessesBlocked, audit.SendingRefused, audit.CodeUnwanted, audit.MethodDisabled,
	audit.Refused, audit.NotMe, audit.MethodsReset, audit.PasswordWaits, audit.PassIssued, audit.Vouched}

func (h *Helping) showPerson(w http.ResponseWriter, r *http.Request) error {
	var data personPage
	l := page.VisitOf(r).Locale
	err := h.view(r, func(tx *db.Tx, person directory.User) error {
		data = personPage{personRow: personRow{person.ID, person.Name(), person.Username}, Active: person.Status == directory.Active,
			Frozen: person.Frozen(), Vouch: session.Of(r).User.Role == directory.Helper}
		if !person.SignedInAt.IsZero() {
			data.Last = l.Moment(person.SignedInAt, tx.Now)
		}
		methods, err := signin.Methods(tx, person.ID)
		if err != nil {
			return err
		}
		data.methods(methods, l, tx.Now)
		events, err := audit.OfUser(tx, person.ID, "", eventsRead)
		for _, e := range events {
			if slices.Contains(shown, e.Type) && len(data.Events) < eventsShown {
				data.Events = append(data.Events, event(e, l, tx.Now))
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	return h.Pages.Show(w, r, "helping/person", data, page.Notice(news[r.URL.Query().Get("done")]))
}

// methods are what is set up. Of a number only what sign-in pages show as well is shown, and nothing of what a person calls it.
func (p *personPage) methods(all []signin.Enrolled, l *page.Locale, now time.Time) {
	for _, e := range all {
		switch {
		case e.Kind == signin.Password:
			p.Password = true
		case e.Kind == signin.AccessPass:
			p.Pass = l.Moment(e.ExpiresAt, now)
		case e.Kind == signin.NextPassword:
			p.Waiting = l.Moment(e.StartsAt, now)
		case e.Kind.Possession():
			row := methodRow{Icon: string(e.Kind), Title: l.Text("signin.kind." + string(e.Kind)), Stopped: !e.DisabledAt.IsZero()}
			if e.Kind == signin.Phone { // what others call their hint may be a name that the person gave
				row.Hint = e.Hint
			}
			if !e.UsedAt.IsZero() {
				row.Used = l.Moment(e.UsedAt, now)
			}
			p.Methods = append(p.Methods, row)
		}
	}
}

// event is an event in words for somebody else than its person.
func event(e audit.Event, l *page.Locale, now time.Time) eventRow {
	reason := ""
	if key := "signin.refused." + e.Detail["reason"] + ".title"; l.Has(key) {
		reason = l.Text(key)
	}
	return eventRow{Text: l.Text("helping.event."+string(e.Type), "reason", reason), When: l.Moment(e.At, now), Agent: e.Agent}
}

// news are the good news that an address may name.
var news = map[string]string{"cancelled": "helping.done.cancelled", "vouched": "helping.done.vouched"}
