// The response of a security token service, as WS-Federation hands it over in the field wresult.
package samltoken

import (
	"time"

	"github.com/beevik/etree"
)

// The kinds of token, by the names of the OASIS SAML Token Profile: the namespaces of their assertions.
const (
	SAML11 = namespace11
	SAML20 = AssertionSpace
)

// RSTR puts a signed token into a RequestSecurityTokenResponse of WS-Trust (February 2005). It is not signed itself, and
// the token is not touched.
func RSTR(token *etree.Element, kind, audience string, issuedAt time.Time) *etree.Element {
	root := with(etree.NewElement("t:RequestSecurityTokenResponse"), "xmlns:t", "http://schemas.xmlsoap.org/ws/2005/02/trust")

	lifetime := with(root.CreateElement("t:Lifetime"),
		"xmlns:wsu", "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd")
	lifetime.CreateElement("wsu:Created").SetText(Stamp(issuedAt))
	lifetime.CreateElement("wsu:Expires").SetText(Stamp(issuedAt.Add(Late)))

	applies := with(root.CreateElement("wsp:AppliesTo"), "xmlns:wsp", "http://schemas.xmlsoap.org/ws/2004/09/policy")
	reference := with(applies.CreateElement("wsa:EndpointReference"), "xmlns:wsa", "http://www.w3.org/2005/08/addressing")
	reference.CreateElement("wsa:Address").SetText(audience)

	root.CreateElement("t:RequestedSecurityToken").AddChild(token)
	root.CreateElement("t:TokenType").SetText(kind)
	root.CreateElement("t:RequestType").SetText("http://schemas.xmlsoap.org/ws/2005/02/trust/Issue")
	root.CreateElement("t:KeyType").SetText("http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey")
	return root
}
