package target_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"woggle/internal/app/scim/target"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/keys"
)

// People who were here before, who come, change, are disabled and come back, stand there so. What is the same is not sent.
func TestPeopleAreKeptInStep(t *testing.T) {
	each(t, target.Target{}, func(w *world) {
		if got := w.runs(); got != (target.Counts{}) {
			w.t.Errorf("of nobody %+v was sent", got)
		}
		w.person(directory.User{Username: "ann", GivenName: "Ann", FamilyName: "Price", Email: "ann@example.org"})
		w.person(directory.User{Username: "bob", Role: directory.Administrator})
		w.person(directory.User{Username: "cat", Status: directory.Disabled})
		if got := w.runs(); got.Made != 2 {
			w.t.Errorf("sent: %+v", got)
		}
		same(w.t, "at first", w.there.people(), map[string]string{"ann": "Ann Price ann@example.org active", "bob": "active"})
		if got := w.runs(); got != (target.Counts{}) || len(w.there.asks()) != 0 {
			w.t.Errorf("nothing had changed, and sent was %+v", got)
		}
	})
}

func TestChangesAndDisablingReachTheTarget(t *testing.T) {
	each(t, target.Target{}, func(w *world) {
		ann := w.person(directory.User{Username: "ann", GivenName: "Ann", FamilyName: "Price", Email: "ann@example.org"})
		w.runs()
		ann.FamilyName, ann.Email = "Pugh", ""
		w.tx(func(tx *db.Tx) error { return directory.Update(tx, ann) })
		w.runs()
		same(w.t, "changed", w.there.people(), map[string]string{"ann": "Ann Pugh  active"})
		w.tx(func(tx *db.Tx) error { return directory.SetStatus(tx, "x", ann.ID, directory.Disabled) })
		if got := w.runs(); got.Ended != 1 {
			w.t.Errorf("sent: %+v", got)
		}
		ann.Username = "ann.pugh"
		w.tx(func(tx *db.Tx) error { return directory.Update(tx, ann) })
		if got := w.runs(); got != (target.Counts{}) {
			w.t.Errorf("of somebody who is inactive there %+v was sent", got)
		}
		same(w.t, "disabled", w.there.people(), map[string]string{"ann": "Ann Pugh  disabled"})
		w.tx(func(tx *db.Tx) error { return directory.SetStatus(tx, "x", ann.ID, directory.Active) })
		w.runs()
		same(w.t, "back", w.there.people(), map[string]string{"ann.pugh": "Ann Pugh  active"})
		if s := w.state(); s.People != 1 || s.Inactive != 0 || s.Waiting != 0 || s.Trouble != "" {
			w.t.Errorf("the list says %+v", s)
		}
	})
}

// Groups follow with their members, whoever came first.
func TestGroupsAreKeptInStep(t *testing.T) {
	each(t, target.Target{}, func(w *world) {
		ann, bob := w.person(directory.User{Username: "ann"}), w.person(directory.User{Username: "bob"})
		var fens directory.Group
		w.tx(func(tx *db.Tx) (err error) {
			if fens, err = directory.AddGroup(tx, "Fens", ""); err != nil {
				return err
			}
			if err := directory.Join(tx, "x", fens.ID, ann.ID); err != nil {
				return err
			}
			return directory.Join(tx, "x", fens.ID, bob.ID)
		})
		w.runs()
		same(w.t, "made", w.there.groups(), map[string]string{"Fens": "ann bob"})
		w.tx(func(tx *db.Tx) error {
			if err := directory.Leave(tx, "x", fens.ID, ann.ID); err != nil {
				return err
			}
			return directory.RenameGroup(tx, "x", fens.ID, "Fenland")
		})
		if got := w.runs(); got.Moved != 1 || got.Changed != 1 {
			w.t.Errorf("sent: %+v", got)
		}
		same(w.t, "changed", w.there.groups(), map[string]string{"Fenland": "bob"})
		w.tx(func(tx *db.Tx) error { return directory.SetStatus(tx, "x", bob.ID, directory.Disabled) })
		w.runs()
		same(w.t, "without the disabled", w.there.groups(), map[string]string{"Fenland": ""})
		w.tx(func(tx *db.Tx) error { return directory.RemoveGroup(tx, "x", fens.ID) })
		if got := w.runs(); got.Ended != 1 {
			w.t.Errorf("sent: %+v", got)
		}
		same(w.t, "removed", w.there.groups(), map[string]string{})
	})
}

// Only the people of the chosen groups are sent, only with the chosen details, and who leaves is made inactive.
func TestOnlyWhoIsMeantIsSent(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := &world{t: t, db: d, clock: clock, keys: keys.Random(), there: newThere(t)}
		w.worker = w.node(d)
		ann := w.person(directory.User{Username: "ann"})
		w.person(directory.User{Username: "bob"})
		var in, out directory.Group
		w.tx(func(tx *db.Tx) (err error) {
			for _, id := range []string{"department", "title", "badge"} {
				if err := directory.AddField(tx, "x", directory.Field{ID: id, Kind: directory.Text, Labels: map[string]string{"en": id}}); err != nil {
					return err
				}
			}
			if in, err = directory.AddGroup(tx, "In", ""); err != nil {
				return err
			}
			if out, err = directory.AddGroup(tx, "Out", ""); err != nil {
				return err
			}
			if err := directory.Join(tx, "x", in.ID, ann.ID); err != nil {
				return err
			}
			return directory.SetValues(tx, "x", ann, map[string]string{"department": "North", "title": "secret"})
		})
		for name, like := range map[string]target.Target{"badge": {Details: []string{"badge"}}, "nick_name": {Details: []string{"nick_name"}}, "address": {Base: "ftp://x"}} {
			if err := d.Tx(t.Context(), func(tx *db.Tx) error {
				like.Name = "x"
				if like.Base == "" {
					like.Base = "https://wiki.example"
				}
				_, err := target.Add(tx, w.keys, "x", like, "token")
				return err
			}); err == nil {
				t.Errorf("%s is taken", name)
			}
		}
		w.add(target.Target{Groups: []string{in.ID}, Details: []string{"department"}})
		var bodies []string
		w.there.trouble = func(_ http.ResponseWriter, r *http.Request) bool {
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(strings.NewReader(string(body)))
			bodies = append(bodies, string(body))
			return false
		}
		w.runs()
		same(t, "those of the group", w.there.people(), map[string]string{"ann": "active"})
		same(t, "the group", w.there.groups(), map[string]string{"In": "ann"})
		sent := strings.Join(bodies, "\n")
		if !strings.Contains(sent, "North") || strings.Contains(sent, "secret") || strings.Contains(sent, "bob") || strings.Contains(sent, out.ID) {
			t.Errorf("sent was:\n%s", sent)
		}
		w.tx(func(tx *db.Tx) error { return directory.SetValues(tx, "x", ann, map[string]string{"department": ""}) })
		w.runs()
		w.tx(func(tx *db.Tx) error { return directory.Leave(tx, "x", in.ID, ann.ID) })
		w.runs()
		same(t, "who left", w.there.people(), map[string]string{"ann": "disabled"})
		same(t, "the group", w.there.groups(), map[string]string{"In": ""})
	})
}
