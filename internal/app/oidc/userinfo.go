// The UserInfo endpoint (OpenID Connect Core section 5.3).
package oidc

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"woggle/internal/app"
	"woggle/internal/db"
	"woggle/internal/directory"
)

// errNoToken says that a request has no access token that is good.
var errNoToken = errors.New("no access token that is good")

// userinfo tells the app of the person that its token is for.
func (p *Provider) userinfo(w http.ResponseWriter, r *http.Request) error {
	text, found := bearer(r.Header.Get("Authorization"))
	if !found && r.Method == http.MethodPost {
		form, err := readForm(w, r)
		if err != nil {
			return err
		}
		text = form.Get("access_token")
	}
	if text == "" {
		w.Header().Set("WWW-Authenticate", "Bearer") // RFC 6750 section 3.1: no error for who has shown nothing
		return writeJSON(w, http.StatusUnauthorized, oidc.ErrInvalidRequest().WithDescription("there is no access token"))
	}
	var user directory.User
	t, a, g, err := p.accessGrant(r.Context(), text, func(tx *db.Tx, t token) (g grant, found bool, err error) {
		g, user, found, err = accessByID(tx, t.grant, t.madeAt)
		return g, found, err
	})
	if errors.Is(err, errNoToken) || err == nil && g.User == "" {
		return refuseToken(w, http.StatusUnauthorized, "invalid_token", "the access token is over, or none of ours")
	}
	if err != nil {
		return err
	}
	client := clientOf(a)
	scopes := client.allow(g.only(t.scopes)) // what the settings have taken away since is gone
	g.Claims = slices.DeleteFunc(g.Claims, func(claim string) bool { return !slices.Contains(client.Scopes, scopeFor(claim)) })
	if !slices.Contains(scopes, oidc.ScopeOpenID) {
		return refuseToken(w, http.StatusForbidden, "insufficient_scope", "the access token was not asked for with the scope openid")
	}
	var profile app.Profile
	if profiled(a, scopes, g.Claims) {
		err = p.DB.View(r.Context(), func(tx *db.Tx) (err error) {
			profile, err = app.ProfileOf(tx, user, a)
			return err
		})
		if err != nil {
			return err
		}
	}
	return writeJSON(w, http.StatusOK, tell(user, profile, scopes, g.Claims))
}

func refuseToken(w http.ResponseWriter, status int, code, what string) error {
	w.Header().Set("WWW-Authenticate", `Bearer error="`+code+`", error_description="`+what+`"`)
	return writeJSON(w, status, map[string]string{"error": code, "error_description": what})
}

// accessGrant is the grant of an access token that is good now, with its app: one question to the database, which read asks,
// unless the app is for some people only. Its error is errNoToken, or the database's.
func (p *Provider) accessGrant(ctx context.Context, text string, read func(*db.Tx, token) (grant, bool, error)) (t token, a *app.App, g grant, err error) {
	t, ours := readToken(p.Keys, accessToken, text)
	if !ours {
		return t, nil, g, errNoToken
	}
	good := false
	err = p.DB.Ask(ctx, func(tx *db.Tx) (err error) {
		if good = t.expiresAt().After(tx.Now); good {
			g, good, err = read(tx, t)
		}
		return err
	})
	if err == nil && !good {
		err = errNoToken
	}
	if err != nil {
		return t, nil, g, err
	}
	a, err = p.stillMay(ctx, g)
	return t, a, g, err
}

// stillMay is the app of a grant, if it is still there and its person may use it.
func (p *Provider) stillMay(ctx context.Context, g grant) (*app.App, error) {
	apps, err := p.Desk.Catalogue.Current(ctx)
	if err != nil {
		return nil, err
	}
	a, found := apps.ByAudience(Name, g.App)
	if !found || a.Disabled {
		return nil, errNoToken
	}
	if len(a.Groups) == 0 || g.User == "" {
		return a, nil
	}
	may := false
	err = p.DB.Ask(ctx, func(tx *db.Tx) (err error) {
		may, err = app.Allowed(tx, g.User, a)
		return err
	})
	if err == nil && !may {
		err = errNoToken
	}
	return a, err
}
