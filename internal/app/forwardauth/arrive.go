// The way in and out, on the site's host. The proxy asks about these two paths as about any other, and what it is told to
// send the browser is the answer: nothing of ours has to be routed there.
package forwardauth

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
)

// Paths on a site's host that are ours.
const (
	returnPath  = "/.woggle/return"
	signOutPath = "/.woggle/signout"
)

// arrive makes a cookie of a ticket, and sends the browser to what it asked for first.
func (f *Forward) arrive(w http.ResponseWriter, r *http.Request, d dialect, s *site, a asked) {
	if a.method != http.MethodGet {
		no(w, http.StatusForbidden, "This is for a browser on its way.")
		return
	}
	target, visit, token, err := f.open(r, a)
	if err != nil {
		f.trouble(w, r, err)
		return
	}
	again := f.Base.String() + "/forward/again?app=" + s.app.ID
	if visit == "" {
		f.sendTo(w, d, a, again)
		return
	}
	mine, err := f.Sessions.OfVisit(r.Context(), visit, s.app.ID)
	if err != nil {
		f.trouble(w, r, err)
		return
	}
	if mine == nil {
		f.sendTo(w, d, a, again) // signed out a moment ago
		return
	}
	life := time.Duration(0)
	if mine.Stay {
		life = mine.ExpiresAt.Sub(f.DB.Now())
	}
	f.setCookie(w, f.appCookie(), token, life)
	f.sendTo(w, d, a, f.address(a.host, target))
}

// open uses the ticket up. The visit is empty if there is none for this host and this browser, or not any more.
func (f *Forward) open(r *http.Request, a asked) (target, visit, token string, err error) {
	_, query, _ := strings.Cut(a.target, "?")
	values, err := url.ParseQuery(query)
	ticket, nonce := values.Get("ticket"), f.cookie(a.header, f.nonceCookie())
	if err != nil || !isToken(ticket) || nonce == "" {
		return "", "", "", nil
	}
	token = db.NewToken()
	fingerprint := f.Keys.MAC(tokenPurpose, token)
	var one entrance
	opened := false
	err = f.DB.Tx(r.Context(), func(tx *db.Tx) (err error) {
		one, opened = entrance{}, false
		for _, mine := range f.Keys.Lookups(ticketPurpose, ticket) {
			for _, browser := range f.Keys.Lookups(noncePurpose, nonce) {
				if one, opened, err = open(tx, mine, a.host, browser, fingerprint); opened || err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil || !opened {
		return "", "", "", err
	}
	raw, err := f.Keys.Open(one.target, "forward_sessions", "target", one.id)
	return string(raw), one.visit, token, err
}

// signOut signs all hosts of the app out, and tells the person that they are still signed in with us.
func (f *Forward) signOut(w http.ResponseWriter, r *http.Request, d dialect, s *site, a asked) {
	// A link on somebody else's page signs nobody out.
	if from := a.header.Get("Sec-Fetch-Site"); from == "cross-site" || a.method == http.MethodHead {
		f.sendTo(w, d, a, f.address(a.host, "/"))
		return
	}
	if token := f.cookie(a.header, f.appCookie()); token != "" {
		err := f.DB.Tx(r.Context(), func(tx *db.Tx) error {
			visit, user, err := visitOf(tx, f.Keys.Lookups(tokenPurpose, token), a.host)
			if err != nil {
				return err
			}
			if ended, err := endVisit(tx, visit); err != nil || !ended {
				return err
			}
			return audit.Record(tx, audit.Event{Type: audit.AppLeft, Actor: user, User: user,
				Detail: audit.Detail{"app": s.app.ID, "name": s.app.Name, "protocol": Protocol}})
		})
		if err != nil {
			f.trouble(w, r, err)
			return
		}
		f.cache.forget()
	}
	f.setCookie(w, f.appCookie(), "", -time.Second)
	f.sendTo(w, d, a, f.Base.String()+"/forward/signed-out?app="+s.app.ID)
}
