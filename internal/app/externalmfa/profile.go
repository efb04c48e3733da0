// The profile: Microsoft's clouds, and the values of acr and amr.
package externalmfa

import (
	"slices"

	"woggle/internal/session"
	"woggle/internal/signin"
)

// Cloud is one of Microsoft's clouds.
type Cloud struct {
	Name      string
	Authority string // where people sign in, and where keys are published
	Redirect  string // the one address that an answer goes to
	Graph     string // address of Microsoft Graph
	Shell     string // what Microsoft Graph PowerShell calls it
}

const redirectPath = "/common/federation/externalauthprovider"

// Microsoft are the clouds, the one that most use first. An app registration belongs to one of them.
func Microsoft() []Cloud {
	return []Cloud{
		{"global", "https://login.microsoftonline.com", "https://login.microsoftonline.com" + redirectPath, "https://graph.microsoft.com", "Global"},
		{"us", "https://login.microsoftonline.us", "https://login.microsoftonline.us" + redirectPath, "https://graph.microsoft.us", "USGov"},
		{"china", "https://login.partner.microsoftonline.cn", "https://login.partner.microsoftonline.cn" + redirectPath, "https://microsoftgraph.chinacloudapi.cn", "China"},
	}
}

// CloudAt is the cloud on a computer of one's own, for tests.
func CloudAt(address string) Cloud {
	return Cloud{"global", address, address + redirectPath, address, "Global"}
}

// issuer is who signs a tenant's hints.
func (c Cloud) issuer(tenant string) string { return c.Authority + "/" + tenant + "/v2.0" }

func (c Cloud) discovery(tenant string) string {
	return c.issuer(tenant) + "/.well-known/openid-configuration"
}

// acrs are the classes that a proof of possession meets. The others want knowledge or inherence, of which we have none to
// give: the password was Entra's.
var acrs = []string{"possessionorinherence", "possession", "knowledgeorpossession", "knowledgeorpossessionorinherence"}

// amrs are the methods that Entra knows and we have, and the kinds that prove each. The code of a printed card is a one-time
// password that shows who has the card (RFC 8176 section 2 names two ways to make one, and shuts none out). An access pass or a
// recovery code is none of them: they get somebody back in here, and are not to open another door.
var amrs = map[string][]signin.Kind{
	"otp": {signin.Authenticator, signin.Card},
	"sms": {signin.Phone},
	"tel": {signin.Phone},
	fido:  {signin.Passkey},
	"hwk": {signin.Passkey},
	"swk": {signin.Passkey, signin.Authenticator},
}

// fido is what Entra calls every passkey, whoever keeps its key.
const fido = "fido"

// chooseACR is the one class of the answer: the first of those asked for that possession meets, or nothing.
func chooseACR(wanted []string) string {
	for _, acr := range wanted {
		if slices.Contains(acrs, acr) {
			return acr
		}
	}
	return ""
}

// kindsFor are the kinds that prove one of the methods asked for.
func kindsFor(wanted []string) (kinds []signin.Kind) {
	for _, amr := range wanted {
		for _, kind := range amrs[amr] {
			if !slices.Contains(kinds, kind) {
				kinds = append(kinds, kind)
			}
		}
	}
	return kinds
}

// chooseAMR is the one method of the answer: what was proved, if it is among those asked for, or nothing.
func chooseAMR(proofs []session.Proof, wanted []string) string {
	for _, p := range proofs {
		if p.Factor != session.Possession {
			continue
		}
		kind, said := signin.Kind(p.Kind), p.AMR
		if kind == signin.Passkey {
			said = append([]string{fido}, said...)
		}
		for _, amr := range said {
			if slices.Contains(amrs[amr], kind) && slices.Contains(wanted, amr) {
				return amr
			}
		}
	}
	return ""
}
