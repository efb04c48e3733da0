// The page on which a person changes their password.
package portal

import (
	"net/http"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/session"
)

type passwordPage struct{ Username string }

func (p *Portal) showPassword(w http.ResponseWriter, r *http.Request) error {
	return p.askPassword(w, r, nil)
}

func (p *Portal) askPassword(w http.ResponseWriter, r *http.Request, wrong *problem.Problem) error {
	data := passwordPage{Username: session.Of(r).User.Username}
	return p.Pages.Show(w, r, "portal/password", data, page.Wrong(page.One(wrong)))
}

func (p *Portal) changePassword(w http.ResponseWriter, r *http.Request) error {
	current, next := r.PostFormValue("current"), r.PostFormValue("new")
	switch { // an empty form is no guess, and is not counted as one
	case current == "":
		return p.askPassword(w, r, problem.Field("current", "portal.password.current-missing"))
	case next == "":
		return p.askPassword(w, r, problem.Field("new", "portal.password.new-missing"))
	}
	var user directory.User
	// Hashing takes long and must not hold the database, so the person is read first and the change is made after.
	err := p.alter(r, func(_ *db.Tx, found directory.User) error {
		user = found
		return nil
	})
	if err == nil {
		err = p.ChangePassword(r, user, session.Of(r).ID, current, next)
	}
	if wrong := problem.Of(err); err != nil && (wrong.Field == "current" || wrong.Field == "new") {
		return p.askPassword(w, r, wrong)
	}
	if err != nil {
		return err
	}
	return page.Redirect(w, r, "/security?done=password")
}

// keepPassword throws a new password away that waits. It demands no proof: who signed in with the old one needs no new one, and
// a thief who waits for theirs must not be able to keep its owner from saying no.
func (p *Portal) keepPassword(w http.ResponseWriter, r *http.Request) error {
	kept := false
	err := p.DB.Tx(r.Context(), func(tx *db.Tx) error {
		user, err := directory.Hold(tx, session.Of(r).User.ID)
		if err != nil {
			return err
		}
		kept, err = p.Flow.KeepPassword(tx, user)
		return err
	})
	switch {
	case err != nil:
		return err
	case !kept:
		return page.Redirect(w, r, "/security")
	}
	return page.Redirect(w, r, "/security?done=kept")
}
