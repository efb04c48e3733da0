// Domains and their federation.
package entra

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

func (c *call) domains() answer {
	if !c.needs("Domain.Read.All", "Domain.ReadWrite.All", "Directory.Read.All") {
		return denied()
	}
	if len(c.path) == 1 {
		rows := []any{}
		for _, d := range c.tenant.Domains {
			rows = append(rows, d.properties(c.tenant))
		}
		return ok(map[string]any{"value": rows})
	}
	d := c.tenant.Domain(c.path[1])
	if d == nil {
		return missing(c.path[1])
	}
	if len(c.path) == 2 && c.method == http.MethodGet {
		return ok(d.properties(c.tenant))
	}
	if len(c.path) < 3 || c.path[2] != "federationConfiguration" {
		return bad("Unsupported request.")
	}
	if c.method != http.MethodGet && !c.needs("Domain.ReadWrite.All", "Domain-InternalFederation.ReadWrite.All") {
		return denied()
	}
	switch {
	case c.method == http.MethodGet && len(c.path) == 3:
		rows := []any{}
		if d.Federation != nil {
			rows = append(rows, d.Federation)
		}
		return ok(map[string]any{"value": rows})
	case c.method == http.MethodPost && len(c.path) == 3:
		return c.federate(d)
	}
	if len(c.path) != 4 || d.Federation == nil || d.Federation["id"] != c.path[3] {
		return missing(c.path[len(c.path)-1])
	}
	switch c.method {
	case http.MethodPatch:
		return c.changeFederation(d)
	case http.MethodDelete:
		d.Federation = nil
		return done()
	}
	return bad("Unsupported request.")
}

func (d *Domain) properties(t *Tenant) map[string]any {
	kind := "Managed"
	if t.federated("x@" + d.ID) {
		kind = "Federated"
	}
	return map[string]any{"id": d.ID, "authenticationType": kind, "isDefault": d.Default, "isInitial": d.Initial, "isRoot": !d.Sub,
		"isVerified": !d.Unverified, "isAdminManaged": true, "supportedServices": []string{"Email", "OfficeCommunicationsOnline"}}
}

var federationMembers = []string{"@odata.type", "displayName", "issuerUri", "passiveSignInUri", "signOutUri", "activeSignInUri", "metadataExchangeUri",
	"signingCertificate", "nextSigningCertificate", "preferredAuthenticationProtocol", "federatedIdpMfaBehavior", "promptLoginBehavior",
	"isSignedAuthenticationRequestRequired"}

func (c *call) federate(d *Domain) answer {
	body, refusal := c.members(federationMembers...)
	if refusal != nil {
		return *refusal
	}
	switch {
	case d.Initial || strings.HasSuffix(d.ID, ".onmicrosoft.com"):
		return bad("Domain %s cannot be federated: it is the initial domain of the tenant.", d.ID)
	case d.Unverified:
		return bad("Domain %s is not verified.", d.ID)
	case d.Default:
		return bad("Domain %s is the default domain of the tenant. The default domain cannot be federated.", d.ID)
	case d.Sub:
		return bad("Domain %s is a subdomain; set the federation of its root domain.", d.ID)
	case d.Federation != nil:
		return refuse(http.StatusConflict, "Request_MultipleObjectsWithSameKeyValue", "Domain already has a federation configuration.")
	}
	for _, name := range []string{"issuerUri", "passiveSignInUri", "signOutUri", "signingCertificate", "preferredAuthenticationProtocol"} {
		if body[name] == nil {
			return bad("A value is required for property '%s' of resource 'InternalDomainFederation'.", name)
		}
	}
	if a := c.checkFederation(d, body); a != nil {
		return *a
	}
	c.e.serial++
	body["id"] = fmt.Sprintf("11111111-0000-4000-8000-%012d", c.e.serial)
	d.Federation = body
	a := ok(body)
	a.status = http.StatusCreated
	return a
}

func (c *call) changeFederation(d *Domain) answer {
	body, refusal := c.members(federationMembers...)
	if refusal != nil {
		return *refusal
	}
	// Left out, the real one may fall back to another protocol.
	if body["preferredAuthenticationProtocol"] == nil {
		return bad("A value is required for property 'preferredAuthenticationProtocol' of resource 'InternalDomainFederation'.")
	}
	if a := c.checkFederation(d, body); a != nil {
		return *a
	}
	changed := map[string]any{}
	for name, value := range d.Federation {
		changed[name] = value
	}
	for name, value := range body {
		changed[name] = value
	}
	d.Federation = changed
	return done()
}

// checkFederation tells what is wrong with the values that are given.
func (c *call) checkFederation(d *Domain, body map[string]any) *answer {
	wrong := func(name string) *answer {
		a := bad("Invalid value specified for property '%s' of resource 'InternalDomainFederation'.", name)
		return &a
	}
	for name, values := range map[string]string{"preferredAuthenticationProtocol": "wsFed saml", "promptLoginBehavior": "translateToFreshPasswordAuthentication nativeSupport disabled",
		"federatedIdpMfaBehavior": "acceptIfMfaDoneByFederatedIdp enforceMfaByFederatedIdp rejectMfaByFederatedIdp"} {
		if given := body[name]; given != nil && !strings.Contains(" "+values+" ", fmt.Sprintf(" %v ", given)) {
			return wrong(name)
		}
	}
	for _, name := range []string{"passiveSignInUri", "signOutUri", "activeSignInUri", "metadataExchangeUri"} {
		if given := body[name]; given != nil {
			if u, err := url.Parse(fmt.Sprint(given)); err != nil || u.Scheme != "https" || u.Host == "" {
				return wrong(name)
			}
		}
	}
	for _, name := range []string{"signingCertificate", "nextSigningCertificate"} {
		if given := body[name]; given != nil {
			der, err := base64.StdEncoding.DecodeString(fmt.Sprint(given))
			certificate, err2 := x509.ParseCertificate(der)
			if err != nil || err2 != nil {
				return wrong(name)
			}
			if key, is := certificate.PublicKey.(*rsa.PublicKey); !is || key.N.BitLen() < 2048 {
				return wrong(name)
			}
		}
	}
	issuer := body["issuerUri"]
	if u, err := url.Parse(fmt.Sprint(issuer)); issuer != nil && (err != nil || !u.IsAbs()) {
		return wrong("issuerUri")
	}
	for _, t := range c.e.tenants {
		for _, other := range t.Domains {
			if other != d && other.Federation != nil && issuer != nil && other.Federation["issuerUri"] == issuer {
				a := refuse(http.StatusBadRequest, "Request_BadRequest", "The federation issuer URI is used by another domain.")
				return &a
			}
		}
	}
	return nil
}
