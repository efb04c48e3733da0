// The routes, and who may use them.
package helping

import (
	"embed"
	"net/http"
	"net/url"
	"slices"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/session"
	"woggle/internal/signin"
)

//go:embed pages/*.html
var pages embed.FS

// Deps is all that the pages work with.
type Deps struct {
	DB    *db.DB
	Pages *page.Renderer
	Flow  *signin.Flow
	// Issue makes an access pass on the terms and records it; it tells nobody.
	Issue func(tx *db.Tx, actor string, user directory.User, terms signin.PassTerms) (pass string, err error)
	// Letter is a printed letter (PDF) of the pass that the person has; of any other pass its error is Gone.
	Letter func(tx *db.Tx, user directory.User, pass string) ([]byte, error)
	// Spell is a pass as it is read aloud, in groups.
	Spell func(l *page.Locale, pass string) []string
}

// Helping serves the pages of helpers.
type Helping struct{ Deps }

// New makes the chapter. Its errors are faults in its pages.
func New(d Deps) (*Helping, error) { return &Helping{d}, d.Pages.Add("helping", pages) }

// Mount adds the routes.
func (h *Helping) Mount(handle func(pattern string, h page.Handler)) {
	on := func(pattern string, do page.Handler) {
		handle(pattern, only(do, directory.Helper, directory.Administrator))
	}
	// A change is sent to the address of its own page, so that who must prove first comes back to that page.
	change := func(path string, show, do page.Handler, roles ...directory.Role) {
		handle("GET "+path, only(h.proved(show), roles...))
		handle("POST "+path, only(h.proved(do), roles...))
	}
	on("GET /helping", h.showPeople)
	on("GET /helping/people/{id}", h.showPerson)
	on("POST /helping/words", h.hear)
	on("GET /helping/stuck/{id}", h.showStuck)
	on("POST /helping/people/{id}/letter", h.letter)
	change("/helping/people/{id}/pass", h.askPass, h.givePass, directory.Helper, directory.Administrator)
	change("/helping/people/{id}/pass/cancel", h.askCancel, h.cancelPass, directory.Helper, directory.Administrator)
	change("/helping/people/{id}/vouch", h.askVouch, h.doVouch, directory.Helper)
	handle("GET /helping/vouched", only(h.showVouched, directory.Administrator))
	change("/helping/vouched/{id}/undo", h.askUndo, h.undo, directory.Administrator)
}

// only lets in who is signed in and has one of the roles.
func only(do page.Handler, roles ...directory.Role) page.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		s := session.Of(r)
		switch {
		case s == nil && r.Method == http.MethodPost: // what was sent is lost
			return page.Redirect(w, r, "/signin?to=/helping")
		case s == nil:
			return page.Redirect(w, r, "/signin?to="+url.QueryEscape(r.URL.RequestURI()))
		case !slices.Contains(roles, s.User.Role):
			return problem.New(problem.Forbidden, "helping.not-a-helper")
		case s.User.Frozen():
			return problem.New(problem.Forbidden, "signin.refused.frozen")
		}
		return do(w, r)
	}
}

// proved lets only somebody through who proved possession lately: a page that was left open is not to be enough to let a
// stranger into somebody's account.
func (h *Helping) proved(do page.Handler) page.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		switch {
		case session.Of(r).Fresh(signin.Recent, h.DB.Now()):
			return do(w, r)
		case r.Method != http.MethodPost:
			return h.Pages.Show(w, r, "helping/prove", nil)
		}
		return h.Flow.StepUp(w, r, signin.Need{Level: session.Multi, Fresh: signin.Recent}, signin.LocalPath(r.URL.RequestURI()))
	}
}

// notTheirs says nothing about whether there is such a person.
func notTheirs() error { return problem.New(problem.NotFound, "helping.not-theirs") }

// theirs is the person of the address, if the helper may help them.
func theirs(tx *db.Tx, r *http.Request) (directory.User, error) {
	may, err := directory.Helps(tx, session.Of(r).User.ID, r.PathValue("id"))
	if err == nil && !may {
		err = notTheirs()
	}
	if err != nil {
		return directory.User{}, err
	}
	return directory.ByID(tx, r.PathValue("id"))
}

// change does the work on the person of the address, in one transaction, with both of them as they stand in it.
func (h *Helping) change(r *http.Request, work func(tx *db.Tx, helper, person directory.User) error) error {
	return h.DB.Tx(r.Context(), func(tx *db.Tx) error {
		helper, err := directory.Hold(tx, session.Of(r).User.ID)
		if err != nil {
			return err
		}
		person, err := theirs(tx, r)
		if err != nil {
			return err
		}
		if person, err = signin.Alter(tx, person.ID); err != nil {
			return err
		}
		return work(tx, helper, person)
	})
}

// view reads about the person of the address.
func (h *Helping) view(r *http.Request, work func(tx *db.Tx, person directory.User) error) error {
	return h.DB.View(r.Context(), func(tx *db.Tx) error {
		person, err := theirs(tx, r)
		if err != nil {
			return err
		}
		return work(tx, person)
	})
}
