// The routes, and who may use them.
package admin

import (
	"context"
	"embed"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"woggle/internal/app"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/keys"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/session"
	"woggle/internal/signin"
)

//go:embed pages/*.html
var pages embed.FS

// Deps is all that the pages work with.
type Deps struct {
	DB       *db.DB
	Keys     *keys.Ring
	Pages    *page.Renderer
	Sessions *session.Manager
	Flow     *signin.Flow
	// Reset removes all that proves possession and ends every session. It tells the person and records it.
	Reset func(tx *db.Tx, actor string, user directory.User) (removed int, err error)
	// Phone are the fingerprints under which a number that was typed may be stored, or none if it is no number.
	Phone func(typed string) []string
	// Tiles are the apps that the user may open. It takes a connection of its own.
	Tiles func(ctx context.Context, user string) ([]app.Tile, error)
	// Spent is what texts and calls have cost this month, and what they may cost. Nil where they cost nothing.
	Spent func(tx *db.Tx) (spent, limit string, err error)
}

// Admin serves the console.
type Admin struct{ Deps }

// New makes the console. Its errors are faults in its pages.
func New(d Deps) (*Admin, error) { return &Admin{d}, d.Pages.Add("admin", pages) }

// Mount adds the routes.
func (a *Admin) Mount(handle func(pattern string, h page.Handler)) {
	on := func(pattern string, do page.Handler) { handle(pattern, only(do)) }
	// A change is sent to the address of its own page, so that who must prove first comes back to that page.
	change := func(path string, show, do page.Handler) {
		on("GET "+path, a.proved(show))
		on("POST "+path, a.proved(do))
	}
	on("GET /admin", a.showRollOut)
	on("GET /admin/people", a.showPeople)
	on("GET /admin/people/{id}", a.showPerson)
	for _, one := range actions {
		change("/admin/people/{id}/"+one.name, a.ask(one), a.act(one))
	}
	change("/admin/people/{id}/role", a.askRole, a.setRole)
	on("GET /admin/audit", a.showTrail)
	on("GET /admin/audit.csv", a.giveSheet)
	on("POST /admin/audit/verify", a.verify)
}

// only lets administrators in.
func only(do page.Handler) page.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		s := session.Of(r)
		switch {
		case s == nil && r.Method == http.MethodPost: // what was sent is lost
			return page.Redirect(w, r, "/signin?to=/admin")
		case s == nil:
			return page.Redirect(w, r, "/signin?to="+url.QueryEscape(r.URL.RequestURI()))
		case s.User.Role != directory.Administrator:
			return nowhere()
		case s.User.Frozen():
			return problem.New(problem.Forbidden, "signin.refused.frozen")
		case !legible(r.URL):
			return nowhere()
		}
		return do(w, r)
	}
}

// legible tells whether what stands in the query is text that both databases take; of the path every page is asked that.
func legible(address *url.URL) bool {
	text, err := url.QueryUnescape(address.RawQuery)
	return err == nil && utf8.ValidString(text) && !strings.Contains(text, "\x00")
}

func nowhere() error { return problem.New(problem.NotFound, "error.not-found") }

// proved lets only somebody through who proved possession lately.
func (a *Admin) proved(do page.Handler) page.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		switch {
		case session.Of(r).Fresh(signin.Recent, a.DB.Now()):
			return do(w, r)
		case r.Method != http.MethodPost:
			return a.Pages.Show(w, r, "admin/prove", nil)
		}
		return a.Flow.StepUp(w, r, signin.Need{Level: session.Multi, Fresh: signin.Recent}, signin.LocalPath(r.URL.RequestURI()))
	}
}

// change does the work on the person of the address, in one transaction, with both of them as they stand in it.
func (a *Admin) change(r *http.Request, work func(tx *db.Tx, actor string, person directory.User) error) error {
	return a.DB.Tx(r.Context(), func(tx *db.Tx) error {
		actor, person, err := holdBoth(tx, session.Of(r).User.ID, r.PathValue("id"))
		switch {
		case err != nil:
			return err
		case actor.Role != directory.Administrator || actor.Status != directory.Active || actor.Frozen():
			return nowhere()
		case actor.ID == person.ID:
			return problem.New(problem.Forbidden, "admin.self")
		}
		return work(tx, actor.ID, person)
	})
}

// holdBoth holds the two in the order of their ids, so that two administrators who do something to each other at one instant do not
// wait for each other.
func holdBoth(tx *db.Tx, actor, person string) (a, p directory.User, err error) {
	if actor > person {
		p, a, err = holdBoth(tx, person, actor)
		return a, p, err
	}
	if a, err = directory.Hold(tx, actor); err != nil || actor == person {
		return a, a, err
	}
	p, err = directory.Hold(tx, person)
	return a, p, err
}
