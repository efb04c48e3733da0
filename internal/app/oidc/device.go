// The device flow (RFC 8628): somebody lets a device in that has no keyboard, by a code that it shows.
package oidc

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"woggle/internal/app"
	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/limit"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/session"
)

// How long a device waits, and how often it may ask.
const (
	deviceLife  = 10 * time.Minute
	devicePause = 5 * time.Second
)

// Codes that are typed are 8 consonants, 34 bits: no words, and no letters that look like others' (RFC 8628 section 6.1).
const (
	typedLetters = "BCDFGHJKLMNPQRSTVWXZ"
	typedLength  = 8
)

// Guessing a code would let a stranger's device in with somebody's own name, or show what others are doing. And a stranger
// must not fill the table.
var (
	guessDevice  = limit.Rule{Name: "oidc-device-code", Max: 10, Window: 10 * time.Minute}
	startDevices = limit.Rule{Name: "oidc-device-start", Max: 60, Window: 10 * time.Minute}
)

// device is one that waits.
type device struct {
	ID      string
	App     string
	Scope   []string
	State   string
	Grant   string
	Pause   time.Duration
	AskedAt time.Time
	Expires time.Time
}

// The states of a device.
const (
	waiting = ""
	allowed = "allowed"
	refused = "refused"
	used    = "used"
)

func newTyped() string {
	var code strings.Builder
	for range typedLength {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(typedLetters))))
		if err != nil {
			panic(err) // unreachable: crypto/rand ends the program instead
		}
		code.WriteByte(typedLetters[n.Int64()])
	}
	return code.String()
}

// tidyTyped is a code as it was shown, however it was typed.
func tidyTyped(typed string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(typedLetters, r) {
			return r
		}
		return -1
	}, strings.ToUpper(typed))
}

func shownTyped(code string) string { return code[:4] + "-" + code[4:] }

// startDevice begins to wait (section 3.1).
func (p *Provider) startDevice(r *http.Request, form url.Values) (any, error) {
	c, err := p.authenticate(r, form)
	if err != nil {
		return nil, err
	}
	if !c.client.Grant("device_code") {
		return nil, oidc.ErrUnauthorizedClient().WithDescription("device_code is not among the client's grants")
	}
	d := device{ID: db.NewID(), App: c.app.ID, Scope: c.client.allow(words(form.Get("scope"))), Pause: devicePause}
	if len(d.Scope) == 0 {
		return nil, oidc.ErrInvalidScope().WithDescription("none of the scopes is one that the client may have")
	}
	typed, from := newTyped(), page.VisitOf(r).Address
	var made time.Time
	var wait time.Duration
	err = p.DB.Tx(r.Context(), func(tx *db.Tx) (err error) {
		if err = c.spend(tx); err != nil {
			return err
		}
		if !from.IsLoopback() { // a proxy that is not named, in front of everybody
			if wait, err = startDevices.Take(tx, from.String()); err != nil || wait > 0 {
				return err
			}
		}
		made, d.Expires = tx.Now, tx.Now.Add(deviceLife)
		return insertDevice(tx, d, p.Keys.MAC("oidc-device", typed))
	})
	switch {
	case err != nil:
		return nil, err
	case wait > 0:
		return nil, oidc.ErrSlowDown().WithDescription("too many devices have begun to wait here")
	}
	code, err := token{kind: deviceToken, grant: d.ID, madeAt: made}.sign(p.Keys)
	return &oidc.DeviceAuthorizationResponse{DeviceCode: code, UserCode: shownTyped(typed), VerificationURI: p.Base + "/device",
		VerificationURIComplete: p.Base + "/device?code=" + shownTyped(typed), ExpiresIn: int(deviceLife / time.Second),
		Interval: int(devicePause / time.Second)}, err
}

// deviceTokens answers a device that asks whether it was let in (section 3.4).
func (p *Provider) deviceTokens(ctx context.Context, c *caller, form url.Values) (any, error) {
	t, ours := readToken(p.Keys, deviceToken, form.Get("device_code"))
	if !ours {
		return nil, invalidGrant("the device_code is none of ours")
	}
	var out issue
	var fault *oidc.Error
	err := p.DB.Tx(ctx, func(tx *db.Tx) error {
		out, fault = issue{}, nil
		if err := c.spend(tx); err != nil {
			return err
		}
		d, found, err := deviceByID(tx, t.grant)
		switch {
		case err != nil:
			return err
		case !found || d.App != c.app.ID:
			fault = invalidGrant("the device_code is for somebody else")
			return nil
		case d.State == refused:
			fault = oidc.ErrAccessDenied().WithDescription("the person refused")
			return nil
		case !d.Expires.After(tx.Now):
			fault = oidc.ErrExpiredDeviceCode()
			return nil
		case d.State == allowed:
			fault, err = p.admit(tx, c, d, &out)
			return err
		case d.State == used:
			fault = invalidGrant("the device_code was used before")
			return nil
		}
		if fault = oidc.ErrAuthorizationPending(); tx.Now.Sub(d.AskedAt) < d.Pause-time.Second {
			fault, d.Pause = oidc.ErrSlowDown(), d.Pause+devicePause
		}
		return noteAsked(tx, d)
	})
	if err == nil && fault != nil {
		err = fault
	}
	if err != nil {
		return nil, err
	}
	return p.give(ctx, c.app, out)
}

// admit gives the device its tokens, once.
func (p *Provider) admit(tx *db.Tx, c *caller, d device, out *issue) (*oidc.Error, error) {
	mine, err := moveDevice(tx, d.ID, allowed, used, d.Grant)
	if err != nil || !mine {
		return invalidGrant("the device_code was used before"), err
	}
	g, found, err := redeem(tx, d.Grant, c.app.ID, c.client.Grant("refresh_token"), c.client.accessLife())
	if err != nil || !found {
		return invalidGrant("the session of the person who let the device in is over"), err
	}
	*out = issue{grant: g, scope: g.Scope, idToken: g.has(oidc.ScopeOpenID), refresh: g.Generation > 0, now: tx.Now}
	return nil, p.describe(tx, c.app, out)
}

type devicePage struct {
	Code   string
	App    string
	Asks   []string
	Others []string
	State  string // of the end: allowed, refused
}

// showDevice asks for the code.
func (p *Provider) showDevice(w http.ResponseWriter, r *http.Request) error {
	if session.Of(r) == nil {
		return page.Redirect(w, r, "/signin?to="+url.QueryEscape(r.URL.RequestURI()))
	}
	code := tidyTyped(r.URL.Query().Get("code"))
	if len(code) != typedLength {
		code = ""
	} else {
		code = shownTyped(code)
	}
	return p.Pages.Show(w, r, "oidc/device", devicePage{Code: code})
}

// typedDevice finds the device whose code was typed. It counts guesses, and asks again where there is none.
func (p *Provider) typedDevice(w http.ResponseWriter, r *http.Request) (d device, a *app.App, code string, err error) {
	s := session.Of(r)
	if s == nil {
		return d, nil, "", page.Redirect(w, r, "/signin?to=/device")
	}
	code = tidyTyped(r.PostFormValue("code"))
	var wait time.Duration
	found := false
	err = p.DB.Tx(r.Context(), func(tx *db.Tx) (err error) {
		if wait, err = guessDevice.Take(tx, s.User.ID); err != nil || wait > 0 {
			return err
		}
		for _, hash := range p.Keys.Lookups("oidc-device", code) {
			if d, found, err = waitingDevice(tx, hash); err != nil || found {
				break
			}
		}
		if err == nil && found {
			err = guessDevice.GiveBack(tx, s.User.ID, 1)
		}
		return err
	})
	if err != nil {
		return d, nil, "", err
	}
	if found {
		if a, err = p.app(r.Context(), d.App); err == nil {
			return d, a, code, nil
		}
	}
	wrong := problem.Field("code", "oidc.device.wrong")
	if wait > 0 {
		wrong = problem.New(problem.Limited, "oidc.device.limited").After(wait)
	}
	return d, nil, "", p.Pages.Show(w, r, "oidc/device", devicePage{Code: r.PostFormValue("code")}, page.Wrong(page.One(wrong)))
}

// checkDevice shows what would be let in, and asks: a stranger may have sent somebody the address with the code of a device
// of theirs (RFC 8628 section 5.4).
func (p *Provider) checkDevice(w http.ResponseWriter, r *http.Request) error {
	d, a, code, err := p.typedDevice(w, r)
	if err != nil || a == nil {
		return err
	}
	data := devicePage{Code: shownTyped(code), App: a.Name}
	data.Asks, data.Others = sentences(d.Scope)
	return p.Pages.Show(w, r, "oidc/device-check", data)
}

// answerDevice hands a yes to the desk, which knows whether this person may, and has proved enough.
func (p *Provider) answerDevice(w http.ResponseWriter, r *http.Request) error {
	d, a, _, err := p.typedDevice(w, r)
	if err != nil || a == nil {
		return err
	}
	q := question{Device: d.ID}
	if r.PostFormValue("go") != "yes" {
		return p.refuseDevice(w, r, q)
	}
	raw, err := json.Marshal(q)
	if err != nil {
		return err
	}
	return p.Desk.Receive(w, r, &app.Request{Protocol: Name, App: a, Data: raw, CreatedAt: p.DB.Now()})
}

// allowDevice lets the device in. It stays in after the person has signed out here: it is another one.
func (p *Provider) allowDevice(w http.ResponseWriter, r *http.Request, e *app.Entry, q question) error {
	s := e.Session
	err := p.DB.Tx(r.Context(), func(tx *db.Tx) error {
		d, found, err := deviceByID(tx, q.Device)
		if err != nil {
			return err
		}
		visit, err := e.Arrive(tx, "", true)
		if err != nil {
			return err
		}
		acr, _ := q.acr(session.LevelOf(s.Proofs) == session.Multi)
		g := grant{ID: db.NewID(), App: e.Request.App.ID, Visit: visit.ID, User: s.User.ID, Offline: true, Scope: d.Scope,
			Terms: terms{AuthAt: s.AuthAt, AMR: session.AMR(s.Proofs), ACR: acr}}
		if found && d.Expires.After(tx.Now) {
			found, err = moveDevice(tx, d.ID, waiting, allowed, g.ID)
		} else {
			found = false
		}
		if err != nil {
			return err
		}
		if !found {
			return problem.New(problem.Gone, "oidc.device.gone")
		}
		if err := insertGrant(tx, g, d.Expires, d.Expires); err != nil {
			return err
		}
		return audit.Record(tx, audit.Event{Type: audit.AppDeviceAllowed, Actor: s.User.ID, User: s.User.ID, Agent: s.Agent,
			Detail: audit.Detail{"app": e.Request.App.ID, "name": e.Request.App.Name}})
	})
	if err != nil {
		return err
	}
	return p.Pages.Show(w, r, "oidc/device-done", devicePage{App: e.Request.App.Name, State: allowed})
}

// refuseDevice sends the device away.
func (p *Provider) refuseDevice(w http.ResponseWriter, r *http.Request, q question) error {
	err := p.DB.Tx(r.Context(), func(tx *db.Tx) error {
		_, err := moveDevice(tx, q.Device, waiting, refused, "")
		return err
	})
	if err != nil {
		return err
	}
	return p.Pages.Show(w, r, "oidc/device-done", devicePage{State: refused})
}
