package server_test

import (
	"testing"
	"time"

	"woggle/internal/app/oidc"
	"woggle/internal/app/scim"
	"woggle/internal/app/wsfed"
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
