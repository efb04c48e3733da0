// Telling apps that somebody has signed out (OpenID Connect Back-Channel Logout 1.0).
package oidc

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"

	"woggle/internal/app"
	"woggle/internal/db"
	"woggle/internal/outgoing"
	"woggle/internal/session"
)

// How telling goes: a few at once for each app, again after a pause that grows, and no more after a day: by then the app's own session will
// be over.
const (
	toldAtOnce     = 20
	toldPause      = 30 * time.Second // longer than a call may take, so that no other node calls meanwhile
	toldLongest    = time.Hour
	toldGiveUp     = 24 * time.Hour
	logoutLife     = 2 * time.Minute // section 2.4
	logoutEvent    = "http://schemas.openid.net/event/backchannel-logout"
	logoutTokenTyp = "logout+jwt"
)

// told is a visit that is over, and how often its app was called.
type told struct {
	session.Visit
	Tries int64
}

// TellApps tells apps of visits that are over. What is to be told is claimed before it is told and struck off after, so that a
// crash in between tells it once more, and never not at all. Any node may do it, and several at once.
func (p *Provider) TellApps(ctx context.Context) error {
	apps, err := p.Desk.Catalogue.Current(ctx)
	if err != nil {
		return err
	}
	for _, a := range apps.Of(Name) {
		if clientOf(a).BackchannelLogoutURI == "" {
			continue
		}
		// One that does not answer is left for the next time: the others must hear of it now.
		for answers := true; answers && ctx.Err() == nil; {
			claimed, err := p.claimUntold(ctx, a.ID)
			if err != nil {
				return err
			}
			var all sync.WaitGroup
			var heard atomic.Int64
			for _, visit := range claimed {
				all.Go(func() {
					if p.tellApp(ctx, a, visit) {
						heard.Add(1)
					}
				})
			}
			all.Wait()
			answers = heard.Load() > 0
		}
	}
	return nil
}

func (p *Provider) claimUntold(ctx context.Context, app string) (claimed []told, err error) {
	err = p.DB.Tx(ctx, func(tx *db.Tx) error {
		claimed = nil
		all, err := untold(tx, app, toldAtOnce)
		if err != nil {
			return err
		}
		for _, visit := range all {
			mine, err := claimVisit(tx, visit.ID, min(toldPause<<min(visit.Tries, 10), toldLongest))
			if err != nil {
				return err
			}
			if mine {
				visit.Tries++
				claimed = append(claimed, visit)
			}
		}
		return nil
	})
	return claimed, err
}

// tellApp tells an app of one visit, and tells whether it has understood.
func (p *Provider) tellApp(ctx context.Context, a *app.App, visit told) bool {
	err := p.callLogout(ctx, a, visit.Visit)
	if err != nil {
		if ctx.Err() != nil || p.DB.Now().Sub(visit.EndedAt) < toldGiveUp {
			p.Log.WarnContext(ctx, "an app could not be told of a sign-out; it is tried again", "app", a.ID, "tries", visit.Tries, "error", err)
			return false
		}
		p.Log.ErrorContext(ctx, "an app was never told of a sign-out", "app", a.ID, "tries", visit.Tries, "error", err)
	}
	understood := err == nil
	if err := p.DB.Tx(ctx, func(tx *db.Tx) error { return strikeOff(tx, visit.ID) }); err != nil && ctx.Err() == nil {
		p.Log.ErrorContext(ctx, "an app may be told of a sign-out twice", "app", a.ID, "error", err)
	}
	return understood
}

// callLogout sends the logout token (section 2.5). The app has understood when it says 200, or 204 as some do.
func (p *Provider) callLogout(ctx context.Context, a *app.App, visit session.Visit) error {
	now := p.DB.Now()
	signed, err := p.sign(ctx, clientOf(a).SigningAlg, logoutTokenTyp, func(jose.SignatureAlgorithm) (any, error) {
		return &oidc.LogoutTokenClaims{Issuer: p.Base, Subject: visit.User, Audience: oidc.Audience{a.ID}, IssuedAt: oidc.FromTime(now),
			Expiration: oidc.FromTime(now.Add(logoutLife)), JWTID: db.NewID(), SessionID: visit.ID, Events: map[string]any{logoutEvent: struct{}{}}}, nil
	})
	if err != nil {
		return err
	}
	body := url.Values{"logout_token": {signed}}.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, clientOf(a).BackchannelLogoutURI, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := p.Outgoing.Do(request)
	if err != nil {
		return err
	}
	if _, err := outgoing.Read(response); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusNoContent {
		return fmt.Errorf("the app answered %s", response.Status)
	}
	return nil
}
