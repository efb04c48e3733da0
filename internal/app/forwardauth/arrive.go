// The way in and out, on the site's host. The proxy asks about these two paths as about any other, and what it is told to
// send the browser is the answer: nothing of ours has to be routed there.
package forwardauth

import (
	"net/http"
	"net/url"
	"slices"
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
	if err == nil && visit == "" {
		f.arriveAgain(w, r, d, s, a)
		return
	}
	if err != nil {
		f.trouble(w, r, err)
		return
	}
	mine, err := f.Sessions.OfVisit(r.Context(), visit, s.app.ID)
	if err != nil {
		f.trouble(w, r, err)
		return
	}
	if mine == nil {
		f.arriveAgain(w, r, d, s, a) // signed out a moment ago
		return
	}
	life := time.Duration(0)
	if mine.Stay {
		life = mine.ExpiresAt.Sub(f.DB.Now())
	}
	f.setCookie(w, f.appCookie(), token, life)
	f.sendTo(w, d, a, f.address(a.host, target))
}

// arriveAgain answers whose ticket was not taken. Whoever goes back in the browser's history is signed in already; others
// read what they can do, and are not sent around in a circle.
func (f *Forward) arriveAgain(w http.ResponseWriter, r *http.Request, d dialect, s *site, a asked) {
	if token := f.cookie(a.header, f.appCookie()); token != "" {
		_, v, err := f.judge(r.Context(), s, &s.whole, a.host, token)
		if err != nil {
			f.trouble(w, r, err)
			return
		}
		if v == passes {
			f.sendTo(w, d, a, f.address(a.host, "/"))
			return
		}
	}
	f.sendTo(w, d, a, f.Base.String()+"/forward/again?app="+s.app.ID)
}

// open uses the ticket up. The visit is empty if there is none for this host and this browser, or not any more. A ticket
// that somebody else's browser brings stays good for its own.
func (f *Forward) open(r *http.Request, a asked) (target, visit, token string, err error) {
	_, query, _ := strings.Cut(a.target, "?")
	values, err := url.ParseQuery(query)
	ticket, nonces := values.Get("ticket"), f.nonces(a.header)
	if err != nil || !isToken(ticket) || len(nonces) == 0 {
		return "", "", "", nil
	}
	token = db.NewToken()
	var one entrance
	used := false
	err = f.DB.Tx(r.Context(), func(tx *db.Tx) (err error) {
		used = false
		found := false
		if one, found, err = findTicket(tx, f.Keys.Lookups(ticketPurpose, ticket), a.host); err != nil || !found {
			return err
		}
		mine := func(nonce string) bool { return f.Keys.CheckMAC(one.nonce, noncePurpose, nonce) }
		if !slices.ContainsFunc(nonces, mine) {
			return nil
		}
		used, err = useTicket(tx, one.id, f.Keys.MAC(tokenPurpose, token))
		return err
	})
	if err != nil || !used {
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
				Detail: audit.Detail{"app": s.app.ID, "name": s.app.Name, "protocol": Name}})
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
