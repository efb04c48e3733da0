// Home: hello, and what is set up.
package portal

import (
	"net/http"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/page"
	"woggle/internal/session"
	"woggle/internal/signin"
)

type homePage struct {
	Name   string
	Last   string // when the person signed in before this session, or empty
	Agent  string // and in which browser
	SetUp  []string
	Frozen bool
}

func (p *Portal) showHome(w http.ResponseWriter, r *http.Request) error {
	var methods []signin.Enrolled
	var before *audit.Event
	var now time.Time
	s := session.Of(r)
	err := p.DB.View(r.Context(), func(tx *db.Tx) (err error) {
		now = tx.Now
		if methods, err = signin.Methods(tx, s.User.ID); err != nil {
			return err
		}
		before, err = audit.SignInBefore(tx, s.User.ID, s.CreatedAt)
		return err
	})
	if err != nil {
		return err
	}
	locale := page.VisitOf(r).Locale
	data := homePage{Name: s.User.Called(), Frozen: s.User.Frozen()} // read with the session, a moment ago
	if before != nil {
		data.Last, data.Agent = locale.Moment(before.At, now), before.Agent
	}
	for _, row := range p.rows(methods, locale, now) {
		if row.Usable {
			data.SetUp = append(data.SetUp, row.Label)
		}
	}
	return p.Pages.Show(w, r, "portal/home", data)
}
