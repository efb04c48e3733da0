package scim_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"woggle/internal/app/scim"
	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/keys"
	"woggle/internal/session"
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
	w.send("TRACE", "/Users", nil).refused(405, "")
	if u := w.user(id); u.Username != "ann" {
		t.Errorf("the directory has %+v", u)
	}
}

// Whom one connection disables, it may let in again; nobody else's decision is undone from elsewhere.
func TestWhoIsKeptOutStaysOut(t *testing.T) {
	each(t, func(w *world) {
		id := w.person("ann")
		active := func(value string) *reply {
			return w.patch("/Users/"+id, `{"op":"Replace","path":"active","value":"`+value+`"}`).is(200)
		}
		status := func(want directory.Status, shown bool) {
			w.t.Helper()
			if u := w.user(id); u.Status != want {
				w.t.Errorf("the person is %s, want %s", u.Status, want)
			}
			w.send("GET", "/Users/"+id, nil).is(200).has(map[string]any{"active": shown})
		}
		set := func(s directory.Status) {
			w.tx(func(tx *db.Tx) error { return directory.SetStatus(tx, "boss", id, s) })
		}
		active("False")
		status(directory.Disabled, false)
		active("True")
		status(directory.Active, true)
		set(directory.Disabled) // by an administrator
		active("True")
		status(directory.Disabled, false)
		active("False")
		active("True")
		status(directory.Disabled, false)
		set(directory.Active)
		set(directory.Locked)
		active("True")
		status(directory.Locked, false)
		active("False")
		active("True")
		status(directory.Locked, false)
		// Deleting one who is locked, and bringing them back, unlocks nobody either.
		w.send("DELETE", "/Users/"+id, nil).is(204)
		w.send("POST", "/Users", `{"schemas":["`+userURN+`"],"externalId":"ext-ann","userName":"ann","active":true}`).is(201).has(map[string]any{"id": id, "active": false})
		status(directory.Locked, false)
	})
}

// Deleted is disabled and out of sight; the same externalId brings the same person back, the same name does not.
func TestDeletedPeopleAreHeld(t *testing.T) {
	each(t, func(w *world) {
		id := w.person("ann")
		group := w.group("Fenland", id)
		w.send("DELETE", "/Users/"+id, nil).is(204)
		w.send("GET", "/Users/"+id, nil).refused(404, "")
		w.send("GET", "/Users", nil).is(200).has(map[string]any{"totalResults": 0.0})
		w.find("Users", `userName eq "ann" or externalId eq "ext-ann"`).is(200).has(map[string]any{"totalResults": 0.0})
		w.send("GET", "/Groups/"+group, nil).is(200).has(map[string]any{"members": nil})
		// Another person with a name that was somebody's gets neither their account nor their phone (T86).
		w.send("POST", "/Users", `{"schemas":["`+userURN+`"],"externalId":"another","userName":"ann"}`).refused(409, "uniqueness")
		w.patch("/Users/"+id, `{"op":"Replace","path":"active","value":"True"}`).is(200).has(map[string]any{"id": id, "active": true})
		w.send("GET", "/Groups/"+group, nil).is(200).has(map[string]any{"members/0/value": id})
		w.send("DELETE", "/Users/"+id, nil).is(204)
		w.send("POST", "/Users", `{"schemas":["`+userURN+`"],"externalId":"ext-ann","userName":"ann.new","displayName":"Ann"}`).is(201).has(
			map[string]any{"id": id, "active": true, "userName": "ann.new", "displayName": "Ann"})
		want := []string{"user-added", "group-joined", "user-disabled", "user-enabled", "user-disabled", "details-changed", "user-enabled"}
		for i, event := range w.events(id) {
			if i >= len(want) || event != want[i]+" by scim:entra" {
				w.t.Fatalf("the trail tells %v, want %v", w.events(id), want)
			}
		}
	})
}

// Disabled at the source is signed out here, at once.
func TestWhoIsDisabledIsSignedOut(t *testing.T) {
	each(t, func(w *world) {
		for name, end := range map[string]func(id string){
			"ann": func(id string) { w.patch("/Users/"+id, `{"op":"Replace","path":"active","value":"False"}`).is(200) },
			"bob": func(id string) { w.send("DELETE", "/Users/"+id, nil).is(204) },
			"cat": func(id string) {
				w.send("PUT", "/Users/"+id, `{"schemas":["`+userURN+`"],"userName":"cat","active":false}`).is(200)
			},
		} {
			id := w.person(name)
			sessions := &session.Manager{DB: w.db, Keys: w.keys}
			var token string
			w.tx(func(tx *db.Tx) (err error) {
				user, err := directory.ByID(tx, id)
				if err != nil {
					return err
				}
				token, _, err = sessions.Start(tx, user, []session.Proof{{Kind: "password", Factor: session.Knowledge, At: tx.Now}}, false, session.Origin{})
				return err
			})
			if s, err := sessions.Find(w.t.Context(), token); err != nil || s == nil {
				w.t.Fatalf("%s is not signed in: %v", name, err)
			}
			end(id)
			if s, err := sessions.Find(w.t.Context(), token); err != nil || s != nil {
				w.t.Errorf("%s is still signed in: %v", name, err)
			}
		}
	})
}

// Who may do things for others keeps the address to which the link for a forgotten password goes.
func TestTheAddressOfAdministratorsIsNotChangedFromElsewhere(t *testing.T) {
	each(t, func(w *world) {
		id := w.send("POST", "/Users", entraUser).is(201).id()
		change := `{"op":"replace","path":"emails[type eq \"work\"].value","value":"thief@example.org"}`
		for _, protect := range []func(tx *db.Tx) error{
			func(tx *db.Tx) error { return directory.SetRole(tx, "boss", id, directory.Administrator) },
			func(tx *db.Tx) error { return directory.SetRole(tx, "boss", id, directory.Helper) },
			func(tx *db.Tx) error { return directory.Freeze(tx, id) },
		} {
			w.tx(func(tx *db.Tx) error {
				if _, err := directory.Add(tx, directory.User{Username: "boss", Role: directory.Administrator}); err != nil && !strings.Contains(err.Error(), "taken") {
					return err
				}
				return directory.SetRole(tx, "boss", id, directory.Member)
			})
			w.tx(protect)
			w.patch("/Users/"+id, change).refused(403, "")
			w.patch("/Users/"+id, `{"op":"replace","path":"userName","value":"thief"}`).refused(403, "")
			w.send("PUT", "/Users/"+id, `{"schemas":["`+userURN+`"],"userName":"thief"}`).refused(403, "")
			w.patch("/Users/"+id, `{"op":"replace","path":"name.givenName","value":"Mari"}`).is(200)
			w.patch("/Users/"+id, `{"op":"replace","path":"active","value":false}`).is(200)
			w.patch("/Users/"+id, `{"op":"replace","path":"active","value":true}`).is(200)
			if u := w.user(id); u.Email != "Mair.Rowlands@northwold.example" || u.Status != directory.Active {
				w.t.Errorf("the directory has %+v", u)
			}
		}
		// The last administrator cannot be kept out from elsewhere either.
		w.tx(func(tx *db.Tx) error {
			boss, _, err := directory.ByUsername(tx, "boss")
			if err != nil {
				return err
			}
			if err := directory.SetRole(tx, "x", id, directory.Administrator); err != nil {
				return err
			}
			return directory.SetStatus(tx, "x", boss.ID, directory.Disabled)
		})
		w.patch("/Users/"+id, `{"op":"replace","path":"active","value":false}`).refused(403, "")
		w.send("DELETE", "/Users/"+id, nil).refused(403, "")
	})
}

// Two nodes are told of the same person at one instant: one makes them, the other says so.
func TestTwoNodesMakeOnePerson(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres", "postgres-serializable"} {
		t.Run(engine, func(t *testing.T) {
			clock := dbtest.NewClock()
			address := dbtest.NewURL(t, engine)
			w := newWorld(t, dbtest.Connect(t, address, clock), clock)
			second := w.node(dbtest.Connect(t, address, clock))
			for _, bodies := range [][2]string{
				{`{"schemas":["` + userURN + `"],"userName":"same"}`, `{"schemas":["` + userURN + `"],"userName":"SAME"}`},
				{`{"schemas":["` + userURN + `"],"userName":"one","externalId":"e"}`, `{"schemas":["` + userURN + `"],"userName":"two","externalId":"e"}`},
			} {
				var work sync.WaitGroup
				answers := make([]*reply, 8)
				for i := range answers {
					node := w.mux
					if i%2 == 1 {
						node = second
					}
					work.Go(func() { answers[i] = w.sendAs(node, w.token, "POST", "/Users", bodies[i%2]) })
				}
				work.Wait()
				made := 0
				for _, r := range answers {
					if r.status == 201 {
						made++
					} else {
						r.refused(409, "uniqueness")
					}
				}
				if made != 1 {
					t.Errorf("%d were made", made)
				}
			}
			w.send("GET", "/Users", nil).is(200).has(map[string]any{"totalResults": 2.0})
		})
	}
}

// Two tokens work while one is exchanged for the other; a third ends the oldest, time ends each, and removing ends all.
func TestTokensCome(t *testing.T) {
	each(t, func(w *world) {
		works := func(token string) bool { return w.sendAs(w.mux, token, "GET", "/Users", nil).status == 200 }
		next := func() (token string) {
			w.tx(func(tx *db.Tx) (err error) {
				token, err = scim.NewToken(tx, w.keys, audit.System, w.conn, 24*time.Hour)
				return err
			})
			return token
		}
		first := w.token
		w.clock.Advance(time.Second)
		second := next()
		if !works(first) || !works(second) {
			w.t.Error("of two tokens one does not work")
		}
		w.clock.Advance(time.Second)
		third := next()
		if works(first) || !works(second) || !works(third) {
			w.t.Error("a third token must end the oldest, and no other")
		}
		w.tx(func(tx *db.Tx) error { return scim.EndOldTokens(tx, audit.System, w.conn) })
		if works(second) || !works(third) {
			w.t.Error("only the newest was to go on")
		}
		w.tx(func(tx *db.Tx) error {
			c, err := scim.Named(tx, "entra")
			if err != nil || len(c.Tokens) != 1 || !c.Tokens[0].UsedAt.Equal(w.clock.Now()) {
				w.t.Errorf("got %+v, %v", c, err)
			}
			var text string
			if err := tx.Row("SELECT CAST(fingerprint AS TEXT) FROM scim_tokens", nil, &text); err == nil && strings.Contains(text, third) {
				w.t.Error("the token stands in the database")
			}
			return err
		})
		w.clock.Advance(24 * time.Hour)
		if works(third) {
			w.t.Error("the token outlives its time")
		}
		last := next()
		id := w.sendAs(w.mux, last, "POST", "/Users", `{"schemas":["`+userURN+`"],"userName":"ann"}`).is(201).id()
		w.tx(func(tx *db.Tx) error { return scim.Remove(tx, audit.System, w.conn) })
		if works(last) {
			w.t.Error("the token outlives its connection")
		}
		if u := w.user(id); u.Status != directory.Active {
			w.t.Errorf("the person went with the connection: %+v", u)
		}
	})
}

// A database of another key file, or a token of another purpose, lets nobody in; who has none is slowed down.
func TestWhoHasNoTokenWaits(t *testing.T) {
	w := one(t)
	for range 100 {
		w.sendAs(w.mux, "no", "GET", "/Users", nil).is(401)
	}
	r := w.sendAs(w.mux, "no", "GET", "/Users", nil).refused(429, "")
	if r.header.Get("Retry-After") != "600" {
		t.Errorf("wait %q", r.header.Get("Retry-After"))
	}
	w.send("GET", "/Users", nil).is(200) // whoever has one is not in their way
	stranger := &world{t: t, db: w.db, clock: w.clock, keys: keys.Random()}
	stranger.sendAs(stranger.node(w.db), w.token, "GET", "/Users", nil).is(429)
	w.clock.Advance(10 * time.Minute)
	stranger.sendAs(stranger.node(w.db), w.token, "GET", "/Users", nil).is(401)
}
