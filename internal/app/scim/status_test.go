package scim_test

import (
	"strings"
	"testing"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/session"
)

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

// What goes wrong inside stands in the log, and not in the answer.
func TestFaultsAreNotTold(t *testing.T) {
	w := one(t)
	id := w.person("ann")
	w.tx(func(tx *db.Tx) error {
		_, err := tx.Exec("ALTER TABLE fields RENAME TO gone")
		return err
	})
	for _, r := range []*reply{w.send("GET", "/Users/"+id, nil), w.send("GET", "/Users", nil), w.send("POST", "/Users", `{"schemas":["`+userURN+`"],"userName":"bob"}`),
		w.patch("/Users/"+id, `{"op":"replace","path":"title","value":"x"}`)} {
		if r.refused(500, ""); r.body["detail"] != nil || strings.Contains(r.text, "fields") {
			t.Errorf("%s: told is %s", r.asked, r.text)
		}
	}
	w.tx(func(tx *db.Tx) error {
		_, found, err := directory.ByUsername(tx, "bob")
		if found {
			t.Error("a request that failed left somebody behind")
		}
		return err
	})
}
