package accesspass_test

import (
	"strings"
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/keys"
	"woggle/internal/method/accesspass"
	"woggle/internal/signin"
)

// A pass works within its time, for its person, however it is typed; a newer one voids it.
func TestAPassWorksInItsTimeForItsPerson(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		ring := keys.Random()
		match := accesspass.Match(ring)
		var aisha, bryn directory.User
		var pass string
		tx := func(work func(tx *db.Tx) error) {
			t.Helper()
			if err := d.Tx(t.Context(), work); err != nil {
				t.Fatal(err)
			}
		}
		tx(func(tx *db.Tx) (err error) {
			if aisha, err = directory.Add(tx, directory.User{Username: "aisha", Role: directory.Member, Status: directory.Active}); err != nil {
				return err
			}
			if bryn, err = directory.Add(tx, directory.User{Username: "bryn", Role: directory.Member, Status: directory.Active}); err != nil {
				return err
			}
			pass, err = accesspass.Issue(tx, ring, "system", aisha, signin.PassTerms{From: tx.Now.Add(time.Hour), Life: time.Hour})
			return err
		})
		works := func(user directory.User, typed string) (ok bool) {
			t.Helper()
			tx(func(tx *db.Tx) error {
				enrolled, err := signin.Methods(tx, user.ID)
				if err == nil {
					_, ok, err = match(tx, &signin.Attempt{User: user, Enrolled: enrolled}, typed, tx.Now)
				}
				return err
			})
			return ok
		}
		if len(pass) != 14 || strings.ContainsAny(pass, "01ilo") {
			t.Errorf("the pass is %q", pass)
		}
		if works(aisha, pass) {
			t.Error("it works before its time")
		}
		clock.Advance(time.Hour)
		for _, typed := range []string{pass, strings.ToUpper(pass), " " + strings.ReplaceAll(pass, "-", " ") + " ", strings.ReplaceAll(pass, "-", "")} {
			if !works(aisha, typed) {
				t.Errorf("typed as %q it does not work", typed)
			}
		}
		for _, typed := range []string{"", "-", pass[:13], pass + "2", strings.Repeat("2", 12), strings.Repeat(pass, 100)} {
			if works(aisha, typed) {
				t.Errorf("%.30q works", typed)
			}
		}
		if works(bryn, pass) {
			t.Error("it works for somebody else")
		}
		older := pass
		tx(func(tx *db.Tx) (err error) {
			pass, err = accesspass.Issue(tx, ring, "system", aisha, signin.PassTerms{Life: time.Hour})
			return err
		})
		if works(aisha, older) || !works(aisha, pass) {
			t.Error("a newer pass does not replace the older")
		}
		clock.Advance(time.Hour)
		if works(aisha, pass) {
			t.Error("it works after its time, though no sweeper ran")
		}
		for _, life := range []time.Duration{0, time.Minute, accesspass.Longest + time.Second} {
			err := d.Tx(t.Context(), func(tx *db.Tx) error {
				_, err := accesspass.Issue(tx, ring, "system", aisha, signin.PassTerms{Life: life})
				return err
			})
			if err == nil {
				t.Errorf("a pass for %v was made", life)
			}
		}
	})
}
