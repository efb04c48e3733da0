// The minibus log, which has no sign-in of its own: a plain site behind a reverse proxy, which asks for each request whether
// it may pass, as nginx does with auth_request.
package sampleapps

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

var minibus = about{"minibus", "Minibus log", "Who has the minibus, and how far it went."}

func (a *Apps) minibusCard() Card {
	host := a.Minibus
	if u, err := url.Parse(a.Minibus); err == nil {
		host = u.Host
	}
	return Card{ID: minibus.ID, Name: minibus.Name, Protocol: "forwardauth", Launch: a.Minibus + "/", Tell: []string{"groups"},
		Settings: map[string]any{"hosts": []string{host}}}
}

// identity are the headers by which the site learns who comes. The proxy takes them away from what browsers send: who sends
// them says who they are.
var identity = []string{"Remote-User", "Remote-Name", "Remote-Email", "Remote-Groups", "Woggle-Assertion"}

// MinibusHandler serves the minibus log: the proxy, and the site behind it.
func (a *Apps) MinibusHandler() http.Handler {
	site := http.NewServeMux()
	keys := oidc.NewRemoteKeySet(oidc.ClientContext(context.Background(), a.client), a.SignIn+"/forward/keys")
	site.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		t := &told{Username: r.Header.Get("Remote-User"), Name: decoded(r.Header.Get("Remote-Name")), Email: decoded(r.Header.Get("Remote-Email"))}
		for group := range strings.SplitSeq(r.Header.Get("Remote-Groups"), ",") {
			if group != "" {
				t.Groups = append(t.Groups, decoded(group))
			}
		}
		if err := t.believe(r, keys, a); err != nil {
			a.fail(w, r, minibus, wordsBad, err)
			return
		}
		a.show(w, r, http.StatusOK, "minibus", view{App: minibus, Told: t})
	})
	proxy := http.NewServeMux()
	proxy.HandleFunc("GET /static/", a.static) // the style, which everybody may read
	proxy.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { a.proxy(w, r, site) })
	return a.guard(proxy)
}

// decoded is the text of a header in which other letters than those of ASCII stand as in an address.
func decoded(header string) string {
	text, err := url.PathUnescape(header)
	if err != nil {
		return header
	}
	return text
}

// proxy asks, and does as it is told.
func (a *Apps) proxy(w http.ResponseWriter, r *http.Request, site http.Handler) {
	question, err := http.NewRequestWithContext(r.Context(), http.MethodGet, a.SignIn+"/forward/check/nginx", nil)
	if err != nil {
		a.fail(w, r, minibus, wordsAway, err)
		return
	}
	question.Header = r.Header.Clone()
	for _, hop := range []string{"Connection", "Content-Length", "Upgrade", "Te", "Transfer-Encoding"} {
		question.Header.Del(hop)
	}
	question.Header.Set("X-Original-Url", a.Minibus+r.RequestURI)
	question.Header.Set("X-Original-Method", r.Method)
	answer, err := a.client.Do(question)
	if err != nil {
		a.fail(w, r, minibus, wordsAway, err)
		return
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		a.turnAway(w, r, answer)
		return
	}
	for _, name := range identity {
		r.Header.Del(name)
		if value := answer.Header.Get(name); value != "" {
			r.Header.Set(name, value)
		}
	}
	site.ServeHTTP(w, r)
}

// turnAway sends the browser where the answer says, as error_page does in nginx.
func (a *Apps) turnAway(w http.ResponseWriter, r *http.Request, answer *http.Response) {
	for _, value := range answer.Header.Values("Set-Cookie") {
		w.Header().Add("Set-Cookie", value)
	}
	to := answer.Header.Get("Location")
	switch {
	case answer.StatusCode == http.StatusUnauthorized && to != "":
		http.Redirect(w, r, to, http.StatusSeeOther)
	case answer.StatusCode == http.StatusUnauthorized:
		http.Error(w, "Nobody is signed in.", http.StatusUnauthorized) // to a program, which could not sign in
	case answer.StatusCode == http.StatusForbidden:
		a.refuse(w, r, minibus, wordsDenied, "403")
	default:
		a.fail(w, r, minibus, wordsAway, errors.New("the check answered "+answer.Status))
	}
}

// believe takes when and how somebody signed in from what the sign-in has signed, and holds the headers against it.
func (t *told) believe(r *http.Request, keys *oidc.RemoteKeySet, a *Apps) error {
	verifier := oidc.NewVerifier(a.SignIn, keys, &oidc.Config{ClientID: a.Minibus, SupportedSigningAlgs: []string{oidc.ES256}})
	token, err := verifier.Verify(oidc.ClientContext(r.Context(), a.client), r.Header.Get("Woggle-Assertion"))
	if err != nil {
		return err
	}
	var claims struct {
		Username string   `json:"preferred_username"`
		AuthTime int64    `json:"auth_time"`
		AMR      []string `json:"amr"`
		Session  string   `json:"sid"`
	}
	if err := token.Claims(&claims); err != nil {
		return err
	}
	if claims.Username != decoded(t.Username) {
		return errors.New("the headers are about somebody else than the assertion")
	}
	t.Username, t.Subject, t.At, t.Session = claims.Username, token.Subject, time.Unix(claims.AuthTime, 0), claims.Session
	t.How, t.Level = inWords(claims.AMR)
	return nil
}
