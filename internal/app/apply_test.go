package app

import (
	"encoding/json"
	"reflect"
	"testing"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
)

func TestTheFileIsWhatThereIs(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		link := func(id, to, settings string) *App {
			return &App{ID: id, Name: id, Protocol: Link, Launch: to, Settings: json.RawMessage(settings)}
		}
		apply := func(wanted ...*App) (changes []Change) {
			t.Helper()
			run(t, d, func(tx *db.Tx) (err error) {
				changes, err = Apply(tx, audit.System, wanted)
				return err
			})
			return changes
		}
		run(t, d, func(tx *db.Tx) error { return Put(tx, audit.System, link("typed", "https://typed.example/", "")) })
		for _, step := range []struct {
			wanted []*App
			want   []Change
		}{
			{[]*App{link("a", "https://a.example/", `{"x":1,"y":2}`), link("b", "https://b.example/", "{}")}, []Change{{"a", "added"}, {"b", "added"}}},
			{[]*App{link("a", "https://a.example/", `{"y":2, "x":1}`), link("b", "https://b.example/", "{}")}, nil},
			{[]*App{link("a", "https://a.example/", `{"x":1,"y":3}`)}, []Change{{"a", "changed"}, {"b", "removed"}}},
			{nil, []Change{{"a", "removed"}}},
		} {
			if got := apply(step.wanted...); !reflect.DeepEqual(got, step.want) {
				t.Errorf("got %v, want %v", got, step.want)
			}
		}
		err := d.Tx(t.Context(), func(tx *db.Tx) error {
			_, err := Apply(tx, audit.System, []*App{link("typed", "https://other.example/", "")})
			return err
		})
		if err == nil {
			t.Error("the file takes over an app that was added by command")
		}
		run(t, d, func(tx *db.Tx) error {
			ids, unknown, err := GroupIDs(tx, []string{"Beavers"})
			if err != nil || !reflect.DeepEqual(ids, []string{NoGroup}) || len(unknown) != 1 {
				t.Errorf("%v, %v, %v", ids, unknown, err)
			}
			if open, err := Allowed(tx, "anybody", &App{Groups: ids}); open || err != nil {
				t.Error("an app whose group there is not is open to everybody")
			}
			return nil
		})
	})
}

func TestTextsMayBeWrittenAsOne(t *testing.T) {
	for raw, want := range map[string]Strings{`"a"`: {"a"}, `["a","b"]`: {"a", "b"}, `[]`: {}, `null`: nil, `""`: {""}} {
		var got Strings
		if err := json.Unmarshal([]byte(raw), &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s is read as %#v, %v", raw, got, err)
		}
	}
	var got Strings
	for _, raw := range []string{`1`, `{}`, `[1]`, `true`} {
		if json.Unmarshal([]byte(raw), &got) == nil {
			t.Errorf("%s is taken", raw)
		}
	}
}
