// The answer: an assertion, or why there is none.
package saml

import (
	"encoding/json"
	"net/http"
	"slices"

	"woggle/internal/app"
	"woggle/internal/db"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/samltoken"
	"woggle/internal/signedxml"
)

// stay is what is remembered of a visit: how the app knows the person, for signing out.
type stay struct {
	Name   samltoken.NameID `json:"name"`
	Issuer string           `json:"issuer,omitempty"` // our name in what the app was told
}

// Enter tells the app who is here.
func (p *Provider) Enter(w http.ResponseWriter, r *http.Request, e *app.Entry) error {
	q, s := e.Request, e.Session
	party := q.App.Parsed.(*party)
	var asked question
	if err := json.Unmarshal(q.Data, &asked); err != nil {
		return err
	}
	if !party.takes(asked.ACS) { // the address was taken from the app since
		return problem.New(problem.Malformed, "saml.wrong-address", problem.Args{"app": q.App.Name})
	}
	class, met := proofsOf(s.Proofs).class(asked.Classes, asked.How)
	if !met {
		return p.spend(w, r, e, samltoken.NoAuthnContext)
	}
	by, err := p.signer(r.Context())
	if err != nil {
		return err
	}
	assertion := samltoken.Assertion{ID: samltoken.NewID(), Issuer: p.issuer(q.App), Audience: party.EntityID, Recipient: asked.ACS, InResponseTo: asked.ID,
		AuthAt: s.AuthAt, SessionEnds: s.ExpiresAt, Class: class}
	e.Token = assertion.ID
	wrong := false
	err = p.DB.Tx(r.Context(), func(tx *db.Tx) error {
		wrong = false
		if err := answerOnce(tx, party, asked.ID); err != nil {
			return err
		}
		told, err := app.ProfileOf(tx, s.User, q.App)
		if err != nil {
			return err
		}
		if p.byTenant(q.App) {
			err = p.atMicrosoft(tx, s.User, asked.Hint, q.App, &assertion)
		} else {
			assertion.Attributes = party.attributes(s.User, told)
			assertion.Subject, err = party.name(tx, q.App, s.User, asked.Format, assertion.Issuer)
		}
		if err != nil {
			return err
		}
		if wrong = asked.Subject != nil && !sameName(*asked.Subject, assertion.Subject); wrong {
			return e.Spend(tx)
		}
		data, err := json.Marshal(stay{assertion.Subject, assertion.Issuer})
		if err != nil {
			return err
		}
		visit, err := e.Arrive(tx, string(data), false)
		assertion.Session, assertion.At = visit.ID, tx.Now
		return err
	})
	if err != nil {
		return err
	}
	if wrong {
		return p.refuse(w, r, q, samltoken.UnknownPrincipal)
	}
	message, err := samltoken.Response{Issuer: assertion.Issuer, Destination: asked.ACS, InResponseTo: asked.ID, At: assertion.At,
		Status: samltoken.Success, Assertion: &assertion, Sign: party.SignResponse, Encrypt: party.encrypt}.Bytes(by)
	if err != nil {
		return err
	}
	return p.post(w, r, q.App, asked.ACS, signedxml.Response, message, asked.Relay)
}

// answerOnce notes that the request is answered. Its error is Gone when it was answered already: what was recorded of a
// request, or stands in a browser's history, gets nobody in (threat T72).
func answerOnce(tx *db.Tx, s *party, id string) error {
	if id == "" {
		return nil
	}
	once, err := first(tx, s.EntityID, id)
	if err == nil && !once {
		err = problem.New(problem.Gone, "app.used")
	}
	return err
}

func (s *party) takes(acs string) bool {
	return slices.ContainsFunc(s.ACS, func(e Endpoint) bool { return e.URL == acs })
}

// sameName tells whether two names are of one person at one app (Core section 3.3.4: the format and the qualifiers count
// where both have them).
func sameName(a, b samltoken.NameID) bool {
	same := func(x, y string) bool { return x == "" || y == "" || x == y }
	return a.Value == b.Value && (a.Format == b.Format || a.Format == samltoken.Unspecified || b.Format == samltoken.Unspecified) &&
		same(a.Qualifier, b.Qualifier) && same(a.ReceivedBy, b.ReceivedBy)
}

// spend uses the request up, and tells the app that nobody comes.
func (p *Provider) spend(w http.ResponseWriter, r *http.Request, e *app.Entry, why samltoken.Status) error {
	if err := p.DB.Tx(r.Context(), e.Spend); err != nil {
		return err
	}
	return p.refuse(w, r, e.Request, why)
}

// statuses are the desk's reasons in the words of SAML.
var statuses = map[app.Reason]samltoken.Status{
	app.NotSignedIn: samltoken.NoPassive,
	app.MustAsk:     samltoken.NoPassive,
	app.WrongPerson: samltoken.UnknownPrincipal,
	app.NotAllowed:  samltoken.RequestDenied,
	app.Unmet:       samltoken.NoAuthnContext,
	app.Left:        samltoken.AuthnFailed,
}

// Refuse tells the app that nobody comes.
func (p *Provider) Refuse(w http.ResponseWriter, r *http.Request, q *app.Request, why app.Reason) error {
	told, known := statuses[why]
	if !known {
		told = samltoken.AuthnFailed
	}
	return p.refuse(w, r, q, told)
}

func (p *Provider) refuse(w http.ResponseWriter, r *http.Request, q *app.Request, why samltoken.Status) error {
	var asked question
	if err := json.Unmarshal(q.Data, &asked); err != nil {
		return err
	}
	if asked.ID == "" || !q.App.Parsed.(*party).takes(asked.ACS) { // nobody there has asked
		return page.Redirect(w, r, "/")
	}
	by, err := p.signer(r.Context())
	if err != nil {
		return err
	}
	message, err := samltoken.Response{Issuer: p.issuer(q.App), Destination: asked.ACS, InResponseTo: asked.ID, At: p.DB.Now(), Status: why}.Bytes(by)
	if err != nil {
		return err
	}
	return p.post(w, r, q.App, asked.ACS, signedxml.Response, message, asked.Relay)
}

var _ app.Protocol = (*Provider)(nil)
