// The hint: a token in which Entra says who is signing in, in which tenant.
package externalmfa

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// How old a hint may be. Entra issues it expired, so that it is good for nothing else: its exp says nothing, and the time
// of issue has to.
const (
	hintAge  = 10 * time.Minute
	hintSkew = 5 * time.Minute // clocks differ
	hintSize = 16 << 10
)

// hint is what we take of it.
type hint struct {
	Subject string `json:"sub"` // of the person for this app alone; goes back as it came
	Tenant  string `json:"tid"`
	Object  string `json:"oid"`
	// UPN is an optional claim, which the set-up asks for. Entra vouches for it, unlike preferred_username, which it calls
	// neither unique nor fit for a decision, and which of a guest is an address at home.
	UPN       string           `json:"upn,omitempty"`
	Preferred string           `json:"preferred_username,omitempty"`
	Issuer    string           `json:"iss,omitempty"`
	Audience  jwt.Audience     `json:"aud,omitempty"`
	Version   string           `json:"ver,omitempty"`
	IssuedAt  *jwt.NumericDate `json:"iat,omitempty"`
	NotBefore *jwt.NumericDate `json:"nbf,omitempty"`
	Provider  string           `json:"idp,omitempty"`  // who checked a guest's password, where that is another tenant
	Account   int              `json:"acct,omitempty"` // optional claim: 1 is a guest
}

// Guest tells whether the person is at home elsewhere.
func (h hint) Guest() bool {
	ext := func(name string) bool { return strings.Contains(strings.ToUpper(name), "#EXT#") }
	return h.Account == 1 || h.Provider != "" && h.Provider != h.Issuer || ext(h.UPN) || ext(h.Preferred)
}

// readHint believes a hint if Entra signed it for this connection a moment ago. Its errors are for the log; errUnreachable
// among them says that nobody could tell.
func (p *Provider) readHint(ctx context.Context, c Connection, cloud Cloud, token string) (hint, error) {
	var h hint
	if len(token) > hintSize {
		return h, fmt.Errorf("the hint has %d bytes", len(token))
	}
	// Whatever the token's own header says of keys (jwk, jku, x5c) is not looked at; of the algorithm there is no choice.
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return h, fmt.Errorf("the hint cannot be read: %w", err)
	}
	key, err := p.entra.key(ctx, cloud, c.Tenant, signed.Signatures[0].Header.KeyID)
	if err != nil {
		return h, err
	}
	claims, err := signed.Verify(key)
	if err != nil {
		return h, fmt.Errorf("the hint is not signed with Entra's key: %w", err)
	}
	if err := json.Unmarshal(claims, &h); err != nil {
		return h, fmt.Errorf("the hint's claims cannot be read: %w", err)
	}
	return h, h.check(c, cloud, p.DB.Now())
}

// check compares the claims with the connection. The signature alone would not do: Entra signs for every tenant and app.
func (h hint) check(c Connection, cloud Cloud, now time.Time) error {
	late := func(at *jwt.NumericDate) bool {
		return at.Time().Before(now.Add(-hintAge)) || at.Time().After(now.Add(hintSkew))
	}
	switch {
	case h.Tenant != c.Tenant:
		return fmt.Errorf("the hint is of the tenant %q", h.Tenant)
	case h.Issuer != cloud.issuer(c.Tenant):
		return fmt.Errorf("the hint was issued by %q", h.Issuer)
	case len(h.Audience) != 1 || h.Audience[0] != c.ClientID:
		return fmt.Errorf("the hint is for %q", h.Audience)
	case h.Version != "2.0":
		return fmt.Errorf("the hint has version %q", h.Version)
	case !isGUID(h.Object):
		return fmt.Errorf("the hint names the object %q", h.Object)
	case h.Subject == "" || len(h.Subject) > 255: // OpenID Connect Core section 2
		return errors.New("the hint has no subject that can be")
	case h.IssuedAt == nil || late(h.IssuedAt) || h.NotBefore != nil && late(h.NotBefore):
		return errors.New("the hint was not issued a moment ago; if that is wrong, set the clock of this server")
	}
	return nil
}
