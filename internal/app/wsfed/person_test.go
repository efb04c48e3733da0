package wsfed

import (
	"encoding/json"
	"strings"
	"testing"

	"woggle/internal/app"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/samltoken"
)

// Settings that name domains decide who somebody is at Microsoft; without them it is the tenant that is connected.
func TestWhoSomebodyIsAtMicrosoft(t *testing.T) {
	d, _ := dbtest.Open(t)
	connected := samltoken.Identity{Issuer: "urn:connected", UPN: "aisha.khan@northwold.example", ImmutableID: "abc"}
	p := &Provider{Deps: Deps{Identities: func(_ *db.Tx, user directory.User, hint string) (samltoken.Identity, bool, error) {
		return connected, user.Username == "aisha" && hint == "northwold.example", nil
	}}}
	var aisha, bryn, child directory.User
	err := d.Tx(t.Context(), func(tx *db.Tx) (err error) {
		aisha, err = directory.Add(tx, directory.User{Username: "aisha", Email: "aisha@northwold.example", Role: directory.Member, Status: directory.Active})
		if err != nil {
			return err
		}
		child, err = directory.Add(tx, directory.User{Username: "carys", Email: "family@northwold.example"})
		if err != nil {
			return err
		}
		if _, err = directory.Add(tx, directory.User{Username: "dewi", Email: "Family@northwold.example"}); err != nil {
			return err
		}
		bryn, err = directory.Add(tx, directory.User{Username: "bryn", Role: directory.Member, Status: directory.Active})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	nobody := samltoken.Identity{}
	for name, c := range map[string]struct {
		settings string
		user     directory.User
		hint     string
		want     samltoken.Identity // the zero value: nobody
	}{
		"by the tenant":                     {`{}`, aisha, "northwold.example", connected},
		"by the tenant, which has no such":  {`{}`, bryn, "northwold.example", nobody},
		"by the tenant, another hint":       {`{}`, aisha, "", nobody},
		"by the settings":                   {`{"domains": {"northwold.example": "urn:north"}}`, aisha, "", samltoken.Identity{Issuer: "urn:north", UPN: "aisha@northwold.example", ImmutableID: strings.ReplaceAll(aisha.ID, "-", "")}},
		"by the settings, in other details": {`{"domains": {"northwold.example": "urn:north"}, "upn": "email", "immutable_id": "username"}`, aisha, "", samltoken.Identity{Issuer: "urn:north", UPN: "aisha@northwold.example", ImmutableID: "aisha"}},
		"without an address":                {`{"domains": {"northwold.example": "urn:north"}}`, bryn, "", nobody},
		"with a shared address":             {`{"domains": {"northwold.example": "urn:north"}}`, child, "", nobody},
		"in another domain":                 {`{"domains": {"elsewhere.example": "urn:else"}}`, aisha, "northwold.example", nobody},
	} {
		var settings map[string]any
		if err := json.Unmarshal([]byte(c.settings), &settings); err != nil {
			t.Fatal(err)
		}
		settings["realm"] = entra
		raw, err := json.Marshal(settings)
		if err != nil {
			t.Fatal(err)
		}
		client := registered(t, string(raw))
		err = d.View(t.Context(), func(tx *db.Tx) error {
			got, found, err := p.identity(tx, c.user, c.hint, client)
			if found != (c.want != nobody) || found && got != c.want {
				t.Errorf("%s: %+v, %t", name, got, found)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

var _ app.Protocol = (*Provider)(nil)
