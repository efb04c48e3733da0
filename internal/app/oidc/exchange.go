// The token endpoint (RFC 6749 section 3.2): a code, a refresh token, a device code or a secret for tokens.
package oidc

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"woggle/internal/app"
	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
)

// token answers a token request.
func (p *Provider) token(r *http.Request, form url.Values) (any, error) {
	kind := oidc.GrantType(form.Get("grant_type"))
	if kind == "" {
		return nil, oidc.ErrInvalidRequest().WithDescription("grant_type is missing")
	}
	exchanges := map[oidc.GrantType]func(ctx context.Context, c *caller, form url.Values) (any, error){oidc.GrantTypeCode: p.redeemCode,
		oidc.GrantTypeRefreshToken: p.refresh, oidc.GrantTypeClientCredentials: p.clientCredentials, oidc.GrantTypeDeviceCode: p.deviceTokens}
	exchange, known := exchanges[kind]
	if !known {
		return nil, oidc.ErrUnsupportedGrantType().WithDescription("grant_type %.60q is not supported", kind)
	}
	c, err := p.authenticate(r, form)
	if err != nil {
		return nil, err
	}
	for name, is := range grantTypes {
		if is == kind && !c.client.Grant(name) {
			return nil, oidc.ErrUnauthorizedClient().WithDescription("%s is not among the client's grants", name)
		}
	}
	return exchange(r.Context(), c, form)
}

func invalidGrant(why string) *oidc.Error { return oidc.ErrInvalidGrant().WithDescription("%s", why) }

// issue is what a grant gives: collected in the transaction, signed after it.
type issue struct {
	grant   grant
	scope   []string // of the access token
	info    *oidc.UserInfo
	idToken bool
	refresh bool
	now     time.Time
}

// redeemCode exchanges a code. All that it is bound to is checked in the transaction that spends it: if anything is wrong,
// it was not spent, and one that is spent already ends what it gave (RFC 6749 section 4.1.2, threat T58).
func (p *Provider) redeemCode(ctx context.Context, c *caller, form url.Values) (any, error) {
	code, ours := readToken(p.Keys, codeToken, form.Get("code"))
	if !ours {
		return nil, invalidGrant("the code is none of ours")
	}
	var out issue
	var fault *oidc.Error
	err := p.DB.Tx(ctx, func(tx *db.Tx) error {
		out, fault = issue{}, nil
		if err := c.spend(tx); err != nil {
			return err
		}
		g, found, err := redeem(tx, code.grant, c.app.ID, c.client.Grant("refresh_token"), c.client.accessLife())
		if err != nil {
			return err
		}
		if !found {
			fault, err = p.notRedeemed(tx, code.grant, c.app)
			return err
		}
		if err := g.unpack(); err != nil {
			return err
		}
		if why := fits(g.Terms, form); why != "" {
			return invalidGrant(why)
		}
		out = issue{grant: g, scope: g.Scope, idToken: g.has(oidc.ScopeOpenID), refresh: g.Generation > 0, now: tx.Now}
		return p.describe(tx, c.app, &out)
	})
	if err == nil && fault != nil {
		err = fault
	}
	if err != nil {
		return nil, err
	}
	return p.give(ctx, c.app, out)
}

// fits tells what of the exchange does not fit what the code is bound to.
func fits(t terms, form url.Values) string {
	verifier := form.Get("code_verifier")
	switch {
	case form.Get("redirect_uri") != t.RedirectURI:
		return "redirect_uri is not the one that the code was sent to"
	case t.Challenge == "" && verifier != "":
		return "a code_verifier came for a code that was asked for without a code_challenge" // somebody took it out (RFC 9700 section 4.8.2)
	case t.Challenge == "":
		return ""
	case len(verifier) < 43 || len(verifier) > 128: // RFC 7636 section 4.1
		return "code_verifier is missing, or has not between 43 and 128 characters"
	case !oidc.VerifyCodeChallenge(&oidc.CodeChallenge{Challenge: t.Challenge, Method: oidc.CodeChallengeMethodS256}, verifier):
		return "code_verifier is wrong"
	}
	return ""
}

// notRedeemed finds out why a code could not be redeemed, and ends what it gave if it came twice.
func (p *Provider) notRedeemed(tx *db.Tx, id string, a *app.App) (*oidc.Error, error) {
	g, found, err := grantByID(tx, id)
	if err != nil {
		return nil, err
	}
	if found && g.App == a.ID && !g.RedeemedAt.IsZero() {
		if err := p.endReused(tx, g, a); err != nil {
			return nil, err
		}
		return invalidGrant("the code was used before, and all that came of it has ended"), nil
	}
	return invalidGrant("the code is too old, for somebody else, or its session is over"), nil
}

// endReused ends a grant of which something came twice: one of the two had no right to it.
func (p *Provider) endReused(tx *db.Tx, g grant, a *app.App) error {
	alive, err := revoke(tx, g.ID)
	if err != nil || !alive {
		return err
	}
	return audit.Record(tx, audit.Event{Type: audit.AppTokenReused, Actor: audit.System, User: g.User, Detail: audit.Detail{"app": a.ID, "name": a.Name}})
}

// refresh exchanges a refresh token for the next. One that was spent comes from an app that never got our answer, if it comes
// within seconds; else from a thief, or from the app after a thief (RFC 9700 section 4.14.2, threat T61).
func (p *Provider) refresh(ctx context.Context, c *caller, form url.Values) (any, error) {
	t, ours := readToken(p.Keys, refreshToken, form.Get("refresh_token"))
	if !ours {
		return nil, invalidGrant("the refresh token is none of ours")
	}
	var out issue
	var fault *oidc.Error
	err := p.DB.Tx(ctx, func(tx *db.Tx) error {
		out, fault = issue{}, nil
		if err := c.spend(tx); err != nil {
			return err
		}
		g, found, err := rotate(tx, t.grant, c.app.ID, t.number)
		if err != nil {
			return err
		}
		if !found {
			if g, found, fault, err = p.again(tx, t, c.app); err != nil || !found {
				return err
			}
		}
		scope, wide := g.narrow(words(form.Get("scope")))
		if wide != nil {
			return wide
		}
		scope = c.client.allow(scope) // what the settings have taken away since is gone
		out = issue{grant: g, scope: scope, refresh: true, now: tx.Now, idToken: c.client.RefreshIDToken && g.has(oidc.ScopeOpenID)}
		return p.describe(tx, c.app, &out)
	})
	if err == nil && fault != nil {
		err = fault
	}
	if err != nil {
		return nil, err
	}
	return p.give(ctx, c.app, out)
}

// again decides about a refresh token that is not the good one.
func (p *Provider) again(tx *db.Tx, t token, a *app.App) (g grant, retried bool, fault *oidc.Error, err error) {
	g, found, err := grantByID(tx, t.grant)
	switch {
	case err != nil:
	case !found || g.App != a.ID || !g.live || t.number >= g.Generation:
		fault = invalidGrant("the refresh token is over, or for somebody else")
	case t.number+1 == g.Generation && tx.Now.Sub(g.RotatedAt) <= retryLife:
		return g, true, nil, nil
	default:
		fault, err = invalidGrant("the refresh token was used before, and all that came of it has ended"), p.endReused(tx, g, a)
	}
	return g, false, fault, err
}

// describe asks whether the person may still use the app, and collects what an ID token says of them.
func (p *Provider) describe(tx *db.Tx, a *app.App, out *issue) error {
	may, err := app.Allowed(tx, out.grant.User, a)
	if err != nil {
		return err
	}
	if !may {
		return invalidGrant("the person may not use the app any more")
	}
	if !out.idToken {
		return nil
	}
	if err := out.grant.unpack(); err != nil {
		return err
	}
	user, err := directory.ByID(tx, out.grant.User)
	if err != nil {
		return err
	}
	var profile app.Profile
	if profiled(a, out.grant.Scope, out.grant.Terms.IDClaims) {
		if profile, err = app.ProfileOf(tx, user, a); err != nil {
			return err
		}
	}
	out.info = tell(user, profile, out.grant.Scope, out.grant.Terms.IDClaims)
	return nil
}

// give makes the tokens of what was committed.
func (p *Provider) give(ctx context.Context, a *app.App, out issue) (*oidc.AccessTokenResponse, error) {
	life := clientOf(a).accessLife()
	answer := &oidc.AccessTokenResponse{TokenType: oidc.BearerToken, ExpiresIn: uint64(life / time.Second), Scope: out.scope}
	var err error
	access := token{kind: accessToken, grant: out.grant.ID, madeAt: out.now, number: uint32(life / time.Second), scopes: out.grant.scopes(out.scope)}
	if answer.AccessToken, err = access.sign(p.Keys); err != nil {
		return nil, err
	}
	if out.refresh {
		// Made of nothing but its generation, so that who asks again in time gets the very same.
		next := token{kind: refreshToken, grant: out.grant.ID, madeAt: out.grant.RedeemedAt, number: out.grant.Generation}
		if answer.RefreshToken, err = next.sign(p.Keys); err != nil {
			return nil, err
		}
	}
	if out.idToken {
		answer.IDToken, err = p.idToken(ctx, a, out.grant, out.info, answer.AccessToken, out.now)
	}
	return answer, err
}

// clientCredentials gives an app a token in its own name (RFC 6749 section 4.4): for the scopes of its own, not for people's.
func (p *Provider) clientCredentials(ctx context.Context, c *caller, form url.Values) (any, error) {
	asked := words(form.Get("scope"))
	scope := ownScopes(c.client.Scopes)
	if len(asked) > 0 {
		scope = ownScopes(c.client.allow(asked))
		if len(scope) != len(asked) {
			return nil, oidc.ErrInvalidScope().WithDescription("one of the scopes is none of the client's own")
		}
	}
	life := c.client.accessLife()
	var out issue
	err := p.DB.Tx(ctx, func(tx *db.Tx) error {
		if err := c.spend(tx); err != nil {
			return err
		}
		out = issue{grant: grant{ID: db.NewID(), App: c.app.ID, Scope: scope, RedeemedAt: tx.Now}, scope: scope, now: tx.Now}
		return insertGrant(tx, out.grant, time.Time{}, tx.Now.Add(life))
	})
	if err != nil {
		return nil, err
	}
	return p.give(ctx, c.app, out)
}

// ownScopes are those that are not about people.
func ownScopes(scopes []string) (own []string) {
	for _, s := range scopes {
		if s != oidc.ScopeOfflineAccess && !isStandard(s) {
			own = append(own, s)
		}
	}
	return own
}
