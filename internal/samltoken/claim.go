// Claims: what is said of a person, and how they proved who they are. One list of facts for every kind of token.
package samltoken

import (
	"strings"
	"time"
)

// Claim is one thing said of the subject, named by a URI.
type Claim struct {
	Type   string
	Values []string
}

// The claim types that Microsoft Entra reads, and two that others do.
const (
	UPNClaim          = "http://schemas.xmlsoap.org/claims/UPN"
	ImmutableIDClaim  = "http://schemas.microsoft.com/LiveID/Federation/2008/05/ImmutableID"
	methodClaim       = "http://schemas.microsoft.com/ws/2008/06/identity/claims/authenticationmethod"
	referencesClaim   = "http://schemas.microsoft.com/claims/authnmethodsreferences"
	instantClaim      = "http://schemas.microsoft.com/ws/2008/06/identity/claims/authenticationinstant"
	multiInstantClaim = "http://schemas.microsoft.com/ws/2017/04/identity/claims/multifactorauthenticationinstant"
	staySignedInClaim = "http://schemas.microsoft.com/2014/03/psso"
	insideClaim       = "http://schemas.microsoft.com/ws/2012/01/insidecorporatenetwork"
)

// The names of ways to sign in, besides MultipleAuthn.
const (
	passwordMethod      = "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password"
	passwordMethod11    = "urn:oasis:names:tc:SAML:1.0:am:password"
	unspecifiedMethod11 = "urn:oasis:names:tc:SAML:1.0:am:unspecified"
)

// Authentication is what really happened. Whoever receives a token lets people in for it, so nothing here is rounded up.
type Authentication struct {
	At       time.Time // since when every factor of it stands: the older of the two
	Multi    bool      // two different factors were proved
	MultiAt  time.Time // when possession was last proved, if Multi
	Password bool      // one of them was a password
	Stay     bool      // the person chose to stay signed in
}

// Identity is a person as Microsoft 365 knows them.
type Identity struct {
	Issuer      string // the issuerUri of their domain, byte for byte
	UPN         string // user principal name, as Entra has it
	ImmutableID string // onPremisesImmutableId, byte for byte
}

// EntraClaims are the claims of somebody who signs in to Microsoft 365. Each of the three claims of multi-factor
// sign-in suffices by Microsoft's documents; a token has all three (with Method) or none.
func EntraClaims(id Identity, a Authentication) []Claim {
	return append([]Claim{{UPNClaim, []string{id.UPN}}, {ImmutableIDClaim, []string{id.ImmutableID}}}, a.Claims()...)
}

// Claims tell how the person signed in.
func (a Authentication) Claims() []Claim {
	var claims []Claim
	if methods := a.methods(); len(methods) > 0 {
		claims = append(claims, Claim{methodClaim, methods}, Claim{referencesClaim, methods})
	}
	claims = append(claims, Claim{instantClaim, []string{Stamp(a.At)}})
	if a.Multi {
		claims = append(claims, Claim{multiInstantClaim, []string{Stamp(a.MultiAt)}})
	}
	if a.Stay {
		claims = append(claims, Claim{staySignedInClaim, []string{"true"}})
	}
	// Never true: a network proves nothing about a person, and Entra may skip its own checks for it.
	return append(claims, Claim{insideClaim, []string{"false"}})
}

func (a Authentication) methods() []string {
	var methods []string
	if a.Password {
		methods = append(methods, passwordMethod)
	}
	if a.Multi {
		methods = append(methods, MultipleAuthn)
	}
	return methods
}

// method11 is the one name that the authentication statement of SAML 1.1 has room for.
func (a Authentication) method11() string {
	switch {
	case a.Multi:
		return MultipleAuthn
	case a.Password:
		return passwordMethod11
	}
	return unspecifiedMethod11
}

// Class20 is the one class that SAML 2.0 has room for.
func (a Authentication) Class20() string {
	switch {
	case a.Multi:
		return MultipleAuthn
	case a.Password:
		return PasswordTransport
	}
	return AnyClass
}

// split cuts a claim type into the namespace and the name of SAML 1.1, at its last slash.
func split(claim string) (namespace, name string) {
	cut := strings.LastIndexByte(claim, '/')
	return claim[:max(cut, 0)], claim[cut+1:]
}
