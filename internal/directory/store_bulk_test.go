package directory_test

import (
	"fmt"
	"reflect"
	"testing"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/problem"
)

// What is done to many at once leaves what it would leave if it were done to each of them.
func TestManyAreWhatEachWouldBe(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		const count = 150 // more than one statement names
		var one directory.User
		var many []directory.User
		var group directory.Group
		tx := func(do func(*db.Tx) error) {
			t.Helper()
			if err := d.Tx(t.Context(), do); err != nil {
				t.Fatal(err)
			}
		}
		tx(func(tx *db.Tx) (err error) {
			many = nil
			if err := directory.Watch(tx, "watcher"); err != nil {
				return err
			}
			if err := directory.AddField(tx, "ruth", directory.Field{ID: "section", Kind: directory.Text, Labels: map[string]string{"en": "Section"}}); err != nil {
				return err
			}
			if group, err = directory.AddGroup(tx, "Fenland", ""); err != nil {
				return err
			}
			if one, err = directory.Add(tx, directory.User{Username: "sole", Email: "One@northwold.example", GivenName: "Aisha"}); err != nil {
				return err
			}
			if err := audit.Record(tx, audit.Event{Type: audit.UserAdded, Actor: "ruth", User: one.ID, Detail: audit.Detail{"role": "member"}}); err != nil {
				return err
			}
			if err := directory.SetValues(tx, "ruth", one, map[string]string{"section": "Cubs"}); err != nil {
				return err
			}
			if err := directory.Join(tx, "ruth", group.ID, one.ID); err != nil {
				return err
			}
			values, ids := map[string]map[string]string{}, []string{}
			for i := range count {
				u := directory.User{ID: db.NewID(), Username: fmt.Sprintf("many%d", i), Email: "One@northwold.example", GivenName: "Aisha",
					Role: directory.Member, Status: directory.Active, CreatedAt: tx.Now}
				many, ids = append(many, u), append(ids, u.ID)
				values[u.ID] = map[string]string{"section": " Cubs "}
			}
			if err := directory.AddAll(tx, "ruth", many); err != nil {
				return err
			}
			if err := directory.SetAllValues(tx, "ruth", values); err != nil {
				return err
			}
			return directory.JoinAll(tx, "ruth", map[string][]string{group.ID: ids})
		})
		trail := func(tx *db.Tx, id string) (all []string) {
			events, err := audit.OfUser(tx, id, "", 10)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range events {
				all = append(all, fmt.Sprint(e.Type, e.Actor, e.Detail))
			}
			return all
		}
		tx(func(tx *db.Tx) error {
			for _, u := range []directory.User{many[0], many[count-1]} {
				got, err := directory.ByID(tx, u.ID)
				if err != nil {
					return err
				}
				want := one
				want.ID, want.Username = u.ID, u.Username
				if got != want {
					t.Errorf("%+v\n%+v", got, want)
				}
				values, err := directory.Values(tx, got)
				if err != nil || values["section"] != "Cubs" {
					t.Error(values, err)
				}
				kept := func(id string) (found string) {
					for _, query := range []string{"SELECT standing FROM users WHERE id = $1", "SELECT standing FROM group_members WHERE user_id = $1",
						"SELECT CAST(count(*) AS TEXT) FROM user_words WHERE user_id = $1"} {
						var text string
						if err := tx.Row(query, []any{id}, &text); err != nil {
							t.Error(err)
						}
						found += text + " "
					}
					return found
				}
				if got, want := kept(u.ID), kept(one.ID); got != want {
					t.Errorf("kept beside them is %s, not %s", got, want)
				}
				if got, want := trail(tx, u.ID), trail(tx, one.ID); !reflect.DeepEqual(got, want) {
					t.Errorf("the trail has %q\nwant %q", got, want)
				}
			}
			members, err := directory.Members(tx, group.ID)
			if err != nil || len(members) != count+1 {
				t.Error(len(members), err)
			}
			changes, err := directory.CountChanges(tx, "watcher")
			if err != nil || changes != count+2 {
				t.Errorf("%d changes, %v", changes, err)
			}
			return directory.SetAllValues(tx, "ruth", map[string]map[string]string{many[0].ID: {"section": ""}})
		})
		err := d.Tx(t.Context(), func(tx *db.Tx) error {
			return directory.AddAll(tx, "ruth", []directory.User{{ID: db.NewID(), Username: "MANY7", Role: directory.Member, Status: directory.Active}})
		})
		if problem.Of(err).Key != "directory.username.taken" {
			t.Error(err)
		}
	})
}

// Who is somewhere on their way already is counted so in the groups that they join.
func TestStandingsOfManyWhoJoin(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		err := d.Tx(t.Context(), func(tx *db.Tx) error {
			gone := directory.User{ID: db.NewID(), Username: "gone", Role: directory.Member, Status: directory.Disabled}
			known, err := directory.Add(tx, directory.User{Username: "known"})
			if err != nil {
				return err
			}
			group, err := directory.AddGroup(tx, "Fenland", "")
			if err != nil {
				return err
			}
			for _, do := range []error{directory.MarkSignedIn(tx, known.ID), directory.AddAll(tx, "ruth", []directory.User{gone}),
				directory.JoinAll(tx, "ruth", map[string][]string{group.ID: {gone.ID, known.ID}})} {
				if do != nil {
					return do
				}
			}
			var right int
			err = tx.Row(`SELECT count(*) FROM group_members JOIN users ON id = user_id WHERE group_members.standing = users.standing AND users.standing IN ('disabled', 'to-do')`, nil, &right)
			if right != 2 {
				t.Errorf("%d of 2 are counted right", right)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// Only who never signed in and has no role can be removed, with all that is theirs.
func TestWhoCanBeRemoved(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		var gone, known, helper directory.User
		err := d.Tx(t.Context(), func(tx *db.Tx) (err error) {
			for into, u := range map[*directory.User]directory.User{&gone: {Username: "gone"}, &known: {Username: "known"}, &helper: {Username: "helper", Role: directory.Helper}} {
				if *into, err = directory.Add(tx, u); err != nil {
					return err
				}
			}
			return directory.MarkSignedIn(tx, known.ID)
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range []directory.User{known, helper} {
			err := d.Tx(t.Context(), func(tx *db.Tx) error { return directory.Remove(tx, "ruth", u.ID) })
			if !problem.Is(err, problem.Forbidden) {
				t.Errorf("%s: %v", u.Username, err)
			}
		}
		err = d.Tx(t.Context(), func(tx *db.Tx) error {
			if err := directory.Remove(tx, "ruth", gone.ID); err != nil {
				return err
			}
			if err := directory.Remove(tx, "ruth", gone.ID); !problem.Is(err, problem.NotFound) {
				t.Error(err)
			}
			_, err := directory.Add(tx, directory.User{Username: "gone"})
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}
