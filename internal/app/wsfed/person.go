// What a token says of a person.
package wsfed

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
	"woggle/internal/session"
)

// forEntra says who somebody is at Microsoft 365.
func (p *Provider) forEntra(tx *db.Tx, s *session.Session, hint string, client *app.App, t *token) error {
	id, found, err := p.identity(tx, s.User, hint, client)
	if err != nil {
		return err
	}
	if !found {
		return nobody(client)
	}
	t.issuer, t.name, t.format = id.Issuer, id.ImmutableID, samltoken.Unspecified
	t.claims = samltoken.EntraClaims(id, t.authentication)
	return nil
}

// nobody is for a person that the app could not know.
func nobody(client *app.App) error {
	return problem.New(problem.Forbidden, "wsfed.nobody", problem.Args{"app": client.Name})
}

// identity is the person as Microsoft 365 knows them: by the settings if they name the domains, else by the tenant that is
// connected.
func (p *Provider) identity(tx *db.Tx, user directory.User, hint string, client *app.App) (id samltoken.Identity, found bool, err error) {
	s := of(client)
	if len(s.Domains) == 0 {
		if p.Identities == nil {
			return id, false, nil
		}
		return p.Identities(tx, user, hint)
	}
	if user.Email, err = app.OwnEmail(tx, user); err != nil {
		return id, false, err
	}
	id.UPN, id.ImmutableID = detail(user, nil, s.UPN), detail(user, nil, s.ImmutableID)
	id.Issuer, found = s.issuer(id.UPN)
	return id, found && id.ImmutableID != "", nil
}

// forOthers says of somebody what the settings name.
func (p *Provider) forOthers(tx *db.Tx, s *session.Session, client *app.App, t *token) error {
	settings := of(client)
	profile, err := app.ProfileOf(tx, s.User, client)
	if err != nil {
		return err
	}
	t.issuer, t.format = issuerOf(p.Base), samltoken.Unspecified
	if settings.NameID == emailDetail {
		t.format = samltoken.Email
	}
	named := s.User
	if named.Email, err = app.OwnEmail(tx, named); err != nil {
		return err
	}
	if t.name = detail(named, nil, settings.NameID); t.name == "" {
		return nobody(client)
	}
	for _, claim := range slices.Sorted(maps.Keys(settings.Claims)) {
		values := []string{detail(s.User, profile.Values, settings.Claims[claim])}
		if settings.Claims[claim] == groupsDetail {
			values = profile.Groups
		}
		// An empty value is no claim: parties fall over it.
		if values = slices.DeleteFunc(values, func(value string) bool { return value == "" }); len(values) > 0 {
			t.claims = append(t.claims, samltoken.Claim{Type: claim, Values: values})
		}
	}
	t.claims = append(t.claims, t.authentication.Claims()...)
	return nil
}

// detail is one detail of a person, by the name that settings call it; empty if they have none.
func detail(user directory.User, values map[string]string, name string) string {
	switch name {
	case idDetail:
		// Letters and digits only: what else is to be escaped in an immutable id, Microsoft's documents disagree on.
		return strings.ReplaceAll(user.ID, "-", "")
	case usernameDetail:
		return user.Username
	case emailDetail:
		return user.Email
	case nameDetail:
		return user.Name()
	case directory.GivenNameField:
		return user.GivenName
	case directory.FamilyNameField:
		return user.FamilyName
	}
	return values[name]
}

// told tells of details that the settings name and the app is not told.
func (s *settings) told(a *app.App) error {
	free := []string{idDetail, usernameDetail, emailDetail, nameDetail, directory.GivenNameField, directory.FamilyNameField}
	for _, name := range slices.Sorted(maps.Values(s.Claims)) {
		wanted := s.Realm != entra && !slices.Contains(free, name) && !a.Tells(name)
		if wanted && !(name == groupsDetail && maps.Equal(s.Claims, usual)) {
			return fmt.Errorf("the app is to get %q, which it is not told: add it to tell", name)
		}
	}
	return nil
}
