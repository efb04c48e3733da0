package signin

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/keys"
	"woggle/internal/limit"
	"woggle/internal/page"
)

// What a try is counted under. A place is bound unless it says nothing, or the browser is known; the person always
// stands last.
func TestWhoIsBound(t *testing.T) {
	f := &Flow{Deps: Deps{Keys: keys.Random()}}
	for _, row := range []struct {
		why, from, known string
		want             string
	}{
		{"IPv4", "198.51.100.7", "", "address:198.51.100.7/32 network:198.51.100.0/24 password:ann:other"},
		{"IPv6", "2001:db8:1:2:3:4:5:6", "", "address:2001:db8:1:2::/64 network:2001:db8:1::/48 password:ann:other"},
		{"a known browser", "198.51.100.7", "device", "password:ann:device"},
		{"this computer", "127.0.0.1", "", "password:ann:other"},
		{"this computer by IPv6", "::1", "", "password:ann:other"},
		{"an address that could not be read", "", "", "password:ann:other"},
	} {
		from, _ := netip.ParseAddr(row.from)
		a := &Attempt{User: directory.User{ID: "ann"}, Known: row.known, visit: &page.Visit{Address: from}}
		var got []string
		for _, b := range f.passwordBounds(a) {
			got = append(got, b.rule.Name+":"+b.who)
		}
		if strings.Join(got, " ") != row.want {
			t.Errorf("%s: %s", row.why, got)
		}
	}
	nobody := f.Who(&Attempt{Typed: "Zebra"})
	if nobody != f.Who(&Attempt{Typed: " zebra "}) || nobody == f.Who(&Attempt{Typed: "zebro"}) || strings.Contains(nobody, "ebra") {
		t.Errorf("a name that nobody has is counted under %s", nobody)
	}
}

// Of several bounds on one try, each counts it or none does, on either engine.
func TestARefusalLeavesNothingCounted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		wide := limit.Rule{Name: "wide", Max: 3, Window: time.Hour}
		narrow := limit.Rule{Name: "narrow", Max: 1, Window: time.Hour}
		both := bounds{{wide, "here"}, {narrow, "ann"}}
		for _, want := range []time.Duration{0, time.Hour, time.Hour, time.Hour} {
			err := d.Tx(t.Context(), func(tx *db.Tx) error {
				wait, err := both.take(tx)
				if err == nil && wait != want {
					t.Errorf("the wait is %s, not %s", wait, want)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		err := d.View(t.Context(), func(tx *db.Tx) error {
			tries, err := wide.Tries(tx, "here")
			if tries != 1 {
				t.Errorf("%d tries are counted", tries)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// Where somebody was is not kept for the ninety days for which wrong tries are.
func TestPlacesAreForgotten(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		f := &Flow{Deps: Deps{Keys: keys.Random()}}
		a := &Attempt{User: directory.User{ID: "ann"}, visit: &page.Visit{Address: netip.MustParseAddr("198.51.100.7")}}
		left := func(work func(*db.Tx) error) (found []string) {
			t.Helper()
			err := d.Tx(t.Context(), func(tx *db.Tx) error {
				found = nil
				if err := work(tx); err != nil {
					return err
				}
				return tx.Each("SELECT key FROM limits", nil, func(scan func(...any) error) error {
					found = append(found, "")
					return scan(&found[len(found)-1])
				})
			})
			if err != nil {
				t.Fatal(err)
			}
			return found
		}
		made := left(func(tx *db.Tx) error {
			for _, all := range []bounds{f.passwordBounds(a), f.codeBounds(a), f.startBounds(a), places(a, forgotAddress, forgotNetwork)} {
				if _, err := all.take(tx); err != nil {
					return err
				}
			}
			return nil
		})
		clock.Advance(time.Hour)
		if got := left(Sweep); len(made) != 10 || len(got) != 2 || strings.Contains(strings.Join(got, " "), "198.51") {
			t.Errorf("of %v are left %v", made, got)
		}
	})
}
