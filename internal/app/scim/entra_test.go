package scim_test

import (
	"slices"
	"strings"
	"testing"

	"woggle/internal/db"
	"woggle/internal/directory"
)

// entraUser is what Entra's service sends for a new person, with the attributes of its usual map.
const entraUser = `{
	"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
	"externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
	"userName": "Mair.Rowlands@northwold.example",
	"active": true,
	"addresses": [{"primary": false, "type": "work", "country": "United Kingdom", "formatted": "1 High Street"}],
	"displayName": "Mair Rowlands",
	"emails": [{"primary": true, "type": "work", "value": "Mair.Rowlands@northwold.example"}],
	"meta": {"resourceType": "User"},
	"name": {"formatted": "Mair Rowlands", "familyName": "Rowlands", "givenName": "Mair"},
	"phoneNumbers": [{"primary": true, "type": "work", "value": "01603 (555) 0100"}, {"primary": false, "type": "mobile", "value": "+44 7700 900123"}],
	"preferredLanguage": "cy-GB",
	"roles": [],
	"title": "Section leader",
	"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"employeeNumber": "701984", "department": "Fenland", "manager": "b1c2"}
}`

// Test Connection asks for what is not there, and wants an empty list.
func TestEntraTestsTheConnection(t *testing.T) {
	each(t, func(w *world) {
		for _, path := range []string{
			`/Users?filter=userName+eq+%225b0a7c1e-non-existent%22`,
			`/Users?aadOptscim062020&filter=externalId+eq+%22x%22&startIndex=1&count=1`,
			`/Users?AzureAdScimPatch2017&filter=emails%5Btype+eq+%22work%22%5D.value+eq+%22nobody@example.org%22`,
			`/Groups?excludedAttributes=members&filter=displayName+eq+%22none%22`,
			`/Users`, `/Groups/`,
		} {
			r := w.send("GET", path, nil).is(200).has(map[string]any{"totalResults": 0.0, "itemsPerPage": 0.0, "startIndex": 1.0})
			if !strings.Contains(r.text, `"Resources":[]`) {
				t := w.t
				t.Errorf("%s: an empty list must be []: %s", path, r.text)
			}
		}
	})
}

func TestEntraMakesAPerson(t *testing.T) {
	each(t, func(w *world) {
		w.tx(func(tx *db.Tx) error {
			for _, id := range []string{"department", "mobile_phone"} {
				f := directory.Field{ID: id, Kind: directory.Text, Labels: map[string]string{"en": id}}
				if err := directory.AddField(tx, "boss", f); err != nil {
					return err
				}
			}
			return nil
		})
		made := w.send("POST", "/Users", entraUser).is(201)
		id := made.id()
		want := map[string]any{"externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef", "userName": "Mair.Rowlands@northwold.example", "active": true,
			"displayName": "Mair Rowlands", "name/givenName": "Mair", "name/familyName": "Rowlands", "name/formatted": "Mair Rowlands",
			"emails/0/value": "Mair.Rowlands@northwold.example", "emails/0/primary": true, "phoneNumbers/0/value": "01603 (555) 0100",
			"phoneNumbers/1/value": "+44 7700 900123", "title": "Section leader", "meta/resourceType": "User",
			"meta/location": base + "/scim/v2/Users/" + id, enterpriseURN + "/department": "Fenland", enterpriseURN + "/manager/value": "b1c2",
			enterpriseURN + "/employeeNumber": "701984", "roles": nil, "addresses": nil, "password": nil}
		made.has(want)
		w.send("GET", "/Users/"+id, nil).is(200).has(want)
		w.find("Users", `externalId eq "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef"`).is(200).has(map[string]any{"totalResults": 1.0, "Resources/0/id": id})
		u := w.user(id)
		if u.Username != "Mair.Rowlands@northwold.example" || u.Email != u.Username || u.GivenName != "Mair" || u.FamilyName != "Rowlands" ||
			u.Role != directory.Member || u.Status != directory.Active {
			w.t.Errorf("the directory has %+v", u)
		}
		w.tx(func(tx *db.Tx) error {
			values, err := directory.Values(tx, u)
			if values["department"] != "Fenland" || values["mobile_phone"] != "+44 7700 900123" {
				w.t.Errorf("the details are %v", values)
			}
			return err
		})
		if got := w.events(id); !slices.Equal(got, []string{"user-added by scim:entra", "details-changed by scim:entra"}) {
			w.t.Errorf("the trail tells %v", got)
		}
	})
}

// Each row is a PATCH in one of Entra's dialects, against a person with a work address, and what is to be read after it.
func TestEntraChangesAPerson(t *testing.T) {
	for _, row := range []struct {
		name, operations string
		want             map[string]any
	}{
		{"old: one replace for each attribute, capitals",
			`{"op":"Replace","path":"displayName","value":"Mair R"},{"op":"Replace","path":"name.familyName","value":"Price"},{"op":"Replace","path":"emails[type eq \"work\"].value","value":"mair@example.org"}`,
			map[string]any{"displayName": "Mair R", "name/familyName": "Price", "name/givenName": "Mair", "emails/0/value": "mair@example.org", "emails/1": nil}},
		{"old: a boolean as a string", `{"op":"Replace","path":"active","value":"False"}`, map[string]any{"active": false}},
		{"old: a boolean as a string, without a path", `{"op":"Replace","value":{"active":"True"}}`, map[string]any{"active": true}},
		{"old: add by a value filter makes what is not there", `{"op":"Add","path":"phoneNumbers[type eq \"home\"].value","value":"01603 555 0199"}`,
			map[string]any{"phoneNumbers/2/value": "01603 555 0199", "phoneNumbers/2/type": "home"}},
		{"old: replace by a value filter makes what is not there", `{"op":"Replace","path":"emails[type eq \"home\"].value","value":"mair@home.example"}`,
			map[string]any{"emails/1/value": "mair@home.example", "emails/1/type": "home", "emails/0/value": "Mair.Rowlands@northwold.example"}},
		{"old: the part before the value", `{"op":"Add","path":"emails[type eq \"home\"].primary","value":"False"},{"op":"Add","path":"emails[type eq \"home\"].value","value":"m@home.example"}`,
			map[string]any{"emails/1/value": "m@home.example", "emails/1/primary": false}},
		{"old: an enterprise path", `{"op":"Add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department","value":"Brecks"}`,
			map[string]any{enterpriseURN + "/department": "Brecks", enterpriseURN + "/employeeNumber": "701984"}},
		{"old: the manager as a plain string", `{"op":"Add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":"77aa"}`,
			map[string]any{enterpriseURN + "/manager/value": "77aa"}},
		{"old: the manager as an object in a list", `{"op":"Replace","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":[{"$ref":null,"value":"88bb"}]}`,
			map[string]any{enterpriseURN + "/manager/value": "88bb"}},
		{"old: the manager is taken away", `{"op":"Remove","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":"77aa"}`,
			map[string]any{enterpriseURN + "/manager": nil, enterpriseURN + "/department": "Fenland"}},
		{"old: an attribute that we do not keep, beside one that we do", `{"op":"Add","path":"addresses[type eq \"work\"].locality","value":"Ely"},{"op":"Replace","path":"title","value":"Leader"}`,
			map[string]any{"title": "Leader", "addresses": nil}},
		{"old: only what we do not keep", `{"op":"Add","path":"addresses[type eq \"work\"].locality","value":"Ely"}`, map[string]any{"title": "Section leader"}},
		{"new: small letters and real booleans", `{"op":"replace","path":"active","value":false}`, map[string]any{"active": false}},
		{"new: dotted keys and keys of the extension, without a path",
			`{"op":"replace","value":{"displayName":"M. Price","name.givenName":"Mari","name.familyName":"Price","emails[type eq \"work\"].value":"mari@example.org","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department":"Broads"}}`,
			map[string]any{"displayName": "M. Price", "name/givenName": "Mari", "name/familyName": "Price", "emails/0/value": "mari@example.org", enterpriseURN + "/department": "Broads"}},
		{"new: the extension as an object, without a path", `{"op":"add","value":{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"division":"North","manager":{"value":"99cc"}}}}`,
			map[string]any{enterpriseURN + "/division": "North", enterpriseURN + "/manager/value": "99cc", enterpriseURN + "/department": "Fenland"}},
		{"new: remove", `{"op":"remove","path":"title"}`, map[string]any{"title": nil}},
		{"new: replace by null", `{"op":"replace","value":{"title":null}}`, map[string]any{"title": nil}},
		{"new: a whole list", `{"op":"replace","path":"emails","value":[{"type":"work","value":"a@example.org","primary":true}]}`,
			map[string]any{"emails/0/value": "a@example.org", "emails/1": nil}},
		{"either: another schema's attribute is ignored", `{"op":"Add","path":"urn:ietf:params:scim:schemas:extension:CustomExtensionName:2.0:User:tag","value":"x"}`, map[string]any{"title": "Section leader"}},
		{"either: the id in the value is ignored", `{"op":"replace","value":{"id":"1","title":"T"}}`, map[string]any{"title": "T"}},
		{"either: names in any case", `{"op":"Replace","path":"Name.FamilyName","value":"Pugh"},{"OP":"replace","Path":"NICKNAME","Value":"Mo"}`,
			map[string]any{"name/familyName": "Pugh", "nickName": "Mo"}},
		{"either: a path with the core schema's name", `{"op":"replace","path":"urn:ietf:params:scim:schemas:core:2.0:User:name.givenName","value":"Mali"}`, map[string]any{"name/givenName": "Mali"}},
		{"either: another externalId", `{"op":"replace","path":"externalId","value":"new"}`, map[string]any{"externalId": "new"}},
		{"either: an apostrophe, a plus and a quote", `{"op":"replace","path":"title","value":"O'Neil + \"Co\" \\ 1"}`, map[string]any{"title": `O'Neil + "Co" \ 1`}},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := one(t)
			id := w.send("POST", "/Users", entraUser).is(201).id()
			w.patch("/Users/"+id+"?aadOptscim062020", row.operations).is(200).has(row.want)
			w.send("GET", "/Users/"+id, nil).is(200).has(row.want)
		})
	}
}

// What a PATCH says to the directory.
func TestChangesReachTheDirectory(t *testing.T) {
	each(t, func(w *world) {
		id := w.send("POST", "/Users", entraUser).is(201).id()
		w.patch("/Users/"+id, `{"op":"replace","value":{"userName":"mair.price@northwold.example","name.familyName":"Price","emails[type eq \"work\"].value":"new@example.org"}}`).is(200)
		if u := w.user(id); u.Username != "mair.price@northwold.example" || u.FamilyName != "Price" || u.Email != "new@example.org" {
			w.t.Errorf("the directory has %+v", u)
		}
		// What is changed in Woggle is read by the system, and not undone by a change of something else.
		w.tx(func(tx *db.Tx) error {
			u, err := directory.ByID(tx, id)
			if err != nil {
				return err
			}
			u.GivenName = "Mari"
			return directory.Update(tx, u)
		})
		w.patch("/Users/"+id, `{"op":"replace","path":"title","value":"T"}`).is(200).has(map[string]any{"name/givenName": "Mari"})
		if u := w.user(id); u.GivenName != "Mari" {
			w.t.Errorf("the directory has %+v", u)
		}
		w.send("PUT", "/Users/"+id, `{"schemas":["`+userURN+`"],"userName":"mair.price@northwold.example"}`).is(200).has(
			map[string]any{"name": nil, "emails": nil, "active": true, "externalId": nil, "title": nil})
		if u := w.user(id); u.GivenName != "" || u.Email != "" || u.Status != directory.Active {
			w.t.Errorf("the directory has %+v", u)
		}
	})
}

func TestEntraKeepsGroups(t *testing.T) {
	each(t, func(w *world) {
		a, b, c := w.person("ann"), w.person("bob"), w.person("cat")
		made := w.send("POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group","http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
			"externalId":"8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159","displayName":"Fenland District","meta":{"resourceType":"Group"},"members":[]}`).is(201)
		id := made.has(map[string]any{"displayName": "Fenland District", "meta/resourceType": "Group", "members": nil}).id()
		steps := []struct {
			name, operations string
			want             []string
		}{
			{"members come in batches, with $ref null", `{"op":"Add","path":"members","value":[{"$ref":null,"value":"A"},{"$ref":null,"value":"B"}]}`, []string{a, b}},
			{"the same again", `{"op":"Add","path":"members","value":[{"$ref":null,"value":"B"}]},{"op":"Add","path":"members","value":[{"$ref":null,"value":"C"}]}`, []string{a, b, c}},
			{"old: remove takes out only those that it names", `{"op":"Remove","path":"members","value":[{"$ref":null,"value":"B"}]}`, []string{a, c}},
			{"a remove that names nobody takes out nobody", `{"op":"Remove","path":"members","value":[]}`, []string{a, c}},
			{"an add of nobody takes out nobody", `{"op":"Add","path":"members","value":[]},{"op":"Add","path":"members","value":null}`, []string{a, c}},
			{"new: remove by a value filter", `{"op":"remove","path":"members[value eq \"A\"]"}`, []string{c}},
			{"who is not in the group is out of it already", `{"op":"remove","path":"members[value eq \"A\"]"}`, []string{c}},
			{"a new name", `{"op":"replace","value":{"displayName":"Fenland"}}`, []string{c}},
			{"one member as an object", `{"op":"add","path":"members","value":{"value":"A"}}`, []string{a, c}},
			{"all of them anew", `{"op":"replace","path":"members","value":[{"value":"B"}]}`, []string{b}},
			{"remove without a value takes out everybody", `{"op":"Remove","path":"members"}`, nil},
		}
		for _, step := range steps {
			operations := strings.NewReplacer(`"A"`, `"`+a+`"`, `"B"`, `"`+b+`"`, `"C"`, `"`+c+`"`, `\"A\"`, `\"`+a+`\"`).Replace(step.operations)
			if r := w.patch("/Groups/"+id, operations).is(204); r.text != "" {
				w.t.Errorf("%s: got %s", step.name, r.text)
			}
			if got := w.members(id); !slices.Equal(got, step.want) {
				w.t.Errorf("%s: in the group are %v, want %v", step.name, got, step.want)
			}
		}
		w.send("GET", "/Groups/"+id+"?excludedAttributes=members", nil).is(200).has(map[string]any{"displayName": "Fenland", "members": nil})
		w.patch("/Groups/"+id, `{"op":"add","path":"members","value":[{"value":"`+a+`"}]}`).is(204)
		w.send("GET", "/Groups/"+id, nil).is(200).has(map[string]any{"members/0/value": a, "members/0/display": "ann", "members/0/type": "User"})
		// Older jobs of Entra ask whether somebody is in.
		w.find("Groups", `id eq "`+id+`" and members eq "`+a+`"`).is(200).has(map[string]any{"totalResults": 1.0})
		w.find("Groups", `id eq "`+id+`" and members eq "`+b+`"`).is(200).has(map[string]any{"totalResults": 0.0})
		w.find("Groups", `members.value eq "`+a+`"`).is(200).has(map[string]any{"totalResults": 1.0})
		w.send("POST", "/Groups", `{"schemas":["`+groupURN+`"],"displayName":"Fenland"}`).refused(409, "uniqueness")
		if got := w.events(a); got[0] != "user-added by scim:entra" || got[1] != "group-joined by scim:entra" || got[2] != "group-left by scim:entra" {
			w.t.Errorf("the trail tells %v", got)
		}
		w.send("DELETE", "/Groups/"+id, nil).is(204)
		w.send("GET", "/Groups/"+id, nil).refused(404, "")
		w.send("GET", "/Users/"+a, nil).is(200)
	})
}

// The filters that Entra sends, and those that other clients do.
func TestFilters(t *testing.T) {
	w := one(t)
	w.send("POST", "/Users", entraUser).is(201)
	w.person("o'neil@northwold.example")
	for filter, found := range map[string]float64{
		`userName eq "mair.rowlands@NORTHWOLD.example"`:                                                                                            1,
		`USERNAME EQ "mair.rowlands@northwold.example"`:                                                                                            1,
		`userName eq "o'neil+1@northwold.example"`:                                                                                                 0, // + is no character of a user name: see below
		`externalId eq "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef"`:                                                                                     1,
		`externalId eq "0A21F0F2-8d2a-4f8e-bf98-7363c4aed4ef"`:                                                                                     0, // it is exact
		`emails[type eq "work"].value eq "mair.rowlands@northwold.example"`:                                                                        1,
		`emails[type eq "home"].value eq "mair.rowlands@northwold.example"`:                                                                        0,
		`emails.value eq "mair.rowlands@northwold.example"`:                                                                                        1,
		`emails eq "mair.rowlands@northwold.example"`:                                                                                              1,
		`emails[type eq "work" and value eq "mair.rowlands@northwold.example"]`:                                                                    1,
		`userName eq "mair.rowlands@northwold.example" and active eq true`:                                                                         1,
		`userName eq "mair.rowlands@northwold.example" and active eq false`:                                                                        0,
		`active eq true and (title sw "sec" and title co "LEAD" and title ew "r") and externalId eq "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef"`:        1,
		`userName eq "nobody" or userName eq "mair.rowlands@northwold.example"`:                                                                    1,
		`userName eq "mair.rowlands@northwold.example" and not (title pr)`:                                                                         0,
		`userName eq "mair.rowlands@northwold.example" and nickName pr`:                                                                            0,
		`userName eq "mair.rowlands@northwold.example" and meta.lastModified ge "2020-01-01T00:00:00Z"`:                                            1,
		`userName eq "mair.rowlands@northwold.example" and meta.created gt "2030-01-01T00:00:00Z"`:                                                 0,
		`userName eq "mair.rowlands@northwold.example" and phoneNumbers[type eq "mobile"].value eq "+44 7700 900123"`:                              1,
		`userName eq "mair.rowlands@northwold.example" and urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "fenland"`:     1,
		`urn:ietf:params:scim:schemas:core:2.0:User:userName eq "mair.rowlands@northwold.example"`:                                                 1,
		`userName eq "mair.rowlands@northwold.example" and emails[type eq "work" and primary eq true and (value sw "m" or value sw "x")].value pr`: 1,
		`userName eq "a \"quoted\" \\ \u00e9"`:                                                                                                     0,
	} {
		r := w.find("Users", filter).is(200)
		if r.at("totalResults") != found {
			t.Errorf("%s finds %v, want %v", filter, r.at("totalResults"), found)
		}
	}
	for _, filter := range []string{`title eq "x"`, `userName sw "m"`, `not (userName eq "x")`, `userName eq "x" or active eq true`, `userName eq "x" and shoeSize eq "9"x`,
		`userName eq`, `userName eq "x`, `"x"`, `(userName eq "x"`, `userName eq "x")`, `emails[type eq "work"`, `emails[type eq "work").value eq "x"`, `userName eq "\x"`, `[]`, `][`, "\x00", `emails[].value`} {
		w.find("Users", filter).refused(400, "invalidFilter")
	}
}
