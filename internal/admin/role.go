// What a person may do for others.
package admin

import (
	"net/http"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/session"
)

type rolePage struct {
	file
	Roles  []directory.Role
	Chosen directory.Role
}

func (a *Admin) askRole(w http.ResponseWriter, r *http.Request) error { return a.showRole(w, r, nil) }

func (a *Admin) showRole(w http.ResponseWriter, r *http.Request, wrong *problem.Problem) error {
	data := rolePage{Roles: []directory.Role{directory.Member, directory.Helper, directory.Administrator}}
	err := a.DB.View(r.Context(), func(tx *db.Tx) (err error) {
		if data.file, err = a.open(tx, session.Of(r).User.ID, r.PathValue("id")); err == nil && data.Mine {
			err = problem.New(problem.Forbidden, "admin.self")
		}
		data.Chosen = data.Role
		return err
	})
	if err != nil {
		return err
	}
	return a.Pages.Show(w, r, "admin/role", data, page.Wrong(page.One(wrong)))
}

// setRole gives the role. An access pass or a session of before stays: what they may do is asked anew each time, and a pass of a
// helper's does not outlive the role of its person (signin).
func (a *Admin) setRole(w http.ResponseWriter, r *http.Request) error {
	err := a.change(r, func(tx *db.Tx, actor string, person directory.User) error {
		return directory.SetRole(tx, actor, person.ID, directory.Role(r.PostFormValue("role")))
	})
	if problem.Is(err, problem.Invalid) {
		return a.showRole(w, r, problem.Field("role", "admin.role.choose"))
	}
	if err != nil {
		return err
	}
	return page.Redirect(w, r, "/admin/people/"+r.PathValue("id")+"?done=role")
}
