// Questions that an app sends ahead of the browser (Pushed Authorization Requests, RFC 9126): nobody can alter them on the way.
package oidc

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"woggle/internal/app"
	"woggle/internal/db"
	"woggle/internal/limit"
	"woggle/internal/page"
	"woggle/internal/problem"
)

const pushedPrefix = "urn:ietf:params:oauth:request_uri:"

// pushedLife is how long the browser may take to come.
const pushedLife = 90 * time.Second

// pushes bounds what strangers can put into the table: anybody may come in the name of an app that keeps no secret.
var pushes = limit.Rule{Name: "oidc-push", Max: 300, Window: 10 * time.Minute}

type pushed struct {
	RequestURI string `json:"request_uri"`
	ExpiresIn  int    `json:"expires_in"`
}

// push keeps the question of an app. What is wrong with it is told at once, to the app, instead of later, to a person.
func (p *Provider) push(w http.ResponseWriter, r *http.Request) error {
	form, err := readForm(w, r)
	if err != nil {
		return err
	}
	c, err := p.authenticate(r, form)
	if err != nil {
		return err
	}
	for _, name := range []string{"client_secret", "client_assertion", "client_assertion_type"} {
		form.Del(name)
	}
	form.Set("client_id", c.app.ID)
	if form.Get("request_uri") != "" {
		return oidc.ErrInvalidRequest().WithDescription("request_uri is what this endpoint gives, and none that it takes")
	}
	if !c.client.redirects(form.Get("redirect_uri")) {
		return oidc.ErrInvalidRequest().WithDescription("redirect_uri is missing, or not, letter for letter, one of those registered")
	}
	q, fault := returnable(form, form.Get("redirect_uri"))
	if fault == nil {
		_, fault = q.read(form, c.client, p.DB.Now())
	}
	if fault != nil {
		return fault
	}
	ticket, from := db.NewToken(), page.VisitOf(r).Address
	var wait time.Duration
	err = p.DB.Tx(r.Context(), func(tx *db.Tx) (err error) {
		if err = c.spend(tx); err != nil {
			return err
		}
		if c.client.Public() && !from.IsLoopback() {
			if wait, err = pushes.Take(tx, from.String()); err != nil || wait > 0 {
				return err
			}
		}
		return insertPushed(tx, p.Keys.MAC("oidc-pushed", ticket), c.app.ID, form, tx.Now.Add(pushedLife))
	})
	if err != nil {
		return err
	}
	if wait > 0 { // RFC 9126 section 2.3
		w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
		return writeJSON(w, http.StatusTooManyRequests, oidc.ErrInvalidRequest().WithDescription("too many requests were sent ahead from here"))
	}
	return writeJSON(w, http.StatusCreated, pushed{RequestURI: pushedPrefix + ticket, ExpiresIn: int(pushedLife / time.Second)})
}

// pulled takes the question that the app has sent ahead, once.
func (p *Provider) pulled(r *http.Request, a *app.App, uri string) (params url.Values, err error) {
	found := false
	err = p.DB.Tx(r.Context(), func(tx *db.Tx) error {
		for _, hash := range p.Keys.Lookups("oidc-pushed", uri[len(pushedPrefix):]) {
			if params, found, err = takePushed(tx, hash, a.ID); err != nil || found {
				return err
			}
		}
		return nil
	})
	if err == nil && !found {
		err = problem.New(problem.Gone, "oidc.pushed-gone", problem.Args{"app": a.Name})
	}
	return params, err
}
