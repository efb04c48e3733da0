package directory_test

import (
	"reflect"
	"strings"
	"testing"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/problem"
)

var (
	given  = directory.Field{ID: "given_name", Kind: directory.Text, Required: true, Labels: map[string]string{"en": "First name"}}
	family = directory.Field{ID: "family_name", Kind: directory.Text, Required: true, Labels: map[string]string{"en": "Last name"}}
	role   = directory.Field{ID: "role", Kind: directory.Choice, Required: true, Labels: map[string]string{"en": "Role", "cy": "Rôl"},
		Help: map[string]string{"en": "What you do"}, Options: []string{"Leader", "Helper"}}
	second = directory.Field{ID: "second_email", Kind: directory.Email, Labels: map[string]string{"en": "Second e-mail"}}
	member = directory.Field{ID: "number", Kind: directory.Text, Pattern: "[0-9]{6}", Labels: map[string]string{"en": "Number"}}
)

func ask(t *testing.T, tx *db.Tx, fields ...directory.Field) {
	t.Helper()
	for _, f := range fields {
		must(t, directory.AddField(tx, audit.System, f))
	}
}

func TestFieldsAreAskedInOrder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		in(t, d, func(tx *db.Tx) {
			first := second
			first.Position = -1
			ask(t, tx, role, member, first)
			got, err := directory.Fields(tx)
			must(t, err)
			if ids(got) != "second_email role number" {
				t.Errorf("got %s", ids(got))
			}
			want := role
			want.Position = 1
			if len(got) == 3 && !reflect.DeepEqual(got[1], want) {
				t.Errorf("\ngot  %+v\nwant %+v", got[1], want)
			}
			wants(t, "role again", directory.AddField(tx, audit.System, role), "id", "directory.field.taken")
			must(t, directory.RemoveField(tx, audit.System, "role"))
			wantsKind(t, directory.RemoveField(tx, audit.System, "role"), problem.NotFound)
			wantsEvents(t, tx, "", audit.FieldChanged, audit.FieldChanged, audit.FieldChanged, audit.FieldChanged)
		})
	})
}

func TestAFieldThatCannotBeIsRefused(t *testing.T) {
	d, _ := dbtest.Open(t)
	change := func(f directory.Field, with func(*directory.Field)) directory.Field {
		with(&f)
		return f
	}
	in(t, d, func(tx *db.Tx) {
		for _, row := range []struct {
			field directory.Field
			want  string
		}{
			{change(second, func(f *directory.Field) { f.ID = "Second mail" }), "id directory.field.id"},
			{change(second, func(f *directory.Field) { f.ID = strings.Repeat("a", 41) }), "id directory.field.id"},
			{change(second, func(f *directory.Field) { f.Kind = "colour" }), "kind directory.field.kind"},
			{change(given, func(f *directory.Field) { f.Kind = directory.Email }), "kind directory.field.kind"},
			{change(second, func(f *directory.Field) { f.Labels = nil }), "labels directory.field.label"},
			{change(second, func(f *directory.Field) { f.Labels = map[string]string{"en": "a\x00"} }), "labels directory.text.characters"},
			{change(second, func(f *directory.Field) { f.Pattern = "(" }), "pattern directory.field.pattern"},
			{change(second, func(f *directory.Field) { f.Pattern = "a)(b" }), "pattern directory.field.pattern"},
			{change(second, func(f *directory.Field) { f.Pattern = "(?=a)" }), "pattern directory.field.pattern"},
			{change(second, func(f *directory.Field) { f.Pattern = "(a{1000}){1000}" }), "pattern directory.field.pattern"},
			{change(second, func(f *directory.Field) { f.Pattern = strings.Repeat("a", 501) }), "pattern directory.field.pattern"},
			{change(role, func(f *directory.Field) { f.Options = nil }), "options directory.field.options"},
			{change(role, func(f *directory.Field) { f.Options = []string{"a", "a"} }), "options directory.field.options"},
			{change(role, func(f *directory.Field) { f.Options = []string{"a", " b"} }), "options directory.field.options"},
			{change(role, func(f *directory.Field) { f.Options = []string{""} }), "options directory.field.options"},
		} {
			wantsProblems(t, directory.AddField(tx, audit.System, row.field), row.want)
		}
	})
}

func TestValuesAreStoredWithOnesName(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		in(t, d, func(tx *db.Tx) {
			ask(t, tx, given, family, role, second, member)
			u := add(t, tx, directory.User{Username: "ann", GivenName: "Ann"})
			must(t, directory.SetValues(tx, u.ID, u, map[string]string{"family_name": " O’Leary ", "role": "Helper",
				"second_email": "ann@family.example", "number": "１２３４５６", "given_name": "Ann"}))
			wantsValues(t, tx, u, map[string]string{"given_name": "Ann", "family_name": "O’Leary", "role": "Helper",
				"second_email": "ann@family.example", "number": "123456"})
			if got, _ := directory.ByID(tx, u.ID); got.Name() != "Ann O’Leary" {
				t.Errorf("the name is %q", got.Name())
			}
			events, err := audit.OfUser(tx, u.ID, "", 10)
			must(t, err)
			if len(events) != 1 || events[0].Type != audit.DetailsChanged || events[0].Actor != u.ID ||
				events[0].Detail["fields"] != "family_name, number, role, second_email" {
				t.Errorf("got %+v", events)
			}

			// The same again changes nothing and is no event; an empty value deletes.
			must(t, directory.SetValues(tx, "boss", u, map[string]string{"role": "Helper", "given_name": "Ann"}))
			must(t, directory.SetValues(tx, "boss", u, map[string]string{"second_email": " ", "role": "Leader"}))
			must(t, directory.SetValues(tx, "boss", u, nil))
			wantsValues(t, tx, u, map[string]string{"given_name": "Ann", "family_name": "O’Leary", "role": "Leader",
				"number": "123456"})
			wantsEvents(t, tx, u.ID, audit.DetailsChanged, audit.DetailsChanged)

			must(t, directory.RemoveField(tx, "boss", "number"))
			must(t, directory.RemoveField(tx, "boss", "family_name"))
			wantsValues(t, tx, u, map[string]string{"given_name": "Ann", "family_name": "O’Leary", "role": "Leader"})

			nobody := directory.User{ID: "nobody"}
			_, err = directory.Values(tx, nobody)
			wantsKind(t, err, problem.NotFound)
			wantsKind(t, directory.SetValues(tx, "boss", nobody, map[string]string{"role": "Leader"}), problem.NotFound)
		})
	})
}

func TestOneWrongValueStoresNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		in(t, d, func(tx *db.Tx) {
			ask(t, tx, family, role, second, member)
			u := add(t, tx, directory.User{Username: "ann", GivenName: "Ann"})
			err := directory.SetValues(tx, u.ID, u, map[string]string{"family_name": " ", "role": "King", "second_email": "ann",
				"number": "123456", "given_name": "A\nnn", "epoch": "9", "username": "admin"})
			wantsProblems(t, err, "family_name directory.value.required", "role directory.value.choice",
				"second_email directory.email.form", "given_name directory.text.characters",
				"epoch directory.field.not-found", "username directory.field.not-found")
			wantsKind(t, err, problem.Invalid)
			wantsValues(t, tx, u, map[string]string{"given_name": "Ann"})
			wantsEvents(t, tx, u.ID)
		})
	})
}

func TestMissing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		in(t, d, func(tx *db.Tx) {
			ann := add(t, tx, directory.User{Username: "ann"})
			full := add(t, tx, directory.User{Username: "full", GivenName: "Full", FamilyName: "Name"})
			wantsMissing(t, tx, ann, "")
			ask(t, tx, role, given, second, family)
			wantsMissing(t, tx, ann, "role given_name family_name")
			wantsMissing(t, tx, full, "role")
			must(t, directory.SetValues(tx, full.ID, full, map[string]string{"role": "Leader"}))
			must(t, directory.SetValues(tx, ann.ID, ann, map[string]string{"given_name": "Ann"}))
			wantsMissing(t, tx, full, "")
			wantsMissing(t, tx, ann, "role family_name") // though ann, as read before, has no name
		})
	})
}

func wantsMissing(t *testing.T, tx *db.Tx, u directory.User, want string) {
	t.Helper()
	got, err := directory.Missing(tx, u)
	if err != nil || ids(got) != want {
		t.Errorf("%s misses %q, %v, want %q", u.Username, ids(got), err, want)
	}
}

func wantsValues(t *testing.T, tx *db.Tx, u directory.User, want map[string]string) {
	t.Helper()
	got, err := directory.Values(tx, u)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func ids(fields []directory.Field) string {
	all := make([]string, len(fields))
	for i, f := range fields {
		all[i] = f.ID
	}
	return strings.Join(all, " ")
}
