package directory_test

import (
	"slices"
	"testing"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/problem"
)

// Every change is noted once for each watcher, in the transaction that makes it, and for nobody where nobody watches.
func TestChangesAreNotedForWatchers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		var ann directory.User
		var group directory.Group
		waiting := func(watcher string) (kinds []string) {
			in(t, d, func(tx *db.Tx) {
				all, err := directory.Changes(tx, watcher, 10)
				must(t, err)
				kinds = nil
				for _, c := range all {
					kinds = append(kinds, string(c.Kind)+" "+map[string]string{ann.ID: "ann", group.ID: "group"}[c.ID])
					must(t, directory.Seen(tx, watcher, c))
				}
			})
			return kinds
		}
		in(t, d, func(tx *db.Tx) {
			ann = add(t, tx, directory.User{Username: "ann"})
			must(t, directory.Watch(tx, "a"))
			must(t, directory.Watch(tx, "a"))
			must(t, directory.Watch(tx, "b"))
			must(t, directory.AddField(tx, "boss", directory.Field{ID: "badge", Kind: directory.Text, Labels: map[string]string{"en": "Badge"}}))
		})
		if got := waiting("a"); got != nil {
			t.Errorf("before anything changed: %v", got)
		}
		for _, step := range []struct {
			name string
			do   func(tx *db.Tx) error
			want []string
		}{
			{"a new group", func(tx *db.Tx) (err error) {
				group, err = directory.AddGroup(tx, "Fenland", "")
				return err
			}, []string{"group group"}},
			{"joining, several times", func(tx *db.Tx) error {
				must(t, directory.Join(tx, "boss", group.ID, ann.ID))
				must(t, directory.Leave(tx, "boss", group.ID, ann.ID))
				return directory.Join(tx, "boss", group.ID, ann.ID)
			}, []string{"user ann", "group group"}},
			{"in it already", func(tx *db.Tx) error { return directory.Join(tx, "boss", group.ID, ann.ID) }, nil},
			{"another name", func(tx *db.Tx) error {
				return directory.Update(tx, directory.User{ID: ann.ID, Username: "ann.b", Role: "member", Status: "active"})
			}, []string{"user ann"}},
			{"kept out", func(tx *db.Tx) error { return directory.SetStatus(tx, "boss", ann.ID, directory.Disabled) }, []string{"user ann"}},
			{"kept out already", func(tx *db.Tx) error { return directory.SetStatus(tx, "boss", ann.ID, directory.Disabled) }, nil},
			{"a detail", func(tx *db.Tx) error { return directory.SetValues(tx, "boss", ann, map[string]string{"badge": "gold"}) }, []string{"user ann"}},
			{"the same detail", func(tx *db.Tx) error { return directory.SetValues(tx, "boss", ann, map[string]string{"badge": "gold"}) }, nil},
			{"the group's name", func(tx *db.Tx) error { return directory.RenameGroup(tx, "boss", group.ID, "Fens") }, []string{"group group"}},
			{"looked at again", func(tx *db.Tx) error { return directory.NoteFor(tx, "a", directory.UserChange, ann.ID) }, []string{"user ann"}},
			{"the group goes", func(tx *db.Tx) error { return directory.RemoveGroup(tx, "boss", group.ID) }, []string{"user ann", "group group"}},
		} {
			in(t, d, func(tx *db.Tx) { must(t, step.do(tx)) })
			if got := waiting("a"); !slices.Equal(got, step.want) {
				t.Errorf("%s: noted are %v, want %v", step.name, got, step.want)
			}
		}
		// The other watcher was not asked in between: each is one change. What has changed since it was read stays.
		in(t, d, func(tx *db.Tx) {
			all, err := directory.Changes(tx, "b", 10)
			must(t, err)
			if len(all) != 2 {
				t.Fatalf("the other watcher has %v", all)
			}
			must(t, directory.SetStatus(tx, "boss", ann.ID, directory.Active))
			for _, c := range all {
				must(t, directory.Seen(tx, "b", c))
			}
			if left, err := directory.CountChanges(tx, "b"); err != nil || left != 1 {
				t.Errorf("%d are left, %v", left, err)
			}
			must(t, directory.Unwatch(tx, "b"))
			if left, err := directory.CountChanges(tx, "b"); err != nil || left != 0 {
				t.Errorf("%d are left, %v", left, err)
			}
		})
	})
}

func TestGroupsAreRenamedAndRemoved(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		in(t, d, func(tx *db.Tx) {
			county, err := directory.AddGroup(tx, "County", "")
			must(t, err)
			district, err := directory.AddGroup(tx, "District", county.ID)
			must(t, err)
			troop, err := directory.AddGroup(tx, "Troop", district.ID)
			must(t, err)
			ann := add(t, tx, directory.User{Username: "ann"})
			must(t, directory.Join(tx, "boss", district.ID, ann.ID))

			must(t, directory.RenameGroup(tx, "boss", district.ID, " Fens "))
			wants(t, "a taken name", directory.RenameGroup(tx, "boss", district.ID, "Troop"), "name", "directory.group.taken")
			wants(t, "no name", directory.RenameGroup(tx, "boss", district.ID, " "), "name", "directory.group.required")
			wantsKind(t, directory.RenameGroup(tx, "boss", "nowhere", "x"), problem.NotFound)
			if g, found, err := directory.GroupNamed(tx, "Fens"); err != nil || !found || g.ID != district.ID {
				t.Errorf("got %+v, %v, %v", g, found, err)
			}

			must(t, directory.RemoveGroup(tx, "boss", district.ID))
			wantsKind(t, directory.RemoveGroup(tx, "boss", district.ID), problem.NotFound)
			found, err := directory.GroupsByIDs(tx, []string{county.ID, district.ID, troop.ID})
			if err != nil || len(found) != 2 || found[troop.ID].Parent != county.ID {
				t.Errorf("got %+v, %v", found, err)
			}
			events, err := audit.OfUser(tx, ann.ID, "", 1)
			if err != nil || len(events) != 1 || events[0].Type != audit.GroupLeft || events[0].Detail["name"] != "Fens" {
				t.Errorf("the trail tells %+v, %v", events, err)
			}
		})
	})
}

func TestPeopleAreFoundByKeys(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		in(t, d, func(tx *db.Tx) {
			var ids []string
			for i := range 3 {
				u := add(t, tx, directory.User{Username: "p" + string(rune('a'+i)), Email: "family@northwold.example"})
				ids = append(ids, u.ID)
			}
			many := slices.Repeat(append(ids[:2:2], "nobody"), 400) // more than one statement takes
			if found, err := directory.ByIDs(tx, many); err != nil || len(found) != 2 || found[ids[1]].Username != "pb" {
				t.Errorf("got %v, %v", found, err)
			}
			if u, found, err := directory.ByUsername(tx, " PC "); err != nil || !found || u.ID != ids[2] {
				t.Errorf("got %+v, %v, %v", u, found, err)
			}
			if _, found, err := directory.ByUsername(tx, "family@northwold.example"); err != nil || found {
				t.Errorf("an address finds somebody, %v", err)
			}
			if all, err := directory.ByEmail(tx, "FAMILY@northwold.example", 2); err != nil || len(all) != 2 || all[0].ID != ids[0] {
				t.Errorf("got %+v, %v", all, err)
			}
			if all, err := directory.ByEmail(tx, "", 2); err != nil || len(all) != 0 {
				t.Errorf("no address finds %+v, %v", all, err)
			}
			if all, err := directory.ListByID(tx, ids[0], 9); err != nil || len(all) != 2 || all[0].ID != ids[1] {
				t.Errorf("got %+v, %v", all, err)
			}
		})
	})
}
