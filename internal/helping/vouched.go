// The pages of vouching: for helpers who vouch, and for administrators who look and may undo it.
package helping

import (
	"net/http"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/session"
	"woggle/internal/signin"
)

type vouchPage struct {
	personRow
	First string // who has vouched already, or empty
	Mine  bool   // it was this helper
	Until string // when another one has to have vouched
}

func (h *Helping) askVouch(w http.ResponseWriter, r *http.Request) error {
	return h.showVouch(w, r, nil)
}

func (h *Helping) showVouch(w http.ResponseWriter, r *http.Request, wrong *problem.Problem) error {
	var data vouchPage
	err := h.view(r, func(tx *db.Tx, person directory.User) error {
		data = vouchPage{personRow: personRow{person.ID, person.Name(), person.Username}}
		open, found, err := openVouching(tx, person.ID, tx.Now.Add(-vouchLife))
		if err != nil || !found {
			return err
		}
		first, err := directory.ByID(tx, open.first)
		data.First, data.Mine = first.Name(), open.first == session.Of(r).User.ID
		data.Until = page.VisitOf(r).Locale.Moment(open.firstAt.Add(vouchLife), tx.Now)
		return err
	})
	if err != nil {
		return err
	}
	return h.Pages.Show(w, r, "helping/vouch", data, page.Wrong(page.One(wrong)))
}

// doVouch takes a helper's word. The second one's gives the pass, which is shown to them once, to be read out in the call that
// they have made.
func (h *Helping) doVouch(w http.ResponseWriter, r *http.Request) error {
	var data givenPage
	err := h.change(r, func(tx *db.Tx, helper, person directory.User) error {
		data = givenPage{} // of a run before
		if r.PostFormValue("spoken") != "yes" {
			return problem.Field("spoken", "helping.spoken.missing")
		}
		pass, err := h.vouch(tx, helper, person)
		if err == nil && pass != "" {
			data = h.given(person, pass, signin.PassTerms{Life: passLife}, page.VisitOf(r).Locale, tx.Now)
		}
		return err
	})
	if wrong := problemOf(err); wrong != nil {
		return h.showVouch(w, r, wrong)
	}
	switch {
	case err != nil:
		return err
	case data.Pass == "":
		return page.Redirect(w, r, "/helping/people/"+r.PathValue("id")+"?done=vouched")
	}
	return h.Pages.Show(w, r, "helping/given", data)
}

type vouchedPage struct{ Rows []vouchedRow }

type vouchedRow struct {
	ID, Name, Username, First, Second, When, Until string
	Mine                                           bool // it is who looks: somebody else has to undo it
	Administrator                                  bool // since then: what was set up stays
}

// The news of what was done.
var undoings = map[string]string{"undone": "helping.done.undone", "signed-out": "helping.done.signed-out"}

func (h *Helping) showVouched(w http.ResponseWriter, r *http.Request) error {
	rows, err := h.vouchedRows(r, "")
	if err != nil {
		return err
	}
	return h.Pages.Show(w, r, "helping/vouched", vouchedPage{rows}, page.Notice(undoings[r.URL.Query().Get("done")]))
}

// vouchedRows are the vouchings that can be undone, or the one with the id.
func (h *Helping) vouchedRows(r *http.Request, id string) (rows []vouchedRow, err error) {
	l := page.VisitOf(r).Locale
	err = h.DB.View(r.Context(), func(tx *db.Tx) error {
		rows = nil // of a run before
		all, err := endedVouchings(tx, tx.Now.Add(-undoLife))
		if err != nil {
			return err
		}
		for _, v := range all {
			if id != "" && v.id != id {
				continue
			}
			row := vouchedRow{ID: v.id, When: l.Moment(v.secondAt, tx.Now), Until: l.Moment(v.secondAt.Add(undoLife), tx.Now)}
			var person directory.User
			for id, name := range map[string]*string{v.user: &row.Name, v.first: &row.First, v.second: &row.Second} {
				u, err := directory.ByID(tx, id)
				if err != nil && !problem.Is(err, problem.NotFound) {
					return err
				}
				if *name = u.Name(); id == v.user {
					person = u
				}
			}
			row.Username, row.Mine, row.Administrator = person.Username, person.ID == session.Of(r).User.ID, person.Role == directory.Administrator
			rows = append(rows, row)
		}
		return nil
	})
	return rows, err
}

func (h *Helping) askUndo(w http.ResponseWriter, r *http.Request) error {
	rows, err := h.vouchedRows(r, r.PathValue("id"))
	switch {
	case err != nil:
		return err
	case len(rows) == 0:
		return problem.New(problem.Gone, "helping.undo.late")
	case rows[0].Mine:
		return notTheirs()
	}
	return h.Pages.Show(w, r, "helping/undo", rows[0])
}

func (h *Helping) undo(w http.ResponseWriter, r *http.Request) error {
	done := ""
	err := h.DB.Tx(r.Context(), func(tx *db.Tx) error {
		administrator, err := directory.Hold(tx, session.Of(r).User.ID)
		if err != nil {
			return err
		}
		kept, err := h.undoVouching(tx, administrator, r.PathValue("id"))
		if done = "undone"; kept {
			done = "signed-out"
		}
		return err
	})
	if err != nil {
		return err
	}
	return page.Redirect(w, r, "/helping/vouched?done="+done)
}
