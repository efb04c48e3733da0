// The Web Browser SSO profile (Profiles section 4.1): an app asks, or the person begins here.
package saml

import (
	"encoding/json"
	"net/http"

	"woggle/internal/app"
	"woggle/internal/problem"
	"woggle/internal/samltoken"
	"woggle/internal/signedxml"
)

// question is what is kept of a request: where the answer goes, and what it has to say.
type question struct {
	ID      string               `json:"id,omitempty"` // of the app's request; empty: nobody asked
	ACS     string               `json:"acs"`
	Relay   string               `json:"relay,omitempty"`
	Format  string               `json:"format,omitempty"`
	Classes []string             `json:"classes,omitempty"`
	How     samltoken.Comparison `json:"how,omitempty"`
	Subject *samltoken.NameID    `json:"subject,omitempty"` // whom the app asks for
	Hint    string               `json:"hint,omitempty"`    // whom the app expects, in a name of ours
}

// ssoByRedirect takes a request that came with the browser's cookies.
func (p *Provider) ssoByRedirect(w http.ResponseWriter, r *http.Request) error {
	in, q, err := p.byRedirect(r)
	if err == nil && q.Kind != signedxml.Request {
		err = unreadable(nil)
	}
	if err != nil {
		return err
	}
	return p.sso(w, r, in, p.Desk.Receive)
}

// ssoByPost takes a request that an app's form brought: it comes without cookies.
func (p *Provider) ssoByPost(w http.ResponseWriter, r *http.Request) error {
	in, err := p.byPost(r, signedxml.Request)
	if err != nil {
		return err
	}
	return p.sso(w, r, in, p.Desk.Keep)
}

// sso checks the request, and hands it on. Until it is known where the answer may go, errors are a page.
func (p *Provider) sso(w http.ResponseWriter, r *http.Request, in *incoming, on func(http.ResponseWriter, *http.Request, *app.Request) error) error {
	if in.party.WantSignedRequests && !in.signed {
		return unreadable(signedxml.ErrNotSigned)
	}
	asked, err := samltoken.ReadAuthnRequest(in.root)
	if err != nil {
		return unreadable(err)
	}
	if err := p.check(in, asked.Message, "/saml/sso"); err != nil {
		return err
	}
	to, known := in.party.answerTo(asked)
	if !known {
		return problem.New(problem.Malformed, "saml.wrong-address", problem.Args{"app": in.app.Name})
	}
	if in.app.Disabled {
		return problem.New(problem.Forbidden, "app.disabled", problem.Args{"app": in.app.Name})
	}
	kept := question{ID: asked.ID, ACS: to, Relay: in.relay, Format: asked.Format, Classes: asked.Classes, How: asked.Comparison,
		Subject: asked.Subject, Hint: hint(r, asked)}
	data, err := json.Marshal(kept)
	if err != nil {
		return err
	}
	q := &app.Request{Protocol: Name, App: in.app, Data: data, Demand: app.Demand{Passive: asked.Passive, Hint: kept.Hint}}
	if !in.party.gives(asked.Format, asked.Qualifier) {
		return p.refuse(w, r, q, samltoken.InvalidNameIDPolicy)
	}
	if _, possible := everybody.class(asked.Classes, asked.Comparison); !possible || asked.ByDecl {
		return p.refuse(w, r, q, samltoken.NoAuthnContext)
	}
	if asked.Force {
		q.Demand.Since = p.DB.Now()
	}
	return on(w, r, q)
}

// hint is whom the app expects, if it says so in a name that people type. Entra says it in the query, beside the message.
func hint(r *http.Request, asked samltoken.AuthnRequest) string {
	if s := asked.Subject; s != nil {
		if s.Format == samltoken.Email || s.Format == samltoken.Unspecified {
			return s.Value
		}
		return ""
	}
	query := r.URL.Query()
	for _, name := range []string{"login_hint", "username"} {
		if value := query.Get(name); value != "" && len(value) <= 256 {
			return value
		}
	}
	return ""
}

// answerTo is the registered address for the answer: the one that is asked for, byte for byte or by its index, or the
// first (threat T71). An answer is posted; an app that asks for another binding gets none.
func (s *party) answerTo(q samltoken.AuthnRequest) (string, bool) {
	if q.Binding != "" && q.Binding != bindingPost {
		return "", false
	}
	for _, e := range s.ACS {
		switch {
		case q.ACSIndex != nil:
			if e.Index != nil && *e.Index == *q.ACSIndex {
				return e.URL, true
			}
		case q.ACS == "", q.ACS == e.URL:
			return e.URL, true
		}
	}
	return "", false
}

// start lets a person begin here, without a request (Profiles section 4.1.5). An app that takes such answers cannot tell
// whether its own person asked for them, so that each has to allow it (threat T71).
func (p *Provider) start(w http.ResponseWriter, r *http.Request) error {
	apps, err := p.Desk.Catalogue.Current(r.Context())
	if err != nil {
		return err
	}
	a, known := apps.ByID(r.PathValue("app"))
	if !known || a.Protocol != Name || !a.Parsed.(*party).IDPInitiated {
		return problem.New(problem.NotFound, "error.not-found")
	}
	data, err := json.Marshal(question{ACS: a.Parsed.(*party).ACS[0].URL})
	if err != nil {
		return err
	}
	return p.Desk.Receive(w, r, &app.Request{Protocol: Name, App: a, Data: data})
}
