// Where a person is signed in, and ending it. Nothing here demands a recent proof: who has lost their phone could not
// give one, and ending a session takes nothing away that its owner cannot get back.
package portal

import (
	"net/http"
	"slices"

	"woggle/internal/db"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/session"
)

func (p *Portal) endSession(w http.ResponseWriter, r *http.Request) error {
	mine, id := session.Of(r), r.PathValue("id")
	err := p.DB.Tx(r.Context(), func(tx *db.Tx) error {
		all, err := p.Sessions.List(tx, mine.User.ID)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(all, func(s session.Session) bool { return s.ID == id }) {
			return problem.New(problem.NotFound, "portal.no-such-session")
		}
		return p.Sessions.End(tx, mine.User.ID, id, mine.User.ID)
	})
	switch {
	case err != nil:
		return err
	case id == mine.ID:
		p.Sessions.ClearCookie(w)
		return page.Redirect(w, r, "/signin")
	}
	return page.Redirect(w, r, "/security?done=ended")
}

func (p *Portal) endSessions(w http.ResponseWriter, r *http.Request) error {
	mine := session.Of(r)
	err := p.DB.Tx(r.Context(), func(tx *db.Tx) error {
		return p.Sessions.EndOthers(tx, mine.User.ID, mine.ID, mine.User.ID)
	})
	if err != nil {
		return err
	}
	return page.Redirect(w, r, "/security?done=ended")
}

func (p *Portal) showNotMe(w http.ResponseWriter, r *http.Request) error {
	return p.Pages.Show(w, r, "portal/not-me", nil)
}

// notMe freezes the account and ends every session, this one too: it may be the stranger's.
func (p *Portal) notMe(w http.ResponseWriter, r *http.Request) error {
	err := p.DB.Tx(r.Context(), func(tx *db.Tx) error { return p.Flow.Freeze(tx, session.Of(r).User.ID) })
	if err != nil {
		return err
	}
	p.Sessions.ClearCookie(w)
	return p.Pages.Show(w, r, "signin/not-me-done", nil)
}
