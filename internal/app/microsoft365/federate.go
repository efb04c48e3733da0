// Federating a domain, changing its certificate, and taking it back: requests that can be read before they are made.
package microsoft365

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"woggle/internal/app/microsoft365/graph"
	"woggle/internal/audit"
	"woggle/internal/db"
)

// Where Microsoft sends people, below the address of the site. The active endpoints have a place only for a password, so
// they refuse everybody; Microsoft wants an address all the same.
const (
	wsfedPath    = "wsfed"
	samlPath     = "saml/sso"
	samlOutPath  = "saml/slo"
	activePath   = "wsfed/active"
	exchangePath = "wsfed/mex"
)

// What we ask of Microsoft: people who come without a second step are sent back to us for it, and "sign in again" is
// asked in a way that we understand.
const (
	enforceMFA    = "enforceMfaByFederatedIdp"
	nativePrompts = "nativeSupport"
)

// Certificates are those that Microsoft is to take, DER.
type Certificates struct {
	Current []byte
	Next    []byte // nil: none
}

func (m *Manager) certificates(ctx context.Context) (c Certificates, err error) {
	current, next, _, err := m.Signing.Certificates(ctx)
	if err != nil {
		return c, err
	}
	c.Current = current.Raw
	if next != nil {
		c.Next = next.Raw
	}
	return c, nil
}

// Wanted is the federation that a domain is to have.
func Wanted(base *url.URL, organisation string, d Domain, c Certificates) Federation {
	at := func(path string) string { return base.JoinPath(path).String() }
	f := Federation{DisplayName: organisation, Issuer: d.Issuer, Passive: at(wsfedPath), SignOut: at(wsfedPath), Active: at(activePath), Exchange: at(exchangePath),
		Certificate: base64.StdEncoding.EncodeToString(c.Current), Protocol: wireNames[d.Protocol], MFA: enforceMFA, Prompt: nativePrompts}
	if d.Protocol == SAML {
		f.Passive, f.SignOut = at(samlPath), at(samlOutPath)
	}
	if c.Next != nil {
		next := base64.StdEncoding.EncodeToString(c.Next)
		f.Next = &next
	}
	return f
}

func federationPath(domain string) string {
	return "/v1.0/domains/" + url.PathEscape(domain) + "/federationConfiguration"
}

// Federate are the requests that bring the domain from how the tenant has it to how it is wanted: none if it is so. A domain
// whose people are sent elsewhere is not touched.
func Federate(d Domain, place *Place, wanted Federation) ([]graph.Request, error) {
	have := place.Federation
	if have == nil {
		if !strings.EqualFold(place.Kind, "Managed") {
			return nil, fmt.Errorf("%s is federated through another domain, or with another sign-in", d.Name)
		}
		body := wanted.body()
		body["@odata.type"] = "#microsoft.graph.internalDomainFederation"
		if wanted.Next == nil {
			delete(body, "nextSigningCertificate") // null is for taking one out
		}
		return []graph.Request{{Method: http.MethodPost, Path: federationPath(d.Name), Body: body}}, nil
	}
	if have.Issuer != wanted.Issuer {
		return nil, fmt.Errorf("%s is federated with another sign-in (%s); roll that back first", d.Name, graph.Plain(have.Issuer, 200))
	}
	all, changed := wanted.body(), map[string]any{}
	for name, value := range have.body() {
		if all[name] != value {
			changed[name] = all[name]
		}
	}
	if len(changed) == 0 {
		return nil, nil
	}
	// Left out, Microsoft may set these back.
	for _, name := range []string{"preferredAuthenticationProtocol", "federatedIdpMfaBehavior", "promptLoginBehavior"} {
		changed[name] = all[name]
	}
	return []graph.Request{{Method: http.MethodPatch, Path: federationPath(d.Name) + "/" + url.PathEscape(have.ID), Body: changed}}, nil
}

// body are the members of a federation as they are sent.
func (f Federation) body() map[string]any {
	var next any // null
	if f.Next != nil {
		next = *f.Next
	}
	return map[string]any{"displayName": f.DisplayName, "issuerUri": f.Issuer, "passiveSignInUri": f.Passive, "signOutUri": f.SignOut,
		"activeSignInUri": f.Active, "metadataExchangeUri": f.Exchange, "signingCertificate": f.Certificate, "nextSigningCertificate": next,
		"preferredAuthenticationProtocol": f.Protocol, "federatedIdpMfaBehavior": f.MFA, "promptLoginBehavior": f.Prompt}
}

// Rollback are the requests that give the domain back to Microsoft.
func Rollback(d Domain, place *Place) ([]graph.Request, error) {
	switch {
	case place.Federation == nil:
		return nil, fmt.Errorf("%s is not federated; there is nothing to roll back", d.Name)
	case place.Federation.Issuer != d.Issuer:
		return nil, fmt.Errorf("%s is federated with another sign-in (%s), which is not ours to roll back", d.Name, graph.Plain(place.Federation.Issuer, 200))
	}
	return []graph.Request{{Method: http.MethodDelete, Path: federationPath(d.Name) + "/" + url.PathEscape(place.Federation.ID)}}, nil
}

// Move is a change of a domain that was worked out and not made yet.
type Move struct {
	Domain   Domain
	Requests []graph.Request
	Checks   []Result // that stand against it

	manager *Manager
	client  *graph.Client
	event   audit.Type
}

// Away works out how to federate the domain, or to bring its federation up to date.
func (m *Manager) Away(ctx context.Context, name string) (*Move, error) {
	c, d, place, client, p, err := m.look(ctx, name)
	if err != nil {
		return nil, err
	}
	certificates, err := m.certificates(ctx)
	if err != nil {
		return nil, err
	}
	requests, err := Federate(d, place, Wanted(m.Base, m.Organisation, d, certificates))
	if err != nil {
		return nil, err
	}
	move := &Move{Domain: d, Requests: requests, manager: m, client: client, event: audit.DomainFederated}
	if place.Federation != nil {
		return move, nil // the checks are about the first time; waiting for them would keep a needed change away
	}
	for _, r := range CheckAll(m.Base, c, p) {
		if r.Level == Wrong && (r.Domain == "" || r.Domain == d.Name) {
			move.Checks = append(move.Checks, r)
		}
	}
	return move, nil
}

// Back works out how to give the domain back to Microsoft.
func (m *Manager) Back(ctx context.Context, name string) (*Move, error) {
	_, d, place, client, _, err := m.look(ctx, name)
	if err != nil {
		return nil, err
	}
	requests, err := Rollback(d, place)
	return &Move{Domain: d, Requests: requests, manager: m, client: client, event: audit.DomainRolledBack}, err
}

func (m *Manager) look(ctx context.Context, name string) (c Connected, d Domain, place *Place, client *graph.Client, p *Picture, err error) {
	if c, d, err = m.Domain(ctx, name); err != nil {
		return
	}
	if p, client, err = m.Read(ctx, c); err != nil {
		return
	}
	if err = p.Unread[places]; err != nil {
		return
	}
	if place = p.place(d.Name); place == nil {
		err = fmt.Errorf("the tenant has no domain %s", d.Name)
	}
	return
}

// Refused tells which checks stand against the move and were not named in despite.
func (move *Move) Refused(despite []string) (against []Result) {
	for _, r := range move.Checks {
		if !slices.Contains(despite, string(r.Check)) {
			against = append(against, r)
		}
	}
	return against
}

// Go makes the requests, and records that. What was done before a failure stays; working the move out again goes on from there.
func (move *Move) Go(ctx context.Context, despite []string) error {
	if against := move.Refused(despite); len(against) > 0 {
		return fmt.Errorf("%s is not federated while something is wrong: %s", move.Domain.Name, against[0].What)
	}
	for _, r := range move.Requests {
		if err := move.client.Do(ctx, r, nil); err != nil {
			return fmt.Errorf("%s %s: %w", r.Method, r.Path, err)
		}
	}
	err := move.manager.DB.Tx(ctx, func(tx *db.Tx) error {
		return audit.Record(tx, audit.Event{Type: move.event, Actor: audit.System, Detail: audit.Detail{"name": move.Domain.Name}})
	})
	if err != nil {
		return fmt.Errorf("it was done, and could not be written down: %w", err)
	}
	return move.reread(ctx)
}

// reread keeps what Microsoft now says of the domain.
func (move *Move) reread(ctx context.Context) error {
	found, err := graph.List[Federation](ctx, move.client, federationPath(move.Domain.Name), false)
	if err != nil {
		return err
	}
	d := move.Domain
	d.Configuration, d.Current, d.Next = "", "", ""
	if len(found) > 0 && found[0].Issuer == d.Issuer {
		d.Configuration = found[0].ID
		d.Current, d.Next = found[0].prints()
	}
	return move.manager.DB.Tx(ctx, func(tx *db.Tx) error { return setFederation(tx, d) })
}

// ahead is how long before it signs Microsoft is told of a new certificate: enough for somebody who has to do it by hand.
const ahead = 7 * 24 * time.Hour

// Rollover makes the next key, which signs in a week, unless one waits already. Microsoft has to be told of it by
// then: Away works out how.
func (m *Manager) Rollover(ctx context.Context) (at time.Time, err error) {
	_, next, at, err := m.Signing.Certificates(ctx)
	if err != nil || next != nil {
		return at, err
	}
	if err := m.Signing.Rotate(ctx, m.DB.Now().Add(ahead)); err != nil {
		return at, err
	}
	_, next, at, err = m.Signing.Certificates(ctx)
	if err == nil && next == nil {
		err = errors.New("the next key was made, and cannot be found")
	}
	return at, err
}

// ErrManaged says that a domain is not federated with us, so that no certificate of ours matters there.
var ErrManaged = errors.New("the domain is not federated with us")

// Renew is Away for a domain that is federated already, however that was done. Its error is ErrManaged for others.
func (m *Manager) Renew(ctx context.Context, name string) (*Move, error) {
	_, d, place, _, _, err := m.look(ctx, name)
	if err != nil {
		return nil, err
	}
	if place.Federation == nil || place.Federation.Issuer != d.Issuer {
		return nil, ErrManaged
	}
	return m.Away(ctx, name)
}

// Names are the names of all connected domains.
func (m *Manager) Names(ctx context.Context) (names []string, err error) {
	err = m.DB.Ask(ctx, func(tx *db.Tx) error {
		names = nil
		all, err := Domains(tx)
		for _, d := range all {
			names = append(names, d.Name)
		}
		return err
	})
	return names, err
}
