// Consent: apps that are not the organisation's own are told of a person only what the person lets them know.
package oidc

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"woggle/internal/app"
	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/session"
)

type consentPage struct {
	Request string // id of the kept request
	App     string
	AppID   string
	Host    string // where the answer goes
	Name    string // of who is signed in
	Scope   string
	Asks    []string // locale keys of what it asks to know
	Others  []string // scopes of the app's own, which no sentence of ours describes
}

// asked are the scopes that cover all that the question asks to know.
func (q *question) asked() []string {
	scopes := slices.Clone(q.Scope)
	for _, claim := range slices.Concat(q.Claims.UserInfo, q.Claims.IDToken) {
		scope := scopeFor(claim)
		if !slices.Contains(reserved, claim) && !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

// asksConsent tells whether the person has still to say yes.
func (p *Provider) asksConsent(r *http.Request, e *app.Entry, q question) (asks bool, err error) {
	anew := e.Request.Demand.Consent
	if !clientOf(e.Request.App).Consent && !anew {
		return false, nil
	}
	err = p.DB.Ask(r.Context(), func(tx *db.Tx) error {
		given, at, err := consentOf(tx, e.Session.User.ID, e.Request.App.ID)
		asks = anew && at.Before(e.Request.CreatedAt) ||
			slices.ContainsFunc(q.asked(), func(s string) bool { return !slices.Contains(given, s) })
		return err
	})
	return asks, err
}

// askConsent shows the page. Its form needs the request to come back to, so that one which is kept nowhere is kept first.
func (p *Provider) askConsent(w http.ResponseWriter, r *http.Request, e *app.Entry, q question) error {
	if e.Request.Demand.Passive {
		return p.refuse(w, r, e.Request, q, &oidc.Error{ErrorType: consentRequired, Description: "the person would have to be asked"})
	}
	if e.Request.ID == "" {
		return p.Desk.Keep(w, r, e.Request)
	}
	data := consentPage{Request: e.Request.ID, App: e.Request.App.Name, AppID: e.Request.App.ID, Name: e.Session.User.Name(),
		Scope: strings.Join(q.asked(), " ")}
	if u, err := url.Parse(q.RedirectURI); err == nil {
		data.Host = u.Host
	}
	data.Asks, data.Others = sentences(q.asked())
	return p.Pages.Show(w, r, "oidc/consent", data)
}

// sentences are what scopes mean, in plain words.
func sentences(scopes []string) (keys, others []string) {
	for _, s := range scopes {
		if isStandard(s) || s == oidc.ScopeOfflineAccess {
			keys = append(keys, "oidc.scope."+s)
		} else {
			others = append(others, s)
		}
	}
	return keys, others
}

// consent notes that the person said yes. Whoever alters the form says yes to something else, for themselves.
func (p *Provider) consent(w http.ResponseWriter, r *http.Request) error {
	s, scope := session.Of(r), words(r.PostFormValue("scope"))
	a, err := p.app(r.Context(), r.PostFormValue("app"))
	if s == nil || err != nil {
		return problem.New(problem.Gone, "app.gone").Because(err)
	}
	scope = clientOf(a).allow(scope)
	err = p.DB.Tx(r.Context(), func(tx *db.Tx) error {
		before, _, err := consentOf(tx, s.User.ID, a.ID)
		if err != nil {
			return err
		}
		all := slices.Compact(slices.Sorted(slices.Values(slices.Concat(before, scope))))
		if err := putConsent(tx, s.User.ID, a.ID, all); err != nil {
			return err
		}
		return audit.Record(tx, audit.Event{Type: audit.AppConsented, Actor: s.User.ID, User: s.User.ID, Agent: s.Agent,
			Detail: audit.Detail{"app": a.ID, "name": a.Name, "scope": strings.Join(scope, " ")}})
	})
	if err != nil {
		return err
	}
	return page.Redirect(w, r, "/app/continue/"+url.PathEscape(r.PostFormValue("request")))
}
