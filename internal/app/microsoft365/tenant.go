// Tenants and their domains: what they are, and what can be one.
package microsoft365

import (
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"woggle/internal/app/microsoft365/graph"
)

// Tenant is an organisation at Microsoft.
type Tenant struct {
	ID        string // a GUID, in small letters
	Cloud     graph.Cloud
	App       string // the id of our application there; empty: there is none
	Initial   string // NAME.onmicrosoft.com; empty: not read yet
	CreatedAt time.Time
}

// Protocol is how Microsoft is answered.
type Protocol string

// The protocols, as settings name them.
const (
	WSFed Protocol = "wsfed" // what Microsoft tests most, so it is the usual one
	SAML  Protocol = "saml"
)

// Microsoft names the protocols otherwise.
var wireNames = map[Protocol]string{WSFed: "wsFed", SAML: "saml"}

// Domain is a domain of a tenant whose people sign in here, or will.
type Domain struct {
	Name          string // in small letters
	Tenant        string // its id
	Issuer        string // speaks for this domain and for no other
	Protocol      Protocol
	Configuration string    // Microsoft's id of the federation; empty: it is not federated with us
	Current       string    // fingerprint of the certificate that Microsoft takes
	Next          string    // and of the one that it takes besides, or empty
	ReadAt        time.Time // when these three were read; zero: never
	CreatedAt     time.Time
}

var (
	guid     = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	hostname = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$`)
)

// checkID tells why a text is not the id of a tenant or an application.
func checkID(what, id string) error {
	if !guid.MatchString(id) {
		return fmt.Errorf("%q is not the id of %s: it has 32 digits in five groups, as the Entra portal shows it under Overview", id, what)
	}
	return nil
}

// checkDomain tells why a name cannot be federated by anybody.
func checkDomain(name string) error {
	switch {
	case !hostname.MatchString(name) || len(name) > 253:
		return fmt.Errorf("%q is not a domain: write it as in example.org", name)
	case atMicrosoft(name):
		return fmt.Errorf("%s belongs to Microsoft, and stays with it: it is the way in if all else fails", name)
	}
	return nil
}

// atMicrosoft tells whether a domain is one that Microsoft gave the tenant.
func atMicrosoft(domain string) bool {
	return slices.ContainsFunc([]string{".onmicrosoft.com", ".onmicrosoft.us", ".onmschina.cn"}, func(end string) bool { return strings.HasSuffix(domain, end) })
}

// within tells whether a user principal name is of the domain, or of one below it, which inherits its federation.
func (d Domain) within(upn string) bool {
	_, of, found := strings.Cut(strings.ToLower(upn), "@")
	return found && (of == d.Name || strings.HasSuffix(of, "."+d.Name))
}

// domainOf is the nearest of the domains that a user principal name is within.
func domainOf(domains []Domain, upn string) (nearest Domain, found bool) {
	for _, d := range domains {
		if d.within(upn) && len(d.Name) > len(nearest.Name) {
			nearest, found = d, true
		}
	}
	return nearest, found
}

// issuerOf is the name under which we speak for a domain. It is kept, so that it stays the same when the site moves.
func issuerOf(base *url.URL, domain string) string {
	return base.JoinPath("microsoft365", domain).String()
}

// checkBase tells why Microsoft could not send people to the site.
func checkBase(base *url.URL) error {
	if base.Scheme != "https" || base.Hostname() == "localhost" || base.Hostname() == "127.0.0.1" {
		return errors.New("people's browsers are sent to the address of this site, and Microsoft takes only https://; set address")
	}
	return nil
}

var letters = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// NewImmutableID makes the name under which an account is known to Microsoft for good: 128 random bits in 26 letters and
// digits, because other characters are encoded differently by different readers.
func NewImmutableID() string {
	var b [16]byte
	rand.Read(b[:])
	return letters.EncodeToString(b[:])
}
