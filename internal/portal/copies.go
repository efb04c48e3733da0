// The copies that a person's authenticator apps have left here: taken to a new phone, or removed.
package portal

import (
	"errors"
	"net/http"
	"time"

	"woggle/internal/copies"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/session"
)

type copyRow struct{ ID, Created, Renewed string }

func copyRows(all []copies.Copy, l *page.Locale, now time.Time) (rows []copyRow) {
	for _, c := range all {
		rows = append(rows, copyRow{ID: c.ID, Created: l.Moment(c.CreatedAt, now), Renewed: l.Moment(c.RenewedAt, now)})
	}
	return rows
}

// showCopy shows what can be done with a copy.
func (p *Portal) showCopy(w http.ResponseWriter, r *http.Request) error {
	var all []copies.Copy
	err := p.DB.View(r.Context(), func(tx *db.Tx) (err error) {
		all, err = copies.List(tx, session.Of(r).User.ID)
		return err
	})
	if err != nil {
		return err
	}
	for _, row := range copyRows(all, page.VisitOf(r).Locale, p.DB.Now()) {
		if row.ID == r.PathValue("id") {
			return p.Pages.Show(w, r, "portal/copy", row)
		}
	}
	return noCopy()
}

// giveCopy hands a copy out, as a file or by a link that opens it in the app, once. Neither is worth anything without its password.
func (p *Portal) giveCopy(w http.ResponseWriter, r *http.Request) error {
	id, file := r.PathValue("id"), r.PostFormValue("as") == "file"
	var given string
	err := p.alter(r, func(tx *db.Tx, user directory.User) (err error) {
		if file {
			given, err = copies.Give(tx, p.Keys, user.ID, id)
		} else {
			given, err = copies.Link(tx, p.Keys, user.ID, id)
		}
		if err != nil {
			return err
		}
		return p.Flow.Tell(tx, user, "portal.notice.copy-taken", nil)
	})
	switch {
	case errors.Is(err, copies.ErrGone):
		return noCopy()
	case err != nil:
		return err
	case !file:
		return page.Redirect(w, r, "/authenticator/#copy="+given)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Disposition", `attachment; filename="woggle-copy-`+p.DB.Now().Format(time.DateOnly)+`.json"`)
	_, err = w.Write([]byte(given))
	return err
}

func (p *Portal) removeCopy(w http.ResponseWriter, r *http.Request) error {
	err := p.alter(r, func(tx *db.Tx, user directory.User) error { return copies.Drop(tx, user.ID, r.PathValue("id")) })
	switch {
	case errors.Is(err, copies.ErrGone):
		return noCopy()
	case err != nil:
		return err
	}
	return page.Redirect(w, r, "/security?done=copy")
}

func noCopy() error { return problem.New(problem.NotFound, "portal.no-such-copy") }
