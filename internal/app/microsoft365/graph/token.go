// The token: who we are, proved by a certificate or a secret.
package graph

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Credential proves to Microsoft that we are the application: a key whose certificate was uploaded there, or a secret.
type Credential struct {
	Key         *rsa.PrivateKey // nil: the secret is used
	Certificate *x509.Certificate
	Secret      string
}

// assertionLife is how long a proof by certificate is good for. Microsoft asks for 5 to 10 minutes.
const assertionLife = 5 * time.Minute

// early is how long before its end a token is not used any more.
const early = 5 * time.Minute

// assertion is the proof by certificate (RFC 7523 section 2.2), in the form that Microsoft documents: PS256, and the
// certificate named by x5t#S256. It is good at one address only, once.
func (c Credential) assertion(app, audience string, now time.Time) (string, error) {
	print := sha256.Sum256(c.Certificate.Raw)
	options := (&jose.SignerOptions{}).WithType("JWT").WithHeader("x5t#S256", base64.RawURLEncoding.EncodeToString(print[:]))
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.PS256, Key: c.Key}, options)
	if err != nil {
		return "", err
	}
	claims, err := json.Marshal(map[string]any{"aud": audience, "iss": app, "sub": app, "jti": rand.Text(),
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(assertionLife).Unix()})
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(claims)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

// form is the request for a token with the credential (RFC 6749 section 4.4.2).
func (c *Client) form(with Credential, address string) (url.Values, error) {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {c.app}, "scope": {c.at.Scope}}
	if with.Key == nil {
		form.Set("client_secret", with.Secret)
		return form, nil
	}
	assertion, err := with.assertion(c.app, address, c.now())
	if err != nil {
		return nil, fmt.Errorf("signing with the certificate for Microsoft: %w", err)
	}
	form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	form.Set("client_assertion", assertion)
	return form, nil
}

// bearer is a token that is good for a while, asked for if there is none. A credential that was just made may not have been
// uploaded yet, so the older ones are tried after it.
func (c *Client) bearer(ctx context.Context) (string, error) {
	if c.token != "" && c.now().Before(c.tokenEnds) {
		return c.token, nil
	}
	address := c.at.Login + "/" + c.tenant + "/oauth2/v2.0/token"
	var first error
	for i, credential := range c.credentials {
		err := c.ask(ctx, address, credential)
		if err == nil {
			c.used = i
			return c.token, nil
		}
		if first == nil {
			first = err
		}
		if refused := (*Error)(nil); !errors.As(err, &refused) || !refused.credential() {
			return "", err
		}
	}
	if first == nil {
		first = errors.New("there is no certificate and no secret to ask Microsoft for a token with")
	}
	return "", first
}

func (c *Client) ask(ctx context.Context, address string, with Credential) error {
	compose := func() (*http.Request, error) {
		// Made anew for every try: a proof is good for one use.
		form, err := c.form(with, address)
		if err != nil {
			return nil, err
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
		if err == nil {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		return r, err
	}
	a, err := c.send(ctx, compose, true, false)
	if err != nil {
		return err
	}
	if a.Status != http.StatusOK {
		return tokenError(a)
	}
	var granted struct {
		Token string `json:"access_token"`
		Type  string `json:"token_type"`
		Life  int64  `json:"expires_in"` // seconds
	}
	if json.Unmarshal(a.Body, &granted) != nil || granted.Token == "" || !strings.EqualFold(granted.Type, "Bearer") {
		return errors.New("the answer of Microsoft's has no token in it")
	}
	c.token, c.tokenEnds = granted.Token, c.now().Add(max(0, time.Duration(granted.Life)*time.Second-early))
	return nil
}
