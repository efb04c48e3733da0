// What the app is told: the name by which it knows the person, and attributes.
package saml

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"woggle/internal/app"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/problem"
	"woggle/internal/samltoken"
)

// formats are the short names of name formats, and which one is usual for each kind of name.
var formats = map[string]string{"persistent": samltoken.Persistent, "transient": samltoken.Transient, "email": samltoken.Email,
	"unspecified": samltoken.Unspecified}

// readName settles what the name is. Unless it is said, it is a persistent one that no other app knows. A detail of the person
// cannot be the name: people change those by themselves, and would be whom they like at the app.
func (p *party) readName() error {
	if p.NameID == "" {
		p.NameID = "persistent"
	}
	switch p.NameID {
	case "persistent", "transient", "email":
		p.format = formats[p.NameID]
	case "username", "unspecified":
		p.NameID, p.format = "username", samltoken.Unspecified
	default:
		return fmt.Errorf("name_id: write persistent, transient, email or username; %q is none of these (people can change details by themselves, "+
			"and would be whom they like)", p.NameID)
	}
	if p.NameIDFormat != "" {
		p.format = p.NameIDFormat
		if full, short := formats[p.NameIDFormat]; short {
			p.format = full
		}
		if !strings.HasPrefix(p.format, "urn:") && !strings.HasPrefix(p.format, "http") {
			return fmt.Errorf("name_id_format: %q is neither one of %s nor a URI", p.NameIDFormat, strings.Join(slices.Sorted(maps.Keys(formats)), ", "))
		}
	}
	return nil
}

// gives tells whether the app can have a name of the format that it asks for (Core section 3.4.1.1). A persistent or
// transient one tells nothing of the person, so that every app may have it instead of its usual one. Whether the name may
// be a new one (AllowCreate) is not looked at: Entra leaves the attribute out, which would forbid it, and means it.
func (p *party) gives(format, qualifier string) bool {
	switch format {
	case "", samltoken.Unspecified, p.format, samltoken.Persistent, samltoken.Transient:
		return qualifier == "" || qualifier == p.EntityID
	}
	return false
}

// name is what the person is called at the app.
func (p *party) name(tx *db.Tx, a *app.App, user directory.User, wanted, issuer string) (n samltoken.NameID, err error) {
	kind, format := p.NameID, p.format
	if wanted != p.format && (wanted == samltoken.Persistent || wanted == samltoken.Transient) {
		kind, format = "persistent", wanted
		if wanted == samltoken.Transient {
			kind = "transient"
		}
	}
	n.Format = format
	switch kind {
	case "persistent":
		n.Qualifier, n.ReceivedBy = issuer, p.EntityID
		n.Value, err = pairwise(tx, p.EntityID, user.ID)
	case "transient":
		n.Qualifier, n.ReceivedBy = issuer, p.EntityID
		n.Value = samltoken.NewID()
	case "email":
		n.Value, err = app.OwnEmail(tx, user)
	case "username":
		n.Value = user.Username
	}
	if err == nil && n.Value == "" {
		err = problem.New(problem.Forbidden, "saml.no-name", problem.Args{"app": a.Name})
	}
	return n, err
}

// usual are the attributes of an app that none are registered for, by the names of the MACE-Dir profile, which most
// programs know; what the app is told besides goes by its own name.
var usual = []Attribute{
	{Name: "urn:oid:0.9.2342.19200300.100.1.3", Friendly: "mail", Value: "email"},
	{Name: "urn:oid:2.16.840.1.113730.3.1.241", Friendly: "displayName", Value: "name"},
	{Name: "urn:oid:2.5.4.42", Friendly: "givenName", Value: "given_name"},
	{Name: "urn:oid:2.5.4.4", Friendly: "sn", Value: "family_name"},
}

var ofEverybody = []string{"username", "email", "name", "given_name", "family_name"}

func (p *party) readAttributes(tell []string) error {
	if len(p.Attributes) == 0 {
		p.Attributes = slices.Clone(usual)
		for _, id := range tell {
			p.Attributes = append(p.Attributes, Attribute{Name: id, Value: id})
		}
	}
	names := map[string]bool{}
	for i, a := range p.Attributes {
		switch {
		case a.Name == "" || len(a.Name) > 256 || names[a.Name]:
			return fmt.Errorf("attributes: the name %q is missing, too long or stands twice", a.Name)
		case !slices.Contains(ofEverybody, a.Value) && !slices.Contains(tell, a.Value):
			return fmt.Errorf("attributes: the value of %s is %q: write one of %s, or groups or the id of a detail that tell names",
				a.Name, a.Value, strings.Join(ofEverybody, ", "))
		}
		names[a.Name] = true
		switch a.Format {
		case "":
			p.Attributes[i].Format = samltoken.Basic
			if strings.HasPrefix(a.Name, "urn:") || strings.HasPrefix(a.Name, "http") {
				p.Attributes[i].Format = samltoken.URI
			}
		case "basic":
			p.Attributes[i].Format = samltoken.Basic
		case "uri":
			p.Attributes[i].Format = samltoken.URI
		default:
			return fmt.Errorf("attributes: the format of %s is %q: write basic or uri", a.Name, a.Format)
		}
	}
	return nil
}

// attributes are what the app is told of the person.
func (p *party) attributes(user directory.User, told app.Profile) (all []samltoken.Attribute) {
	for _, a := range p.Attributes {
		one := samltoken.Attribute{Name: a.Name, Friendly: a.Friendly, Format: a.Format}
		value := ""
		switch a.Value {
		case app.TellGroups:
			one.Values = told.Groups
		case "username":
			value = user.Username
		case "email":
			value = user.Email
		case "name":
			value = user.Name()
		case "given_name":
			value = user.GivenName
		case "family_name":
			value = user.FamilyName
		default:
			value = told.Values[a.Value]
		}
		if value != "" {
			one.Values = []string{value}
		}
		all = append(all, one)
	}
	return all
}
