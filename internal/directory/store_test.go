package directory_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/problem"
)

func TestAUserIsStoredWhole(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		want := directory.User{Username: "Siobhan.OLeary", Email: "Siobhan@Northwold.example", GivenName: "Siobhán", FamilyName: "O’Leary",
			Locale: "cy", Role: directory.Helper, Status: directory.Locked, FrozenAt: clock.Now().Add(-time.Hour), Epoch: 7,
			FirstUseUntil: clock.Now().Add(time.Hour), SignedInAt: clock.Now().Add(-time.Minute)}
		in(t, d, func(tx *db.Tx) {
			added, err := directory.Add(tx, want)
			must(t, err)
			got, err := directory.ByID(tx, added.ID)
			must(t, err)
			want.ID, want.CreatedAt = added.ID, clock.Now()
			if got != want || added != want {
				t.Errorf("\ngot  %+v\nwant %+v", got, want)
			}
			plain := add(t, tx, directory.User{Username: "plain"})
			if plain.Role != directory.Member || plain.Status != directory.Active || plain.Epoch != 0 || plain.Frozen() {
				t.Errorf("got %+v", plain)
			}
			_, err = directory.ByID(tx, "nobody")
			wantsKind(t, err, problem.NotFound)
		})
	})
}

func TestFind(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		in(t, d, func(tx *db.Tx) {
			for _, u := range []directory.User{
				{Username: "Aisha.Khan", Email: "aisha@northwold.example"},
				{Username: "chloe", Email: "sparrows@family.example"},
				{Username: "martin", Email: "Sparrows@family.example"},
				{Username: "gran", Email: "SPARROWS@family.example"},
				{Username: "upn@northwold.example", Email: "upn@northwold.example"},
				{Username: "taker@northwold.example"},
				{Username: "owner", Email: "taker@northwold.example"},
				{Username: "mail.less"},
			} {
				add(t, tx, u)
			}
			for typed, want := range map[string]string{
				"aisha.khan":               "Aisha.Khan",
				" AISHA.KHAN ":             "Aisha.Khan",
				"ａisha.khan":               "Aisha.Khan",
				"Aisha@Northwold.Example":  "Aisha.Khan",
				"upn@northwold.example":    "upn@northwold.example",
				"taker@northwold.example":  "taker@northwold.example",
				"sparrows@family.example":  "",
				"":                         "",
				" ":                        "",
				"nobody":                   "",
				"aisha.khan\x00":           "",
				"aisha\xff":                "",
				"'; DROP TABLE users; --":  "",
				"%":                        "",
				"\u0430isha.khan":          "",
				"aisha\u200D.khan":         "",
				"aisha@northwold.example.": "",
			} {
				u, found, err := directory.Find(tx, typed)
				if err != nil || found != (want != "") || u.Username != want {
					t.Errorf("%+q finds %q (%v, %v), want %q", typed, u.Username, found, err, want)
				}
			}
		})
	})
}

func TestAUserNameIsOnePersons(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		in(t, d, func(tx *db.Tx) {
			admin := add(t, tx, directory.User{Username: "Admin"})
			_, err := directory.Add(tx, directory.User{Username: " aDMIN "})
			wants(t, "admin again", err, "username", "directory.username.taken")
			// The transaction goes on, so that an import can tell about every row.
			add(t, tx, directory.User{Username: "other"})

			admin.Username = "ADMIN"
			must(t, directory.Update(tx, admin)) // one's own name in another case is free
			if got, _ := directory.ByID(tx, admin.ID); got.Username != "ADMIN" {
				t.Errorf("got %q", got.Username)
			}
		})
		err := d.Tx(t.Context(), func(tx *db.Tx) error {
			other, _, err := directory.Find(tx, "other")
			must(t, err)
			other.Username = "admin"
			return directory.Update(tx, other)
		})
		wants(t, "other becomes admin", err, "username", "directory.username.taken")
	})
}

func TestOneOfManyGetsAUserName(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		errs := make([]error, 8)
		var wait sync.WaitGroup
		for i := range errs {
			wait.Go(func() {
				errs[i] = d.Tx(t.Context(), func(tx *db.Tx) error {
					_, err := directory.Add(tx, directory.User{Username: []string{"admin", "ADMIN"}[i%2]})
					return err
				})
			})
		}
		wait.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
				continue
			}
			wants(t, "admin", err, "username", "directory.username.taken")
		}
		if won != 1 {
			t.Errorf("%d got the name, want 1", won)
		}
	})
}

func TestAllThatIsWrongWithAUserIsToldAtOnce(t *testing.T) {
	d, _ := dbtest.Open(t)
	in(t, d, func(tx *db.Tx) {
		_, err := directory.Add(tx, directory.User{Username: "siân", Email: "sian", GivenName: "\x07", Role: "king", Status: "asleep"})
		wantsProblems(t, err, "username directory.username.characters", "email directory.email.form",
			"given_name directory.text.characters", "role directory.role.unknown", "status directory.status.unknown")
		wantsKind(t, err, problem.Invalid)
		if n, err := directory.Count(tx); err != nil || n != 0 {
			t.Errorf("%d users, %v", n, err)
		}
	})
}

func TestUpdateLeavesRightsAlone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		in(t, d, func(tx *db.Tx) {
			u := add(t, tx, directory.User{Username: "ann"})
			stale := u
			stale.Username, stale.Email, stale.GivenName, stale.Locale = "anna", "anna@northwold.example", " Anna ", "cy"
			stale.Role, stale.Status, stale.Epoch = directory.Administrator, directory.Disabled, 99
			must(t, directory.Update(tx, stale))
			u.Username, u.Email, u.GivenName, u.Locale = "anna", "anna@northwold.example", "Anna", "cy"
			if got, _ := directory.ByID(tx, u.ID); got != u {
				t.Errorf("\ngot  %+v\nwant %+v", got, u)
			}
			stale.ID = "nobody"
			stale.Username = "nobody"
			wantsKind(t, directory.Update(tx, stale), problem.NotFound)
		})
	})
}

func TestListGoesOnWhereItEnded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		in(t, d, func(tx *db.Tx) {
			coast, err := directory.AddGroup(tx, "Coast District", "")
			must(t, err)
			for i := range 7 {
				u := add(t, tx, directory.User{Username: fmt.Sprintf("Person%d", 7-i)})
				if i%2 == 0 {
					must(t, directory.Join(tx, "boss", coast.ID, u.ID))
				}
			}
			if got := walk(t, tx, 3, ""); got != "Person1 Person2 Person3 | Person4 Person5 Person6 | Person7 | " {
				t.Error(got)
			}
			if got := walk(t, tx, 2, coast.ID); got != "Person1 Person3 | Person5 Person7 | " {
				t.Error(got)
			}
			if n, err := directory.Count(tx); err != nil || n != 7 {
				t.Errorf("%d users, %v", n, err)
			}
		})
	})
}

func walk(t *testing.T, tx *db.Tx, count int, group string) (walked string) {
	t.Helper()
	for after := ""; ; {
		people, err := directory.List(tx, after, count, group)
		must(t, err)
		if len(people) == 0 {
			return walked
		}
		for _, u := range people {
			walked, after = walked+u.Username+" ", u.Username
		}
		walked += "| "
	}
}

func TestKeepingSomebodyOutEndsTheirSessions(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		in(t, d, func(tx *db.Tx) {
			u := add(t, tx, directory.User{Username: "ann"})
			for _, row := range []struct {
				status directory.Status
				epoch  int64
			}{{directory.Locked, 1}, {directory.Locked, 1}, {directory.Disabled, 2}, {directory.Active, 2}, {directory.Active, 2}} {
				must(t, directory.SetStatus(tx, "boss", u.ID, row.status))
				if got, _ := directory.ByID(tx, u.ID); got.Status != row.status || got.Epoch != row.epoch {
					t.Errorf("%s at epoch %d, want %s at %d", got.Status, got.Epoch, row.status, row.epoch)
				}
			}
			wantsEvents(t, tx, u.ID, audit.UserEnabled, audit.UserDisabled, audit.UserLocked)
			wantsKind(t, directory.SetStatus(tx, "boss", "nobody", directory.Disabled), problem.NotFound)
			wantsKind(t, directory.SetStatus(tx, "boss", u.ID, "asleep"), problem.Invalid)
		})
	})
}

// Threat T84: the last administrator is protected, whatever takes the right away.
func TestTheLastAdministratorStays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		in(t, d, func(tx *db.Tx) {
			ruth := add(t, tx, directory.User{Username: "ruth", Role: directory.Administrator})
			add(t, tx, directory.User{Username: "gone", Role: directory.Administrator, Status: directory.Disabled})
			member := add(t, tx, directory.User{Username: "member"})
			wantsKind(t, directory.SetStatus(tx, ruth.ID, ruth.ID, directory.Disabled), problem.Forbidden)
			wantsKind(t, directory.SetStatus(tx, ruth.ID, ruth.ID, directory.Locked), problem.Forbidden)
			wantsKind(t, directory.SetRole(tx, ruth.ID, ruth.ID, directory.Helper), problem.Forbidden)
			must(t, directory.SetRole(tx, ruth.ID, member.ID, directory.Administrator))
			must(t, directory.SetRole(tx, member.ID, ruth.ID, directory.Member))
			all, err := directory.Administrators(tx)
			if err != nil || len(all) != 1 || all[0].ID != member.ID {
				t.Errorf("got %+v, %v", all, err)
			}
			wantsEvents(t, tx, member.ID, audit.RoleChanged)
			wantsKind(t, directory.SetRole(tx, ruth.ID, member.ID, "king"), problem.Invalid)
		})
	})
}

func TestTwoAdministratorsCannotRemoveEachOther(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		for round := range 5 {
			var ids [2]string
			in(t, d, func(tx *db.Tx) {
				for i := range ids {
					ids[i] = add(t, tx, directory.User{Username: fmt.Sprintf("boss%d%d", round, i), Role: directory.Administrator}).ID
				}
				all, err := directory.Administrators(tx)
				must(t, err)
				for _, u := range all { // the survivor of the last round
					if u.ID != ids[0] && u.ID != ids[1] {
						must(t, directory.SetRole(tx, audit.System, u.ID, directory.Member))
					}
				}
			})
			var wait sync.WaitGroup
			for i := range ids {
				wait.Go(func() {
					err := d.Tx(t.Context(), func(tx *db.Tx) error {
						return directory.SetStatus(tx, ids[1-i], ids[i], directory.Disabled)
					})
					if err != nil && !problem.Is(err, problem.Forbidden) {
						t.Error(err)
					}
				})
			}
			wait.Wait()
			in(t, d, func(tx *db.Tx) {
				if all, err := directory.Administrators(tx); err != nil || len(all) != 1 {
					t.Errorf("%d administrators are left, %v", len(all), err)
				}
			})
		}
	})
}

func TestFreezing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		var u directory.User
		first := clock.Now()
		in(t, d, func(tx *db.Tx) {
			u = add(t, tx, directory.User{Username: "ann"})
			must(t, directory.Freeze(tx, u.ID))
		})
		clock.Advance(time.Hour)
		in(t, d, func(tx *db.Tx) {
			must(t, directory.Freeze(tx, u.ID))
			if got, _ := directory.ByID(tx, u.ID); !got.Frozen() || !got.FrozenAt.Equal(first) {
				t.Errorf("frozen at %v, want %v", got.FrozenAt, first)
			}
			must(t, directory.Unfreeze(tx, "boss", u.ID))
			must(t, directory.Unfreeze(tx, "boss", u.ID))
			if got, _ := directory.ByID(tx, u.ID); got.Frozen() {
				t.Error("still frozen")
			}
			wantsEvents(t, tx, u.ID, audit.Unfrozen)
			wantsKind(t, directory.Freeze(tx, "nobody"), problem.NotFound)
			wantsKind(t, directory.Unfreeze(tx, "boss", "nobody"), problem.NotFound)
		})
	})
}

func TestSmallChanges(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		in(t, d, func(tx *db.Tx) {
			u := add(t, tx, directory.User{Username: "ann", FirstUseUntil: clock.Now().Add(time.Hour)})
			must(t, directory.SetLocale(tx, u.ID, "cy"))
			must(t, directory.EndFirstUse(tx, u.ID))
			must(t, directory.MarkSignedIn(tx, u.ID))
			must(t, directory.RaiseEpoch(tx, u.ID))
			must(t, directory.RaiseEpoch(tx, u.ID))
			u.Locale, u.FirstUseUntil, u.SignedInAt, u.Epoch = "cy", time.Time{}, clock.Now(), 2
			if got, _ := directory.ByID(tx, u.ID); got != u {
				t.Errorf("\ngot  %+v\nwant %+v", got, u)
			}
			for _, err := range []error{directory.SetLocale(tx, "x", "cy"), directory.EndFirstUse(tx, "x"),
				directory.MarkSignedIn(tx, "x"), directory.RaiseEpoch(tx, "x")} {
				wantsKind(t, err, problem.NotFound)
			}
		})
	})
}
