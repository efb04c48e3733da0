// The guard of pages: how much may be sent, by which browser, from where, and who is signed in.
package server

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/session"
)

// Bounds of a form (threat T81).
const (
	bodyBytes = 64 << 10
	formKeys  = 100
)

// guard wraps a page's handler.
func (s *Server) guard(h page.Handler) http.Handler {
	return s.pages.Handle(func(w http.ResponseWriter, r *http.Request) error {
		visit := page.VisitOf(r)
		s.browser(w, r, visit)
		// What no database takes as a text is nothing's id, and no fault of the database's.
		if !utf8.ValidString(r.URL.Path) || strings.Contains(r.URL.Path, "\x00") {
			return problem.New(problem.NotFound, "error.not-found")
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			if err := readForm(w, r); err != nil {
				return err
			}
			if !s.isOwnForm(r) {
				return problem.New(problem.Forbidden, "error.forged")
			}
		}
		r, err := s.load(r, visit)
		if err != nil {
			return err
		}
		return h(w, r)
	})
}

// readForm reads the form, once, within its bounds.
func readForm(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, bodyBytes)
	err := r.ParseForm()
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge), len(r.PostForm) > formKeys:
		return problem.New(problem.TooLarge, "error.too-large").Because(err)
	case err != nil:
		return problem.New(problem.Malformed, "error.malformed").Because(err)
	}
	return nil
}

func (s *Server) browserCookie() string {
	if s.sessions.Secure {
		return "__Host-woggle-browser"
	}
	return "woggle-browser"
}

// browserLife is counted from the last page: a phone may end its browser while somebody reads the text with the code.
const browserLife = 24 * time.Hour

// browser tells this browser from all others. Attempts and forms are bound to it.
func (s *Server) browser(w http.ResponseWriter, r *http.Request, visit *page.Visit) {
	if cookie, err := r.Cookie(s.browserCookie()); err == nil && isToken(cookie.Value) {
		visit.Browser = cookie.Value
	} else {
		visit.Browser = db.NewToken()
	}
	visit.Token = base64.RawURLEncoding.EncodeToString(s.keys.MAC("form", visit.Browser))
	http.SetCookie(w, &http.Cookie{Name: s.browserCookie(), Value: visit.Browser, Path: "/", HttpOnly: true,
		Secure: s.sessions.Secure, SameSite: http.SameSiteLaxMode, MaxAge: int(browserLife / time.Second)})
}

func isToken(value string) bool {
	return len(value) == 52 && strings.Trim(value, "abcdefghijklmnopqrstuvwxyz234567") == ""
}

// isOwnForm tells whether a form is one of our own pages', sent by the browser that got it (threat T54). The headers
// are a browser's word, which no page can alter; the token counts in any case, so that a client that sends no headers
// is judged as well.
func (s *Server) isOwnForm(r *http.Request) bool {
	if origin := r.Header.Values("Origin"); len(origin) > 1 || len(origin) == 1 && !s.isOwnOrigin(origin[0], r.Host) {
		return false
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" {
		return false
	}
	mac, err := base64.RawURLEncoding.DecodeString(r.PostForm.Get("t"))
	return err == nil && s.keys.CheckMAC(mac, "form", page.VisitOf(r).Browser)
}

// isOwnOrigin compares origins parsed (RFC 6454 section 4). The demonstration has several names.
func (s *Server) isOwnOrigin(origin, host string) bool {
	parsed, err := url.Parse(origin)
	if err != nil || parsed.Scheme != s.base.Scheme {
		return false
	}
	if s.demo != nil {
		return strings.EqualFold(parsed.Host, host)
	}
	return strings.EqualFold(parsed.Host, s.base.Host)
}

// load finds the session of the browser, and with it the person and their language.
func (s *Server) load(r *http.Request, visit *page.Visit) (*http.Request, error) {
	cookie, err := r.Cookie(s.sessions.CookieName())
	if err != nil {
		return r, nil
	}
	found, err := s.sessions.Find(r.Context(), cookie.Value)
	if err != nil || found == nil {
		return r, err
	}
	visit.Person = &page.Person{ID: found.User.ID, Name: found.User.Name(), Administrator: found.User.Role == directory.Administrator,
		Helps: found.User.Role != directory.Member}
	visit.Locale = s.locale(r, found.User.Locale)
	return session.With(r, found), nil
}
