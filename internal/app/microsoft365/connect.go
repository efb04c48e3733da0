// Connecting a tenant.
package microsoft365

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"woggle/internal/app/microsoft365/graph"
	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/keys"
)

// Options are what the chapter works with.
type Options struct {
	DB           *db.DB
	Keys         *keys.Ring
	Base         *url.URL // of the site
	Organisation string
	Signing      Signing
	Answering    func(context.Context, Protocol) (Answering, error) // outside of transactions
	Clouds       func(graph.Cloud) (graph.Endpoints, bool)          // nil: Microsoft's own; tests put a stand-in here
	Wait         func(ctx context.Context, d time.Duration) error   // nil: really
}

// Signing gives the certificates of the keys that sign for Microsoft. They are called outside of transactions.
type Signing struct {
	// Certificates are that of the key that signs now, and that of the next one with the time from which it signs; next is
	// nil if there is none.
	Certificates func(context.Context) (current, next *x509.Certificate, nextAt time.Time, err error)
	// Rotate makes the next key, which signs from then on.
	Rotate func(ctx context.Context, at time.Time) error
}

// Realm is how Microsoft names itself to us, over either protocol.
const Realm = "urn:federation:MicrosoftOnline"

// realmSettings are the settings of an app that hold it.
var realmSettings = map[Protocol]string{WSFed: "realm", SAML: "entity_id"}

// Answering is the app that answers Microsoft over a protocol.
type Answering struct {
	Found    bool
	ID       string
	Disabled bool
	Groups   bool              // only some may use it
	Own      bool              // it says by itself who people are at Microsoft
	Domains  map[string]string // which issuers it has then, by domain
}

// Manager looks after the tenants. It is for one command at a time.
type Manager struct {
	Options
}

// New makes the manager.
func New(o Options) *Manager {
	if o.Clouds == nil {
		o.Clouds = graph.Cloud.Endpoints
	}
	return &Manager{o}
}

// Connection is what an administrator says of a tenant.
type Connection struct {
	Tenant   string
	Cloud    graph.Cloud
	App      string   // empty: scripts only
	Secret   string   // empty: a certificate
	Renew    bool     // makes a new certificate although there is one
	Domains  []string // those to add; the others stay
	Forget   []string // domains that are not connected any more
	Protocol Protocol // of the domains that are named
}

// Connected is what was stored.
type Connected struct {
	Tenant      Tenant
	Domains     []Domain
	Certificate *x509.Certificate // the newest, to be uploaded; nil: there is none
}

func (c *Connection) check() error {
	c.Tenant, c.App = strings.ToLower(strings.TrimSpace(c.Tenant)), strings.ToLower(strings.TrimSpace(c.App))
	if err := checkID("a tenant", c.Tenant); err != nil {
		return err
	}
	if c.App != "" {
		if err := checkID("an application", c.App); err != nil {
			return err
		}
	}
	if c.App == "" && (c.Secret != "" || c.Renew) {
		return errors.New("a secret or a certificate is of an application: name its id too")
	}
	if _, known := wireNames[c.Protocol]; !known {
		return fmt.Errorf("%q is no protocol: write wsfed or saml", c.Protocol)
	}
	for i, name := range c.Domains {
		c.Domains[i] = strings.ToLower(strings.TrimSpace(name))
		if err := checkDomain(c.Domains[i]); err != nil {
			return err
		}
	}
	return nil
}

// Connect stores a tenant, or what is new of one that is connected. Where there is an application and no proof yet, it makes
// a key and its certificate.
func (m *Manager) Connect(ctx context.Context, c Connection) (done Connected, err error) {
	if err := c.check(); err != nil {
		return done, err
	}
	if _, known := m.Clouds(c.Cloud); !known {
		return done, fmt.Errorf("%q is none of Microsoft's clouds: write global, us or china", c.Cloud)
	}
	proof, err := m.proof(ctx, c)
	if err != nil {
		return done, err
	}
	err = m.DB.Tx(ctx, func(tx *db.Tx) (err error) {
		done = Connected{}
		if err := saveTenant(tx, Tenant{ID: c.Tenant, Cloud: c.Cloud, App: c.App}); err != nil {
			return err
		}
		for _, name := range c.Domains {
			d := Domain{Name: name, Tenant: c.Tenant, Issuer: issuerOf(m.Base, name), Protocol: c.Protocol}
			if err := saveDomain(tx, d); err != nil {
				return err
			}
		}
		for _, name := range c.Forget {
			if err := dropDomain(tx, c.Tenant, strings.ToLower(strings.TrimSpace(name))); err != nil {
				return err
			}
		}
		if proof != nil {
			if err := addCredential(tx, *proof); err != nil {
				return err
			}
		}
		if err := audit.Record(tx, audit.Event{Type: audit.TenantConnected, Actor: audit.System, Detail: audit.Detail{"tenant": c.Tenant}}); err != nil {
			return err
		}
		done, err = connected(tx, c.Tenant)
		return err
	})
	return done, err
}

// proof makes what has to be stored to prove who we are; nil if that is there. Making a key takes long, so it is not done in a
// transaction.
func (m *Manager) proof(ctx context.Context, c Connection) (*credential, error) {
	if c.App == "" {
		return nil, nil
	}
	if c.Secret != "" {
		made := newSecret(m.Keys, c.Tenant, c.Secret)
		return &made, nil
	}
	var have []credential
	err := m.DB.View(ctx, func(tx *db.Tx) (err error) {
		have, err = credentials(tx, c.Tenant)
		return err
	})
	if err != nil || len(have) > 0 && !c.Renew {
		return nil, err
	}
	made, err := newCertificate(m.Keys, c.Tenant, m.Organisation, m.DB.Now())
	return &made, err
}

func connected(tx *db.Tx, tenant string) (c Connected, err error) {
	all, err := Tenants(tx)
	if err != nil {
		return c, err
	}
	for _, t := range all {
		if t.ID == tenant {
			c.Tenant = t
		}
	}
	if c.Domains, err = DomainsOf(tx, tenant); err != nil {
		return c, err
	}
	proofs, err := credentials(tx, tenant)
	if err == nil && len(proofs) > 0 && len(proofs[0].Certificate) > 0 {
		c.Certificate, err = x509.ParseCertificate(proofs[0].Certificate)
	}
	return c, err
}

// Find is the tenant with the id, or the only one where id is empty.
func (m *Manager) Find(ctx context.Context, id string) (c Connected, err error) {
	err = m.DB.View(ctx, func(tx *db.Tx) error {
		all, err := Tenants(tx)
		if err != nil {
			return err
		}
		switch {
		case len(all) == 0:
			return errors.New("no tenant is connected yet; begin with: woggle microsoft365 connect --help")
		case id == "" && len(all) > 1:
			return errors.New("several tenants are connected; name one with --tenant")
		case id == "":
			id = all[0].ID
		}
		if c, err = connected(tx, strings.ToLower(id)); err == nil && c.Tenant.ID == "" {
			err = fmt.Errorf("the tenant %s is not connected", id)
		}
		return err
	})
	return c, err
}

// Domain is the domain with the name and its tenant.
func (m *Manager) Domain(ctx context.Context, name string) (c Connected, d Domain, err error) {
	var all []Domain
	err = m.DB.Ask(ctx, func(tx *db.Tx) (err error) {
		all, err = Domains(tx)
		return err
	})
	if err != nil {
		return c, d, err
	}
	for _, d := range all {
		if d.Name == strings.ToLower(name) {
			c, err = m.Find(ctx, d.Tenant)
			return c, d, err
		}
	}
	return c, d, fmt.Errorf("%s is not connected; add it with: woggle microsoft365 connect --domain %s", name, name)
}

// errNoApplication says what works without an application.
var errNoApplication = errors.New("there is no application in the tenant that could do this; register one and name it with connect --app, or use woggle microsoft365 script")

// client opens the tenant's Graph.
func (m *Manager) client(ctx context.Context, t Tenant) (*graph.Client, []credential, error) {
	if t.App == "" {
		return nil, nil, errNoApplication
	}
	var proofs []credential
	err := m.DB.Ask(ctx, func(tx *db.Tx) (err error) {
		proofs, err = credentials(tx, t.ID)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	o := graph.Options{Tenant: t.ID, App: t.App, Now: m.DB.Now, Wait: m.Wait}
	for _, proof := range proofs {
		opened, err := proof.open(m.Keys)
		if err != nil {
			return nil, nil, err
		}
		o.Credentials = append(o.Credentials, opened)
	}
	at, known := m.Clouds(t.Cloud)
	if !known {
		return nil, nil, fmt.Errorf("the tenant is in a cloud that is not known: %q", t.Cloud)
	}
	o.At = at
	c, err := graph.New(o)
	return c, proofs, err
}

// Permission is what the application is to be allowed, and for what.
type Permission struct {
	Name string `json:"name"`
	For  string `json:"for"`
}

// Permissions are all that the commands need, as application permissions of Microsoft Graph.
var Permissions = [...]Permission{
	{"Domain.ReadWrite.All", "federate domains, change certificates, roll back"},
	{"User.ReadWrite.All", "find people, give them immutable ids, make accounts, switch them off"},
	{"LicenseAssignment.ReadWrite.All", "give licences"},
	{"RoleManagement.Read.Directory", "see that two administrators get in without us"},
	{"Policy.Read.All", "see whether security defaults are on"},
	{"AuditLog.Read.All", "report who depends on Microsoft's texts and calls (with Entra ID P1)"},
	{"UserAuthenticationMethod.Read.All", "report the same without Entra ID P1"},
}
