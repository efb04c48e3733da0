// The one route table.
package server

import (
	"net/http"
	"strings"

	"woggle/authenticator"
	"woggle/internal/method/passkey"
	"woggle/internal/page"
	"woggle/internal/problem"
)

const staticPattern = "GET /static/"

// table is the site, read from top to bottom. Patterns are those of http.ServeMux. What is bare has no visitor: no
// cookie is set or read, and no form taken. What is guarded is a page. What is foreign takes a form of an app's.
func (s *Server) table(bare func(pattern string, h http.HandlerFunc), guarded, foreign func(pattern string, h page.Handler)) error {
	bare("GET /healthz", s.alive)
	bare("GET /readyz", s.ready)
	bare("GET /metrics", s.metrics)
	bare(staticPattern, s.static)
	bare("GET /brand.css", s.pages.BrandSheet)
	bare("GET /.well-known/passkey-endpoints", s.passkeys.Endpoints)
	if s.passkeyHost != "" {
		bare("GET "+passkey.RelatedPath, s.passkeys.Related)
	}
	bare("GET /callback/{route}/{rest...}", s.callback)
	bare("POST /callback/{route}/{rest...}", s.callback)

	app, err := authenticator.New()
	if err != nil {
		return err
	}
	app.Mount(bare) // /authenticator/

	s.flow.Mount(guarded) // /signin, /setup, /not-me
	for _, method := range s.mounts {
		method(guarded) // /signin/password, /signin/phone, …
	}
	s.approvals.MountDevices(bare) // /authenticator/api
	s.portal.Mount(guarded)        // /, /security, /details, /activity
	s.helping.Mount(guarded)       // /helping
	s.admin.Mount(guarded)         // /admin
	s.mountApps(bare, guarded, foreign)
	guarded("POST /signout", s.signOut)
	guarded("POST /language", s.chooseLanguage)
	s.guide.Mount(func(pattern string, h page.Handler) { // /help
		if strings.HasPrefix(pattern, "GET /help/pictures/") {
			bare(pattern, s.pages.Handle(h).ServeHTTP) // caches keep them, and must not keep anybody's cookie
		} else {
			guarded(pattern, h)
		}
	})
	if s.demo != nil {
		return s.demo.mount(s.pages, bare, guarded) // /handset
	}
	return nil
}

func (s *Server) routes() (http.Handler, error) {
	mux := http.NewServeMux()
	guarded := func(pattern string, h page.Handler) { mux.Handle(pattern, named(pattern, s.guard(h))) }
	guarded("/", func(_ http.ResponseWriter, r *http.Request) error { return nowhere(mux, r) })
	foreign := func(pattern string, h page.Handler) { mux.Handle(pattern, named(pattern, s.foreign(h))) }
	err := s.table(func(pattern string, h http.HandlerFunc) { mux.Handle(pattern, named(pattern, h)) }, guarded, foreign)
	return s.apps.forward.Front(s.enter(s.ours(mux))), err
}

// named tells the log which route answers.
func named(pattern string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.(*answer).pattern = pattern
		h.ServeHTTP(w, r)
	})
}

// nowhere tells a page that is not there from one that is used in a wrong way.
func nowhere(mux *http.ServeMux, r *http.Request) error {
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := mux.Handler(other); pattern != "/" {
			return problem.New(problem.Method, "error.method")
		}
	}
	return problem.New(problem.NotFound, "error.not-found")
}

// static serves the static files. One that is not there, such as that of an older version, is not to be kept.
func (s *Server) static(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	s.pages.Static(w, r)
}

// alive answers as long as the process does.
func (s *Server) alive(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "alive") }

// say answers a probe.
func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write([]byte(strings.TrimSpace(text) + "\n"))
}
