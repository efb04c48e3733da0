// Tenants and what is in them. Everything here is set before the test begins, or read under Look.
package entra

import (
	"crypto/x509"
	"strings"
	"time"
)

// Tenant is an organisation at Microsoft.
type Tenant struct {
	ID               string
	Domains          []*Domain
	Users            []*User
	Apps             []*App
	SKUs             []*SKU
	Premium          bool // has Entra ID P1
	SecurityDefaults bool
}

// App is an application that was registered in the tenant.
type App struct {
	ID           string
	Roles        []string            // application permissions, consented to
	Certificates []*x509.Certificate // uploaded
	Secrets      []string
}

// Domain is a domain of the tenant.
type Domain struct {
	ID         string
	Unverified bool
	Default    bool
	Initial    bool // NAME.onmicrosoft.com
	Sub        bool // of another domain, whose federation it inherits
	Federation map[string]any
}

// User is an account.
type User struct {
	ID              string
	UPN             string
	DisplayName     string
	GivenName       string
	Surname         string
	Mail            string
	OtherMails      []string
	MailNickname    string
	ImmutableID     string
	UsageLocation   string
	Synced          bool // from an Active Directory on the premises
	Guest           bool
	Disabled        bool
	GlobalAdmin     bool
	Licences        []string // ids of SKUs
	Methods         []string // as the report names them: mobilePhone, microsoftAuthenticatorPush …
	SessionsRevoked int
	Password        string
	unknown         int // so many requests more do not find it
}

// SKU is a licence that the tenant has.
type SKU struct {
	ID, Name    string
	Seats, Used int
}

// Domain is the domain with the name, or nil.
func (t *Tenant) Domain(name string) *Domain {
	for _, d := range t.Domains {
		if strings.EqualFold(d.ID, name) {
			return d
		}
	}
	return nil
}

// User is the user with the id or the user principal name, or nil.
func (t *Tenant) User(name string) *User {
	for _, u := range t.Users {
		if u.ID == name || strings.EqualFold(u.UPN, name) {
			return u
		}
	}
	return nil
}

// federated tells whether sign-in with the user principal name happens elsewhere: its domain or a domain above is federated.
func (t *Tenant) federated(upn string) bool {
	_, domain, _ := strings.Cut(upn, "@")
	for ; domain != ""; _, domain, _ = strings.Cut(domain, ".") {
		if d := t.Domain(domain); d != nil && d.Federation != nil {
			return true
		}
	}
	return false
}

// LockedOut are the enabled users who cannot sign in any more: they are sent elsewhere, and nobody there can name them.
func (t *Tenant) LockedOut() (names []string) {
	for _, u := range t.Users {
		if !u.Disabled && t.federated(u.UPN) && u.ImmutableID == "" {
			names = append(names, u.UPN)
		}
	}
	return names
}

// Entry is one request that Graph got.
type Entry struct {
	At     time.Time
	Method string
	Path   string
	Status int
}
