// What is so in a tenant now.
package microsoft365

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"woggle/internal/app/microsoft365/graph"
	"woggle/internal/db"
	"woggle/internal/directory"
)

// Place is a domain as the tenant has it.
type Place struct {
	Name     string `json:"id"`
	Kind     string `json:"authenticationType"` // Managed or Federated
	Default  bool   `json:"isDefault"`
	Initial  bool   `json:"isInitial"`
	Root     bool   `json:"isRoot"`
	Verified bool   `json:"isVerified"`

	Federation *Federation `json:"-"` // nil: it has none of its own
}

// Federation is the federation of a domain, as the tenant has it (internalDomainFederation).
type Federation struct {
	ID          string  `json:"id,omitempty"`
	DisplayName string  `json:"displayName,omitempty"`
	Issuer      string  `json:"issuerUri,omitempty"`
	Passive     string  `json:"passiveSignInUri,omitempty"`
	SignOut     string  `json:"signOutUri,omitempty"`
	Active      string  `json:"activeSignInUri,omitempty"`
	Exchange    string  `json:"metadataExchangeUri,omitempty"`
	Certificate string  `json:"signingCertificate,omitempty"` // base64 of DER
	Next        *string `json:"nextSigningCertificate"`       // null: none
	Protocol    string  `json:"preferredAuthenticationProtocol,omitempty"`
	MFA         string  `json:"federatedIdpMfaBehavior,omitempty"`
	Prompt      string  `json:"promptLoginBehavior,omitempty"`
}

// prints are the fingerprints of the certificates that Microsoft takes.
func (f *Federation) prints() (current, next string) {
	if der, err := base64.StdEncoding.DecodeString(f.Certificate); err == nil && len(der) > 0 {
		current = fingerprint(der)
	}
	if f.Next != nil {
		if der, err := base64.StdEncoding.DecodeString(*f.Next); err == nil && len(der) > 0 {
			next = fingerprint(der)
		}
	}
	return current, next
}

// Picture is all that is read of a tenant and of the people here. What could not be read is in Unread.
type Picture struct {
	At            time.Time
	Skew          time.Duration // Microsoft's clock minus ours
	Places        []Place
	People        []Person
	Admins        []Person // Global Administrators
	DefaultsOn    bool     // security defaults
	Members       []Member
	Current, Next string // fingerprints of our certificates
	NextAt        time.Time
	CertificateTo time.Time // end of the certificate that signs
	Apps          map[Protocol]Answering
	ProofTo       time.Time // end of the newest certificate for Graph; zero: a secret
	ProofPending  bool      // the newest one is not known at Microsoft, an older one served
	Unread        map[part]error
}

// part names what was to be read.
type part string

const (
	places   part = "domains"
	people   part = "people"
	admins   part = "administrators"
	defaults part = "security defaults"
)

// globalAdministrator is the template of that role, the same in every tenant.
const globalAdministrator = "62e90394-69f5-4237-9190-012177145e10"

// Read looks at a tenant. Its error is that nothing could be asked; what single questions came to is in Unread.
func (m *Manager) Read(ctx context.Context, c Connected) (*Picture, *graph.Client, error) {
	client, proofs, err := m.client(ctx, c.Tenant)
	if err != nil {
		return nil, nil, err
	}
	p := &Picture{At: m.DB.Now(), Unread: map[part]error{}}
	note := func(what part, err error) error {
		var refused *graph.Error
		if errors.As(err, &refused) {
			p.Unread[what], err = refused, nil
		}
		return err
	}
	p.Places, err = graph.List[Place](ctx, client, "/v1.0/domains", false)
	if err != nil && client.Tokenless() {
		return nil, nil, err // no part can be read
	}
	if err := note(places, err); err != nil {
		return nil, nil, err
	}
	for i := range p.Places {
		if err := note(places, readFederation(ctx, client, c.Domains, &p.Places[i])); err != nil {
			return nil, nil, err
		}
	}
	p.People, err = graph.List[Person](ctx, client, "/v1.0/users?$top=999&$select="+selection, false)
	if err := note(people, err); err != nil {
		return nil, nil, err
	}
	p.Admins, err = administrators(ctx, client)
	if err := note(admins, err); err != nil {
		return nil, nil, err
	}
	markAdmins(p.People, p.Admins)
	var policy struct {
		Enabled bool `json:"isEnabled"`
	}
	err = client.Do(ctx, graph.Request{Method: http.MethodGet, Path: "/v1.0/policies/identitySecurityDefaultsEnforcementPolicy"}, &policy)
	if err := note(defaults, err); err != nil {
		return nil, nil, err
	}
	p.DefaultsOn = policy.Enabled
	p.Skew, _ = client.Skew()
	if len(proofs) > 0 {
		p.ProofTo, p.ProofPending = proofs[0].EndsAt, client.Used() > 0
	}
	if err := m.readHere(ctx, c, p); err != nil {
		return nil, nil, err
	}
	return p, client, m.keep(ctx, c, p, proofs, client.Used())
}

// readFederation reads the federation of one of our domains.
func readFederation(ctx context.Context, client *graph.Client, ours []Domain, place *Place) error {
	place.Name = strings.ToLower(place.Name)
	for _, d := range ours {
		if d.Name != place.Name || !place.Verified {
			continue
		}
		found, err := graph.List[Federation](ctx, client, "/v1.0/domains/"+url.PathEscape(d.Name)+"/federationConfiguration", false)
		if err != nil {
			return err
		}
		if len(found) > 0 {
			place.Federation = &found[0]
		}
	}
	return nil
}

// readHere reads what is known on this side.
func (m *Manager) readHere(ctx context.Context, c Connected, p *Picture) error {
	current, next, at, err := m.Signing.Certificates(ctx)
	if err != nil {
		return err
	}
	p.Current, p.CertificateTo = fingerprint(current.Raw), current.NotAfter
	if next != nil {
		p.Next, p.NextAt = fingerprint(next.Raw), at
	}
	p.Apps = map[Protocol]Answering{}
	for _, d := range c.Domains {
		if p.Apps[d.Protocol], err = m.Answering(ctx, d.Protocol); err != nil {
			return err
		}
	}
	p.Members, err = m.members(ctx, c.Tenant.ID)
	return err
}

// membersAtOnce is how many people are read at once.
const membersAtOnce = 1000

// members are all people here, with what is known of their accounts in the tenant.
func (m *Manager) members(ctx context.Context, tenant string) ([]Member, error) {
	known := map[string]Account{}
	err := m.DB.View(ctx, func(tx *db.Tx) error {
		clear(known)
		all, err := accountsIn(tx, tenant)
		for _, a := range all {
			known[a.User] = a
		}
		return err
	})
	var found []Member
	for after, more := "", true; err == nil && more; {
		var users []directory.User
		err = m.DB.View(ctx, func(tx *db.Tx) (err error) {
			users, err = directory.List(tx, after, membersAtOnce, "")
			return err
		})
		for _, u := range users {
			found, after = append(found, Member{u, known[u.ID]}), u.Username
		}
		more = len(users) == membersAtOnce
	}
	return found, err
}

// keep stores what other parts want to know without asking Microsoft: the initial domain, and which certificates Microsoft
// takes. A proof that works makes older ones needless.
func (m *Manager) keep(ctx context.Context, c Connected, p *Picture, proofs []credential, used int) error {
	return m.DB.Tx(ctx, func(tx *db.Tx) error {
		if used == 0 && len(proofs) > 1 {
			if err := dropOlder(tx, c.Tenant.ID, proofs[0].ID); err != nil {
				return err
			}
		}
		if p.Unread[places] != nil {
			return nil
		}
		for _, place := range p.Places {
			if place.Initial && place.Name != c.Tenant.Initial {
				if err := setInitial(tx, c.Tenant.ID, place.Name); err != nil {
					return err
				}
			}
		}
		for _, d := range c.Domains {
			d.Configuration, d.Current, d.Next = "", "", ""
			if place := p.place(d.Name); place != nil && place.Federation != nil && place.Federation.Issuer == d.Issuer {
				d.Configuration = place.Federation.ID
				d.Current, d.Next = place.Federation.prints()
			}
			if err := setFederation(tx, d); err != nil {
				return err
			}
		}
		return nil
	})
}

// administrators are the Global Administrators of the tenant.
func administrators(ctx context.Context, client *graph.Client) ([]Person, error) {
	return graph.List[Person](ctx, client, "/v1.0/directoryRoles(roleTemplateId='"+globalAdministrator+"')/members?$select="+selection, false)
}

func markAdmins(people, rule []Person) {
	for i := range people {
		people[i].Admin = slices.ContainsFunc(rule, func(a Person) bool { return a.ID == people[i].ID })
	}
}

// Warnings are what an administrator has to see to before somebody is locked out, as far as it is known here without asking
// Microsoft: certificates that end, and keys that Microsoft was not told of when it was last asked. Current and next are
// the certificates that sign, DER; next is nil if there is none.
func Warnings(tx *db.Tx, current, next []byte) (all []string, err error) {
	connected, err := Tenants(tx)
	if err != nil {
		return nil, err
	}
	for _, t := range connected {
		proofs, err := credentials(tx, t.ID)
		if err != nil {
			return nil, err
		}
		if len(proofs) > 0 && !proofs[0].EndsAt.IsZero() && proofs[0].EndsAt.Sub(tx.Now) < warning {
			all = append(all, "the certificate for Microsoft Graph of the tenant "+t.ID+" ends on "+proofs[0].EndsAt.Format(time.DateOnly)+": woggle microsoft365 connect --renew")
		}
	}
	every, err := Domains(tx)
	if err != nil {
		return nil, err
	}
	for _, d := range every {
		takes := func(der []byte) bool { print := fingerprint(der); return print == d.Current || print == d.Next }
		if d.Configuration != "" && (!takes(current) || next != nil && !takes(next)) {
			all = append(all, "Microsoft does not know a certificate that signs for "+d.Name+", or soon will: woggle microsoft365 federate "+d.Name+" --go")
		}
	}
	return all, nil
}

// place is the domain with the name in the tenant, or nil.
func (p *Picture) place(name string) *Place {
	for i := range p.Places {
		if p.Places[i].Name == name {
			return &p.Places[i]
		}
	}
	return nil
}
