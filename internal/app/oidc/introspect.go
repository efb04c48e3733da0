// What a token is worth, and ending it (RFC 7662, RFC 7009).
package oidc

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"woggle/internal/db"
)

// worth is what is told of a token (RFC 7662 section 2.2). It is a type of our own because apps ask all day, and the library's is
// made into JSON twice.
type worth struct {
	Active    bool     `json:"active"`
	Scope     string   `json:"scope,omitempty"`
	ClientID  string   `json:"client_id,omitempty"`
	TokenType string   `json:"token_type,omitempty"`
	ExpiresAt int64    `json:"exp,omitempty"` // seconds since 1970, as all times here
	IssuedAt  int64    `json:"iat,omitempty"`
	Subject   string   `json:"sub,omitempty"`
	Audience  []string `json:"aud,omitempty"`
	Issuer    string   `json:"iss,omitempty"`
}

// introspect tells an app, such as an interface that was shown a token, whether it is good. It tells nothing of the person but
// the subject, and of what is not good, nothing at all.
func (p *Provider) introspect(r *http.Request, form url.Values) (any, error) {
	c, err := p.authenticate(r, form)
	if err != nil {
		return nil, err
	}
	if c.client.Public() {
		return nil, unknown() // RFC 7662 section 2.1: else anybody could try out tokens
	}
	if c.assertion != nil {
		if err := p.DB.Tx(r.Context(), c.spend); err != nil {
			return nil, err
		}
	}
	text := form.Get("token")
	if text == "" {
		return nil, oidc.ErrInvalidRequest().WithDescription("token is missing")
	}
	if t, ours := readToken(p.Keys, refreshToken, text); ours {
		return p.introspectRefresh(r.Context(), c, t)
	}
	t, a, g, err := p.accessGrant(r.Context(), text, func(tx *db.Tx, t token) (grant, bool, error) {
		return answeredByID(tx, t.grant, t.madeAt)
	})
	if errors.Is(err, errNoToken) {
		return worth{}, nil
	}
	if err != nil {
		return nil, err
	}
	return p.active(g, clientOf(a).allow(g.only(t.scopes)), worth{Audience: []string{a.ID}, TokenType: oidc.BearerToken,
		IssuedAt: t.madeAt.Unix(), ExpiresAt: t.expiresAt().Unix()}), nil
}

// active fills in what is true of every token that is good.
func (p *Provider) active(g grant, scope []string, answer worth) worth {
	answer.Active, answer.Scope, answer.ClientID, answer.Issuer = true, strings.Join(scope, " "), g.App, p.Base
	if answer.Subject = g.User; g.User == "" {
		answer.Subject = g.App // RFC 9068 section 2.2
	}
	return answer
}

// introspectRefresh is for the app itself only: nobody else has any business with its refresh token.
func (p *Provider) introspectRefresh(ctx context.Context, c *caller, t token) (any, error) {
	var g grant
	good := false
	err := p.DB.Ask(ctx, func(tx *db.Tx) error {
		found, err := false, error(nil)
		g, found, err = grantByID(tx, t.grant)
		good = found && g.App == c.app.ID && g.live && g.Generation == t.number && tx.Now.Before(g.IdleUntil) && tx.Now.Before(g.EndsAt)
		return err
	})
	if err != nil || !good {
		return worth{}, err
	}
	ends := g.IdleUntil
	if g.EndsAt.Before(ends) {
		ends = g.EndsAt
	}
	return p.active(g, c.client.allow(g.Scope), worth{Audience: []string{p.Base}, ExpiresAt: ends.Unix()}), nil
}

// revoke ends a token of the app's. A refresh token takes all that came of the sign-in with it; an access token only itself, and
// those that were made before it. What is no token has ended, too (RFC 7009 section 2.2).
func (p *Provider) revoke(r *http.Request, form url.Values) (any, error) {
	c, err := p.authenticate(r, form)
	if err != nil {
		return nil, err
	}
	text := form.Get("token")
	if text == "" {
		return nil, oidc.ErrInvalidRequest().WithDescription("token is missing")
	}
	access, isAccess := readToken(p.Keys, accessToken, text)
	t, isRefresh := readToken(p.Keys, refreshToken, text)
	if isAccess {
		t = access
	}
	err = p.DB.Tx(r.Context(), func(tx *db.Tx) error {
		if err := c.spend(tx); err != nil || !isAccess && !isRefresh {
			return err
		}
		g, found, err := grantByID(tx, t.grant)
		if err != nil || !found || g.App != c.app.ID {
			return err
		}
		if isAccess {
			return voidAccess(tx, g.ID, t.madeAt)
		}
		_, err = revoke(tx, g.ID)
		return err
	})
	return struct{}{}, err
}
