// The pages of the password: asking for it, and choosing one.
package password

import (
	"context"
	"errors"
	"net/http"

	"woggle/internal/db"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/session"
	"woggle/internal/signin"
)

// Mount adds the method's routes.
func (m *Method) Mount(handle func(pattern string, h page.Handler)) {
	handle("POST /signin/password", m.answer)
	handle("POST /signin/enrol/password", m.choose)
}

type form struct {
	signin.Form
	Username string
}

// Ask shows the page that asks for the password. It is the same for a name that nobody has.
func (m *Method) Ask(w http.ResponseWriter, r *http.Request, a *signin.Attempt, step signin.Step, problems page.Problems) error {
	return m.Pages.Show(w, r, "password/ask", form{m.Flow.Form(a, step), a.Typed}, page.Wrong(problems))
}

// Enrol shows the page on which a password is chosen.
func (m *Method) Enrol(w http.ResponseWriter, r *http.Request, a *signin.Attempt, step signin.Step, problems page.Problems) error {
	return m.Pages.Show(w, r, "password/choose", form{m.Flow.Form(a, step), a.User.Username}, page.Wrong(problems))
}

// answer counts the try, compares outside any transaction because that takes long, and then goes on.
func (m *Method) answer(w http.ResponseWriter, r *http.Request) error {
	if m.Hasher.Crowded() {
		return busy(ErrBusy)
	}
	// The wait for the database is part of the wait.
	patient, leave := context.WithTimeoutCause(r.Context(), Patience, ErrBusy)
	defer leave()
	typed := r.PostFormValue("password")
	taken := false // the try is counted
	a, err := m.Flow.Before(w, r, signin.Prove, signin.Password, func(tx *db.Tx, a *signin.Attempt) error {
		taken = false
		if typed == "" {
			a.Fail(problem.Field("password", "password.missing"))
			return nil
		}
		if _, isPass, err := m.Pass(tx, a, typed, tx.Now); err != nil || isPass {
			return err // 59 bits are no guess: a stranger's wrong passwords must not keep out whom a helper lets in
		}
		taken = true
		_, err := m.Flow.TakePassword(tx, a, typed)
		return err
	})
	if a == nil || err != nil {
		return err
	}
	var v verdict
	if len(typed) <= longest {
		v, err = m.compare(patient, a, typed)
	}
	if err != nil && taken {
		return errors.Join(busy(err), m.Flow.UndoPassword(r.Context(), a)) // nothing was compared, so nothing counts
	} else if err != nil {
		return busy(err)
	}
	decided := false
	err = m.Flow.Act(w, r, signin.Prove, signin.Password, func(tx *db.Tx, a *signin.Attempt, _ signin.Step) error {
		decided = true
		pass, isPass, err := m.Pass(tx, a, typed, tx.Now)
		if err != nil {
			return err
		}
		// The row that was compared must still be there: the password may have been changed in the meantime.
		if !isPass && (!v.right || a.Method(v.method) == nil) {
			return m.Flow.WrongPassword(tx, a, typed)
		}
		if taken {
			if err := m.Flow.RightPassword(tx, a); err != nil {
				return err
			}
		}
		if isPass {
			a.Alone = pass.Alone()
			a.Proved(session.Proof{Kind: string(signin.AccessPass), Method: pass.ID, Factor: session.Knowledge, AMR: []string{"otp"}, At: tx.Now})
			return nil
		}
		a.Proved(proof(v.method, a.Person.FirstUse, tx.Now))
		if v.better != "" {
			return signin.ReplaceSecret(tx, v.method, m.Keys.Seal([]byte(v.better), place(v.method)...))
		}
		return nil
	})
	if taken && v.right && !decided { // another tab was quicker, and has answered for both
		if err := m.Flow.UndoPassword(r.Context(), a); err != nil {
			m.Flow.Log.Error("a right password stays counted as a try", "error", err)
		}
	}
	return err
}

// choose sets the password of somebody who has none, or who has forgotten it.
func (m *Method) choose(w http.ResponseWriter, r *http.Request) error {
	typed := r.PostFormValue("password")
	a, err := m.Flow.Before(w, r, signin.Enrol, signin.Password, func(_ *db.Tx, a *signin.Attempt) error {
		if p := m.judge(a.User, typed); p != nil {
			a.Fail(p)
		}
		return nil
	})
	if a == nil || err != nil {
		return err
	}
	phc, err := m.Hasher.Hash(r.Context(), typed)
	if err != nil {
		return busy(err)
	}
	return m.Flow.Act(w, r, signin.Enrol, signin.Password, func(tx *db.Tx, a *signin.Attempt, _ signin.Step) error {
		row := Row(m.Keys, a.User.ID, phc)
		return m.Flow.ChoosePassword(tx, a, row, proof(row.ID, false, tx.Now))
	})
}
