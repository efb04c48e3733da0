// The last page: what was set up, and what of the old is lost.
package signin

import (
	"net/http"
	"slices"
	"time"

	"woggle/internal/db"
	"woggle/internal/page"
	"woggle/internal/session"
)

// Recent is how old a proof of possession may be when something is changed (threat T21).
const Recent = 10 * time.Minute

type donePage struct {
	Attempt string
	Added   []doneRow
	Lost    []doneRow
	To      string
	First   bool // the password is one that somebody else gave
	Forgot  bool // they came in with an access pass, and may have forgotten their password as well
}

type doneRow struct{ ID, Icon, Title, Detail string }

// showDone names what was set up, and has one button to where the person was going. Who got in with an access pass
// because their methods were lost is asked to remove those: they may be in wrong hands.
func (f *Flow) showDone(w http.ResponseWriter, r *http.Request) error {
	var a *Attempt
	err := f.DB.View(r.Context(), func(tx *db.Tx) (err error) {
		a, err = f.arrived(tx, r, r.URL.Query().Get("a"))
		return err
	})
	if err != nil {
		return err
	}
	if a == nil {
		return page.Redirect(w, r, "/")
	}
	locale := page.VisitOf(r).Locale
	data := donePage{Attempt: a.ID, To: LocalPath(a.ReturnTo)}
	for _, added := range a.Added {
		row := doneRow{Icon: string(added.Kind), Title: locale.Text("signin.kind." + string(added.Kind))}
		if e := a.Method(added.ID); e != nil {
			row = f.doneRow(*e, locale)
		}
		data.Added = append(data.Added, row)
	}
	for _, e := range a.lost() {
		data.Lost = append(data.Lost, f.doneRow(e, locale))
	}
	for _, p := range a.Proofs {
		data.First = data.First || p.FirstUse
	}
	data.Forgot = a.mayChoose()
	return f.Pages.Show(w, r, "signin/done", data)
}

func (f *Flow) doneRow(e Enrolled, l *page.Locale) doneRow {
	row := doneRow{ID: e.ID, Icon: string(e.Kind), Title: l.Text("signin.kind." + string(e.Kind))}
	if d, ok := f.methods[e.Kind].(Describer); ok {
		row.Title, row.Detail = d.Detail(e, l)
	}
	return row
}

// arrived is the finished attempt with the id, if it is this browser's and its person is the one who is signed in.
func (f *Flow) arrived(tx *db.Tx, r *http.Request, id string) (*Attempt, error) {
	a, err := f.load(tx, r, id)
	if s := session.Of(r); err != nil || a == nil || a.Ended != ReasonDone || s == nil || s.User.ID != a.User.ID {
		return nil, err
	}
	return a, nil
}

// lost are the methods of which the person has said in this attempt that they don't have them any more, as far as they
// are still set up.
func (a *Attempt) lost() (all []Enrolled) {
	if !a.gaveUp() {
		return nil
	}
	for _, e := range a.Enrolled {
		if e.Kind.Possession() && e.CreatedAt.Before(a.CreatedAt) {
			all = append(all, e)
		}
	}
	return all
}

// removeLost removes those of the lost methods that are ticked, as Security info would.
func (f *Flow) removeLost(w http.ResponseWriter, r *http.Request) error {
	id, to := r.PostFormValue("a"), ""
	err := f.DB.Tx(r.Context(), func(tx *db.Tx) error {
		to = "/security"
		a, err := f.arrived(tx, r, id)
		if err != nil || a == nil || !session.Of(r).Fresh(Recent, tx.Now) {
			return err
		}
		user, err := Alter(tx, a.User.ID)
		if err != nil {
			return err
		}
		for _, e := range a.lost() {
			if !slices.Contains(r.PostForm["method"], e.ID) {
				continue
			}
			if err := f.RemoveMethod(tx, user, e.ID, session.Of(r).ID); err != nil {
				return err
			}
		}
		to = "/signin/done?a=" + a.ID
		return nil
	})
	if err != nil {
		return err
	}
	return page.Redirect(w, r, to)
}

// forgotten lets who came in with an access pass choose a new password: with it they proved as much as the link of a
// forgotten password and a second step do. Without it, who forgot all would need a pass the next time as well.
func (f *Flow) forgotten(w http.ResponseWriter, r *http.Request) error {
	to := "/security"
	err := f.DB.Tx(r.Context(), func(tx *db.Tx) error {
		to = "/security" // of a run before
		a, err := f.arrived(tx, r, r.PostFormValue("a"))
		s := session.Of(r)
		if err != nil || a == nil || !a.mayChoose() || !s.Fresh(Recent, tx.Now) {
			return err
		}
		to, err = f.Begin(tx, r, &Attempt{Typed: s.User.Username, User: s.User, Recover: true, Need: Need{Level: session.Multi, Fresh: Recent},
			Proofs: s.Proofs, Session: s.ID, Known: f.KnownDevice(r, s.User), ReturnTo: a.ReturnTo})
		return err
	})
	if err != nil {
		return err
	}
	return page.Redirect(w, r, to)
}

// mayChoose tells whether a new password may be chosen at the end, because a pass was typed in place of it. While one waits that
// was got back weakly, one helper alone does not cut the wait short.
func (a *Attempt) mayChoose() bool {
	return a.byPass() && !a.added(Password) && !(a.Alone && a.Person.Waiting)
}
