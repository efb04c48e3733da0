package directory_test

import (
	"fmt"
	"strings"
	"testing"

	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
)

// Every change of a person is a change of where they are counted, in all and in their groups.
func TestStandingsAreKept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		var u directory.User
		var g directory.Group
		steps := []struct {
			want directory.Standing
			do   func(tx *db.Tx) error
		}{
			{directory.Never, func(tx *db.Tx) (err error) {
				if g, err = directory.AddGroup(tx, "Fenland", ""); err != nil {
					return err
				}
				u, err = directory.Add(tx, directory.User{Username: "beth"})
				if err == nil {
					err = directory.Join(tx, "system", g.ID, u.ID)
				}
				return err
			}},
			{directory.ToDo, func(tx *db.Tx) error { return directory.MarkSignedIn(tx, u.ID) }},
			{directory.Protected, func(tx *db.Tx) error { return directory.SetProtected(tx, u.ID, true) }},
			{directory.Halted, func(tx *db.Tx) error { return directory.Freeze(tx, u.ID) }},
			{directory.LockedOut, func(tx *db.Tx) error { return directory.SetStatus(tx, "system", u.ID, directory.Locked) }},
			{directory.Closed, func(tx *db.Tx) error { return directory.SetStatus(tx, "system", u.ID, directory.Disabled) }},
			{directory.Halted, func(tx *db.Tx) error { return directory.SetStatus(tx, "system", u.ID, directory.Active) }},
			{directory.Protected, func(tx *db.Tx) error { return directory.Unfreeze(tx, "system", u.ID) }},
			{directory.ToDo, func(tx *db.Tx) error { return directory.SetProtected(tx, u.ID, false) }},
			{directory.ToDo, func(tx *db.Tx) error { return directory.MarkSignedIn(tx, u.ID) }},
			{directory.ToDo, func(tx *db.Tx) (err error) { // a second group, joined late
				if g, err = directory.AddGroup(tx, "Coast", ""); err == nil {
					err = directory.Join(tx, "system", g.ID, u.ID)
				}
				return err
			}},
		}
		for i, step := range steps {
			do(t, d, step.do)
			do(t, d, func(tx *db.Tx) error {
				all, err := directory.CountStandings(tx)
				if err != nil || len(all) != 1 || all[step.want] != 1 {
					t.Errorf("step %d: %v, %v; want one %s", i, all, err, step.want)
				}
				groups, counts, err := directory.GroupsAfter(tx, "", 10)
				for _, g := range groups {
					if len(counts[g.ID]) != 1 || counts[g.ID][step.want] != 1 {
						t.Errorf("step %d, in %s: %v; want one %s", i, g.Name, counts[g.ID], step.want)
					}
				}
				return err
			})
		}
	})
}

func do(t *testing.T, d *db.DB, work func(tx *db.Tx) error) {
	t.Helper()
	if err := d.Tx(t.Context(), work); err != nil {
		t.Fatal(err)
	}
}

// Somebody joins a group while they are signing in: the group counts them as they stand in the end.
func TestJoiningWhileSigningIn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		for i := range 10 {
			var u directory.User
			var g directory.Group
			do(t, d, func(tx *db.Tx) (err error) {
				if g, err = directory.AddGroup(tx, fmt.Sprint("group ", i), ""); err == nil {
					u, err = directory.Add(tx, directory.User{Username: fmt.Sprint("beth", i)})
				}
				return err
			})
			ended := make(chan error)
			go func() {
				ended <- d.Tx(t.Context(), func(tx *db.Tx) error { return directory.MarkSignedIn(tx, u.ID) })
			}()
			go func() {
				ended <- d.Tx(t.Context(), func(tx *db.Tx) error { return directory.Join(tx, "system", g.ID, u.ID) })
			}()
			for range 2 {
				if err := <-ended; err != nil {
					t.Fatal(err)
				}
			}
			do(t, d, func(tx *db.Tx) error {
				_, counts, err := directory.GroupsAfter(tx, "", 100)
				if counts[g.ID][directory.ToDo] != 1 {
					t.Errorf("round %d: %v", i, counts[g.ID])
				}
				return err
			})
		}
	})
}

func found(t *testing.T, d *db.DB, s directory.Search) (names []string, next string) {
	t.Helper()
	do(t, d, func(tx *db.Tx) error {
		people, after, err := s.Find(tx)
		names, next = nil, after
		for _, u := range people {
			names = append(names, u.Username)
		}
		return err
	})
	return names, next
}

func TestPeopleAreFound(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		var fen directory.Group
		do(t, d, func(tx *db.Tx) (err error) {
			if fen, err = directory.AddGroup(tx, "Fenland", ""); err != nil {
				return err
			}
			for _, u := range []directory.User{
				{Username: "jo.smith@north.example", GivenName: "Jo", FamilyName: "Smith", Email: "jo@elsewhere.example"},
				{Username: "jo.jones", GivenName: "Joanna", FamilyName: "Jones-Smythe"},
				{Username: "zoe", GivenName: "Zoë", FamilyName: "O’Brien", Email: "Shared@Family.example"},
				{Username: "rhys", GivenName: "Rhŷs", FamilyName: "Ŵyn", Email: "shared@family.example"},
				{Username: "m.ivanova", GivenName: "Мария"}, {Username: "percent", FamilyName: "100% _Real\\"},
			} {
				added, err := directory.Add(tx, u)
				if err != nil {
					return err
				}
				if strings.HasPrefix(u.Username, "jo") {
					if err := directory.Join(tx, "system", fen.ID, added.ID); err != nil {
						return err
					}
				}
			}
			return nil
		})
		for typed, want := range map[string]string{
			"": "jo.jones jo.smith@north.example m.ivanova percent rhys zoe", "jo": "jo.smith@north.example jo.jones", "JO  smi": "jo.smith@north.example",
			"smith jo": "jo.smith@north.example", "sm": "jo.smith@north.example jo.jones", "jo.smith@nor": "jo.smith@north.example",
			"jo@elsewhere.example": "jo.smith@north.example", "o'brien": "zoe", "brien zoe": "zoe", "zoë": "zoe", "wyn": "rhys", "shared@fam": "zoe rhys",
			"мар": "m.ivanova", "100": "percent", "%": "", "_": "", "mith": "", "jo zzz": "", strings.Repeat("jo ", 50): "jo.smith@north.example jo.jones",
			strings.Repeat("x", 500): "",
		} {
			if names, _ := found(t, d, directory.Search{Typed: typed, Count: 10}); strings.Join(names, " ") != want {
				t.Errorf("%q finds %v, want %s", typed, names, want)
			}
		}
		if names, _ := found(t, d, directory.Search{Group: fen.ID, Standing: directory.Never, Count: 10}); len(names) != 2 {
			t.Errorf("of the group: %v", names)
		}
		if names, _ := found(t, d, directory.Search{Typed: "jo", Group: fen.ID, Standing: directory.Protected, Count: 10}); names != nil {
			t.Errorf("protected: %v", names)
		}
		if names, _ := found(t, d, directory.Search{Typed: "sm", Group: fen.ID, Standing: directory.Never, Count: 10}); len(names) != 2 {
			t.Errorf("of the group: %v", names)
		}
		for _, typed := range []string{"", "jo", "s", "shared"} { // a page at a time is the same
			all, _ := found(t, d, directory.Search{Typed: typed, Count: 10})
			var paged []string
			for next, more := "", true; more; more = next != "" {
				var names []string
				names, next = found(t, d, directory.Search{Typed: typed, Count: 1, After: next})
				paged = append(paged, names...)
			}
			if strings.Join(paged, " ") != strings.Join(all, " ") {
				t.Errorf("%q by pages: %v; want %v", typed, paged, all)
			}
		}
		found(t, d, directory.Search{Typed: "jo", After: "zz.%", Count: 1})
	})
}

// A new name is found at once, and the old one no more; what an older version has left is mended.
func TestWordsFollowTheName(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		var u directory.User
		do(t, d, func(tx *db.Tx) (err error) {
			u, err = directory.Add(tx, directory.User{Username: "beth", FamilyName: "Price"})
			return err
		})
		is := func(typed, want string) {
			t.Helper()
			if names, _ := found(t, d, directory.Search{Typed: typed, Count: 10}); strings.Join(names, " ") != want {
				t.Errorf("%q finds %v, want %q", typed, names, want)
			}
		}
		do(t, d, func(tx *db.Tx) error {
			return directory.SetValues(tx, "system", u, map[string]string{directory.FamilyNameField: "Pugh"})
		})
		is("pugh", "beth")
		is("price", "")
		do(t, d, func(tx *db.Tx) error {
			u.FamilyName, u.Username = "Parry", "bethan"
			return directory.Update(tx, u)
		})
		is("parry bethan", "bethan")
		is("pugh", "")
		do(t, d, func(tx *db.Tx) error {
			if _, err := tx.Exec("UPDATE users SET family_name = 'Powell', signed_in_at = 1, standing = 'locked'"); err != nil {
				return err
			}
			last, err := directory.Mend(tx, "")
			if err == nil && last != u.ID {
				t.Errorf("mended up to %q", last)
			}
			if last, err = directory.Mend(tx, last); last != "" {
				t.Errorf("and up to %q", last)
			}
			return err
		})
		is("powell", "bethan")
		is("parry", "")
		if names, _ := found(t, d, directory.Search{Standing: directory.ToDo, Count: 10}); len(names) != 1 {
			t.Errorf("standing: %v", names)
		}
	})
}

// Many who are added at once are found and counted as one by one.
func TestManyAreFoundAndCounted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		var g directory.Group
		do(t, d, func(tx *db.Tx) (err error) {
			if g, err = directory.AddGroup(tx, "Fenland", ""); err != nil {
				return err
			}
			old, err := directory.Add(tx, directory.User{Username: "old", SignedInAt: tx.Now})
			if err != nil {
				return err
			}
			fresh := directory.User{ID: db.NewID(), Username: "fresh", FamilyName: "Price", Role: directory.Member, Status: directory.Active}
			gone := directory.User{ID: db.NewID(), Username: "gone", Role: directory.Member, Status: directory.Disabled}
			if err := directory.AddAll(tx, "system", []directory.User{fresh, gone}); err != nil {
				return err
			}
			return directory.JoinAll(tx, "system", map[string][]string{g.ID: {old.ID, fresh.ID, gone.ID}})
		})
		if names, _ := found(t, d, directory.Search{Typed: "pri", Count: 10}); strings.Join(names, " ") != "fresh" {
			t.Errorf("found: %v", names)
		}
		do(t, d, func(tx *db.Tx) error {
			_, counts, err := directory.GroupsAfter(tx, "", 10)
			if c := counts[g.ID]; c[directory.ToDo] != 1 || c[directory.Never] != 1 || c[directory.Closed] != 1 {
				t.Errorf("%v", c)
			}
			return err
		})
	})
}
