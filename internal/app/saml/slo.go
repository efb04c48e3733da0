// Single Logout (Profiles section 4.4): an app asks for sign-out, or answers that it has signed out.
package saml

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"woggle/internal/db"
	"woggle/internal/page"
	"woggle/internal/samltoken"
	"woggle/internal/signedxml"
	"woggle/internal/signin"
)

// sloByRedirect takes a request or an answer of an app. What follows happens at /saml/signout, whose address is the
// same however the message came, with cookies or without.
func (p *Provider) sloByRedirect(w http.ResponseWriter, r *http.Request) error {
	in, q, err := p.byRedirect(r)
	if err != nil {
		return err
	}
	if q.Kind == signedxml.Response {
		return p.toldOf(w, r, in)
	}
	return p.ordered(w, r, in, redirect, p.browser(r)[0])
}

// sloByPost takes the same from an app's form. It comes without cookies, so that it is nobody's yet.
func (p *Provider) sloByPost(w http.ResponseWriter, r *http.Request) error {
	if r.PostForm.Has(signedxml.Response) {
		in, err := p.byPost(r, signedxml.Response)
		if err != nil {
			return err
		}
		return p.toldOf(w, r, in)
	}
	in, err := p.byPost(r, signedxml.Request)
	if err != nil {
		return err
	}
	return p.ordered(w, r, in, post, nil)
}

// ordered keeps an app's request. Without a signature anybody may have made it: then the person is asked (threat T73).
func (p *Provider) ordered(w http.ResponseWriter, r *http.Request, in *incoming, binding string, browser []byte) error {
	order, err := samltoken.ReadLogoutOrder(in.root)
	if err != nil {
		return unreadable(err)
	}
	if err := p.check(in, order.Message, "/saml/slo"); err != nil {
		return err
	}
	if !order.Until.IsZero() && !order.Until.After(p.DB.Now()) {
		return unreadable(nil)
	}
	f := &farewell{id: newFarewell(), By: in.app.ID, Request: order.ID, Relay: in.relay, Binding: binding, Name: order.Subject,
		Sessions: order.Sessions, Signed: in.signed}
	var wait time.Duration
	err = p.DB.Tx(r.Context(), func(tx *db.Tx) (err error) {
		if wait, err = p.Desk.Flow.AdmitRequest(tx, r); err != nil || wait > 0 {
			return err
		}
		return insertFarewell(tx, f, browser)
	})
	switch {
	case err != nil:
		return err
	case wait > 0:
		return signin.TooManyHere(wait)
	}
	return page.Redirect(w, r, f.address())
}

// toldOf takes an app's answer to our request, and leads the person on. An answer that cannot be believed, or that says that
// something went wrong, counts as none: it is shown at the end.
func (p *Provider) toldOf(w http.ResponseWriter, r *http.Request, in *incoming) error {
	answer, err := samltoken.ReadLogoutAnswer(in.root)
	if err != nil {
		return unreadable(err)
	}
	if err := p.check(in, answer.Message, "/saml/slo"); err != nil {
		return err
	}
	id, n, ok := stepOf(answer.InResponseTo)
	if !ok {
		return unreadable(nil)
	}
	// No cookie is asked for: the answer says nothing but how one step went, and its number is known to its app only.
	f, err := p.change(r, id, nil, func(_ *db.Tx, f *farewell) error {
		if n < len(f.Steps) && f.Steps[n].App == in.app.ID && f.Steps[n].State == sent {
			f.Steps[n].State = failed
			if answer.Success && (in.signed || len(in.party.certs) == 0) {
				f.Steps[n].State = done
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return page.Redirect(w, r, f.address())
}

// The id of our request to an app names the farewell and the step, so that its answer needs nothing else to be placed.
func requestID(id string, step int) string { return "_" + id + "." + strconv.Itoa(step) }

func stepOf(requestID string) (id string, step int, ok bool) {
	id, number, found := strings.Cut(strings.TrimPrefix(requestID, "_"), ".")
	step, err := strconv.Atoi(number)
	return id, step, found && err == nil && step >= 0
}

// sloFor is where the app is told of sign-out: by the binding if it has an address for it, or else its first; nil where it
// has none.
func (s *party) sloFor(binding string) *Endpoint {
	for i, e := range s.SLO {
		if e.Binding == binding {
			return &s.SLO[i]
		}
	}
	if len(s.SLO) == 0 {
		return nil
	}
	return &s.SLO[0]
}
