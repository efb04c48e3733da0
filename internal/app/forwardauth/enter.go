// The way in, on our own host: from a site to the sign-in, and back with a ticket.
package forwardauth

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"woggle/internal/app"
	"woggle/internal/db"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/session"
)

// beginning is what a browser that is sent to sign in brings along, sealed: nobody but us can make one, and what was
// asked for is nobody else's to read.
type beginning struct {
	Host   string `json:"h"`
	Target string `json:"t"`
	Nonce  []byte `json:"n"` // fingerprint of the cookie that the browser got on the site's host
	At     int64  `json:"a"` // UTC milliseconds
}

// beginLife is how old a beginning may be. The browser follows at once; somebody else, to whom the address was sent,
// does not.
const beginLife = 10 * time.Minute

// Purposes of fingerprints, and the places of what is sealed.
const (
	tokenPurpose  = "forward-token"
	ticketPurpose = "forward-ticket"
	noncePurpose  = "forward-nonce"
	beginPlace    = "forward-beginning"
)

// startAddress is where a browser signs in. Before it leaves, it gets a cookie of the site's host, if it has none: only
// where that is will the ticket be taken, so that nobody can be signed in by somebody else's ticket.
func (f *Forward) startAddress(w http.ResponseWriter, a asked) string {
	nonce := db.NewToken()
	if known := f.nonces(a.header); len(known) > 0 {
		nonce = known[0]
	} else {
		f.setCookie(w, f.nonceCookie()+nonce[:6], nonce, nonceLife)
	}
	raw, err := json.Marshal(beginning{Host: a.host, Target: a.back(), Nonce: f.Keys.MAC(noncePurpose, nonce), At: f.DB.Now().UnixMilli()})
	if err != nil {
		panic(err) // unreachable: texts, bytes and a number
	}
	sealed := f.Keys.Seal(raw, beginPlace)
	return f.Base.String() + "/forward/start?q=" + base64.RawURLEncoding.EncodeToString(sealed)
}

// reopen reads a beginning. It is nil if it is none of ours.
func (f *Forward) reopen(q string) *beginning {
	sealed, err := base64.RawURLEncoding.DecodeString(q)
	if err != nil {
		return nil
	}
	raw, err := f.Keys.Open(sealed, beginPlace)
	if err != nil {
		return nil
	}
	var b beginning
	if json.Unmarshal(raw, &b) != nil {
		return nil
	}
	return &b
}

// find is the site that a beginning is about, and the rule of what was asked for.
func (f *Forward) find(r *http.Request, q string) (*beginning, *site, *rule, error) {
	gone := problem.New(problem.Gone, "forwardauth.gone")
	b := f.reopen(q)
	if b == nil {
		return nil, nil, nil, gone
	}
	s, err := f.site(r.Context(), b.Host)
	if err != nil {
		return nil, nil, nil, err
	}
	path, ok := readPath(b.Target)
	if s == nil || !ok {
		return nil, nil, nil, gone
	}
	return b, s, s.ruleOf(path), nil
}

// start hands the request to the desk.
func (f *Forward) start(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query().Get("q")
	b, s, rule, err := f.find(r, q)
	if err != nil {
		return err
	}
	if age := f.DB.Now().Sub(db.Time(b.At)); age > beginLife || age < -beginLife {
		// A page that was left open, or kept among the bookmarks. The site begins anew.
		return page.Redirect(w, r, f.address(b.Host, "/"))
	}
	data, err := json.Marshal(q)
	if err != nil {
		return err
	}
	return f.Desk.Receive(w, r, &app.Request{Protocol: Name, App: s.app, Data: data, Demand: rule.demand})
}

// Enter gives the browser a ticket for the site. The site's host makes a cookie of it.
func (f *Forward) Enter(w http.ResponseWriter, r *http.Request, e *app.Entry) error {
	var q string
	if err := json.Unmarshal(e.Request.Data, &q); err != nil {
		return err
	}
	b, s, rule, err := f.find(r, q)
	if err != nil {
		return err
	}
	if s.app.ID != e.Request.App.ID {
		return problem.New(problem.Gone, "forwardauth.gone") // the host has become another app's
	}
	ticket, one := db.NewToken(), entrance{id: db.NewID(), host: b.Host, nonce: b.Nonce}
	one.ticket = f.Keys.MAC(ticketPurpose, ticket)
	one.target = f.Keys.Seal([]byte(b.Target), "forward_sessions", "target", one.id)
	err = f.DB.Tx(r.Context(), func(tx *db.Tx) error {
		admitted, err := rule.admits(tx, e.Session.User.ID)
		if err != nil {
			return err
		}
		if !admitted {
			return problem.New(problem.Forbidden, "forwardauth.part", problem.Args{"app": s.app.Name, "name": e.Session.User.Name()})
		}
		visit, err := e.Arrive(tx, "", false)
		if err != nil {
			return err
		}
		one.visit = visit.ID
		return insert(tx, one)
	})
	if err != nil {
		return err
	}
	return f.Desk.Onward(w, r, e.Request, f.address(b.Host, returnPath+"?ticket="+url.QueryEscape(ticket)))
}

// Refuse has no app to tell: the site has not been asked anything yet.
func (f *Forward) Refuse(w http.ResponseWriter, r *http.Request, q *app.Request, why app.Reason) error {
	if why == app.Unmet {
		return problem.New(problem.Forbidden, "forwardauth.unmet", problem.Args{"app": q.App.Name})
	}
	return page.Redirect(w, r, "/")
}

// afterPage is shown when a browser comes back from a site.
type afterPage struct {
	App    string
	To     string // the site
	Signed bool   // somebody is signed in here
}

// again is shown to whose ticket was not taken.
func (f *Forward) again(w http.ResponseWriter, r *http.Request) error {
	return f.after(w, r, "forwardauth/again", page.Status(http.StatusGone))
}

// signedOut is shown after a sign-out at a site.
func (f *Forward) signedOut(w http.ResponseWriter, r *http.Request) error {
	return f.after(w, r, "forwardauth/signed-out")
}

func (f *Forward) after(w http.ResponseWriter, r *http.Request, name string, options ...page.Option) error {
	apps, err := f.Desk.Catalogue.Current(r.Context())
	if err != nil {
		return err
	}
	a, known := apps.ByID(r.URL.Query().Get("app"))
	if !known || a.Protocol != Name {
		return problem.New(problem.NotFound, "error.not-found")
	}
	one := a.Parsed.(*site)
	return f.Pages.Show(w, r, name, afterPage{App: a.Name, To: f.address(one.hosts[0], "/"), Signed: session.Of(r) != nil}, options...)
}
