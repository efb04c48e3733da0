// Sign-ins to an app over OpenID Connect, and what an app asks afterwards.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"woggle/internal/app"
	"woggle/internal/app/oidc"
	"woggle/internal/audit"
	"woggle/internal/db"
)

// What is aimed for: whole sign-ins to an app, beside a handler that commits one row and signs once in each request; the
// questions of an app, beside a bare handler.
const (
	flowsPerWrite = 0.3
	asksPerBare   = 0.3
	refreshPer    = 0.1
)

// manyConnections is the heavier of the two loads.
const manyConnections = 128

const redirectURI = "https://rota.bench.example/in"

// client is an app of the bench.
type client struct{ id, secret string }

// registerClients makes an app for each algorithm.
func (s *site) registerClients(ctx context.Context, algs ...string) (clients map[string]client, err error) {
	d, ring, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	clients = map[string]client{}
	err = d.Tx(ctx, func(tx *db.Tx) error {
		for _, alg := range algs {
			c := client{id: "rota-" + strings.ToLower(alg)}
			settings, err := json.Marshal(map[string]any{"redirect_uris": []string{redirectURI}, "signing_alg": alg,
				"grants": []string{"authorization_code", "refresh_token"}})
			if err != nil {
				return err
			}
			if err := app.Put(tx, audit.System, &app.App{ID: c.id, Name: "Camp rota", Protocol: oidc.Name, Settings: settings}); err != nil {
				return err
			}
			if c.secret, err = oidc.NewSecret(tx, ring, audit.System, c.id); err != nil {
				return err
			}
			clients[alg] = c
		}
		return nil
	})
	return clients, err
}

// tokens are what an app is given.
type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
}

// rota is an app at work: the browser of somebody signed in, and the app's own connection.
type rota struct {
	client
	person, machine *browser
	authorize       string
	verifier        string
	got             tokens
}

func newRota(c client, person *browser) *rota {
	r := &rota{client: c, person: person, machine: newBrowser(person.address), verifier: db.NewToken()}
	r.machine.extra = "\r\nAuthorization: Basic " + base64.StdEncoding.EncodeToString([]byte(c.id+":"+c.secret))
	challenge := sha256.Sum256([]byte(r.verifier))
	r.authorize = "/oidc/authorize?" + url.Values{"client_id": {c.id}, "redirect_uri": {redirectURI}, "response_type": {"code"},
		"scope": {"openid profile email offline_access"}, "state": {"s"}, "nonce": {"n"}, "code_challenge_method": {"S256"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}}.Encode()
	return r
}

// signIn is a whole sign-in to the app of somebody who is signed in: a code, and tokens for it.
func (r *rota) signIn() error {
	a, err := r.person.get(r.authorize)
	if err != nil {
		return err
	}
	_, query, found := strings.Cut(a.location, "?")
	values, err := url.ParseQuery(query)
	if a.status != 303 || !found || err != nil || values.Get("code") == "" {
		return fmt.Errorf("authorize: status %d, to %s", a.status, a.location)
	}
	return r.ask("/oidc/token", "grant_type=authorization_code&redirect_uri="+url.QueryEscape(redirectURI)+"&code="+
		url.QueryEscape(values.Get("code"))+"&code_verifier="+r.verifier, &r.got)
}

func (r *rota) refresh() error {
	before := r.got.Refresh
	err := r.ask("/oidc/token", "grant_type=refresh_token&refresh_token="+url.QueryEscape(before), &r.got)
	if err == nil && r.got.Refresh == before {
		err = errors.New("the refresh token was not changed")
	}
	return err
}

func (r *rota) introspect() error {
	var said struct {
		Active bool `json:"active"`
	}
	err := r.ask("/oidc/introspect", "token="+url.QueryEscape(r.got.Access), &said)
	if err == nil && !said.Active {
		err = errors.New("the token is not active")
	}
	return err
}

// ask sends a form as the app itself.
func (r *rota) ask(path, form string, into any) error {
	a, err := r.machine.post(path, []byte(form))
	if err == nil && a.status != 200 {
		err = fmt.Errorf("%s: status %d: %s", path, a.status, a.body)
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(a.body, into)
}

// measureApps signs people in to an app that takes RSA signatures, and to one that takes elliptic curves, on few and on many
// connections; then the app asks its questions.
func (b *bench) measureApps(ctx context.Context) error {
	s, err := b.newSite("")
	if err != nil {
		return err
	}
	if err := s.fill(ctx, 1000); err != nil {
		return err
	}
	clients, err := s.registerClients(ctx, "RS256", "ES256")
	if err != nil {
		return err
	}
	p, err := b.serve(ctx, s)
	if err != nil {
		return err
	}
	defer p.stop()
	members, err := signedIn(p.address, newPeople(1000), manyConnections)
	if err != nil {
		return err
	}
	for _, alg := range []string{"RS256", "ES256"} {
		all := make([]*rota, len(members))
		for i, member := range members {
			all[i] = newRota(clients[alg], member)
		}
		for _, count := range []int{connections, manyConnections} {
			if err := b.flowRounds(ctx, alg, all[:count]); err != nil {
				return err
			}
		}
		if alg == "RS256" {
			if err := b.askRounds(ctx, all); err != nil {
				return err
			}
		}
	}
	return nil
}

// signedIn are browsers of people who are signed in.
func signedIn(address string, from *people, count int) (members []*browser, err error) {
	for range count {
		member := newBrowser(address)
		p, err := from.take()
		if err == nil {
			err = member.signIn(p)
		}
		if err != nil {
			return nil, err
		}
		members = append(members, member)
	}
	return members, nil
}

// flowRounds compares sign-ins with the yardstick, in turns.
func (b *bench) flowRounds(ctx context.Context, alg string, all []*rota) error {
	what := fmt.Sprintf("sign-in to an app, %s, %d connections", alg, len(all))
	b.say("%s", what)
	folder, err := b.newSite("")
	if err != nil {
		return err
	}
	bare, err := b.serveBare(ctx, 1000, alg, folder.folder)
	if err != nil {
		return err
	}
	defer bare.stop()
	yard := fetcher{path: "/", from: bare, size: 1000}
	for _, r := range all {
		yard.by = append(yard.by, newBrowser(bare.address))
		if err := r.signIn(); err != nil { // the first one makes the key
			return err
		}
	}
	return b.compare(ctx, what, "one write and one signature", flowsPerWrite, &yard, len(all), func(worker int) error { return all[worker].signIn() })
}

// askRounds compares what an app asks with the bare handler, in turns.
func (b *bench) askRounds(ctx context.Context, all []*rota) error {
	for _, r := range all {
		if err := r.signIn(); err != nil {
			return err
		}
	}
	for _, q := range []struct {
		what string
		aim  float64
		ask  func(*rota) error
		most int // connections
	}{
		{"userinfo", asksPerBare, (*rota).userinfo, connections}, {"introspection", asksPerBare, (*rota).introspect, connections},
		{"userinfo", asksPerBare, (*rota).userinfo, manyConnections}, {"introspection", asksPerBare, (*rota).introspect, manyConnections},
		{"refresh with a new token", refreshPer, (*rota).refresh, connections}, {"refresh with a new token", refreshPer, (*rota).refresh, manyConnections},
	} {
		what := fmt.Sprintf("%s, %d connections", q.what, q.most)
		b.say("%s", what)
		size := 300
		bare, err := b.serveBare(ctx, size)
		if err != nil {
			return err
		}
		yard := fetcher{path: "/", from: bare, size: size}
		for range q.most {
			yard.by = append(yard.by, newBrowser(bare.address))
		}
		for _, r := range all {
			r.machine.close() // the server closes what rests for a minute, as these do while others work
		}
		err = b.compare(ctx, what, fmt.Sprintf("bare %d bytes", size), q.aim, &yard, q.most, func(worker int) error { return q.ask(all[worker]) })
		bare.stop()
		if err != nil {
			return err
		}
	}
	return nil
}

// userinfo asks who somebody is, with their access token.
func (r *rota) userinfo() error {
	basic := r.machine.extra
	r.machine.extra = "\r\nAuthorization: Bearer " + r.got.Access
	defer func() { r.machine.extra = basic }()
	a, err := r.machine.get("/oidc/userinfo")
	if err == nil && (a.status != 200 || !bytes.Contains(a.body, []byte(`"sub"`))) {
		err = fmt.Errorf("userinfo: status %d: %s", a.status, a.body)
	}
	return err
}

// compare measures work and the yardstick in turns, and adds the row. Anything that goes wrong breaks the bench: not one may
// fail.
func (b *bench) compare(ctx context.Context, what, yardstick string, aim float64, yard *fetcher, count int, work func(worker int) error) error {
	var ratios, rates []float64
	for range b.rounds {
		if err := yard.round(ctx, b.pages); err != nil {
			return err
		}
		each, err := together(ctx, count, b.pages, work)
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		rates = append(rates, each)
		ratios = append(ratios, each/yard.rates[len(yard.rates)-1])
	}
	b.add(row{what: what, measured: perSecond(median(rates)), yardstick: yardstick + " " + perSecond(median(yard.rates)),
		ratio: fmt.Sprintf("%.2f", median(ratios)), aim: fmt.Sprintf("≥ %.2f", aim), met: verdict(median(ratios) >= aim)})
	b.note("%s: ratios of the rounds %s; not one failed", what, span(ratios))
	return nil
}
