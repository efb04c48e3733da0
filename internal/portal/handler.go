// The routes, and who may use them: who is signed in, who has proved it lately, whose account is not frozen.
package portal

import (
	"context"
	"embed"
	"net/http"
	"net/url"
	"strings"

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
	// ChangePassword sets a new password if the current one is right, and ends every session but keepSession. Its
	// problems are about the fields "current" and "new". It counts wrong tries as sign-in does (threat T22).
	ChangePassword func(r *http.Request, user directory.User, keepSession, current, next string) error
	// Tiles are the apps that the user may open. It takes a connection of its own.
	Tiles func(ctx context.Context, user string) ([]app.Tile, error)
}

// Portal serves the member's own pages.
type Portal struct{ Deps }

// New makes the portal. Its errors are faults in its pages.
func New(d Deps) (*Portal, error) { return &Portal{d}, d.Pages.Add("portal", pages) }

// Mount adds the routes of the portal.
func (p *Portal) Mount(handle func(pattern string, h page.Handler)) {
	on := func(pattern string, h page.Handler) { handle(pattern, signedIn(h)) }
	// A change is sent to the address of its own page, so that who must prove first comes back to that page.
	change := func(path string, show, do page.Handler) {
		on("GET "+path, p.proved(show))
		on("POST "+path, p.proved(do))
	}
	on("GET /{$}", p.showHome)
	on("GET /security", p.showSecurity)
	on("GET /security/add", p.showAdd)
	on("POST /security/add", p.add)
	on("POST /security/methods/{id}/update", p.update)
	change("/security/methods/{id}/rename", p.showRename, p.rename)
	change("/security/methods/{id}/remove", p.showRemove, p.remove)
	change("/security/default", p.showDefault, p.prefer)
	change("/security/copies/{id}", p.showCopy, p.giveCopy)
	change("/security/copies/{id}/remove", p.showCopy, p.removeCopy)
	change("/security/password", p.showPassword, p.changePassword)
	on("POST /security/pass/cancel", p.cancelPass)
	on("POST /security/password/keep", p.keepPassword)
	on("POST /security/sessions/{id}/end", p.endSession)
	on("POST /security/sessions/end", p.endSessions)
	on("GET /security/not-me", p.showNotMe)
	on("POST /security/not-me", p.notMe)
	on("GET /details", p.showDetails)
	on("POST /details", p.saveDetails)
	on("GET /activity", p.showActivity)
}

// signedIn lets only somebody with a session in, and sends everybody else to sign in first.
func signedIn(h page.Handler) page.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if session.Of(r) != nil {
			return h(w, r)
		}
		to := r.URL.RequestURI()
		if r.Method == http.MethodPost { // what was sent is lost; its page, or the page above, is not
			first, _, _ := strings.Cut(r.URL.Path[1:], "/")
			to = "/" + first
		}
		return page.Redirect(w, r, "/signin?to="+url.QueryEscape(to))
	}
}

// proved lets only somebody through who proved possession lately. The page of a change says so first, because a proof
// may send a text or ring a landline; sending its form starts the proof, and changes nothing.
func (p *Portal) proved(h page.Handler) page.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		s := session.Of(r)
		switch {
		case s.User.Frozen():
			return frozen()
		case s.Fresh(signin.Recent, p.DB.Now()):
			return h(w, r)
		case r.Method != http.MethodPost:
			return p.Pages.Show(w, r, "portal/prove", nil)
		}
		return p.Flow.StepUp(w, r, signin.Need{Level: session.Multi, Fresh: signin.Recent}, signin.LocalPath(r.URL.RequestURI()))
	}
}

// alter runs the work of a change in one transaction, on the person as they stand in it: the one in the session was
// read before, and may have been frozen since.
func (p *Portal) alter(r *http.Request, work func(tx *db.Tx, user directory.User) error) error {
	return p.DB.Tx(r.Context(), func(tx *db.Tx) error {
		user, err := signin.Alter(tx, session.Of(r).User.ID)
		if err != nil {
			return err
		}
		return work(tx, user)
	})
}

func frozen() error { return problem.New(problem.Forbidden, "signin.refused.frozen") }

// done are the good news that an address may name.
var done = map[string]string{"added": "portal.done.added", "updated": "portal.done.updated", "renamed": "portal.done.renamed",
	"removed": "portal.done.removed", "default": "portal.done.default", "password": "portal.done.password",
	"ended": "portal.done.ended", "details": "portal.done.details", "same": "portal.done.same",
	"pass": "portal.done.pass", "kept": "portal.done.kept",
	"copy": "portal.done.copy"}

// news shows the good news that the page's address names, if any.
func news(r *http.Request) page.Option { return page.Notice(done[r.URL.Query().Get("done")]) }
