// What every visitor can do on any page: choose the language, sign out.
package server

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"
	"time"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/page"
	"woggle/internal/session"
	"woggle/internal/signin"
)

const languageLife = 365 * 24 * time.Hour

// chooseLanguage keeps the language in the browser, and with the person who is signed in, because it is the language of
// their texts and letters as well.
func (s *Server) chooseLanguage(w http.ResponseWriter, r *http.Request) error {
	if locale := s.pages.Locales.Find(r.PostForm.Get("to")); locale != nil {
		http.SetCookie(w, &http.Cookie{Name: languageCookie, Value: locale.Code, Path: "/", HttpOnly: true,
			Secure: s.sessions.Secure, SameSite: http.SameSiteLaxMode, MaxAge: int(languageLife / time.Second)})
		if person := page.VisitOf(r).Person; person != nil {
			err := s.db.Tx(r.Context(), func(tx *db.Tx) error { return directory.SetLocale(tx, person.ID, locale.Code) })
			if err != nil {
				return err
			}
		}
	}
	return page.Redirect(w, r, signin.LocalPath(r.PostForm.Get("back")))
}

// signOut ends the session.
func (s *Server) signOut(w http.ResponseWriter, r *http.Request) error {
	to, err := s.depart(w, r, "")
	if err != nil {
		return err
	}
	return page.Redirect(w, r, cmp.Or(to, "/signin"))
}

// depart is leave, and makes the browser a new one: at a shared computer, nothing is left to the next person. One that still has to go
// through apps of SAML keeps its cookie until it is back.
func (s *Server) depart(w http.ResponseWriter, r *http.Request, then string) (to string, err error) {
	to, walks, err := s.leave(w, r, then)
	if err == nil && !walks {
		s.newBrowser(w)
	}
	return to, err
}

// leave ends the session and tells where the browser has to go first, so that apps hear of it that are told through the browser;
// empty where there are none. From there it comes to the page then of ours, or stays where that is empty. It walks if it goes
// through apps one after the other.
func (s *Server) leave(w http.ResponseWriter, r *http.Request, then string) (to string, walks bool, err error) {
	pictures, err := s.apps.wsfed.Leave(r)
	if err != nil {
		return "", false, err
	}
	walk, err := s.leaveSAML(w, r, then)
	switch {
	case err != nil:
		return "", false, err
	case walk == "":
		if err := s.endSession(w, r); err != nil {
			return "", false, err
		}
		walk = then
	default:
		walks = true
	}
	switch {
	case pictures != "":
		return further(pictures, walk), walks, nil
	case walks:
		return walk, true, nil
	}
	return "", false, nil
}

// leaveSAML begins the walk through the apps of SAML, and ends the session in the same transaction; where none wants to be told, it
// does nothing.
func (s *Server) leaveSAML(w http.ResponseWriter, r *http.Request, then string) (walk string, err error) {
	mine := session.Of(r)
	if mine == nil {
		return "", nil
	}
	apps, err := s.apps.desk.Catalogue.Current(r.Context())
	if err != nil {
		return "", err
	}
	err = s.db.Tx(r.Context(), func(tx *db.Tx) (err error) {
		if walk, err = s.apps.saml.Leave(tx, r, apps, mine, then); err != nil || walk == "" {
			return err
		}
		return s.sessions.SignOut(tx, mine)
	})
	if err == nil && walk != "" {
		s.sessions.ClearCookie(w) // the browser's own has to stay until it is back
	}
	return walk, err
}

// further is the page of the pictures with where it goes on, if it does.
func further(pictures, next string) string {
	if next == "" {
		return pictures
	}
	return pictures + "&next=" + url.QueryEscape(next)
}

// forget ends the session, if there is one, and makes the browser a new one. Apps are told by whoever calls it, if at all.
func (s *Server) forget(w http.ResponseWriter, r *http.Request) error {
	if err := s.endSession(w, r); err != nil {
		return err
	}
	s.newBrowser(w)
	return nil
}

func (s *Server) endSession(w http.ResponseWriter, r *http.Request) error {
	if mine := session.Of(r); mine != nil {
		if err := s.db.Tx(r.Context(), func(tx *db.Tx) error { return s.sessions.SignOut(tx, mine) }); err != nil {
			return err
		}
	}
	s.sessions.ClearCookie(w)
	return nil
}

// newBrowser takes what the browser is known by from it.
func (s *Server) newBrowser(w http.ResponseWriter) {
	header := w.Header()
	kept := header.Values("Set-Cookie")
	header.Del("Set-Cookie")
	for _, cookie := range kept { // the guard has kept the browser's alive
		if !strings.HasPrefix(cookie, s.browserCookie()+"=") {
			header.Add("Set-Cookie", cookie)
		}
	}
	http.SetCookie(w, &http.Cookie{Name: s.browserCookie(), Path: "/", MaxAge: -1, HttpOnly: true, Secure: s.sessions.Secure,
		SameSite: http.SameSiteLaxMode})
}
