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

func TestGroups(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		in(t, d, func(tx *db.Tx) {
			county, err := directory.AddGroup(tx, " Northwold County ", "")
			must(t, err)
			brecks, err := directory.AddGroup(tx, "Brecks District", county.ID)
			must(t, err)
			all, err := directory.Groups(tx)
			if err != nil || len(all) != 2 || all[0] != brecks || all[1] != county || county.Name != "Northwold County" ||
				brecks.Parent != county.ID {
				t.Errorf("got %+v, %v", all, err)
			}
			for _, row := range []struct{ name, parent, field, key string }{
				{"Northwold County", "", "name", "directory.group.taken"},
				{" ", "", "name", "directory.group.required"},
				{"a\tb", "", "name", "directory.text.characters"},
				{"Lost", "nowhere", "parent", "directory.group.not-found"},
			} {
				_, err := directory.AddGroup(tx, row.name, row.parent)
				wants(t, row.name, err, row.field, row.key)
			}

			u := add(t, tx, directory.User{Username: "ann"})
			must(t, directory.Join(tx, "boss", brecks.ID, u.ID))
			must(t, directory.Join(tx, "boss", brecks.ID, u.ID))
			must(t, directory.Join(tx, "boss", county.ID, u.ID))
			wantsKind(t, directory.Join(tx, "boss", "nowhere", u.ID), problem.NotFound)
			wantsKind(t, directory.Join(tx, "boss", brecks.ID, "nobody"), problem.NotFound)
			must(t, directory.Leave(tx, "boss", county.ID, u.ID))
			must(t, directory.Leave(tx, "boss", county.ID, u.ID))
			// Each change is in the trail once, with the group's name as it was then.
			events, err := audit.OfUser(tx, u.ID, "", 10)
			var told []string
			for _, e := range events {
				told = append(told, string(e.Type)+" "+e.Detail["name"]+" by "+e.Actor)
			}
			want := []string{"group-left Northwold County by boss", "group-joined Northwold County by boss", "group-joined Brecks District by boss"}
			if err != nil || !slices.Equal(told, want) {
				t.Errorf("the trail tells %q, %v", told, err)
			}
			if of, err := directory.GroupsOf(tx, u.ID); err != nil || len(of) != 1 || of[0] != brecks {
				t.Errorf("got %+v, %v", of, err)
			}
		})
	})
}
