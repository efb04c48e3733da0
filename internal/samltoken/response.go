// The response that carries an assertion, or says why there is none (Core section 3.3.3), and those of sign-out.
package samltoken

import (
	"crypto/x509"
	"errors"
	"time"

	"github.com/beevik/etree"

	"woggle/internal/signedxml"
)

// Status is how a request went: a code of the first level, and one of the second that says more (Core section 3.2.2.2).
type Status struct{ Code, Detail string }

const status = "urn:oasis:names:tc:SAML:2.0:status:"

// The statuses that we send.
var (
	Success             = Status{Code: status + "Success"}
	NoPassive           = Status{status + "Responder", status + "NoPassive"}
	NoAuthnContext      = Status{status + "Responder", status + "NoAuthnContext"}
	AuthnFailed         = Status{status + "Responder", status + "AuthnFailed"}
	RequestDenied       = Status{status + "Responder", status + "RequestDenied"}
	InvalidNameIDPolicy = Status{status + "Requester", status + "InvalidNameIDPolicy"}
	UnknownPrincipal    = Status{status + "Responder", status + "UnknownPrincipal"}
	UnsupportedBinding  = Status{status + "Requester", status + "UnsupportedBinding"}
	PartialLogout       = Status{Code: status + "Success", Detail: status + "PartialLogout"}
)

// Response answers a request of an app, or comes unasked.
type Response struct {
	Issuer       string
	Destination  string
	InResponseTo string
	At           time.Time
	Status       Status
	Assertion    *Assertion        // with Success
	Sign         bool              // the response as well; one without an assertion always is
	Encrypt      *x509.Certificate // whose holder alone can read the assertion, or nil
}

// Bytes is the response as XML.
func (r Response) Bytes(by Signer) ([]byte, error) {
	root := answer("samlp:Response", r.Issuer, r.Destination, r.InResponseTo, r.At, r.Status)
	if (r.Assertion != nil) != (r.Status == Success) {
		return nil, errors.New("a response has an assertion if, and only if, all is well")
	}
	if r.Assertion != nil {
		assertion, err := r.Assertion.Signed(by)
		if err != nil {
			return nil, err
		}
		if r.Encrypt != nil {
			if assertion, err = encrypted(assertion, r.Encrypt); err != nil {
				return nil, err
			}
		}
		root.AddChild(assertion)
	}
	if r.Sign || r.Assertion == nil {
		if err := signedxml.Sign(root, "ID", signedxml.AfterIssuer, by.Key, by.Certificate); err != nil {
			return nil, err
		}
	}
	return signedxml.Bytes(root)
}

// LogoutResponse answers a LogoutRequest (Core section 3.7.2).
type LogoutResponse struct {
	Issuer       string
	Destination  string
	InResponseTo string
	At           time.Time
	Status       Status
}

// Element is the response, not signed: the Redirect binding signs its query instead.
func (r LogoutResponse) Element() *etree.Element {
	return answer("samlp:LogoutResponse", r.Issuer, r.Destination, r.InResponseTo, r.At, r.Status)
}

// LogoutRequest asks an app to end a session (Core section 3.7.1).
type LogoutRequest struct {
	ID          string
	Issuer      string
	Destination string
	At          time.Time
	Subject     NameID
	Sessions    []string // SessionIndex
}

// Element is the request, not signed.
func (r LogoutRequest) Element() *etree.Element {
	root := message("samlp:LogoutRequest", r.ID, r.Issuer, r.Destination, r.At)
	set(root, "NotOnOrAfter", Stamp(r.At.Add(Late)))
	r.Subject.addTo(root)
	for _, index := range r.Sessions {
		root.CreateElement("samlp:SessionIndex").SetText(index)
	}
	return root
}

func message(tag, id, issuer, destination string, at time.Time) *etree.Element {
	root := etree.NewElement(tag)
	root.CreateAttr("xmlns:samlp", Protocol)
	root.CreateAttr("xmlns:saml", AssertionSpace)
	set(root, "ID", id, "Version", "2.0", "IssueInstant", Stamp(at), "Destination", destination)
	root.CreateElement("saml:Issuer").SetText(issuer)
	return root
}

func answer(tag, issuer, destination, to string, at time.Time, s Status) *etree.Element {
	root := message(tag, NewID(), issuer, destination, at)
	set(root, "InResponseTo", to)
	code := root.CreateElement("samlp:Status").CreateElement("samlp:StatusCode")
	set(code, "Value", s.Code)
	if s.Detail != "" {
		set(code.CreateElement("samlp:StatusCode"), "Value", s.Detail)
	}
	return root
}
