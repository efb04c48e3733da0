package server_test

import (
	"testing"
	"time"

	"woggle/internal/app/oidc"
	"woggle/internal/app/scim"
	"woggle/internal/app/wsfed"
	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
)

// What bounds strangers and loops for minutes is not kept for months: it says where somebody was, and there is a row for each place
// and each session.
func TestBoundsOfAppsAreForgotten(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		do := func(work func(tx *db.Tx) error) {
			if err := d.Tx(t.Context(), work); err != nil {
				t.Fatal(err)
			}
		}
		do(func(tx *db.Tx) error {
			for _, key := range []string{"oidc-push:203.0.113.7", "oidc-device-start:203.0.113.7", "scim-token:203.0.113.7", "wsfed-loop:session m365", "password:aisha"} {
				if _, err := tx.Exec("INSERT INTO limits (key, tries, started_at, blocked_until) VALUES ($1, 1, $2, 0)", key, tx.Now.UnixMilli()); err != nil {
					return err
				}
			}
			return nil
		})
		clock.Advance(time.Hour)
		do(func(tx *db.Tx) error {
			if _, err := oidc.Sweep(tx); err != nil {
				return err
			}
			if _, err := wsfed.Sweep(tx); err != nil {
				return err
			}
			if err := scim.Sweep(tx); err != nil {
				return err
			}
			var left int
			err := tx.Row("SELECT count(*) FROM limits", nil, &left)
			if left != 1 {
				t.Errorf("%d rows are left", left)
			}
			return err
		})
	})
}

// All that happens is sealed by the running server, on whichever node, and goes when it is old.
func TestTheTrailIsSealedAndKeptAsLongAsDecided(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := newSite(t, d, clock, 2)
		user := s.member("aisha", firstUse)
		secret := s.appOf(user)
		s.browser().password("aisha", passphrase).fill("Verify", "one-time-code", appCode(s, secret))
		verified := func() (r audit.Report) {
			t.Helper()
			r, err := audit.Verify(func(work func(*db.Tx) error) error { return d.View(t.Context(), work) }, s.keys, "")
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		if r := verified(); r.Waiting == 0 {
			t.Fatal("nothing has happened")
		}
		s.nodes[1].server.TendTrail(t.Context())
		before := verified()
		if !before.Whole() || before.Waiting != 0 || before.Events == 0 {
			t.Fatalf("the trail is %+v", before)
		}
		clock.Advance((audit.DefaultKeep + 1) * 24 * time.Hour)
		for _, n := range s.nodes { // the second finds the work done, but for the event that says so
			n.server.TendTrail(t.Context())
		}
		if r := verified(); !r.Whole() || r.Pruned != before.Blocks || r.Events != 1 || r.Waiting != 0 {
			t.Errorf("after its time the trail is %+v", r)
		}
	})
}
