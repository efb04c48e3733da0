package oidc

import (
	"context"
	"net/http"
	"net/url"

	"woggle/internal/app"
)

const pushedPrefix = "urn:ietf:params:oauth:request_uri:"

func (p *Provider) pulled(r *http.Request, a *app.App, uri string) (url.Values, error) {
	return nil, nil
}
func (p *Provider) push(r *http.Request, form url.Values) (any, error)        { return nil, nil }
func (p *Provider) startDevice(r *http.Request, form url.Values) (any, error) { return nil, nil }
func (p *Provider) deviceTokens(ctx context.Context, c *caller, form url.Values) (any, error) {
	return nil, nil
}
func (p *Provider) allowDevice(w http.ResponseWriter, r *http.Request, e *app.Entry, q question) error {
	return nil
}
func (p *Provider) refuseDevice(w http.ResponseWriter, r *http.Request, q question) error { return nil }
func (p *Provider) asksConsent(r *http.Request, e *app.Entry, q question) (bool, error) {
	return false, nil
}
func (p *Provider) askConsent(w http.ResponseWriter, r *http.Request, e *app.Entry, q question) error {
	return nil
}
func (p *Provider) consent(w http.ResponseWriter, r *http.Request) error       { return nil }
func (p *Provider) showDevice(w http.ResponseWriter, r *http.Request) error    { return nil }
func (p *Provider) checkDevice(w http.ResponseWriter, r *http.Request) error   { return nil }
func (p *Provider) answerDevice(w http.ResponseWriter, r *http.Request) error  { return nil }
func (p *Provider) logout(w http.ResponseWriter, r *http.Request) error        { return nil }
func (p *Provider) logoutPosted(w http.ResponseWriter, r *http.Request) error  { return nil }
func (p *Provider) confirmLogout(w http.ResponseWriter, r *http.Request) error { return nil }
