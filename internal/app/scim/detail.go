// How attributes and the directory's own things stand for each other.
package scim

import (
	"strings"

	"woggle/internal/directory"
)

// detail is an attribute that is kept as a field of the directory, where the organisation has a field with that id.
type detail struct {
	field string
	urn   string // empty: of the core schema
	name  string
	part  string // of a complex attribute; with kind, of the element of that type
	kind  string
}

// details are the attributes that can be fields. The operator's guide lists them.
var details = []detail{
	{field: "department", urn: enterpriseURN, name: "department"},
	{field: "division", urn: enterpriseURN, name: "division"},
	{field: "organization", urn: enterpriseURN, name: "organization"},
	{field: "cost_center", urn: enterpriseURN, name: "costCenter"},
	{field: "employee_number", urn: enterpriseURN, name: "employeeNumber"},
	{field: "manager", urn: enterpriseURN, name: "manager", part: "value"},
	{field: "title", name: "title"},
	{field: "nick_name", name: "nickName"},
	{field: "display_name", name: "displayName"},
	{field: "user_type", name: "userType"},
	{field: "preferred_language", name: "preferredLanguage"},
	{field: "work_phone", name: "phoneNumbers", part: "value", kind: "work"},
	{field: "mobile_phone", name: "phoneNumbers", part: "value", kind: "mobile"},
	{field: "home_phone", name: "phoneNumbers", part: "value", kind: "home"},
	{field: "home_email", name: "emails", part: "value", kind: "home"},
}

// Details are the ids that a field needs to be told to other systems, and to be filled by them.
func Details() (ids []string) {
	for _, d := range details {
		ids = append(ids, d.field)
	}
	return ids
}

// Value is a detail of a person's resource, or empty.
func Value(document map[string]any, id string) string {
	for _, d := range details {
		if d.field == id {
			return d.get(document)
		}
	}
	return ""
}

// Path is where the detail stands in a person's resource.
func Path(id string) string {
	for _, d := range details {
		switch {
		case d.field != id:
		case d.urn != "":
			return d.urn + ":" + d.name
		case d.kind != "":
			return d.name + `[type eq "` + d.kind + `"]`
		default:
			return d.name
		}
	}
	return ""
}

// Document is a person as SCIM tells of them, with those of the values whose ids are among Details.
func Document(user directory.User, values map[string]string) map[string]any {
	document := map[string]any{}
	overlay(document, user, values)
	return document
}

// get is the detail's value in a document, or empty.
func (d detail) get(document map[string]any) string {
	home := document
	if d.urn != "" {
		home, _ = document[d.urn].(map[string]any)
	}
	value := home[d.name]
	if d.kind != "" {
		value = ofType(value, d.kind)
	}
	if d.part != "" {
		element, _ := value.(map[string]any)
		value = element[d.part]
	}
	text, _ := value.(string)
	return text
}

func ofType(value any, kind string) any {
	for _, element := range list(value) {
		one, _ := element.(map[string]any)
		if text, _ := one["type"].(string); strings.EqualFold(text, kind) {
			return one
		}
	}
	return nil
}

// set gives the detail a value in a document; an empty one takes it away.
func (d detail) set(document map[string]any, value string) {
	home := document
	if d.urn != "" {
		inner, is := document[d.urn].(map[string]any)
		if !is {
			inner = map[string]any{}
			document[d.urn] = inner
		}
		home = inner
	}
	switch {
	case d.kind != "":
		home[d.name] = withType(list(home[d.name]), d.kind, value)
	case value == "":
		delete(home, d.name)
	case d.part != "":
		home[d.name] = map[string]any{d.part: value}
	default:
		home[d.name] = value
	}
}

// withType are the elements with the value for the one of the type.
func withType(elements []any, kind, value string) (all []any) {
	done := value == ""
	for _, element := range elements {
		one, _ := element.(map[string]any)
		if text, _ := one["type"].(string); !strings.EqualFold(text, kind) {
			all = append(all, element)
			continue
		}
		if !done {
			all, done = append(all, map[string]any{"value": value, "type": kind}), true
		}
	}
	if !done {
		all = append(all, map[string]any{"value": value, "type": kind})
	}
	return all
}

// wanted is what a document says of a person, as far as the directory knows it.
func wanted(document map[string]any) directory.User {
	name, _ := document["name"].(map[string]any)
	text := func(value any) string { s, _ := value.(string); return s }
	u := directory.User{Username: text(document["userName"]), GivenName: text(name["givenName"]), FamilyName: text(name["familyName"])}
	if mail := primary(document); mail != nil {
		u.Email = text(mail["value"])
	}
	return u
}

// primary is the element of the e-mail addresses to which mail goes: the one that says so, else the one for work, else the
// first. It is nil where there is none.
func primary(document map[string]any) map[string]any {
	elements := list(document["emails"])
	for _, element := range elements {
		if one, _ := element.(map[string]any); one["primary"] == true {
			return one
		}
	}
	if one, _ := ofType(elements, "work").(map[string]any); one != nil || len(elements) == 0 {
		return one
	}
	first, _ := elements[0].(map[string]any)
	return first
}

// overlay brings a document up to date with what the directory has now. What the directory keeps in another form is
// left as it was written, so that the system reads back what it wrote.
func overlay(document map[string]any, user directory.User, values map[string]string) {
	said := wanted(document)
	if directory.Tidy(said.Username) != user.Username {
		document["userName"] = user.Username
	}
	if directory.Tidy(said.GivenName) != user.GivenName || directory.Tidy(said.FamilyName) != user.FamilyName {
		name := map[string]any{}
		if user.GivenName != "" {
			name["givenName"] = user.GivenName
		}
		if user.FamilyName != "" {
			name["familyName"] = user.FamilyName
		}
		if document["name"] = name; len(name) == 0 {
			delete(document, "name")
		}
	}
	if strings.TrimSpace(said.Email) != user.Email {
		document["emails"] = readdress(document, user.Email)
		if document["emails"] == nil || len(list(document["emails"])) == 0 {
			delete(document, "emails")
		}
	}
	document["active"] = user.Status == directory.Active
	for _, d := range details {
		if value, known := values[d.field]; known && directory.Tidy(d.get(document)) != value {
			d.set(document, value)
		}
	}
}

// readdress are the addresses with another one for mail, or without it.
func readdress(document map[string]any, address string) (all []any) {
	before := primary(document)
	for _, element := range list(document["emails"]) {
		one, _ := element.(map[string]any)
		if before != nil && one["value"] == before["value"] && one["type"] == before["type"] {
			continue
		}
		all = append(all, element)
	}
	if address == "" {
		return all
	}
	kind := any("work")
	if before != nil && before["type"] != nil {
		kind = before["type"]
	}
	return append([]any{map[string]any{"value": address, "type": kind, "primary": true}}, all...)
}
