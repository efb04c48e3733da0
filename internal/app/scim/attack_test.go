package scim_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/directory"
)

// T82: ids are ours, externalIds are one connection's, and no request makes anybody more than a member.
func TestScimStaysWithinItsConnection(t *testing.T) {
	each(t, func(w *world) {
		var admin directory.User
		w.tx(func(tx *db.Tx) (err error) {
			admin, err = directory.Add(tx, directory.User{Username: "boss", Role: directory.Administrator, Email: "boss@northwold.example"})
			return err
		})
		_, otherToken := w.connect("other")
		other := func(method, path string, body any) *reply { return w.sendAs(w.mux, otherToken, method, path, body) }

		for _, token := range []string{"", "x", strings.Repeat("a", 52), w.token + "x", strings.ToUpper(w.token)} {
			for _, ask := range [][2]string{{"GET", "/Users"}, {"POST", "/Users"}, {"GET", "/ServiceProviderConfig"}, {"DELETE", "/Users/" + admin.ID}, {"GET", "/nowhere"}} {
				r := w.sendAs(w.mux, token, ask[0], ask[1], entraUser).refused(401, "")
				if r.header.Get("WWW-Authenticate") != `Bearer realm="scim"` {
					w.t.Errorf("%q: %v", token, r.header)
				}
			}
		}

		// The id and the externalId of a request decide nothing.
		made := w.send("POST", "/Users", `{"schemas":["`+userURN+`"],"id":"`+admin.ID+`","externalId":"1","userName":"ann"}`).is(201)
		if made.id() == admin.ID || made.id() == "1" {
			w.t.Fatalf("the id is the client's: %s", made.text)
		}
		ann := made.id()
		byName := w.send("POST", "/Users", `{"schemas":["`+userURN+`"],"externalId":"`+admin.ID+`","userName":"bob"}`).is(201).id()
		w.send("GET", "/Users/"+admin.ID, nil).refused(404, "")
		w.send("GET", "/Users/1", nil).refused(404, "")
		w.find("Users", `externalId eq "`+admin.ID+`"`).is(200).has(map[string]any{"Resources/0/id": byName, "totalResults": 1.0})
		w.find("Users", `userName eq "boss" or id eq "`+admin.ID+`" or emails eq "boss@northwold.example"`).is(200).has(map[string]any{"totalResults": 0.0})
		for _, ask := range [][2]string{{"PUT", entraUser}, {"DELETE", ""}, {"PATCH", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"active","value":false}]}`}} {
			w.send(ask[0], "/Users/"+admin.ID, ask[1]).refused(404, "")
		}
		w.send("POST", "/Users", `{"schemas":["`+userURN+`"],"userName":"BOSS"}`).refused(409, "uniqueness")

		// The other connection knows nothing of these, and may have the same externalId.
		other("GET", "/Users/"+ann, nil).refused(404, "")
		other("DELETE", "/Users/"+ann, nil).refused(404, "")
		other("GET", "/Users", nil).is(200).has(map[string]any{"totalResults": 0.0})
		other("GET", "/Users?filter="+url.QueryEscape(`externalId eq "1" or id eq "`+ann+`"`), nil).is(200).has(map[string]any{"totalResults": 0.0})
		carl := other("POST", "/Users", `{"schemas":["`+userURN+`"],"externalId":"1","userName":"carl"}`).is(201).id()
		group := w.group("Fenland", ann)
		other("GET", "/Groups/"+group, nil).refused(404, "")
		other("DELETE", "/Groups/"+group, nil).refused(404, "")
		// Nobody is put into a group who is not the connection's, and nobody whom it does not see is taken out.
		w.patch("/Groups/"+group, `{"op":"add","path":"members","value":[{"value":"`+carl+`"}]}`).refused(400, "invalidValue")
		w.patch("/Groups/"+group, `{"op":"add","path":"members","value":[{"value":"`+admin.ID+`"}]}`).refused(400, "invalidValue")
		w.tx(func(tx *db.Tx) error { return directory.Join(tx, "boss", group, admin.ID) })
		w.patch("/Groups/"+group, `{"op":"remove","path":"members"}`).is(204)
		if got := w.members(group); !slices.Equal(got, []string{admin.ID}) {
			w.t.Errorf("in the group are %v", got)
		}

		// Roles, passwords and ways to sign in are written nowhere.
		greedy := w.send("POST", "/Users", `{"schemas":["`+userURN+`"],"userName":"eve","password":"hunter2hunter2","roles":[{"value":"administrator","primary":"True"}],
			"role":"administrator","entitlements":[{"value":"admin"}],"groups":[{"value":"`+group+`"}],"epoch":7,"status":"active","methods":[{"kind":"phone"}],
			"phoneNumbers":[{"value":"+447700900123","type":"mobile"}],"urn:woggle:User":{"role":"administrator"}}`).is(201)
		eve := greedy.id()
		greedy.has(map[string]any{"roles": nil, "password": nil, "groups": nil, "entitlements": nil})
		for _, path := range []string{"roles", "password", "role", "entitlements", "methods", `roles[value eq \"administrator\"].value`} {
			w.patch("/Users/"+eve, `{"op":"add","path":"`+path+`","value":"administrator"}`).refused(400, "invalidPath")
		}
		for _, path := range []string{"id", "meta", "groups", "schemas", "meta.created"} {
			w.patch("/Users/"+eve, `{"op":"replace","path":"`+path+`","value":"1"}`).refused(400, "mutability")
		}
		w.patch("/Users/"+eve, `{"op":"replace","value":{"roles":[{"value":"administrator"}],"password":"x","role":"administrator"}}`).is(200)
		w.send("PUT", "/Users/"+eve, `{"schemas":["`+userURN+`"],"userName":"eve","roles":["administrator"],"password":"x"}`).is(200)
		if u := w.user(eve); u.Role != directory.Member || u.ID != eve || u.Epoch != 0 {
			w.t.Errorf("the directory has %+v", u)
		}
		w.tx(func(tx *db.Tx) error {
			var methods int
			if err := tx.Row("SELECT count(*) FROM methods", nil, &methods); err != nil || methods != 0 {
				w.t.Errorf("there are %d methods, %v", methods, err)
			}
			groups, err := directory.GroupsOf(tx, eve)
			if len(groups) != 0 {
				w.t.Errorf("in groups: %v", groups)
			}
			return err
		})
	})
}

// T83: deep and long filters, made-up cursors, repeated and late requests have an answer, and leave one person.
func TestScimSurvivesFiltersCursorsAndRetries(t *testing.T) {
	each(t, func(w *world) {
		for _, filter := range []string{
			strings.Repeat("(", 10_000) + `userName eq "x"` + strings.Repeat(")", 10_000),
			strings.Repeat("(", 21) + `userName eq "x"` + strings.Repeat(")", 21),
			strings.Repeat("not (", 21) + `userName eq "x"` + strings.Repeat(")", 21),
			`userName eq "` + strings.Repeat("x", 2048) + `"`,
			strings.Repeat("(", 300), strings.Repeat("[", 20) + strings.Repeat("]", 20), strings.Repeat(`a[`, 20) + `b pr` + strings.Repeat(`]`, 20),
			strings.Repeat(`userName eq "x" or `, 150),
		} {
			w.find("Users", filter).refused(400, "invalidFilter")
		}
		w.find("Users", strings.Repeat("(", 20)+`userName eq "x"`+strings.Repeat(")", 20)).is(200)
		id := w.person("ann")
		w.patch("/Users/"+id, `{"op":"add","path":"emails[`+strings.Repeat("(", 10_000)+`type eq \"work\"`+strings.Repeat(")", 10_000)+`].value","value":"x"}`).refused(400, "invalidPath")
		w.patch("/Users/"+id, `{"op":"replace","value":{"emails[`+strings.Repeat("(", 5_000)+`":"x"}}`).refused(400, "invalidPath")

		for range 3 {
			w.person("p" + fmt.Sprint(time.Now().UnixNano()))
		}
		first := w.send("GET", "/Users?cursor&count=2", nil).is(200)
		cursor, _ := first.at("nextCursor").(string)
		second := w.send("GET", "/Users?count=2&cursor="+cursor, nil).is(200)
		if cursor == "" || second.at("Resources/0/id") == first.at("Resources/1/id") || second.at("Resources/1/id") == nil {
			w.t.Errorf("after %s comes %s", first.text, second.text)
		}
		_, otherToken := w.connect("other")
		for _, forged := range []string{"x", "' OR 1=1 --", cursor[1:] + "A", cursor + "AAAA", strings.Repeat("A", 4000), "AAAAAAAAAAAAAAAAAAAAAAAAAA"} {
			w.send("GET", "/Users?cursor="+url.QueryEscape(forged), nil).refused(400, "invalidCursor")
		}
		w.send("GET", "/Groups?cursor="+cursor, nil).refused(400, "invalidCursor")
		w.sendAs(w.mux, otherToken, "GET", "/Users?cursor="+cursor, nil).refused(400, "invalidCursor")

		body := `{"schemas":["` + userURN + `"],"externalId":"e-1","userName":"dora"}`
		dora := w.send("POST", "/Users", body).is(201).id()
		for range 2 {
			w.send("POST", "/Users", body).refused(409, "uniqueness")
			w.find("Users", `externalId eq "e-1"`).is(200).has(map[string]any{"totalResults": 1.0, "Resources/0/id": dora})
		}
		w.send("DELETE", "/Users/"+dora, nil).is(204)
		w.patch("/Users/"+dora, `{"op":"replace","path":"title","value":"late"}`).refused(404, "")
		w.send("PUT", "/Users/"+dora, body).refused(404, "")
		w.send("DELETE", "/Users/"+dora, nil).refused(404, "")
		if u := w.user(dora); u.Status != directory.Disabled {
			w.t.Errorf("a late request let somebody in again: %+v", u)
		}
		w.tx(func(tx *db.Tx) error {
			var people int
			if err := tx.Row("SELECT count(*) FROM users WHERE username_key = 'dora'", nil, &people); err != nil || people != 1 {
				w.t.Errorf("there are %d, %v", people, err)
			}
			return nil
		})
	})
}

// T81: what is too large, or no message at all, is refused with the standard's words, and never a fault of the server.
func TestScimRefusesWhatIsTooLargeOrNoMessage(t *testing.T) {
	w := one(t)
	id := w.person("ann")
	large := `{"schemas":["` + userURN + `"],"userName":"` + strings.Repeat("x", 1<<20) + `"}`
	for _, ask := range [][2]string{{"POST", "/Users"}, {"PUT", "/Users/" + id}, {"PATCH", "/Users/" + id}, {"POST", "/Groups"}, {"POST", "/nowhere"}} {
		w.send(ask[0], ask[1], large).refused(413, "")
	}
	for _, body := range []string{"", "null", "[]", "1", `"x"`, "{", `{"schemas":1}`, `{"schemas":["x"],"userName":"x"}`, `{"userName":"x"}`, `{"schemas":["` + userURN + `"]} x`,
		`{"schemas":["` + userURN + `"]}`, `{"schemas":["` + userURN + `"],"userName":7}`, `{"schemas":["` + userURN + `"],"userName":"a","USERNAME":"b"}`,
		`{"schemas":["` + userURN + `"],"userName":"x","emails":"a"}`, `{"schemas":["` + userURN + `"],"userName":"x","name":7}`, `{"schemas":["` + userURN + `"],"userName":"x","active":"maybe"}`,
		strings.Repeat("[", 100_000), strings.Repeat(`{"a":`, 20_000), `{"schemas":["` + userURN + `"],"userName":"x","title":"` + strings.Repeat("t", 40_000) + `"}`,
		`{"schemas":["` + userURN + `"],"userName":"two words"}`, `{"schemas":["` + userURN + `"],"userName":"x","name":{"givenName":"a\u0000b"}}`, `{"schemas":["` + userURN + `"],"userName":"x","externalId":"` + strings.Repeat("e", 300) + `"}`} {
		if r := w.send("POST", "/Users", body); r.status != 400 {
			t.Errorf("%.80s: %d %s", body, r.status, r.text)
		}
	}
	for _, operations := range []string{"", `{}`, `1`, `{"op":"move","path":"title"}`, `{"op":"remove"}`, `{"op":"replace"}`, `{"op":"replace","value":"x"}`, `{"op":"add","path":"emails[type eq"}`,
		`{"op":"replace","path":"userName"}`, `{"op":"remove","path":"userName"}`, `{"op":"replace","path":"shoeSize","value":9}`, `{"op":"add","path":"emails[type ne \"work\"].value","value":"x"}`,
		`{"op":"replace","path":"active","value":{}}`, `{"op":"add","path":"name.shoe","value":"x"}`, strings.Repeat(`{"op":"replace","path":"title","value":"x"},`, 1000) + `{"op":"replace","path":"title","value":"x"}`} {
		if r := w.patch("/Users/"+id, operations); r.status != 400 {
			t.Errorf("%.80s: %d %s", operations, r.status, r.text)
		}
	}
	for path, status := range map[string]int{"/Users?count=x": 400, "/Users?startIndex=x": 400, "/Users?startIndex=-1&count=-1": 200, "/Users?count=99999999": 200, "/Users?startIndex=99999999": 200,
		"/nowhere": 404, "/Me": 501, "/": 400, "/Users/" + strings.Repeat("x", 3000): 404, "/Users/%00": 404, "/Schemas/x": 404} {
		if r := w.send("GET", path, nil); r.status != status {
			t.Errorf("%.60s: %d, want %d: %s", path, r.status, status, r.text)
		}
	}
	w.send("HEAD", "/Users", nil).is(200)
	if u := w.user(id); u.Username != "ann" {
		t.Errorf("the directory has %+v", u)
	}
}
