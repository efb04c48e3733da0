// The answer: a signed token, in a form that posts itself to the app.
package wsfed

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/beevik/etree"

	"woggle/internal/app"
	"woggle/internal/db"
	"woggle/internal/keys/signing"
	"woggle/internal/problem"
	"woggle/internal/samltoken"
	"woggle/internal/session"
	"woggle/internal/signedxml"
)

// outcome is what the transaction of an answer found.
type outcome struct {
	turn  turn
	token token
}

// Enter answers the app.
func (p *Provider) Enter(w http.ResponseWriter, r *http.Request, e *app.Entry) error {
	var asked kept
	if err := json.Unmarshal(e.Request.Data, &asked); err != nil {
		return err
	}
	client := e.Request.App
	reply := of(client).reply(asked.Reply)
	key, err := p.Signing.Active(r.Context(), signing.Federation, signing.RS256)
	if err != nil {
		return err
	}
	var found outcome
	err = p.DB.Tx(r.Context(), func(tx *db.Tx) (err error) {
		found, err = p.prepare(tx, e, asked, reply)
		return err
	})
	switch {
	case err != nil:
		return err
	case found.turn == stale:
		return p.showOld(w, r, client)
	case found.turn == looping:
		p.Log.Warn("an app sends people back again and again, and was not answered", "app", client.ID, "client-request-id", asked.Asked)
		return problem.New(problem.Limited, "wsfed.loop", problem.Args{"app": client.Name}).After(window)
	}
	result, err := found.token.sign(key)
	if err != nil {
		return err
	}
	fields := []app.Field{{Name: "wa", Value: signIn}, {Name: "wresult", Value: string(result)}}
	if asked.Context != "" {
		fields = append(fields, app.Field{Name: "wctx", Value: asked.Context})
	}
	return p.Desk.Post(w, r, client.Name, reply, fields)
}

// prepare counts the answer, uses the request up and collects what the token says, in one transaction.
func (p *Provider) prepare(tx *db.Tx, e *app.Entry, asked kept, reply string) (outcome, error) {
	client, s := e.Request.App, e.Session
	turn, err := count(tx, s, client.ID, asked.Asked)
	if err != nil || turn != answer {
		return outcome{turn: turn}, err
	}
	t := token{kind: of(client).Token, audience: client.Audience, id: samltoken.NewID(), reply: reply, issuedAt: tx.Now, authentication: authentication(s)}
	if client.Audience == entra {
		err = p.forEntra(tx, s, asked.Hint, client, &t)
	} else {
		err = p.forOthers(tx, s, client, &t)
	}
	if err != nil {
		return outcome{}, err
	}
	e.Token = t.id
	visit, err := e.Arrive(tx, "", false)
	t.session = visit.ID
	return outcome{token: t}, err
}

// token is all that a token says.
type token struct {
	kind           string // as in the settings
	id             string
	issuer         string
	audience       string
	name, format   string
	claims         []samltoken.Claim
	authentication samltoken.Authentication
	reply          string // where it goes
	session        string // id of the visit
	issuedAt       time.Time
}

// sign makes the text of wresult.
func (t token) sign(key signing.Key) ([]byte, error) {
	if t.kind == "saml2" {
		assertion, err := t.saml20().Signed(samltoken.Signer{Key: key.Private, Certificate: key.Certificate})
		if err != nil {
			return nil, err
		}
		return t.wrap(assertion, samltoken.SAML20)
	}
	assertion := samltoken.Assertion11{ID: t.id, Issuer: t.issuer, Audience: t.audience, Subject: samltoken.NameID{Format: t.format, Value: t.name},
		Claims: t.claims, Authentication: t.authentication, IssuedAt: t.issuedAt}.Element()
	if err := signedxml.Sign(assertion, "AssertionID", signedxml.Last, key.Private, key.Certificate); err != nil {
		return nil, err
	}
	return t.wrap(assertion, samltoken.SAML11)
}

// saml20 is the token in SAML 2.0. There is no request with an id that it could answer.
func (t token) saml20() samltoken.Assertion {
	a := samltoken.Assertion{ID: t.id, Issuer: t.issuer, Subject: samltoken.NameID{Format: t.format, Value: t.name}, Audience: t.audience,
		Recipient: t.reply, At: t.issuedAt, AuthAt: t.authentication.At, Session: t.session, Class: t.authentication.Class20()}
	for _, claim := range t.claims {
		a.Attributes = append(a.Attributes, samltoken.Attribute{Name: claim.Type, Format: samltoken.URI, Values: claim.Values})
	}
	return a
}

func (t token) wrap(assertion *etree.Element, kind string) ([]byte, error) {
	return signedxml.Bytes(samltoken.RSTR(assertion, kind, t.audience, t.issuedAt))
}

// authentication is what the session's proofs add up to, with nothing made better than it is: all factors stand since the
// time of the older one, however lately the other was proved again.
func authentication(s *session.Session) samltoken.Authentication {
	var a samltoken.Authentication
	know, have := newest(s.Proofs, session.Knowledge), newest(s.Proofs, session.Possession)
	a.At = know
	if know.IsZero() || !have.IsZero() && have.Before(know) {
		a.At = have
	}
	a.Multi, a.Stay = session.LevelOf(s.Proofs) == session.Multi, s.Stay
	if a.Multi {
		a.MultiAt = have
	}
	for _, proof := range s.Proofs {
		for _, method := range proof.AMR {
			a.Password = a.Password || method == "pwd" // RFC 8176 section 2
		}
	}
	return a
}

func newest(proofs []session.Proof, factor session.Factor) (at time.Time) {
	for _, proof := range proofs {
		if proof.Shows(factor) && proof.At.After(at) {
			at = proof.At
		}
	}
	return at
}
