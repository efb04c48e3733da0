// People: made, found, changed, given licences.
package entra

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

var (
	upnForm      = regexp.MustCompile(`^[A-Za-z0-9'.\-_!#^~]{1,64}@[a-z0-9.-]{1,48}$`)
	nicknameForm = regexp.MustCompile(`^[^@()\\\[\]";:<>, \x00-\x20]{1,64}$`)
	immutable    = regexp.MustCompile(`^[^ $_]{1,64}$`)
	country      = regexp.MustCompile(`^[A-Z]{2}$`)
	equals       = regexp.MustCompile(`^(\w+) eq '((?:[^']|'')*)'$`)
)

func (c *call) users() answer {
	if len(c.path) == 1 {
		switch c.method {
		case http.MethodGet:
			return c.listUsers()
		case http.MethodPost:
			return c.createUser()
		}
		return refuse(http.StatusMethodNotAllowed, "BadRequest", "Method not allowed.")
	}
	u := c.tenant.User(c.path[1])
	if u != nil && u.unknown > 0 {
		u.unknown--
		u = nil
	}
	if u == nil {
		return missing(c.path[1])
	}
	switch what := strings.Join(append([]string{c.method}, c.path[2:]...), " "); what {
	case "GET":
		if !c.needs("User.Read.All", "User.ReadWrite.All", "Directory.Read.All") {
			return denied()
		}
		return ok(c.selected(u))
	case "PATCH":
		return c.changeUser(u)
	case "POST assignLicense":
		return c.assignLicense(u)
	case "POST revokeSignInSessions":
		if !c.needs("User.RevokeSessions.All", "User.ReadWrite.All") {
			return denied()
		}
		u.SessionsRevoked++
		return ok(map[string]any{"value": true})
	case "GET authentication methods":
		return c.methods(u)
	}
	return bad("Unsupported request.")
}

// properties of a user, as they are named there.
func (u *User) properties() map[string]any {
	orNull := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	kind := "Member"
	if u.Guest {
		kind = "Guest"
	}
	licences := []any{}
	for _, id := range u.Licences {
		licences = append(licences, map[string]any{"skuId": id, "disabledPlans": []any{}})
	}
	var synced any
	if u.Synced {
		synced = true
	}
	return map[string]any{"id": u.ID, "userPrincipalName": u.UPN, "displayName": u.DisplayName, "givenName": orNull(u.GivenName),
		"surname": orNull(u.Surname), "mail": orNull(u.Mail), "otherMails": append([]string{}, u.OtherMails...), "mailNickname": u.MailNickname,
		"onPremisesImmutableId": orNull(u.ImmutableID), "onPremisesSyncEnabled": synced, "usageLocation": orNull(u.UsageLocation),
		"accountEnabled": !u.Disabled, "userType": kind, "assignedLicenses": licences}
}

// usual are the properties that come without $select.
var usual = []string{"id", "userPrincipalName", "displayName", "givenName", "surname", "mail"}

func (c *call) selected(u *User) map[string]any {
	names := usual
	if c.query.Has("$select") {
		names = strings.Split(c.query.Get("$select"), ",")
	}
	all, some := u.properties(), map[string]any{}
	for _, name := range names {
		if value, known := all[name]; known {
			some[name] = value
		}
	}
	return some
}

func (c *call) listUsers() answer {
	if !c.needs("User.Read.All", "User.ReadWrite.All", "Directory.Read.All") {
		return denied()
	}
	found, filter := []any{}, c.query.Get("$filter")
	match := equals.FindStringSubmatch(filter)
	if filter != "" && match == nil {
		return refuse(http.StatusBadRequest, "Request_UnsupportedQuery", "Unsupported or invalid query filter clause specified.")
	}
	for _, u := range c.tenant.Users {
		if match != nil {
			value, _ := u.properties()[match[1]].(string)
			if !strings.EqualFold(value, strings.ReplaceAll(match[2], "''", "'")) || value == "" {
				continue
			}
			if u.unknown > 0 {
				u.unknown--
				continue
			}
		}
		found = append(found, c.selected(u))
	}
	return c.page(found, 999)
}

func (c *call) createUser() answer {
	if !c.needs("User.ReadWrite.All", "Directory.ReadWrite.All") {
		return denied()
	}
	body, refusal := c.members("accountEnabled", "displayName", "mailNickname", "userPrincipalName", "passwordProfile",
		"onPremisesImmutableId", "usageLocation", "givenName", "surname", "otherMails", "employeeId")
	if refusal != nil {
		return *refusal
	}
	for _, name := range []string{"accountEnabled", "displayName", "mailNickname", "userPrincipalName", "passwordProfile"} {
		if body[name] == nil {
			return bad("A value is required for property '%s' of resource 'User'.", name)
		}
	}
	profile, _ := body["passwordProfile"].(map[string]any)
	password, _ := profile["password"].(string)
	if len(password) < 8 || len(password) > 256 {
		return bad("The specified password does not comply with password complexity requirements.")
	}
	c.e.serial++
	u := &User{ID: fmt.Sprintf("00000000-0000-4000-8000-%012d", c.e.serial), Password: password, unknown: c.e.lag}
	if a := c.set(u, body); a != nil {
		return *a
	}
	c.tenant.Users = append(c.tenant.Users, u)
	a := ok(c.selected(u)) // without $select, so without the immutable id
	a.status = http.StatusCreated
	return a
}

func (c *call) changeUser(u *User) answer {
	body, refusal := c.members("accountEnabled", "displayName", "mailNickname", "userPrincipalName", "onPremisesImmutableId",
		"usageLocation", "givenName", "surname", "otherMails")
	if refusal != nil {
		return *refusal
	}
	_, onlyEnables := body["accountEnabled"]
	onlyEnables = onlyEnables && len(body) == 1
	if !c.needs("User.ReadWrite.All", "Directory.ReadWrite.All") && !(onlyEnables && c.needs("User.EnableDisableAccount.All")) {
		return denied()
	}
	if u.GlobalAdmin && !c.needs("RoleManagement.ReadWrite.Directory") {
		return denied() // an application without a role cannot change those who have one
	}
	if u.Synced && !onlyEnables {
		return bad("Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.")
	}
	copy := *u
	if a := c.set(&copy, body); a != nil {
		return *a
	}
	*u = copy
	return done()
}

// set changes the user as the body says, and tells what is wrong with that.
func (c *call) set(u *User, body map[string]any) *answer {
	wrong := func(format string, args ...any) *answer {
		a := bad(format, args...)
		return &a
	}
	text := func(name string, to *string, form *regexp.Regexp) *answer {
		value, given := body[name]
		s, is := value.(string)
		switch {
		case !given:
			return nil
		case value == nil:
			*to = ""
			return nil
		case !is || form != nil && !form.MatchString(s) || len(s) > 256:
			return wrong("Invalid value specified for property '%s' of resource 'User'.", name)
		}
		*to = s
		return nil
	}
	before := *u
	for _, a := range []*answer{text("userPrincipalName", &u.UPN, upnForm), text("displayName", &u.DisplayName, nil), text("givenName", &u.GivenName, nil),
		text("surname", &u.Surname, nil), text("mailNickname", &u.MailNickname, nicknameForm), text("usageLocation", &u.UsageLocation, country),
		text("onPremisesImmutableId", &u.ImmutableID, immutable)} {
		if a != nil {
			return a
		}
	}
	if enabled, given := body["accountEnabled"]; given {
		is, right := enabled.(bool)
		if !right {
			return wrong("Invalid value specified for property 'accountEnabled' of resource 'User'.")
		}
		u.Disabled = !is
	}
	if mails, given := body["otherMails"].([]any); given {
		u.OtherMails = nil
		for _, mail := range mails {
			u.OtherMails = append(u.OtherMails, fmt.Sprint(mail))
		}
	}
	_, domain, _ := strings.Cut(u.UPN, "@")
	if d := c.tenant.Domain(domain); d == nil || d.Unverified {
		return wrong("The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain names in your organization.")
	}
	for _, other := range c.tenant.Users {
		if other.ID == u.ID {
			continue
		}
		if strings.EqualFold(other.UPN, u.UPN) {
			return wrong("Another object with the same value for property userPrincipalName already exists.")
		}
		if u.ImmutableID != "" && other.ImmutableID == u.ImmutableID {
			return wrong("Another object with the same value for property onPremisesImmutableId already exists.")
		}
	}
	switch federated := c.tenant.federated(u.UPN); {
	case federated && u.ImmutableID == "":
		return wrong("Property onPremisesImmutableId is required for a user in a federated domain.")
	case federated && before.UPN != "" && c.tenant.federated(before.UPN) && before.ImmutableID != u.ImmutableID:
		return wrong("Property onPremisesImmutableId cannot be changed for a user in a federated domain.")
	}
	return nil
}

func (c *call) skus() answer {
	if !c.needs("LicenseAssignment.Read.All", "LicenseAssignment.ReadWrite.All", "Organization.Read.All", "Directory.Read.All") {
		return denied()
	}
	rows := []any{}
	for _, s := range c.tenant.SKUs {
		rows = append(rows, map[string]any{"skuId": s.ID, "skuPartNumber": s.Name, "consumedUnits": s.Used, "capabilityStatus": "Enabled",
			"prepaidUnits": map[string]int{"enabled": s.Seats}})
	}
	return ok(map[string]any{"value": rows})
}

func (c *call) assignLicense(u *User) answer {
	if !c.needs("LicenseAssignment.ReadWrite.All", "User.ReadWrite.All", "Directory.ReadWrite.All") {
		return denied()
	}
	body, refusal := c.members("addLicenses", "removeLicenses")
	if refusal != nil {
		return *refusal
	}
	add, is1 := body["addLicenses"].([]any)
	remove, is2 := body["removeLicenses"].([]any)
	if !is1 || !is2 {
		return bad("The parameters addLicenses and removeLicenses are required.")
	}
	if u.UsageLocation == "" && len(add) > 0 {
		return bad("License assignment cannot be done for user with invalid usage location.")
	}
	for _, one := range add {
		licence, _ := one.(map[string]any)
		id, _ := licence["skuId"].(string)
		i := slices.IndexFunc(c.tenant.SKUs, func(s *SKU) bool { return s.ID == id })
		switch {
		case i < 0:
			return bad("License %s does not correspond to a valid company License.", id)
		case slices.Contains(u.Licences, id):
		case c.tenant.SKUs[i].Used >= c.tenant.SKUs[i].Seats:
			return bad("Subscription with SKU %s does not have any available licenses.", id)
		default:
			c.tenant.SKUs[i].Used++
			u.Licences = append(u.Licences, id)
		}
	}
	for _, id := range remove {
		u.Licences = slices.DeleteFunc(u.Licences, func(have string) bool { return have == id })
	}
	return ok(u.properties())
}
