// Microsoft 365 over SAML: who somebody is there, the connected tenant knows, and not the settings of an app.
package saml

import (
	"woggle/internal/app"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/problem"
	"woggle/internal/samltoken"
)

// entra is how Microsoft 365 names itself.
const entra = "urn:federation:MicrosoftOnline"

// Identities finds the person as a connected tenant of Microsoft 365 knows them, the one that the hint means if there are
// several; false where they are not known.
type Identities func(tx *db.Tx, user directory.User, hint string) (samltoken.Identity, bool, error)

// byTenant tells whether the tenant says who people are at the app: of Microsoft 365, unless its settings give it an issuer.
func (p *Provider) byTenant(a *app.App) bool {
	s := a.Parsed.(*party)
	return p.Identities != nil && s.EntityID == entra && !s.OwnIssuer
}

// atMicrosoft names the person in the assertion as Microsoft knows them. Each domain has an issuer of its own there, and of
// the classes Microsoft reads only one: any other is no second step to it, and it would send the person back to us.
func (p *Provider) atMicrosoft(tx *db.Tx, user directory.User, hint string, a *app.App, said *samltoken.Assertion) error {
	id, found, err := p.Identities(tx, user, hint)
	if err == nil && !found {
		err = problem.New(problem.Forbidden, "saml.no-name", problem.Args{"app": a.Name})
	}
	if err != nil {
		return err
	}
	if said.Class == samltoken.RefedsMFA {
		said.Class = samltoken.MultipleAuthn
	}
	said.Issuer, said.Subject = id.Issuer, samltoken.NameID{Format: samltoken.Persistent, Value: id.ImmutableID}
	said.Attributes = []samltoken.Attribute{{Name: "IDPEmail", Values: []string{id.UPN}}, {Name: samltoken.UPNClaim, Values: []string{id.UPN}},
		{Name: samltoken.ImmutableIDClaim, Values: []string{id.ImmutableID}}}
	return nil
}

// believed tells whether the app's request to sign out needs no word of the person. Microsoft's carry no signature, but
// they name the person by an immutable id, which is told to nobody else: a stranger's page could not.
func (p *Provider) believed(f *farewell, by *app.App) bool { return f.Signed || p.byTenant(by) }
