// A county with a tenant, for the stories.
package microsoft365_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"woggle/internal/app/microsoft365"
	"woggle/internal/app/microsoft365/graph"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/keys"
	"woggle/test/entra"
)

const (
	tenantID = "0f0f0f0f-1111-4222-8333-444444444444"
	appID    = "a1a1a1a1-1111-4222-8333-555555555555"
	basicSKU = "3b555118-da6a-4418-894f-7df1e2096870"
)

// permissions are those that the commands ask for, and no others.
var permissions = []string{"Domain.ReadWrite.All", "User.ReadWrite.All", "RoleManagement.Read.Directory", "Policy.Read.All", "LicenseAssignment.ReadWrite.All",
	"AuditLog.Read.All", "UserAuthenticationMethod.Read.All"}

// newTenant is Northwold's tenant: two administrators who get in without us, and two leaders.
func newTenant() *entra.Tenant {
	return &entra.Tenant{ID: tenantID, Premium: true,
		Domains: []*entra.Domain{{ID: "northwold.onmicrosoft.com", Initial: true, Default: true}, {ID: "northwold.example"}},
		Apps:    []*entra.App{{ID: appID, Roles: slices.Clone(permissions)}},
		SKUs:    []*entra.SKU{{ID: basicSKU, Name: "O365_BUSINESS_ESSENTIALS", Seats: 30}},
		Users: []*entra.User{
			{ID: "00000000-0000-4000-8000-0000000000a1", UPN: "glass1@northwold.onmicrosoft.com", DisplayName: "Break glass 1", GlobalAdmin: true, Methods: []string{"passKeyDeviceBound"}},
			{ID: "00000000-0000-4000-8000-0000000000a2", UPN: "glass2@northwold.onmicrosoft.com", DisplayName: "Break glass 2", GlobalAdmin: true, Methods: []string{"passKeyDeviceBound"}},
			{ID: "00000000-0000-4000-8000-0000000000b1", UPN: "Aisha.Khan@northwold.example", DisplayName: "Aisha Khan", Mail: "aisha.khan@northwold.example", UsageLocation: "GB", Methods: []string{"mobilePhone"}},
			{ID: "00000000-0000-4000-8000-0000000000b2", UPN: "tom@northwold.example", DisplayName: "Tom", Methods: []string{"mobilePhone", "microsoftAuthenticatorPush"}},
		}}
}

// world is one county, its tenant, and what looks after it.
type world struct {
	*microsoft365.Manager
	t      *testing.T
	ctx    context.Context
	clock  *dbtest.Clock
	tenant *entra.Tenant
	entra  *entra.Entra
	waits  []time.Duration
	signs  signs
}

// signs stands in for the signing keys.
type signs struct {
	current, next *x509.Certificate
	nextAt        time.Time
}

func newWorld(t *testing.T, d *db.DB, clock *dbtest.Clock) *world {
	t.Helper()
	w := &world{t: t, ctx: t.Context(), clock: clock, tenant: newTenant()}
	w.entra = entra.Start(t, clock.Now, w.tenant)
	w.signs.current = certificate(t, clock.Now())
	base, err := url.Parse("https://signin.northwold.example")
	w.must(err)
	w.Manager = microsoft365.New(microsoft365.Options{DB: d, Keys: keys.Random(), Base: base, Organisation: "Northwold Scouts",
		Signing: microsoft365.Signing{
			Certificates: func(context.Context) (*x509.Certificate, *x509.Certificate, time.Time, error) {
				if w.signs.next != nil && !clock.Now().Before(w.signs.nextAt) {
					w.signs.current, w.signs.next = w.signs.next, nil
				}
				return w.signs.current, w.signs.next, w.signs.nextAt, nil
			},
			Rotate: func(_ context.Context, at time.Time) error {
				w.signs.next, w.signs.nextAt = certificate(t, clock.Now()), at
				return nil
			},
		},
		Answering: func(context.Context, microsoft365.Protocol) (microsoft365.Answering, error) {
			return microsoft365.Answering{Found: true, ID: "microsoft365"}, nil
		},
		Clouds: func(graph.Cloud) (graph.Endpoints, bool) {
			return graph.Endpoints{Login: w.entra.URL, Graph: w.entra.URL, Scope: "https://graph.microsoft.com/.default"}, true
		},
		Wait: func(ctx context.Context, pause time.Duration) error {
			w.waits = append(w.waits, pause)
			clock.Advance(pause)
			return ctx.Err()
		}})
	return w
}

// signingKey is made once: making one takes long. What is compared are certificates.
var signingKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// certificate is a new one, as internal/keys/signing makes them.
func certificate(t *testing.T, now time.Time) *x509.Certificate {
	t.Helper()
	key, err := signingKey()
	if err != nil {
		t.Fatal(err)
	}
	leaf := x509.Certificate{SerialNumber: new(big.Int).SetBytes([]byte(rand.Text()[:15])), Subject: pkix.Name{CommonName: "Northwold Scouts"}, NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(10, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, &leaf, &leaf, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// connect connects the tenant and uploads the certificate.
func (w *world) connect() microsoft365.Connected {
	w.t.Helper()
	c, err := w.Connect(w.ctx, microsoft365.Connection{Tenant: tenantID, Cloud: graph.Global, App: appID, Domains: []string{"northwold.example"}, Protocol: microsoft365.WSFed})
	w.must(err)
	w.entra.Look(func() { w.tenant.Apps[0].Certificates = append(w.tenant.Apps[0].Certificates, c.Certificate) })
	return c
}

// add adds people here by their user names.
func (w *world) add(names ...string) (users []directory.User) {
	w.t.Helper()
	w.must(w.DB.Tx(w.ctx, func(tx *db.Tx) error {
		users = nil
		for _, name := range names {
			given, family, _ := strings.Cut(name, ".")
			user, err := directory.Add(tx, directory.User{Username: name, GivenName: strings.ToUpper(given[:1]) + given[1:], FamilyName: family})
			if err != nil {
				return err
			}
			users = append(users, user)
		}
		return nil
	}))
	return users
}

// match matches whom it can.
func (w *world) match(c microsoft365.Connected, confirmed ...string) []microsoft365.Pair {
	w.t.Helper()
	m, _, err := w.Look(w.ctx, c, confirmed)
	w.must(err)
	stored, err := w.Match(w.ctx, c, m.Pairs)
	w.must(err)
	return stored
}

// provision carries a plan out, and gives its steps as they ended.
func (w *world) provision(c microsoft365.Connected, wishes microsoft365.Wishes) []microsoft365.Step {
	w.t.Helper()
	preview, err := w.Plan(w.ctx, c, wishes)
	w.must(err)
	w.must(w.Start(w.ctx, c.Tenant.ID, preview.Steps))
	return w.run(c)
}

func (w *world) run(c microsoft365.Connected) (ended []microsoft365.Step) {
	w.t.Helper()
	w.must(w.Run(w.ctx, c.Tenant, func(s microsoft365.Step) { ended = append(ended, s) }))
	return ended
}

// identity is who the person is at Microsoft.
func (w *world) identity(user directory.User) (a microsoft365.Account, found bool) {
	w.t.Helper()
	w.must(w.DB.View(w.ctx, func(tx *db.Tx) (err error) {
		a, found, err = microsoft365.Identity(tx, user.ID, "")
		return err
	}))
	return a, found
}

// level is the worst level of a check.
func (w *world) level(c microsoft365.Connected, check microsoft365.Check) microsoft365.Level {
	w.t.Helper()
	p, _, err := w.Read(w.ctx, c)
	w.must(err)
	worst := microsoft365.Level("not looked at")
	for _, r := range microsoft365.CheckAll(w.Base, c, p) {
		if r.Check == check && (worst == "not looked at" || worst == microsoft365.Right || r.Level == microsoft365.Wrong) {
			worst = r.Level
		}
	}
	return worst
}

// warnings are what the log says.
func (w *world) warnings() (all []string) {
	w.t.Helper()
	var next []byte
	if w.signs.next != nil {
		next = w.signs.next.Raw
	}
	w.must(w.DB.View(w.ctx, func(tx *db.Tx) (err error) {
		all, err = microsoft365.Warnings(tx, w.signs.current.Raw, next)
		return err
	}))
	return all
}
