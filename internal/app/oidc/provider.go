// The provider: its parts, its routes, and what the desk asks of it.
package oidc

import (
	"embed"
	"log/slog"
	"net/http"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"woggle/internal/app"
	"woggle/internal/db"
	"woggle/internal/keys"
	"woggle/internal/keys/signing"
	"woggle/internal/page"
	"woggle/internal/session"
)

//go:embed pages/*.html
var pages embed.FS

// Name is what apps carry that speak this protocol.
const Name = "oidc"

// Deps is all that the provider works with.
type Deps struct {
	DB       *db.DB
	Keys     *keys.Ring
	Pages    *page.Renderer
	Sessions *session.Manager
	Desk     *app.Desk
	Signing  *signing.Store
	Outgoing *http.Client // for telling apps of sign-outs; goes nowhere inside
	Base     string       // public address of this server, without a slash at its end: the issuer
	// Depart ends the session of the request, and tells where the browser has to go before it comes to the page then of ours, so that
	// apps of other protocols hear of it; empty where there are none.
	Depart func(w http.ResponseWriter, r *http.Request, then string) (to string, err error)
	Log    *slog.Logger
}

// Provider answers apps that speak OpenID Connect.
type Provider struct {
	Deps
	secrets secrets
}

// New makes the provider. Its errors are faults in its pages.
func New(d Deps) (*Provider, error) { return &Provider{Deps: d}, d.Pages.Add("oidc", pages) }

// Name is the name of the protocol.
func (p *Provider) Name() string { return Name }

// Read reads an app's settings. The app's short name is its client_id.
func (p *Provider) Read(a *app.App) error {
	client, err := readClient(a.Settings)
	if err != nil {
		return err
	}
	a.Audience, a.Parsed = a.ID, client
	return nil
}

func clientOf(a *app.App) *Client { return a.Parsed.(*Client) }

// Mount adds the routes: pages for people, what other sites' forms are sent to, and what machines talk to.
func (p *Provider) Mount(guarded, foreign func(pattern string, h page.Handler), bare func(pattern string, h http.HandlerFunc)) {
	bare("GET "+oidc.DiscoveryEndpoint, p.open(p.discover))
	bare("GET /oidc/keys", p.open(p.jwks))
	for pattern, h := range map[string]http.HandlerFunc{"/oidc/token": p.machine(p.token), "/oidc/revoke": p.machine(p.revoke),
		"/oidc/introspect": p.machine(p.introspect), "/oidc/par": p.open(p.push), "/oidc/device": p.machine(p.startDevice),
		"/oidc/userinfo": p.open(p.userinfo)} {
		bare("POST "+pattern, h)
		bare("OPTIONS "+pattern, p.open(preflight))
	}
	bare("GET /oidc/userinfo", p.open(p.userinfo))

	guarded("GET /oidc/authorize", p.authorize)
	foreign("POST /oidc/authorize", p.authorizePosted)
	guarded("POST /oidc/consent", p.consent)
	guarded("GET /device", p.showDevice)
	guarded("POST /device", p.checkDevice)
	guarded("POST /device/answer", p.answerDevice)
	guarded("GET /oidc/logout", p.logout)
	foreign("POST /oidc/logout", p.logoutPosted)
	guarded("POST /oidc/logout/confirm", p.confirmLogout)
	guarded("GET /oidc/signed-out", p.showSignedOut)
}
