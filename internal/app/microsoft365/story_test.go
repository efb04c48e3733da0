package microsoft365_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"woggle/internal/app/microsoft365"
	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
)

// A county goes the whole way: connect, see what is missing, match, give ids, federate, change the certificate, go back. At no moment
// is anybody locked out.
func TestACountyIsFederatedAndNobodyIsLockedOut(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		c := w.connect()
		w.add("aisha.khan")
		safe := func(when string) {
			t.Helper()
			w.entra.Look(func() {
				if locked := w.tenant.LockedOut(); len(locked) > 0 {
					t.Fatalf("%s, %s are locked out", when, locked)
				}
			})
		}

		// Tom is unknown here, and nobody has an immutable id: no.
		move, err := w.Away(w.ctx, "northwold.example")
		w.must(err)
		var against []microsoft365.Check
		for _, r := range move.Checks {
			against = append(against, r.Check)
		}
		if !slices.Equal(against, []microsoft365.Check{microsoft365.CheckImmutable, microsoft365.CheckStrangers}) {
			t.Fatalf("against it stand %v", against)
		}
		if err := move.Go(w.ctx, []string{"immutable-ids"}); err == nil || !strings.Contains(err.Error(), "nobody's here") {
			t.Fatalf("a check was not named, and it came to %v", err)
		}
		safe("after a refusal")

		users := append(w.add("tom"), w.add("zoe")...)
		if stored := w.match(c); len(stored) != 2 {
			t.Fatalf("%d were matched", len(stored))
		}
		if _, found := w.identity(users[0]); found {
			t.Fatal("somebody without an immutable id can be named to Microsoft")
		}
		for _, s := range w.provision(c, microsoft365.Wishes{Create: true, Location: "GB"}) {
			if s.State != microsoft365.Done {
				t.Fatalf("%s of %s: %s", s.Kind, s.UPN, s.Trouble)
			}
		}
		tom, found := w.identity(users[0])
		if !found || tom.UPN != "tom@northwold.example" || tom.Issuer != "https://signin.northwold.example/microsoft365/northwold.example" || tom.ImmutableID != w.tenant.User("tom@northwold.example").ImmutableID {
			t.Fatalf("Tom is %+v", tom)
		}

		if move, err = w.Away(w.ctx, "northwold.example"); err != nil || len(move.Checks) > 0 || len(move.Requests) != 1 {
			t.Fatalf("%+v, %v", move, err)
		}
		if w.tenant.Domain("northwold.example").Federation != nil {
			t.Fatal("working out a change made it")
		}
		w.must(move.Go(w.ctx, nil))
		safe("after federating")
		if again, err := w.Away(w.ctx, "northwold.example"); err != nil || len(again.Requests) > 0 {
			t.Fatalf("there is still something to do: %v, %v", again, err)
		}
		if level := w.level(c, microsoft365.CheckCertificate); level != microsoft365.Right {
			t.Fatalf("the certificate is %s", level)
		}

		// Somebody who joins later is made with an immutable id, which a federated domain demands.
		later := w.add("mo.farah")
		if ended := w.provision(c, microsoft365.Wishes{Create: true, Location: "GB"}); len(ended) != 1 || ended[0].State != microsoft365.Done {
			t.Fatalf("%+v", ended)
		}
		if _, found := w.identity(later[0]); !found {
			t.Fatal("who joined later cannot be named")
		}
		safe("after somebody joined")

		w.rollover(c)
		back, err := w.Back(w.ctx, "northwold.example")
		w.must(err)
		w.must(back.Go(w.ctx, nil))
		if w.tenant.Domain("northwold.example").Federation != nil {
			t.Fatal("the domain is still federated")
		}
		if _, err := w.Back(w.ctx, "northwold.example"); err == nil {
			t.Fatal("what is not federated was rolled back")
		}
		w.recorded(audit.TenantConnected, audit.AccountMatched, audit.AccountChanged, audit.DomainFederated, audit.DomainRolledBack)
	})
}

// recorded demands that events of all these types are in the trail.
func (w *world) recorded(types ...audit.Type) {
	w.t.Helper()
	w.must(w.DB.View(w.ctx, func(tx *db.Tx) error {
		for _, one := range types {
			var n int64
			if err := tx.Row("SELECT count(*) FROM audit_events WHERE type = $1", []any{string(one)}, &n); err != nil {
				return err
			}
			if n == 0 {
				w.t.Errorf("no %s was recorded", one)
			}
		}
		return nil
	}))
}

// rollover changes the certificate; at every moment Microsoft takes the one that signs.
func (w *world) rollover(c microsoft365.Connected) {
	w.t.Helper()
	taken := func(when string) {
		w.t.Helper()
		if level := w.level(c, microsoft365.CheckCertificate); level == microsoft365.Wrong {
			w.t.Fatalf("%s, what signs is not taken", when)
		}
	}
	tell := func() {
		w.t.Helper()
		move, err := w.Away(w.ctx, "northwold.example")
		w.must(err)
		if len(move.Requests) != 1 || move.Requests[0].Method != http.MethodPatch {
			w.t.Fatalf("Microsoft is told by %v", move.Requests)
		}
		w.must(move.Go(w.ctx, nil))
	}
	old := w.signs.current
	at, err := w.Rollover(w.ctx)
	w.must(err)
	if again, err := w.Rollover(w.ctx); err != nil || !again.Equal(at) {
		w.t.Fatalf("a second next key was made: %v", err)
	}
	if w.level(c, microsoft365.CheckCertificate) != microsoft365.Wrong || len(w.warnings()) != 1 {
		w.t.Fatal("nobody is warned that another certificate will sign")
	}
	tell()
	taken("with both known")
	if warnings := w.warnings(); len(warnings) > 0 {
		w.t.Errorf("the log warns: %s", warnings)
	}
	w.clock.Set(at.Add(time.Minute))
	taken("with the new one signing")
	tell()
	taken("with the old one taken out")
	f := w.tenant.Domain("northwold.example").Federation
	if w.signs.current == old || f["nextSigningCertificate"] != nil || w.level(c, microsoft365.CheckCertificate) != microsoft365.Right {
		w.t.Fatalf("the old certificate was not taken out: %v", f["nextSigningCertificate"])
	}
}

// A crash at any request leaves one account for everybody once somebody goes on.
func TestProvisioningGoesOnAfterACrashAnywhere(t *testing.T) {
	for lost := 1; lost <= 5; lost++ {
		d, clock := dbtest.Open(t)
		w := newWorld(t, d, clock)
		c := w.connect()
		w.add("aisha.khan", "tom", "ben.nevis", "cara.dillon")
		w.match(c)
		preview, err := w.Plan(w.ctx, c, microsoft365.Wishes{Create: true, Location: "GB", Licences: []string{"O365_BUSINESS_ESSENTIALS"}})
		w.must(err)
		w.must(w.Start(w.ctx, tenantID, preview.Steps))
		batches := 0
		w.entra.Lag(2) // and what was made is not found at once
		w.entra.Lose(func(r *http.Request) bool {
			if strings.HasSuffix(r.URL.Path, "/$batch") {
				batches++
			}
			return batches == lost
		})
		// The program dies where the answer is lost: the context ends, as with a signal.
		ctx, die := context.WithCancel(w.ctx)
		w.Options.Wait = nil
		dying := microsoft365.New(w.Options)
		dying.Wait = func(context.Context, time.Duration) error { die(); return ctx.Err() }
		if err := dying.Run(ctx, c.Tenant, func(microsoft365.Step) {}); err == nil {
			t.Fatalf("nothing was lost at batch %d", lost)
		}
		die()

		w.Wait = func(_ context.Context, pause time.Duration) error { clock.Advance(pause); return nil }
		w.clock.Advance(11 * time.Minute)
		w.run(c)
		w.entra.Look(func() {
			seen := map[string]int{}
			for _, u := range w.tenant.Users {
				seen[u.UPN]++
				if strings.HasSuffix(u.UPN, "@northwold.example") && (u.ImmutableID == "" || !slices.Equal(u.Licences, []string{basicSKU})) {
					t.Errorf("lost at %d: %s has the id %q and the licences %v", lost, u.UPN, u.ImmutableID, u.Licences)
				}
			}
			if len(seen) != 6 || len(w.tenant.Users) != 6 || w.tenant.SKUs[0].Used != 4 {
				t.Errorf("lost at %d: the accounts are %v, with %d licences", lost, seen, w.tenant.SKUs[0].Used)
			}
		})
		if _, open, err := w.Pending(w.ctx, tenantID); err != nil || open {
			t.Errorf("lost at %d: the plan is not ended: %v", lost, err)
		}
		if preview, err := w.Plan(w.ctx, c, microsoft365.Wishes{Create: true, Location: "GB", Licences: []string{basicSKU}}); err != nil || len(preview.Steps) > 0 {
			t.Errorf("lost at %d: there is still something to do: %v, %v", lost, preview.Steps, err)
		}
	}
}

// Microsoft throttles: we wait as long as it says, ask again only what was refused, and do everything once.
func TestThrottlingIsWaitedOut(t *testing.T) {
	d, clock := dbtest.Open(t)
	w := newWorld(t, d, clock)
	c := w.connect()
	var names []string
	for i := range 30 {
		names = append(names, "member."+string(rune('a'+i/26))+string(rune('a'+i%26)))
	}
	w.add(names...)
	w.entra.ThrottleItems(7, 40*time.Second)
	for _, s := range w.provision(c, microsoft365.Wishes{Create: true, Location: "GB"}) {
		if s.State != microsoft365.Done {
			t.Fatalf("%s: %s", s.UPN, s.Trouble)
		}
	}
	if len(w.tenant.Users) != 34 {
		t.Fatalf("there are %d accounts", len(w.tenant.Users))
	}
	if len(w.waits) != 1 || w.waits[0] < 40*time.Second {
		t.Fatalf("the pauses were %v", w.waits)
	}
}

// What was planned yesterday does not fit today: nobody who came back is kept out.
func TestAPlanThatTheWorldHasOvertakenDoesNoHarm(t *testing.T) {
	d, clock := dbtest.Open(t)
	w := newWorld(t, d, clock)
	c := w.connect()
	users := w.add("aisha.khan", "tom", "zoe")
	w.match(c)
	set := func(user directory.User, status directory.Status) {
		w.must(w.DB.Tx(w.ctx, func(tx *db.Tx) error { return directory.SetStatus(tx, audit.System, user.ID, status) }))
	}
	set(users[0], directory.Disabled)
	preview, err := w.Plan(w.ctx, c, microsoft365.Wishes{Create: true, Location: "GB"})
	w.must(err)
	w.must(w.Start(w.ctx, tenantID, preview.Steps))
	if err := w.Start(w.ctx, tenantID, preview.Steps); err == nil {
		t.Fatal("two plans are open")
	}
	set(users[0], directory.Active)
	set(users[2], directory.Disabled)
	skipped := 0
	for _, s := range w.run(c) {
		if s.State == microsoft365.Skipped {
			skipped++
		}
	}
	if skipped != 2 || w.tenant.User("aisha.khan@northwold.example").Disabled || len(w.tenant.Users) != 4 {
		t.Fatalf("%d steps did not fit; there are %d accounts", skipped, len(w.tenant.Users))
	}
	if _, open, err := w.Pending(w.ctx, tenantID); err != nil || open {
		t.Fatalf("a plan in which nothing is left to do is open: %v", err)
	}
}

// What Microsoft refuses does not stop the others, is tried again, and can be given up.
func TestARefusedStepIsTriedAgainOrGivenUp(t *testing.T) {
	d, clock := dbtest.Open(t)
	w := newWorld(t, d, clock)
	w.tenant.SKUs[0].Seats = 1
	c := w.connect()
	w.add("aisha.khan", "tom")
	w.match(c)
	states := func(ended []microsoft365.Step) string {
		text := ""
		for _, s := range ended {
			if s.Kind == microsoft365.GiveLicence {
				text += string(s.State) + " "
			}
		}
		return text
	}
	if got := states(w.provision(c, microsoft365.Wishes{Location: "GB", Licences: []string{basicSKU}})); got != "done failed " {
		t.Fatal(got)
	}
	if got := states(w.run(c)); got != "failed " {
		t.Fatal(got)
	}
	steps, open, err := w.Pending(w.ctx, tenantID)
	if err != nil || !open || !strings.Contains(steps[len(steps)-1].Trouble, "does not have any available licenses") {
		t.Fatalf("%+v, %v", steps, err)
	}
	w.must(w.Drop(w.ctx, tenantID))
	if err := w.Drop(w.ctx, tenantID); err == nil {
		t.Fatal("no plan was dropped")
	}
}

// Two terminals, two nodes: one works, the other is told.
func TestOnlyOneWorksOnAPlan(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		c := w.connect()
		w.add("zoe")
		preview, err := w.Plan(w.ctx, c, microsoft365.Wishes{Create: true, Location: "GB"})
		w.must(err)
		w.must(w.Start(w.ctx, tenantID, preview.Steps))
		w.entra.Throttle(1, time.Second)
		var second error
		w.Wait = func(context.Context, time.Duration) error { // while the first one waits
			second = microsoft365.New(w.Options).Run(w.ctx, c.Tenant, func(microsoft365.Step) {})
			return nil
		}
		first := microsoft365.New(w.Options)
		w.must(first.Run(w.ctx, c.Tenant, func(microsoft365.Step) {}))
		if second == nil || !strings.Contains(second.Error(), "somebody else works on this plan") {
			t.Fatalf("the second one: %v", second)
		}
	})
}

// A new certificate works from the moment that it is uploaded, and until then the old one does.
func TestTheCertificateForGraphIsRenewedWithoutAGap(t *testing.T) {
	d, clock := dbtest.Open(t)
	w := newWorld(t, d, clock)
	c := w.connect()
	renewed, err := w.Connect(w.ctx, microsoft365.Connection{Tenant: tenantID, Cloud: c.Tenant.Cloud, App: appID, Renew: true, Protocol: microsoft365.WSFed})
	w.must(err)
	if renewed.Certificate.Equal(c.Certificate) {
		t.Fatal("there is no new certificate")
	}
	if level := w.level(c, microsoft365.CheckProof); level != microsoft365.Warning {
		t.Fatalf("the certificate that is not uploaded is %s", level)
	}
	w.entra.Look(func() {
		w.tenant.Apps[0].Certificates = append(w.tenant.Apps[0].Certificates[:0:0], renewed.Certificate)
	})
	if level := w.level(c, microsoft365.CheckProof); level != microsoft365.Right {
		t.Fatalf("the uploaded one is %s", level)
	}
	// The old key is gone from the database as well.
	w.must(w.DB.View(w.ctx, func(tx *db.Tx) error {
		var n int64
		err := tx.Row("SELECT count(*) FROM microsoft365_credentials", nil, &n)
		if err == nil && n != 1 {
			t.Errorf("there are %d keys", n)
		}
		return err
	}))
	clock.Advance(700 * 24 * time.Hour)
	if warnings := w.warnings(); len(warnings) != 1 || !strings.Contains(warnings[0], "connect --renew") {
		t.Errorf("the log warns: %s", warnings)
	}
	if level := w.level(c, microsoft365.CheckProof); level != microsoft365.Warning {
		t.Fatalf("a certificate that ends in a month is %s", level)
	}
}

// Threats T65 and T90: no secret is readable in the database, nor of use in another row.
func TestTheProofForGraphIsSealedInItsRow(t *testing.T) {
	d, clock := dbtest.Open(t)
	w := newWorld(t, d, clock)
	const secret = "canary-1f8Q~secret"
	w.entra.Look(func() { w.tenant.Apps[0].Secrets = []string{secret} })
	_, err := w.Connect(w.ctx, microsoft365.Connection{Tenant: tenantID, Cloud: "global", App: appID, Secret: secret, Domains: []string{"northwold.example"}, Protocol: microsoft365.SAML})
	w.must(err)
	c, err := w.Find(w.ctx, "")
	w.must(err)
	if _, _, err := w.Read(w.ctx, c); err != nil {
		t.Fatalf("the secret does not let us in: %v", err)
	}
	w.must(w.DB.Tx(w.ctx, func(tx *db.Tx) error {
		var sealed []byte
		if err := tx.Row("SELECT sealed FROM microsoft365_credentials", nil, &sealed); err != nil {
			return err
		}
		if strings.Contains(string(sealed), "canary") {
			t.Error("the secret stands in the database")
		}
		_, err := tx.Exec("UPDATE microsoft365_credentials SET id = 'another row'")
		return err
	}))
	if _, _, err := w.Read(w.ctx, c); err == nil {
		t.Error("a secret that was moved to another row can be used")
	}
}
