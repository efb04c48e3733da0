// Home: hello, and what is set up.
package portal

import (
	"net/http"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
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
	var user directory.User
	var methods []signin.Enrolled
	var before *audit.Event
	var now time.Time
	s := session.Of(r)
	err := p.DB.View(r.Context(), func(tx *db.Tx) (err error) {
		now = tx.Now
		if user, err = directory.ByID(tx, s.User.ID); err != nil {
			return err
		}
		if methods, err = signin.Methods(tx, user.ID); err != nil {
			return err
		}
		before, err = signInBefore(tx, s)
		return err
	})
	if err != nil {
		return err
	}
	locale := page.VisitOf(r).Locale
	data := homePage{Name: user.Called(), Frozen: user.Frozen()}
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

// signInBefore is the person's last sign-in before this session, or nil if it is not among the newest events: that is
// the one that tells whether somebody else was here.
func signInBefore(tx *db.Tx, s *session.Session) (*audit.Event, error) {
	events, err := audit.OfUser(tx, s.User.ID, "", 50)
	if err != nil {
		return nil, err
	}
	for _, e := range events {
		if e.Type == audit.SignedIn && e.At.Before(s.CreatedAt) {
			return &e, nil
		}
	}
	return nil, nil
}
