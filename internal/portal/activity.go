// Activity: what happened to the account, in plain words.
package portal

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/page"
	"woggle/internal/session"
)

// eventsAPage is how many events a page shows.
const eventsAPage = 25

type activityPage struct {
	Events []eventRow
	Older  string // id of the last event, if there are older ones
	Newest bool   // the page starts with the newest event
}

type eventRow struct {
	Text  string
	Agent string
	At    time.Time
	When  string
	Mine  bool // done in the person's name: they may say that it was not them
}

func (p *Portal) showActivity(w http.ResponseWriter, r *http.Request) error {
	before := r.URL.Query().Get("before")
	if uuid.Validate(before) != nil { // whatever else was typed is no place in the list
		before = ""
	}
	var events []audit.Event
	var fields []directory.Field
	var now time.Time
	err := p.DB.View(r.Context(), func(tx *db.Tx) (err error) {
		now = tx.Now
		if events, err = audit.OfUser(tx, session.Of(r).User.ID, before, eventsAPage+1); err != nil {
			return err
		}
		fields, err = directory.Fields(tx)
		return err
	})
	if err != nil {
		return err
	}
	data := activityPage{Newest: before == ""}
	if len(events) > eventsAPage {
		events = events[:eventsAPage]
		data.Older = events[eventsAPage-1].ID
	}
	locale := page.VisitOf(r).Locale
	for _, e := range events {
		data.Events = append(data.Events, eventRow{Text: sentence(e, fields, locale), Agent: e.Agent, At: e.At,
			When: locale.Moment(e.At, now), Mine: e.Actor == e.User || e.Actor == "unknown"})
	}
	return p.Pages.Show(w, r, "portal/activity", data)
}

// sentence is an event in plain words. Every value that a sentence may use is given, so that none shows a placeholder.
func sentence(e audit.Event, fields []directory.Field, l *page.Locale) string {
	known := func(key string) string {
		if l.Has(key) {
			return l.Text(key)
		}
		return ""
	}
	var labels []string
	changed := strings.Split(e.Detail["fields"], ", ")
	for _, f := range fields {
		if slices.Contains(changed, f.ID) {
			labels = append(labels, f.Label(l.Code))
		}
	}
	text := l.Text("activity."+string(e.Type), "name", e.Detail["name"], "hint", e.Detail["hint"],
		"method", known("signin.kind."+e.Detail["method"]), "reason", known("signin.refused."+e.Detail["reason"]+".title"),
		"fields", strings.Join(labels, ", "))
	return strings.TrimRight(text, ": ") // where there is no value
}
