// Signing out because an app says so (OpenID Connect RP-Initiated Logout 1.0).
package oidc

import (
	"cmp"
	"html/template"
	"net/http"
	"net/url"
	"slices"

	"woggle/internal/app"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/session"
)

// departure is what an app asks for at the logout endpoint.
type departure struct {
	app     *app.App // nil: nobody has said which, or could prove it
	subject string   // of a good id_token_hint
	uri     string   // a registered address of the app's, or empty
	to      string   // the same with the state
}

// logout ends the session of the person whose ID token the app shows; without one it asks, because any site could send a
// browser here (threat T67).
func (p *Provider) logout(w http.ResponseWriter, r *http.Request) error {
	d, err := p.departs(r, r.URL.Query())
	if err != nil {
		return err
	}
	s := session.Of(r)
	switch {
	case d.subject != "" && (s == nil || s.User.ID == d.subject):
		done := d.done(r.URL.Query().Get("state"))
		first, err := p.Depart(w, r, done)
		if err != nil {
			return err
		}
		// Straight to the app, where nobody else has to be told.
		return page.Redirect(w, r, cmp.Or(first, d.to, done))
	case s == nil:
		return p.Pages.Show(w, r, "oidc/signed-out", signedOutPage{To: template.URL(d.to), App: d.name()})
	}
	q := r.URL.Query()
	return p.Pages.Show(w, r, "oidc/logout", logoutPage{Name: s.User.Name(), Client: q.Get("client_id"), Hint: q.Get("id_token_hint"),
		To: q.Get("post_logout_redirect_uri"), State: q.Get("state")})
}

type logoutPage struct{ Name, Client, Hint, To, State string }

type signedOutPage struct {
	App string
	To  template.URL // proven to be the app's
}

func (d departure) name() string {
	if d.app == nil {
		return ""
	}
	return d.app.Name
}

// departs reads the request. Its errors are for the person: an address that is not registered is not gone to.
func (p *Provider) departs(r *http.Request, params url.Values) (d departure, err error) {
	apps, err := p.Desk.Catalogue.Current(r.Context())
	if err != nil {
		return d, err
	}
	id := params.Get("client_id")
	if hint := params.Get("id_token_hint"); hint != "" {
		claims, err := p.verifyHint(r.Context(), hint)
		switch {
		case err != nil:
			return d, err
		case claims == nil || len(claims.Audience) != 1 || id != "" && id != claims.Audience[0]:
			return d, nil // as if nothing had been said: the person is asked, and nobody is sent anywhere
		}
		id, d.subject = claims.Audience[0], claims.Subject
	}
	a, found := apps.ByAudience(Name, id)
	if !found {
		return departure{}, nil
	}
	d.app = a
	to := params.Get("post_logout_redirect_uri")
	if to == "" {
		return d, nil
	}
	if !slices.Contains(clientOf(a).PostLogoutRedirectURIs, to) {
		return d, problem.New(problem.Malformed, "oidc.wrong-logout-redirect", problem.Args{"app": a.Name})
	}
	state := url.Values{}
	if s := params.Get("state"); s != "" && len(s) <= mostState {
		state.Set("state", s)
	}
	d.uri, d.to = to, withParams(to, false, state)
	return d, nil
}

// logoutPosted takes the same in a form of the app's, with which no cookie came: the browser is sent to come once more.
func (p *Provider) logoutPosted(w http.ResponseWriter, r *http.Request) error {
	params := url.Values{}
	for _, name := range []string{"id_token_hint", "client_id", "post_logout_redirect_uri", "state"} {
		if value := r.PostForm.Get(name); value != "" {
			params.Set(name, value)
		}
	}
	return page.Redirect(w, r, withParams("/oidc/logout", false, params))
}

// confirmLogout is the person's yes. Then the browser is a new one, and its next page has to be a new one, too.
func (p *Provider) confirmLogout(w http.ResponseWriter, r *http.Request) error {
	d, err := p.departs(r, r.PostForm)
	if err != nil {
		return err
	}
	done := d.done(r.PostForm.Get("state"))
	first, err := p.Depart(w, r, done)
	if err != nil {
		return err
	}
	return page.Redirect(w, r, cmp.Or(first, done))
}

// done is the page that says that it is done, and goes on to the app.
func (d departure) done(state string) string {
	params := url.Values{}
	if d.to != "" {
		params = url.Values{"client_id": {d.app.ID}, "post_logout_redirect_uri": {d.uri}}
		if state != "" {
			params.Set("state", state)
		}
	}
	return withParams("/oidc/signed-out", false, params)
}

// showSignedOut says that it is done, and goes on to the app. Chromium holds a redirect that follows a form against the
// form-action of its page, so that it is a refresh.
func (p *Provider) showSignedOut(w http.ResponseWriter, r *http.Request) error {
	if session.Of(r) != nil {
		return page.Redirect(w, r, "/") // somebody has signed in since
	}
	d, err := p.departs(r, r.URL.Query())
	if err != nil {
		return err
	}
	if d.to != "" {
		w.Header().Set("Refresh", "0; url="+d.to)
	}
	return p.Pages.Show(w, r, "oidc/signed-out", signedOutPage{To: template.URL(d.to), App: d.name()})
}
