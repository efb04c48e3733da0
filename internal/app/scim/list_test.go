package scim_test

import (
	"fmt"
	"strings"
	"testing"

	"woggle/internal/app/scim"
	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
)

// Pages by number and by cursor both show everybody once.
func TestPages(t *testing.T) {
	each(t, func(w *world) {
		const people = 7
		for i := range people {
			w.person(fmt.Sprintf("p%d", i))
		}
		seen := map[any]bool{}
		for start := 1; start <= people; start += 3 {
			r := w.send("GET", fmt.Sprintf("/Users?startIndex=%d&count=3", start), nil).is(200).has(map[string]any{"totalResults": float64(people), "startIndex": float64(start)})
			page, _ := r.body["Resources"].([]any)
			if r.at("itemsPerPage") != float64(len(page)) {
				w.t.Errorf("a page of %d says %v", len(page), r.at("itemsPerPage"))
			}
			for _, one := range page {
				seen[one.(map[string]any)["id"]] = true
			}
		}
		cursor, byCursor, pages := "", map[any]bool{}, 0
		for {
			r := w.send("GET", "/Users?count=3&cursor="+cursor, nil).is(200)
			page, _ := r.body["Resources"].([]any)
			for _, one := range page {
				byCursor[one.(map[string]any)["id"]] = true
			}
			pages++
			if cursor, _ = r.at("nextCursor").(string); cursor == "" || pages > 9 {
				break
			}
		}
		if len(seen) != people || len(byCursor) != people {
			w.t.Errorf("of %d people %d are on pages, %d behind cursors", people, len(seen), len(byCursor))
		}
		w.send("GET", "/Users?count=0", nil).is(200).has(map[string]any{"totalResults": float64(people), "itemsPerPage": 0.0})
	})
}

func TestAttributesAreChosen(t *testing.T) {
	w := one(t)
	id := w.send("POST", "/Users?attributes=userName", entraUser).is(201).has(map[string]any{"userName": "Mair.Rowlands@northwold.example", "title": nil, "externalId": nil}).id()
	for query, want := range map[string]map[string]any{
		"attributes=title":                                       {"title": "Section leader", "userName": nil, "id": id},
		"attributes=NAME.givenName,emails.value":                 {"name/givenName": "Mair", "name/familyName": nil, "emails/0/value": "Mair.Rowlands@northwold.example", "emails/0/type": nil},
		"attributes=" + enterpriseURN + ":department":            {enterpriseURN + "/department": "Fenland", enterpriseURN + "/employeeNumber": nil, "title": nil},
		"attributes=" + userURN + ":userName":                    {"userName": "Mair.Rowlands@northwold.example", "title": nil},
		"excludedAttributes=emails,name.givenName,externalId,id": {"emails": nil, "name/givenName": nil, "name/familyName": "Rowlands", "externalId": nil, "id": id, "title": "Section leader"},
	} {
		w.send("GET", "/Users/"+id+"?"+query, nil).is(200).has(want)
		got := w.send("GET", "/Users?"+query, nil).is(200)
		for path, value := range want {
			if got.at("Resources/0/"+path) != value {
				t.Errorf("%s: %s is %v in a list", query, path, got.at("Resources/0/"+path))
			}
		}
	}
}

// What is served about the service itself.
func TestTheServiceDescribesItself(t *testing.T) {
	w := one(t)
	w.send("GET", "/ServiceProviderConfig", nil).is(200).has(map[string]any{"patch/supported": true, "bulk/supported": false, "filter/supported": true,
		"filter/maxResults": 200.0, "changePassword/supported": false, "sort/supported": false, "etag/supported": false, "authenticationSchemes/0/type": "oauthbearertoken"})
	w.send("GET", "/ResourceTypes", nil).is(200).has(map[string]any{"totalResults": 2.0, "Resources/0/endpoint": "/Users", "Resources/1/schema": groupURN})
	w.send("GET", "/ResourceTypes/User", nil).is(200).has(map[string]any{"schemaExtensions/0/schema": enterpriseURN})
	schemas := w.send("GET", "/Schemas", nil).is(200)
	for _, urn := range []string{userURN, groupURN, enterpriseURN} {
		if !strings.Contains(schemas.text, `"`+urn+`"`) {
			t.Errorf("%s is not described", urn)
		}
		w.send("GET", "/Schemas/"+urn, nil).is(200).has(map[string]any{"id": urn})
	}
	if strings.Contains(schemas.text, `"password"`) || strings.Contains(schemas.text, `"roles"`) {
		t.Error("roles or passwords are described")
	}
}

// Whoever was here before the connection is given to it by somebody here, unless they may do things for others.
func TestPeopleAreGiven(t *testing.T) {
	each(t, func(w *world) {
		var ann, boss directory.User
		var group directory.Group
		w.tx(func(tx *db.Tx) (err error) {
			if ann, err = directory.Add(tx, directory.User{Username: "ann", GivenName: "Ann", Email: "ann@northwold.example"}); err != nil {
				return err
			}
			if boss, err = directory.Add(tx, directory.User{Username: "boss", Role: directory.Administrator}); err != nil {
				return err
			}
			if group, err = directory.AddGroup(tx, "Fenland", ""); err != nil {
				return err
			}
			if err := directory.Join(tx, "x", group.ID, ann.ID); err != nil {
				return err
			}
			for range 2 {
				if err := scim.GivePerson(tx, audit.System, w.conn, ann); err != nil {
					return err
				}
				if err := scim.GiveGroup(tx, audit.System, w.conn, group); err != nil {
					return err
				}
			}
			if err := scim.GivePerson(tx, audit.System, w.conn, boss); err == nil {
				w.t.Error("an administrator was given to another system")
			}
			return nil
		})
		w.find("Users", `userName eq "ANN"`).is(200).has(map[string]any{"totalResults": 1.0, "Resources/0/id": ann.ID, "Resources/0/name/givenName": "Ann",
			"Resources/0/emails/0/value": "ann@northwold.example", "Resources/0/active": true, "Resources/0/externalId": nil})
		w.patch("/Users/"+ann.ID, `{"op":"add","path":"externalId","value":"e"},{"op":"replace","path":"active","value":"False"}`).is(200).has(map[string]any{"externalId": "e", "active": false})
		w.send("GET", "/Groups/"+group.ID, nil).is(200).has(map[string]any{"members/0/value": ann.ID})
	})
}
