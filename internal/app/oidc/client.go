// A client: what an app says of itself in its settings, and what follows from it.
package oidc

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"

	"woggle/internal/app"
)

// Client is the settings of an app that speaks OpenID Connect.
type Client struct {
	RedirectURIs           app.Strings     `json:"redirect_uris"`
	PostLogoutRedirectURIs app.Strings     `json:"post_logout_redirect_uris"`
	Grants                 app.Strings     `json:"grants"`
	Scopes                 app.Strings     `json:"scopes"`
	TokenAuth              string          `json:"token_auth"` // "" is a secret, sent in either way
	JWKS                   json.RawMessage `json:"jwks"`       // the app's public keys, for private_key_jwt
	SigningAlg             string          `json:"signing_alg"`
	Consent                bool            `json:"consent"` // the app is not the organisation's own: people are asked
	BackchannelLogoutURI   string          `json:"backchannel_logout_uri"`
	AccessTokenMinutes     int             `json:"access_token_minutes"`
	RefreshIDToken         bool            `json:"refresh_id_token"` // a refresh gives an ID token as well

	keys jose.JSONWebKeySet
}

// The grants that a client may list, by the short names of the settings.
var grantTypes = map[string]oidc.GrantType{"authorization_code": oidc.GrantTypeCode, "refresh_token": oidc.GrantTypeRefreshToken,
	"client_credentials": oidc.GrantTypeClientCredentials, "device_code": oidc.GrantTypeDeviceCode}

// How a client proves who it is (OpenID Connect Core section 9).
const (
	authSecret = ""
	authBasic  = "basic"
	authPost   = "post"
	authKey    = "private_key_jwt"
	authNone   = "none"
)

// scopeGroups is the one scope of ours that no standard names.
const scopeGroups = "groups"

// standardScopes are what a client may ask for unless its settings say otherwise: what it learns is bounded by what the
// app is told.
var standardScopes = []string{oidc.ScopeOpenID, oidc.ScopeProfile, oidc.ScopeEmail, oidc.ScopePhone, oidc.ScopeAddress, scopeGroups}

// mostScopes is how many a token can count.
const mostScopes = 32

// defaultAccessLife is short because a token that somebody else got hold of is good until then, where nobody asks us.
const defaultAccessLife = 10 * time.Minute

// readClient reads settings. Its errors are for whoever wrote them.
func readClient(settings json.RawMessage) (*Client, error) {
	c := &Client{}
	if len(settings) > 0 {
		decoder := json.NewDecoder(bytes.NewReader(settings))
		decoder.DisallowUnknownFields() // a name that is mistyped would else be a setting that is not made
		if err := decoder.Decode(c); err != nil {
			return nil, unknownSetting(err)
		}
		if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
			return nil, errors.New("there is more behind the settings")
		}
	}
	if len(c.Grants) == 0 {
		c.Grants = []string{"authorization_code"}
	}
	if c.Scopes == nil {
		c.Scopes = standardScopes
	}
	if c.Grant("refresh_token") && !slices.Contains(c.Scopes, oidc.ScopeOfflineAccess) {
		c.Scopes = append(slices.Clone(c.Scopes), oidc.ScopeOfflineAccess)
	}
	if c.SigningAlg == "" {
		c.SigningAlg = string(jose.RS256)
	}
	return c, errors.Join(c.checkGrants(), c.checkScopes(), c.checkURIs(), c.checkAuth(), c.checkRest())
}

func unknownSetting(err error) error {
	if name, unknown := strings.CutPrefix(err.Error(), "json: unknown field "); unknown {
		return fmt.Errorf("there is no setting %s; there are redirect_uris, post_logout_redirect_uris, grants, scopes, token_auth, jwks, "+
			"signing_alg, consent, backchannel_logout_uri, access_token_minutes and refresh_id_token", name)
	}
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Errorf("%s cannot be a %s", kind.Field, kind.Value)
	}
	return err
}

func (c *Client) checkGrants() error {
	for _, g := range c.Grants {
		if grantTypes[g] == "" {
			return fmt.Errorf("grants: there is no %q; there are authorization_code, refresh_token, client_credentials and device_code", g)
		}
	}
	people := c.Grant("authorization_code") || c.Grant("device_code")
	switch {
	case c.Grant("refresh_token") && !people:
		return errors.New("grants: refresh_token renews what authorization_code or device_code gave; write one of them as well")
	case c.Grant("authorization_code") && len(c.RedirectURIs) == 0:
		return errors.New(`redirect_uris: write the address to which people come back, as the app's manual gives it: redirect_uris = ["https://app.example.org/callback"]`)
	case c.Grant("client_credentials") && c.TokenAuth == authNone:
		return errors.New(`grants: client_credentials needs a secret or a key, and token_auth is "none"`)
	}
	return nil
}

// checkScopes keeps to the characters of RFC 6749 section 3.3.
func (c *Client) checkScopes() error {
	if len(c.Scopes) > mostScopes {
		return fmt.Errorf("scopes: there are %d, and may be %d", len(c.Scopes), mostScopes)
	}
	for _, s := range c.Scopes {
		if s == "" || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }) {
			return fmt.Errorf("scopes: %q has signs that a scope cannot have; write each as a word of its own", s)
		}
	}
	return nil
}

func (c *Client) checkURIs() error {
	var wrong []error
	for _, uri := range c.RedirectURIs {
		if err := checkRedirect(uri); err != nil {
			wrong = append(wrong, fmt.Errorf("redirect_uris: %q %w", uri, err))
		}
	}
	for _, uri := range c.PostLogoutRedirectURIs {
		if err := checkRedirect(uri); err != nil {
			wrong = append(wrong, fmt.Errorf("post_logout_redirect_uris: %q %w", uri, err))
		}
	}
	if uri := c.BackchannelLogoutURI; uri != "" {
		if u, err := url.Parse(uri); err != nil || u.Host == "" || u.User != nil || strings.Contains(uri, "#") || u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u)) {
			wrong = append(wrong, fmt.Errorf("backchannel_logout_uri: %q is not an https address", uri))
		}
	}
	return errors.Join(wrong...)
}

// checkRedirect takes what RFC 9700 section 2.1 and RFC 8252 section 7 allow: https, http on the app's own computer, and a
// scheme of the app's own. A scheme without a dot may be anybody's, and "javascript" is one.
func checkRedirect(uri string) error {
	u, err := url.Parse(uri)
	switch {
	case err != nil:
		return errors.New("is not an address")
	case strings.ContainsFunc(uri, func(r rune) bool { return r <= ' ' || r == 0x7f }), strings.ContainsAny(uri, `*\"<>`):
		return errors.New("has signs that an address cannot have; wild cards are not taken: write out each address")
	case strings.Contains(uri, "#"):
		return errors.New("has a fragment, which RFC 6749 section 3.1.2 forbids: leave # and what follows away")
	case u.User != nil:
		return errors.New("has a user name in it")
	case u.Scheme == "https" && u.Host != "", u.Scheme == "http" && isLoopback(u), strings.Contains(u.Scheme, "."):
		return nil
	case u.Scheme == "http":
		return errors.New("is not encrypted: write https (http is for 127.0.0.1, [::1] and localhost only)")
	}
	return errors.New("has a scheme that may be anybody's: write https, or a scheme with a dot in it, such as org.example.app:/callback")
}

func isLoopback(u *url.URL) bool {
	address, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && address.IsLoopback()
}

func (c *Client) checkAuth() error {
	if !slices.Contains([]string{authSecret, authBasic, authPost, authKey, authNone}, c.TokenAuth) {
		return fmt.Errorf(`token_auth: there is no %q; write "basic", "post", "private_key_jwt" or "none" (an app that cannot keep a secret), or leave it away`, c.TokenAuth)
	}
	switch hasKeys := len(c.JWKS) > 0; {
	case c.TokenAuth == authKey && !hasKeys:
		return errors.New(`jwks: token_auth = "private_key_jwt" needs the app's public keys: write them as {"keys": [...]} (RFC 7517), or name their file in jwks_file`)
	case c.TokenAuth != authKey && hasKeys:
		return errors.New(`jwks: the app's public keys are looked at with token_auth = "private_key_jwt" only: write that as well`)
	case c.TokenAuth != authKey:
		return nil
	}
	raw := []byte(c.JWKS)
	var asText string
	if json.Unmarshal(raw, &asText) == nil {
		raw = []byte(asText)
	}
	if err := json.Unmarshal(raw, &c.keys); err != nil || len(c.keys.Keys) == 0 {
		return errors.New(`jwks: write the app's public keys as {"keys": [...]} (RFC 7517)`)
	}
	for _, k := range c.keys.Keys {
		if !k.IsPublic() {
			return fmt.Errorf("jwks: the key %q is a private one, which only the app may have: make a new pair, and write its public half here", k.KeyID)
		}
		switch key := k.Key.(type) {
		case *rsa.PublicKey:
			if key.N.BitLen() < 2048 {
				return fmt.Errorf("jwks: the key %q has fewer than 2048 bits", k.KeyID)
			}
		case *ecdsa.PublicKey:
		default:
			return fmt.Errorf("jwks: the key %q is of a kind that is not taken: RSA or EC", k.KeyID)
		}
	}
	return nil
}

func (c *Client) checkRest() error {
	switch {
	case c.SigningAlg != string(jose.RS256) && c.SigningAlg != string(jose.ES256):
		return fmt.Errorf(`signing_alg: there is no %q; write "RS256" or "ES256"`, c.SigningAlg)
	case c.AccessTokenMinutes < 0 || c.AccessTokenMinutes > 24*60:
		return errors.New("access_token_minutes: write a number from 1 to 1440; it is 10 where nothing is written")
	}
	return nil
}

// Grant tells whether the client may use the grant, by its name in the settings.
func (c *Client) Grant(name string) bool { return slices.Contains(c.Grants, name) }

// Public tells whether the client cannot keep a secret (RFC 6749 section 2.1).
func (c *Client) Public() bool { return c.TokenAuth == authNone }

func (c *Client) accessLife() time.Duration {
	if c.AccessTokenMinutes == 0 {
		return defaultAccessLife
	}
	return time.Duration(c.AccessTokenMinutes) * time.Minute
}

// allow keeps of the scopes that were asked for those that the client may have, once each, in the order asked. Others are
// ignored (OpenID Connect Core section 3.1.2.1); the answer says which were granted.
func (c *Client) allow(asked []string) (granted []string) {
	for _, s := range asked {
		if slices.Contains(c.Scopes, s) && !slices.Contains(granted, s) {
			granted = append(granted, s)
		}
	}
	return granted
}

// redirects tells whether the client takes answers at uri: byte for byte what is registered (RFC 9700 section 2.1, threat
// T57).
func (c *Client) redirects(uri string) bool {
	return slices.ContainsFunc(c.RedirectURIs, func(registered string) bool {
		return registered == uri || c.Public() && samePortless(registered, uri)
	})
}

// samePortless lets a native app listen on any port of its own computer (RFC 8252 section 7.3): the addresses are http, at a
// loopback address written as a number, and nothing but the port differs.
func samePortless(registered, uri string) bool {
	a, b := portless(registered), portless(uri)
	return a != "" && a == b
}

// portless cuts the port out of the text, so that all else is compared as it stands, and not as a parser understands it.
func portless(uri string) string {
	for _, host := range []string{"http://127.0.0.1", "http://[::1]"} {
		rest, found := strings.CutPrefix(uri, host)
		if !found {
			continue
		}
		if port, isPort := strings.CutPrefix(rest, ":"); isPort {
			rest = strings.TrimLeft(port, "0123456789")
			if digits := len(port) - len(rest); digits == 0 || digits > 5 {
				return ""
			}
		}
		if strings.HasPrefix(rest, "/") {
			return host + rest
		}
	}
	return ""
}

func isStandard(scope string) bool { return slices.Contains(standardScopes, scope) }
