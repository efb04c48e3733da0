// A grant: what an app was given, for how long, and what ends it.
package oidc

import (
	"slices"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// How long things live.
const (
	codeLife     = time.Minute         // an app redeems its code at once
	idleLife     = 24 * time.Hour      // of a refresh token that is not used
	absoluteLife = 90 * 24 * time.Hour // of all refresh tokens of one sign-in
	retryLife    = 10 * time.Second    // an answer was lost: the same question gets the same refresh token again
	idTokenLife  = 5 * time.Minute     // it says that somebody has signed in just now
)

// grant is a row of what an app was given.
type grant struct {
	ID      string
	App     string
	Visit   string // "": the app itself
	User    string
	Offline bool
	Scope   []string
	Terms   terms // once unpacked
	raw     []byte

	RedeemedAt time.Time
	Generation uint32
	RotatedAt  time.Time
	IdleUntil  time.Time
	EndsAt     time.Time
	VoidedAt   time.Time
	RevokedAt  time.Time

	Claims []string // that userinfo tells by name, besides those of the scope
	live   bool     // where that was asked: something of it is good still
}

// terms are what a code is bound to, and what tokens say of the sign-in that they come from.
type terms struct {
	RedirectURI string    `json:"redirect_uri,omitempty"`
	Challenge   string    `json:"challenge,omitempty"` // S256, RFC 7636
	Nonce       string    `json:"nonce,omitempty"`
	AuthAt      time.Time `json:"auth_at,omitzero"`
	AMR         []string  `json:"amr,omitempty"`
	ACR         string    `json:"acr,omitempty"`
	IDClaims    []string  `json:"id_claims,omitempty"` // that the ID token tells by name
}

// has tells whether the grant has the scope.
func (g grant) has(scope string) bool { return slices.Contains(g.Scope, scope) }

// scopes are the bits of some of the grant's scopes.
func (g grant) scopes(some []string) (bits uint32) {
	for i, s := range g.Scope {
		if slices.Contains(some, s) {
			bits |= 1 << i
		}
	}
	return bits
}

// only keeps the scopes of the bits.
func (g grant) only(bits uint32) (some []string) {
	for i, s := range g.Scope {
		if bits&(1<<i) != 0 {
			some = append(some, s)
		}
	}
	return some
}

// narrow is what of the grant's scope a refresh asked for: all, or less, never more (RFC 6749 section 6).
func (g grant) narrow(asked []string) ([]string, *oidc.Error) {
	if len(asked) == 0 {
		return g.Scope, nil
	}
	for _, s := range asked {
		if !g.has(s) {
			return nil, oidc.ErrInvalidScope().WithDescription("the scope %q was not granted", s)
		}
	}
	return asked, nil
}

// words splits a parameter that holds words (RFC 6749 section 3.3).
func words(parameter string) []string { return strings.Fields(parameter) }
