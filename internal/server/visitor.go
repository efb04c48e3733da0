// What every visitor can do on any page: choose the language, sign out.
package server

import (
	"cmp"
	"net/http"
	"net/url"
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

// signOut ends the session. Where apps of it want to be told, the browser goes to them first, and needs its own cookie until
// it is back.
func (s *Server) signOut(w http.ResponseWriter, r *http.Request) error {
	pictures, err := s.apps.wsfed.Leave(r)
	if err != nil {
		return err
	}
	to := ""
	if mine := session.Of(r); mine != nil {
		apps, err := s.apps.desk.Catalogue.Current(r.Context())
		if err != nil {
			return err
		}
		err = s.db.Tx(r.Context(), func(tx *db.Tx) (err error) {
			if to, err = s.apps.saml.Leave(tx, r, apps, mine); err != nil || to == "" {
				return err
			}
			return s.sessions.SignOut(tx, mine)
		})
		if err != nil {
			return err
		}
	}
	if to != "" {
		s.sessions.ClearCookie(w)
		if pictures != "" {
			to = pictures + "&next=" + url.QueryEscape(to)
		}
		return page.Redirect(w, r, to)
	}
	if err := s.forget(w, r); err != nil {
		return err
	}
	return page.Redirect(w, r, cmp.Or(pictures, "/signin"))
}

// forget ends the session, if there is one, and makes the browser a new one: at a shared computer, nothing is left to the next
// person.
func (s *Server) forget(w http.ResponseWriter, r *http.Request) error {
	if mine := session.Of(r); mine != nil {
		if err := s.db.Tx(r.Context(), func(tx *db.Tx) error { return s.sessions.SignOut(tx, mine) }); err != nil {
			return err
		}
	}
	w.Header().Del("Set-Cookie") // the guard has kept the browser's cookie alive
	http.SetCookie(w, &http.Cookie{Name: s.browserCookie(), Path: "/", MaxAge: -1, HttpOnly: true, Secure: s.sessions.Secure,
		SameSite: http.SameSiteLaxMode})
	s.sessions.ClearCookie(w)
	return nil
}
