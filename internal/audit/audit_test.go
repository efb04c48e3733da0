package audit_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
)

var background = context.Background()

func record(t *testing.T, d *db.DB, events ...audit.Event) {
	t.Helper()
	for _, e := range events {
		if err := d.Tx(background, func(tx *db.Tx) error { return audit.Record(tx, e) }); err != nil {
			t.Fatal(err)
		}
	}
}

func ofUser(t *testing.T, d *db.DB, user, before string, count int) (events []audit.Event) {
	t.Helper()
	err := d.View(background, func(tx *db.Tx) (err error) {
		events, err = audit.OfUser(tx, user, before, count)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return events
}

func TestWhatHappenedToAPersonIsListedNewestFirst(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		begun := clock.Now()
		want := []audit.Event{
			{Type: audit.UserAdded, Actor: audit.System, User: "ann"},
			{Type: audit.SignedIn, Actor: "ann", User: "ann", Address: "192.0.2.1", Agent: "Firefox on Windows", Detail: audit.Detail{"method": "phone", "hint": "••• <b>456</b>"}},
			{Type: audit.MethodsReset, Actor: "helper", User: "ann", Address: "2001:db8::1"},
		}
		for _, e := range want {
			record(t, d, e, audit.Event{Type: audit.SignedIn, Actor: "bob", User: "bob"})
			clock.Advance(time.Minute)
		}
		got := ofUser(t, d, "ann", "", 10)
		slices.Reverse(got)
		if len(got) != len(want) {
			t.Fatalf("%d events are listed of %d", len(got), len(want))
		}
		for i := range got {
			if !got[i].At.Equal(begun.Add(time.Duration(i) * time.Minute)) {
				t.Errorf("event %d is said to have happened at %s", i, got[i].At)
			}
			got[i].ID, got[i].At = "", time.Time{}
			if !reflect.DeepEqual(got[i], want[i]) {
				t.Errorf("recorded %+v, listed %+v", want[i], got[i])
			}
		}
	})
}

func TestTheSignInBefore(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		before := func(at time.Time) (found *audit.Event) {
			t.Helper()
			err := d.Ask(background, func(tx *db.Tx) (err error) {
				found, err = audit.SignInBefore(tx, "ann", at)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return found
		}
		signIn := func(user, agent string) time.Time {
			clock.Advance(time.Minute)
			record(t, d, audit.Event{Type: audit.SignedIn, Actor: user, User: user, Agent: agent})
			return clock.Now()
		}
		first := signIn("ann", "Firefox")
		if e := before(first); e != nil {
			t.Errorf("before the first sign-in there was one at %s", e.At)
		}
		second := signIn("ann", "Safari")
		signIn("bob", "Edge")
		third := signIn("ann", "Chrome")
		for at, want := range map[time.Time]string{second: "Firefox", third: "Safari", third.Add(time.Hour): "Chrome"} {
			if e := before(at); e == nil || e.Agent != want || !e.At.Before(at) {
				t.Errorf("before %s it was %+v, and should be %s", at, e, want)
			}
		}
		for range 50 { // it is not looked for among all that ever happened
			record(t, d, audit.Event{Type: audit.WrongPassword, Actor: "ann", User: "ann"})
		}
		if e := before(third); e != nil {
			t.Errorf("behind 50 events there is %+v", e)
		}
	})
}

func TestPagesOfEventsMeetWithoutGapOrDouble(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		for i := range 7 { // all in the same millisecond of the clock
			record(t, d, audit.Event{Type: audit.SignedIn, Actor: "ann", User: "ann", Detail: audit.Detail{"n": strconv.Itoa(i)}})
		}
		read, before := "", ""
		for range 4 {
			for _, e := range ofUser(t, d, "ann", before, 2) {
				read, before = read+e.Detail["n"], e.ID
			}
		}
		if read != "6543210" {
			t.Errorf("page by page: %s", read)
		}
	})
}

func TestAnEventIsThereOnlyWithWhatItTellsAbout(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		d.Tx(background, func(tx *db.Tx) error {
			if err := audit.Record(tx, audit.Event{Type: audit.MethodRemoved, Actor: "ann", User: "ann"}); err != nil {
				t.Error(err)
			}
			return errors.New("the method could not be removed")
		})
		if got := ofUser(t, d, "ann", "", 10); len(got) != 0 {
			t.Errorf("an event is there of what never happened: %v", got)
		}
	})
}

// The catalogue is what pages, help and tests go by, so no type may stand beside it.
func TestTheCatalogueIsComplete(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "audit.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	declared := map[audit.Type]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, is := n.(*ast.ValueSpec)
		if !is || fmt.Sprint(spec.Type) != "Type" {
			return true
		}
		name, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil || declared[audit.Type(name)] {
			t.Errorf("%s: %v, or a double", name, err)
		}
		declared[audit.Type(name)] = true
		return true
	})
	listed := map[audit.Type]bool{}
	for _, kind := range audit.Types {
		listed[kind] = true
	}
	if len(declared) < 30 || !maps.Equal(declared, listed) || len(listed) != len(audit.Types) {
		t.Errorf("declared are %v, the catalogue has %v", slices.Sorted(maps.Keys(declared)), audit.Types)
	}
}
