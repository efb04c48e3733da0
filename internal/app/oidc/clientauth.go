// Who the app is: secrets, keys, or nothing but a name (RFC 6749 section 2.3, RFC 7523).
package oidc

import (
	"context"
	"crypto/ecdsa"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"

	"woggle/internal/app"
	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/keys"
)

// caller is an app that has shown who it is.
type caller struct {
	app       *app.App
	client    *Client
	assertion []byte // fingerprint of the assertion that it has shown, or nil
	until     time.Time
}

// spend uses the caller's assertion up, in the transaction of what it is shown for (threat T60).
func (c *caller) spend(tx *db.Tx) error {
	if c.assertion == nil {
		return nil
	}
	fresh, err := spendAssertion(tx, c.assertion, c.until)
	if err == nil && !fresh {
		err = oidc.ErrInvalidClient().WithDescription("the client_assertion was used before: make a new one, with its own jti")
	}
	return err
}

// unknown is the one answer to whatever is wrong about who the app is.
func unknown() *oidc.Error {
	return oidc.ErrInvalidClient().WithDescription("there is no such client, or its proof is wrong")
}

// authenticate tells which app is calling. One way of proof is to be used, and the one that the app is registered with.
func (p *Provider) authenticate(r *http.Request, form url.Values) (*caller, error) {
	id, secret, basic := r.BasicAuth()
	assertion := form.Get("client_assertion")
	posted := form.Get("client_secret")
	switch {
	case basic:
		var err1, err2 error // RFC 6749 section 2.3.1: both are encoded as in a form
		if id, err1 = url.QueryUnescape(id); err1 != nil {
			return nil, unknown()
		}
		if secret, err2 = url.QueryUnescape(secret); err2 != nil {
			return nil, unknown()
		}
		if posted != "" || assertion != "" || form.Get("client_id") != "" && form.Get("client_id") != id {
			return nil, oidc.ErrInvalidRequest().WithDescription("show in one way who the client is, not in several")
		}
	case r.Header.Get("Authorization") != "":
		return nil, unknown()
	case assertion != "":
		if posted != "" {
			return nil, oidc.ErrInvalidRequest().WithDescription("show in one way who the client is, not in several")
		}
		return p.asserted(r.Context(), form)
	default:
		id, secret = form.Get("client_id"), posted
	}
	a, err := p.app(r.Context(), id)
	if err != nil {
		return nil, err
	}
	client := clientOf(a)
	switch way := client.TokenAuth; {
	case way == authNone && secret == "" && !basic:
	case way == authSecret, way == authBasic && basic, way == authPost && !basic:
		right, err := p.secrets.check(r.Context(), p, a.ID, secret)
		if err != nil {
			return nil, err
		}
		if !right {
			return nil, unknown()
		}
	default:
		return nil, unknown()
	}
	return &caller{app: a, client: client}, nil
}

// app is the app with the client_id. Its error is unknown, or the database's.
func (p *Provider) app(ctx context.Context, id string) (*app.App, error) {
	apps, err := p.Desk.Catalogue.Current(ctx)
	if err != nil {
		return nil, err
	}
	a, found := apps.ByAudience(Name, id)
	if !found || a.Disabled {
		return nil, unknown()
	}
	return a, nil
}

// assertionLife is the longest that an assertion may be good for (threat T60), and skew how far the app's clock may be off.
const (
	assertionLife = 5 * time.Minute
	skew          = 30 * time.Second
)

// asserted checks a client_assertion (RFC 7523 section 3). The library's verifier of assertions reads the clock itself, and takes
// one again and again; its parts are right.
func (p *Provider) asserted(ctx context.Context, form url.Values) (*caller, error) {
	text := form.Get("client_assertion")
	claims := &oidc.JWTTokenRequest{}
	payload, err := oidc.ParseToken(text, claims)
	if err != nil || form.Get("client_assertion_type") != oidc.ClientAssertionTypeJWTAssertion {
		return nil, oidc.ErrInvalidClient().WithDescription("the client_assertion cannot be read")
	}
	if id := form.Get("client_id"); id != "" && id != claims.Subject {
		return nil, unknown()
	}
	a, err := p.app(ctx, claims.Subject)
	if err != nil {
		return nil, err
	}
	client := clientOf(a)
	if client.TokenAuth != authKey || oidc.CheckIssuerWithISSVerifier(claims, a.ID, nil) != nil {
		return nil, unknown()
	}
	if err := oidc.CheckSignature(ctx, text, payload, claims, assertionAlgs, keySet(client.keys.Keys)); err != nil {
		return nil, unknown().WithParent(err)
	}
	// It is for us and for nobody else: one that another provider has been shown is not to work here (RFC 9700, CVE-2025-27370).
	for _, audience := range claims.Audience {
		if audience != p.Base && audience != p.Base+"/oidc/token" {
			return nil, oidc.ErrInvalidClient().WithDescription("the client_assertion is not for %s alone", p.Base)
		}
	}
	now, ends := p.DB.Now(), claims.GetExpiration()
	switch {
	case len(claims.Audience) == 0:
		return nil, oidc.ErrInvalidClient().WithDescription("the client_assertion has no aud")
	case claims.JWTID == "" || len(claims.JWTID) > 200:
		return nil, oidc.ErrInvalidClient().WithDescription("the client_assertion has no jti")
	case !ends.After(now.Add(-skew)):
		return nil, oidc.ErrInvalidClient().WithDescription("the client_assertion is over")
	case ends.After(now.Add(assertionLife + skew)):
		return nil, oidc.ErrInvalidClient().WithDescription("the client_assertion lives longer than five minutes")
	case claims.GetIssuedAt().After(now.Add(skew)):
		return nil, oidc.ErrInvalidClient().WithDescription("the client_assertion is from the future")
	}
	return &caller{app: a, client: client, assertion: p.Keys.MAC("oidc-assertion", a.ID, claims.JWTID), until: ends.Add(skew)}, nil
}

var assertionAlgs = []string{string(jose.RS256), string(jose.PS256), string(jose.ES256), string(jose.ES384)}

// keySet are public keys to verify with.
type keySet []jose.JSONWebKey

// VerifySignature finds the key by its id and its kind, and verifies with it.
func (keys keySet) VerifySignature(_ context.Context, jws *jose.JSONWebSignature) ([]byte, error) {
	id, alg := oidc.GetKeyIDAndAlg(jws)
	key, err := oidc.FindMatchingKey(id, oidc.KeyUseSignature, alg, keys...)
	if err != nil {
		return nil, err
	}
	if key.Algorithm != "" && key.Algorithm != alg {
		return nil, oidc.ErrSignatureUnsupportedAlg // the algorithm is the key's to say, not the token's
	}
	if curve, is := key.Key.(*ecdsa.PublicKey); is && "ES"+strings.TrimPrefix(curve.Params().Name, "P-") != alg {
		return nil, oidc.ErrSignatureUnsupportedAlg
	}
	return jws.Verify(key)
}

// secrets remembers the fingerprints of apps' secrets for a few seconds, so that an app that asks all day costs no question
// each time.
type secrets struct {
	mu   sync.Mutex
	apps map[string]known // there are no more than apps
}

type known struct {
	hashes [][]byte
	at     time.Time
}

// secretsLife is how long a secret that was taken away may go on (threat T51).
const secretsLife = 5 * time.Second

// check tells whether the app has the secret. One that is not known is looked up anew: it may have been made just now.
func (s *secrets) check(ctx context.Context, p *Provider, app, secret string) (bool, error) {
	if len(secret) != len(db.NewToken()) {
		return false, nil
	}
	s.mu.Lock()
	have, found := s.apps[app]
	s.mu.Unlock()
	if now := p.DB.Now(); found && now.Sub(have.at) < secretsLife && !now.Before(have.at) && matches(p.Keys, have.hashes, app, secret) {
		return true, nil
	}
	err := p.DB.Ask(ctx, func(tx *db.Tx) (err error) {
		have = known{at: tx.Now}
		have.hashes, err = secretHashes(tx, app)
		return err
	})
	if err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.apps == nil {
		s.apps = map[string]known{}
	}
	s.apps[app] = have
	return matches(p.Keys, have.hashes, app, secret), nil
}

// matches compares fast fingerprints: a secret of 256 random bits cannot be guessed, and needs no slow one.
func matches(ring *keys.Ring, hashes [][]byte, app, secret string) (right bool) {
	for _, hash := range hashes {
		right = ring.CheckMAC(hash, "oidc-secret", app, secret) || right
	}
	return right
}

// NewSecret makes a secret for an app. The one before stays good, until EndOldSecrets or the next one ends it, so that the app can
// be given the new one in peace. It is shown once, and kept nowhere.
func NewSecret(tx *db.Tx, ring *keys.Ring, actor, app string) (secret string, err error) {
	secret = db.NewToken()
	if err := insertSecret(tx, app, ring.MAC("oidc-secret", app, secret)); err != nil {
		return "", err
	}
	if err := endSecrets(tx, app, 2); err != nil {
		return "", err
	}
	return secret, audit.Record(tx, audit.Event{Type: audit.AppSecretMade, Actor: actor, Detail: audit.Detail{"app": app, "name": app}})
}

// EndOldSecrets ends all secrets of the app but the newest.
func EndOldSecrets(tx *db.Tx, actor, app string) error {
	if err := endSecrets(tx, app, 1); err != nil {
		return err
	}
	return audit.Record(tx, audit.Event{Type: audit.AppSecretEnded, Actor: actor, Detail: audit.Detail{"app": app, "name": app}})
}
