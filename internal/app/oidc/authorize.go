// The authorization endpoint (RFC 6749 section 3.1, OpenID Connect Core section 3.1.2).
package oidc

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"woggle/internal/app"
	"woggle/internal/db"
	"woggle/internal/problem"
	"woggle/internal/session"
)

// authorize takes the question that the browser brings in an address.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) error {
	params, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return problem.New(problem.Malformed, "error.malformed").Because(err)
	}
	return p.ask(w, r, params, p.Desk.Receive)
}

// authorizePosted takes it in a form of another site, with which no cookie came.
func (p *Provider) authorizePosted(w http.ResponseWriter, r *http.Request) error {
	return p.ask(w, r, r.PostForm, p.Desk.Keep)
}

// ask reads the question. Until it is proven that the answer goes to the app, what is wrong is told to the person, on a page,
// and nobody is sent anywhere (RFC 9700 section 4.11).
func (p *Provider) ask(w http.ResponseWriter, r *http.Request, params url.Values, take func(http.ResponseWriter, *http.Request, *app.Request) error) error {
	a, err := p.asker(r, params)
	if err != nil {
		return err
	}
	client := clientOf(a)
	if uri := params.Get("request_uri"); strings.HasPrefix(uri, pushedPrefix) {
		if params, err = p.pulled(r, a, uri); err != nil {
			return err
		}
	}
	redirect := params.Get("redirect_uri")
	switch {
	case redirect == "" || len(params["redirect_uri"]) > 1:
		return problem.New(problem.Malformed, "oidc.no-redirect", problem.Args{"app": a.Name})
	case !client.redirects(redirect):
		p.Log.InfoContext(r.Context(), "an app asks for an address that is not registered", "app", a.ID, "redirect_uri", redirect[:min(len(redirect), 200)])
		return problem.New(problem.Malformed, "oidc.wrong-redirect", problem.Args{"app": a.Name})
	}
	request := &app.Request{Protocol: Name, App: a, CreatedAt: p.DB.Now()}
	q, fault := returnable(params, redirect)
	if fault == nil {
		request.Demand, fault = q.read(params, client, request.CreatedAt)
	}
	if fault == nil {
		fault, err = p.readHint(r, params.Get("id_token_hint"), request)
	}
	switch {
	case err != nil:
		return err
	case fault != nil:
		return p.refuse(w, r, request, q, fault)
	}
	if request.Data, err = json.Marshal(q); err != nil {
		return err
	}
	return take(w, r, request)
}

// asker is the app whose question it is.
func (p *Provider) asker(r *http.Request, params url.Values) (*app.App, error) {
	apps, err := p.Desk.Catalogue.Current(r.Context())
	if err != nil {
		return nil, err
	}
	a, found := apps.ByAudience(Name, params.Get("client_id"))
	switch {
	case !found || len(params["client_id"]) > 1:
		return nil, problem.New(problem.NotFound, "oidc.no-app")
	case a.Disabled:
		return nil, problem.New(problem.Forbidden, "app.disabled", problem.Args{"app": a.Name})
	}
	return a, nil
}

// readHint reads who was signed in when the app got the ID token that it shows.
func (p *Provider) readHint(r *http.Request, hint string, request *app.Request) (*oidc.Error, error) {
	if hint == "" {
		return nil, nil
	}
	claims, err := p.verifyHint(r.Context(), hint)
	if err != nil {
		return nil, err
	}
	switch {
	case claims == nil || oidc.CheckAudience(claims, request.App.ID) != nil:
		return oidc.ErrInvalidRequest().WithDescription("id_token_hint is none of our ID tokens for this client"), nil
	case request.Demand.Subject != "" && request.Demand.Subject != claims.Subject:
		return oidc.ErrInvalidRequest().WithDescription("claims and id_token_hint name two people"), nil
	}
	request.Demand.Subject = claims.Subject
	return nil, nil
}

// Enter gives the app a code: one row, in one transaction with the visit and the record of it.
func (p *Provider) Enter(w http.ResponseWriter, r *http.Request, e *app.Entry) error {
	var q question
	if err := json.Unmarshal(e.Request.Data, &q); err != nil {
		return err
	}
	if q.Device != "" {
		return p.allowDevice(w, r, e, q)
	}
	s, client := e.Session, clientOf(e.Request.App)
	// The app's settings may have changed while somebody signed in.
	if !client.redirects(q.RedirectURI) {
		return problem.New(problem.Malformed, "oidc.wrong-redirect", problem.Args{"app": e.Request.App.Name})
	}
	acr, reached := q.acr(session.LevelOf(s.Proofs) == session.Multi)
	if !reached {
		return p.refuse(w, r, e.Request, q, &oidc.Error{ErrorType: unmetRequirements, Description: "no such acr can be reached here"})
	}
	if asks, err := p.asksConsent(r, e, q); err != nil {
		return err
	} else if asks {
		return p.askConsent(w, r, e, q)
	}
	g := grant{ID: db.NewID(), App: e.Request.App.ID, User: s.User.ID, Scope: q.Scope, Terms: terms{RedirectURI: q.RedirectURI,
		Challenge: q.Challenge, Nonce: q.Nonce, AuthAt: s.AuthAt, AMR: session.AMR(s.Proofs), ACR: acr, IDClaims: q.Claims.IDToken}, Claims: q.Claims.UserInfo}
	g.Offline = g.has(oidc.ScopeOfflineAccess)
	var code token
	err := p.DB.Tx(r.Context(), func(tx *db.Tx) error {
		visit, err := e.Arrive(tx, "", g.Offline)
		if err != nil {
			return err
		}
		g.Visit, code = visit.ID, token{kind: codeToken, grant: g.ID, madeAt: tx.Now}
		return insertGrant(tx, g, tx.Now.Add(codeLife), tx.Now.Add(codeLife))
	})
	if err != nil {
		return err
	}
	signed, err := code.sign(p.Keys)
	if err != nil {
		return err
	}
	return p.answer(w, r, e.Request, q, app.Field{Name: "code", Value: signed})
}

// Refuse tells the app that nobody comes.
func (p *Provider) Refuse(w http.ResponseWriter, r *http.Request, request *app.Request, why app.Reason) error {
	var q question
	if err := json.Unmarshal(request.Data, &q); err != nil {
		return err
	}
	if q.Device != "" {
		return p.refuseDevice(w, r, q)
	}
	if !clientOf(request.App).redirects(q.RedirectURI) {
		return problem.New(problem.Malformed, "oidc.wrong-redirect", problem.Args{"app": request.App.Name})
	}
	return p.refuse(w, r, request, q, reasonFor(why))
}

func reasonFor(why app.Reason) *oidc.Error {
	switch why {
	case app.NotSignedIn:
		return oidc.ErrLoginRequired().WithDescription("nobody is signed in, and nothing may be asked")
	case app.WrongPerson:
		return oidc.ErrLoginRequired().WithDescription("somebody else is signed in")
	case app.MustAsk:
		// What was proved is too weak or too old: a sign-in is wanted (OpenID Connect Core section 3.1.2.1, max_age).
		return oidc.ErrLoginRequired().WithDescription("the person would have to prove once more who they are")
	case app.Unmet:
		return &oidc.Error{ErrorType: unmetRequirements, Description: "what it takes cannot be proved here"}
	}
	return oidc.ErrAccessDenied().WithDescription("the person may not use the app, or turned back")
}

// refuse sends an error to the app.
func (p *Provider) refuse(w http.ResponseWriter, r *http.Request, request *app.Request, q question, fault *oidc.Error) error {
	fields := []app.Field{{Name: "error", Value: string(fault.ErrorType)}}
	if fault.Description != "" {
		fields = append(fields, app.Field{Name: "error_description", Value: printable(fault.Description)})
	}
	return p.answer(w, r, request, q, fields...)
}

// printable keeps the characters that an error_description may have (RFC 6749 section 4.1.2.1).
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '"':
			return '\''
		case r < ' ' || r > '~' || r == '\\':
			return '?'
		}
		return r
	}, text)
}

// answer sends the browser to the app. Whose answer it is stands in it, so that an app that knows several providers cannot be
// led to take one's answer to another (RFC 9207).
func (p *Provider) answer(w http.ResponseWriter, r *http.Request, request *app.Request, q question, fields ...app.Field) error {
	if q.State != "" {
		fields = append(fields, app.Field{Name: "state", Value: q.State})
	}
	fields = append(fields, app.Field{Name: "iss", Value: p.Base})
	if q.Mode == string(oidc.ResponseModeFormPost) {
		return p.Desk.Post(w, r, request.App.Name, q.RedirectURI, fields)
	}
	values := url.Values{}
	for _, f := range fields {
		values.Set(f.Name, f.Value)
	}
	return p.Desk.Onward(w, r, request, withParams(q.RedirectURI, q.Mode == string(oidc.ResponseModeFragment), values))
}

// withParams adds parameters to an address, which is left as it is otherwise.
func withParams(address string, fragment bool, values url.Values) string {
	switch {
	case len(values) == 0:
		return address
	case fragment:
		return address + "#" + values.Encode()
	case strings.HasSuffix(address, "?"):
		return address + values.Encode()
	case strings.Contains(address, "?"):
		return address + "&" + values.Encode()
	}
	return address + "?" + values.Encode()
}
