package microsoft365_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"slices"
	"strings"
	"testing"

	"woggle/internal/app/microsoft365"
	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/test/entra"
)

// Who has only a phone at Microsoft is found, with Entra ID P1 and without, by group; who signs in here is not at risk.
func TestWhoDependsOnMicrosoftsPhones(t *testing.T) {
	for _, premium := range []bool{true, false} {
		d, clock := dbtest.Open(t)
		w := newWorld(t, d, clock)
		w.tenant.Premium = premium
		c := w.connect()
		users := w.add("aisha.khan", "tom")
		w.must(d.Tx(w.ctx, func(tx *db.Tx) error {
			group, err := directory.AddGroup(tx, "Fenland", "")
			if err != nil {
				return err
			}
			return directory.Join(tx, audit.System, group.ID, users[0].ID)
		}))
		w.match(c)
		rows, err := w.Report(w.ctx, c)
		w.must(err)
		standings := map[string]microsoft365.Standing{}
		for _, r := range rows {
			standings[strings.ToLower(r.UPN)] = r.Standing
		}
		if len(rows) != 4 || standings["aisha.khan@northwold.example"] != microsoft365.OnlyPhone || standings["tom@northwold.example"] != microsoft365.Safe || standings["glass1@northwold.onmicrosoft.com"] != microsoft365.Safe {
			t.Fatalf("with P1 %t: %v", premium, standings)
		}
		if rows[0].UPN != "Aisha.Khan@northwold.example" || !slices.Equal(rows[0].Groups, []string{"Fenland"}) {
			t.Errorf("the worst is not first: %+v", rows[0])
		}
		counts := microsoft365.ByGroup(rows)
		if len(counts) != 2 || counts[0].Group != "Fenland" || counts[0].Standings[microsoft365.OnlyPhone] != 1 || counts[1].Standings[microsoft365.Safe] != 3 {
			t.Errorf("%+v", counts)
		}
		w.provision(c, microsoft365.Wishes{})
		move, err := w.Away(w.ctx, "northwold.example")
		w.must(err)
		w.must(move.Go(w.ctx, nil))
		rows, err = w.Report(w.ctx, c)
		w.must(err)
		if i := slices.IndexFunc(rows, func(r microsoft365.Row) bool { return r.Standing == microsoft365.OnlyPhone }); i >= 0 {
			t.Errorf("%s signs in here and is said to depend on Microsoft", rows[i].UPN)
		}
	}
}

// Threat T85: a name that somebody chose is no formula in a spreadsheet.
func TestTheSpreadsheetRunsNothing(t *testing.T) {
	var rows []microsoft365.Row
	for _, name := range []string{"=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "|calc", "%0", "plain", "a=b", "", "quote\"d, with comma"} {
		rows = append(rows, microsoft365.Row{UPN: name, Name: name, Groups: []string{name}, Methods: []string{name}})
	}
	var b bytes.Buffer
	if err := microsoft365.WriteCSV(&b, rows); err != nil {
		t.Fatal(err)
	}
	all, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(all) != len(rows)+1 {
		t.Fatal(len(all), err)
	}
	for i, line := range all[1:] {
		for _, cell := range line {
			if cell != "" && strings.ContainsRune("=+-@\t\r|%", rune(cell[0])) {
				t.Errorf("%q is run", cell)
			}
		}
		if want := rows[i].UPN; line[1] != want && line[1] != "'"+want && want != "\rx" {
			t.Errorf("%q became %q", want, line[1])
		}
	}
}

// Tiles stand there for people who can be named to Microsoft, in their own domain, and for nobody else.
func TestTiles(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		c := w.connect()
		users := w.add("aisha.khan", "zoe")
		w.match(c)
		w.provision(c, microsoft365.Wishes{})
		of := func(user directory.User) (addresses []string) {
			w.must(d.View(w.ctx, func(tx *db.Tx) error {
				tiles, err := microsoft365.Tiles(tx, user.ID)
				for _, tile := range tiles {
					addresses = append(addresses, tile.To)
				}
				return err
			}))
			return addresses
		}
		before := of(users[0])
		if slices.ContainsFunc(before, func(a string) bool { return strings.Contains(a, "sharepoint") }) {
			t.Error("there is a SharePoint, and nobody knows where")
		}
		if _, _, err := w.Read(w.ctx, c); err != nil {
			t.Fatal(err)
		}
		tiles := of(users[0])
		if len(tiles) != 10 || len(of(users[1])) != 0 {
			t.Fatalf("%v and %v", tiles, of(users[1]))
		}
		for _, address := range tiles {
			if !strings.HasPrefix(address, "https://") || !strings.Contains(address, "=northwold.example") || strings.Contains(address, "NAME") {
				t.Errorf("a tile leads to %s", address)
			}
		}
		if !slices.ContainsFunc(tiles, func(a string) bool { return strings.HasPrefix(a, "https://northwold-my.sharepoint.com/") }) {
			t.Error("there is no OneDrive")
		}
	})
}

// Threat T75: nobody is named to Microsoft outside of the domains that were connected, and no issuer speaks for another domain.
func TestNobodyIsNamedOutsideTheirDomain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		w.entra.Look(func() { w.tenant.Users[2].ImmutableID = "abc" })
		c := w.connect()
		users := w.add("aisha.khan")
		w.match(c)
		if a, found := w.identity(users[0]); !found || a.ImmutableID != "abc" {
			t.Fatalf("an immutable id that was there is not used: %+v", a)
		}
		// The account is moved to the initial domain, then to one that only ends alike.
		for _, upn := range []string{"aisha.khan@northwold.onmicrosoft.com", "aisha.khan@evilnorthwold.example", "aisha.khan@example", "aisha.khan"} {
			w.must(d.Tx(w.ctx, func(tx *db.Tx) error {
				_, err := tx.Exec("UPDATE microsoft365_accounts SET upn = $1", upn)
				return err
			}))
			if a, found := w.identity(users[0]); found {
				t.Errorf("%s is named as %+v", upn, a)
			}
		}
		w.must(d.Tx(w.ctx, func(tx *db.Tx) error {
			_, err := tx.Exec("UPDATE microsoft365_accounts SET upn = 'aisha.khan@cubs.Northwold.example'")
			return err
		}))
		if a, found := w.identity(users[0]); !found || !strings.HasSuffix(a.Issuer, "/northwold.example") {
			t.Errorf("a domain below has not the issuer of its root: %+v", a)
		}
	})
}

// Two tenants are kept apart, also where a person has an account in both.
func TestTwoTenants(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		first := w.connect()
		const other = "0f0f0f0f-1111-4222-8333-999999999999"
		second := &entra.Tenant{ID: other, Domains: []*entra.Domain{{ID: "fenland.onmicrosoft.com", Initial: true}, {ID: "fenland.example"}},
			Apps:  []*entra.App{{ID: appID, Roles: permissions, Secrets: []string{"second"}}},
			Users: []*entra.User{{ID: "00000000-0000-4000-8000-0000000000b1", UPN: "aisha@fenland.example", Mail: "aisha@example.org", ImmutableID: "abc"}}}
		w.entra.Join(second)
		c, err := w.Connect(w.ctx, microsoft365.Connection{Tenant: other, Cloud: "global", App: appID, Secret: "second", Domains: []string{"fenland.example"}, Protocol: microsoft365.SAML})
		w.must(err)
		_, err = w.Connect(w.ctx, microsoft365.Connection{Tenant: other, Cloud: "global", App: appID, Domains: []string{"northwold.example"}, Protocol: microsoft365.WSFed})
		if err == nil {
			t.Fatal("one tenant took the other's domain")
		}
		var aisha directory.User
		w.must(w.DB.Tx(w.ctx, func(tx *db.Tx) (err error) {
			aisha, err = directory.Add(tx, directory.User{Username: "aisha.khan", Email: "aisha@example.org"})
			return err
		}))
		w.match(first)
		w.provision(first, microsoft365.Wishes{})
		if stored := w.match(c); len(stored) != 0 {
			t.Fatal("an e-mail address alone was enough")
		}
		if stored := w.match(c, aisha.ID); len(stored) != 1 {
			t.Fatal("a confirmed account was not matched")
		}
		w.must(w.DB.View(w.ctx, func(tx *db.Tx) error {
			for hint, want := range map[string]string{"": "northwold.example", "aisha@fenland.example": "fenland.example", "FENLAND.example": "fenland.example", "nobody@elsewhere.example": "northwold.example"} {
				a, found, err := microsoft365.Identity(tx, aisha.ID, hint)
				if err != nil || !found || !strings.HasSuffix(a.Issuer, "/"+want) || !strings.HasSuffix(strings.ToLower(a.UPN), "@"+want) {
					t.Errorf("with the hint %q: %+v, %v", hint, a, err)
				}
			}
			// The same id is another account in another tenant.
			for _, tenant := range []string{tenantID, other} {
				if user, found, err := microsoft365.OfObject(tx, tenant, "00000000-0000-4000-8000-0000000000B1"); err != nil || !found || user != aisha.ID {
					t.Errorf("%s: %q %v", tenant, user, err)
				}
			}
			if _, found, _ := microsoft365.OfObject(tx, other, ""); found {
				t.Error("no id finds somebody")
			}
			return nil
		}))
		if _, err := w.Find(w.ctx, ""); err == nil || !strings.Contains(err.Error(), "--tenant") {
			t.Errorf("one of two tenants was chosen: %v", err)
		}
		if _, err := w.Away(w.ctx, "elsewhere.example"); err == nil || errors.Is(err, context.Canceled) {
			t.Error("a domain that is not connected can be federated")
		}
	})
}

// Who leaves here is kept out there, signed out, never deleted, and let in again when they come back. Who was switched off there by
// somebody else stays so.
func TestLeavingAndComingBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		c := w.connect()
		users := w.add("aisha.khan", "tom")
		w.match(c)
		w.provision(c, microsoft365.Wishes{})
		set := func(status directory.Status) {
			w.must(w.DB.Tx(w.ctx, func(tx *db.Tx) error { return directory.SetStatus(tx, audit.System, users[0].ID, status) }))
		}
		set(directory.Disabled)
		if ended := w.provision(c, microsoft365.Wishes{}); len(ended) != 1 || ended[0].Kind != microsoft365.Disable || ended[0].State != microsoft365.Done {
			t.Fatalf("%+v", ended)
		}
		aisha := w.tenant.User("aisha.khan@northwold.example")
		if !aisha.Disabled || aisha.SessionsRevoked != 1 {
			t.Fatalf("%+v", aisha)
		}
		if preview, err := w.Plan(w.ctx, c, microsoft365.Wishes{}); err != nil || len(preview.Steps) > 0 {
			t.Fatalf("it is done again: %+v, %v", preview, err)
		}
		set(directory.Active)
		if ended := w.provision(c, microsoft365.Wishes{}); len(ended) != 1 || ended[0].Kind != microsoft365.Enable || aisha.Disabled {
			t.Fatalf("%+v", ended)
		}
		w.entra.Look(func() { aisha.Disabled = true })
		if preview, err := w.Plan(w.ctx, c, microsoft365.Wishes{}); err != nil || len(preview.Steps) > 0 || len(preview.Left) != 1 {
			t.Fatalf("%+v, %v", preview, err)
		}
	})
}

// Somebody without an immutable id in a domain that is federated: the account is moved out, gets one, and is moved back.
func TestAnAccountGetsItsIDBesideAFederatedDomain(t *testing.T) {
	d, clock := dbtest.Open(t)
	w := newWorld(t, d, clock)
	c := w.connect()
	w.add("aisha.khan")
	w.match(c)
	w.provision(c, microsoft365.Wishes{})
	move, err := w.Away(w.ctx, "northwold.example")
	w.must(err)
	w.must(move.Go(w.ctx, []string{string(microsoft365.CheckImmutable), string(microsoft365.CheckStrangers)}))
	tom := w.add("tom")[0] // whose account was in the domain, without an id, when it was federated
	w.match(c)
	if preview, err := w.Plan(w.ctx, c, microsoft365.Wishes{}); err != nil || len(preview.Steps) > 0 || len(preview.Left) != 1 {
		t.Fatalf("%+v, %v", preview, err)
	}
	account := w.tenant.Users[3]
	w.entra.Look(func() { account.UPN = "tom@northwold.onmicrosoft.com" })
	if ended := w.provision(c, microsoft365.Wishes{}); len(ended) != 1 || ended[0].State != microsoft365.Done {
		t.Fatalf("%+v", ended)
	}
	w.entra.Look(func() { account.UPN = "tom@northwold.example" })
	w.match(c)
	if a, found := w.identity(tom); !found || a.ImmutableID != account.ImmutableID || a.ImmutableID == "" {
		t.Errorf("Tom is %+v at Microsoft, where he has %q", a, account.ImmutableID)
	}
}
