// What may be done with somebody's account. Each has a page that says what will happen, and a form on it that does it.
package admin

import (
	"net/http"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/session"
	"woggle/internal/signin"
)

// action is one of them. Its sentences are admin.do.NAME, .what and .done.
type action struct {
	name    string
	Takes   bool // takes something away
	offered func(f file) bool
	do      func(a *Admin, tx *db.Tx, actor string, person directory.User) error
}

// Name is how its address ends.
func (c action) Name() string { return c.name }

// actions are all of them, in the order in which they are offered. They do what the commands do (woggle user).
var actions = []action{
	{"enable", false, func(f file) bool { return f.Status != directory.Active },
		func(_ *Admin, tx *db.Tx, actor string, p directory.User) error {
			return directory.SetStatus(tx, actor, p.ID, directory.Active)
		}},
	{"unfreeze", false, func(f file) bool { return f.Frozen() },
		func(_ *Admin, tx *db.Tx, actor string, p directory.User) error {
			return directory.Unfreeze(tx, actor, p.ID)
		}},
	{"void", true, func(f file) bool { return signin.PassOf(f.Methods) != nil },
		func(a *Admin, tx *db.Tx, actor string, p directory.User) error {
			_, err := a.Flow.CancelPass(tx, actor, p)
			return err
		}},
	{"sign-out", true, func(f file) bool { return len(f.Sessions) > 0 },
		func(a *Admin, tx *db.Tx, actor string, p directory.User) error {
			return a.Sessions.EndOthers(tx, p.ID, "", actor)
		}},
	// What an administrator signs in with is reset at the command line: see the package.
	{"reset", true, func(f file) bool { return f.Role != directory.Administrator && f.possesses() },
		func(a *Admin, tx *db.Tx, actor string, p directory.User) error {
			_, err := a.Reset(tx, actor, p)
			return err
		}},
	{"lock", true, func(f file) bool { return f.Status == directory.Active },
		func(_ *Admin, tx *db.Tx, actor string, p directory.User) error {
			return directory.SetStatus(tx, actor, p.ID, directory.Locked)
		}},
	{"disable", true, func(f file) bool { return f.Status != directory.Disabled },
		func(_ *Admin, tx *db.Tx, actor string, p directory.User) error {
			return directory.SetStatus(tx, actor, p.ID, directory.Disabled)
		}},
}

// news are the good news that an address may name, or none.
func news(r *http.Request) page.Option {
	done := r.URL.Query().Get("done")
	for _, one := range actions {
		if one.name == done {
			return page.Notice("admin.do." + done + ".done")
		}
	}
	if done == "role" {
		return page.Notice("admin.role.done")
	}
	return page.Notice("")
}

type actPage struct {
	file
	Do action
}

// ask shows what will happen.
func (a *Admin) ask(do action) page.Handler {
	return func(w http.ResponseWriter, r *http.Request) error { return a.askAgain(w, r, do, nil) }
}

func (a *Admin) askAgain(w http.ResponseWriter, r *http.Request, do action, wrong *problem.Problem) error {
	data := actPage{Do: do}
	err := a.DB.View(r.Context(), func(tx *db.Tx) (err error) {
		if data.file, err = a.open(tx, session.Of(r).User.ID, r.PathValue("id")); err != nil {
			return err
		}
		return may(do, data.file)
	})
	if err != nil {
		return err
	}
	return a.Pages.Show(w, r, "admin/act", data, page.Wrong(page.One(wrong)))
}

// may tells why it cannot be done with them. A page that was open for long may ask for what somebody else has done meanwhile.
func may(do action, f file) error {
	switch {
	case f.Mine:
		return problem.New(problem.Forbidden, "admin.self")
	case !do.offered(f):
		return problem.New(problem.Gone, "admin.not-now")
	}
	return nil
}

// act does it.
func (a *Admin) act(do action) page.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		err := a.change(r, func(tx *db.Tx, actor string, person directory.User) error {
			f, err := a.open(tx, actor, person.ID)
			if err == nil {
				err = may(do, f)
			}
			if err != nil {
				return err
			}
			return do.do(a, tx, actor, person)
		})
		if err != nil {
			return err
		}
		return page.Redirect(w, r, "/admin/people/"+r.PathValue("id")+"?done="+do.name)
	}
}
