// What the tests of this package demand.
package directory_test

import (
	"errors"
	"fmt"
	"testing"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/problem"
)

// in runs work in a transaction that has to commit.
func in(t *testing.T, d *db.DB, work func(*db.Tx)) {
	t.Helper()
	must(t, d.Tx(t.Context(), func(tx *db.Tx) error {
		work(tx)
		return nil
	}))
}

func add(t *testing.T, tx *db.Tx, u directory.User) directory.User {
	t.Helper()
	u, err := directory.Add(tx, u)
	must(t, err)
	return u
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantsKind(t *testing.T, err error, kind problem.Kind) {
	t.Helper()
	if !problem.Is(err, kind) {
		t.Errorf("got %v, want a problem of status %d", err, kind.Status())
	}
}

// wantsKey demands a problem with the key, or none if the key is empty.
func wantsKey(t *testing.T, what string, err error, key string) {
	t.Helper()
	var p *problem.Problem
	if key == "" && err != nil || key != "" && (!errors.As(err, &p) || p.Key != key) {
		t.Errorf("%.60q: got %v, want %q", what, err, key)
	}
}

// wantsProblems demands Problems, each written as "field key".
func wantsProblems(t *testing.T, err error, want ...string) {
	t.Helper()
	var all directory.Problems
	errors.As(err, &all)
	got := make([]string, len(all))
	for i, p := range all {
		got[i] = p.Field + " " + p.Key
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v (%v), want %v", got, err, want)
	}
}

// wantsEvents demands the user's events, the newest first.
func wantsEvents(t *testing.T, tx *db.Tx, user string, want ...audit.Type) {
	t.Helper()
	events, err := audit.OfUser(tx, user, "", 100)
	must(t, err)
	var got []audit.Type
	for _, e := range events {
		got = append(got, e.Type)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got the events %v, want %v", got, want)
	}
}

// wants demands that err is an Invalid problem of the field with the key, or nil if the key is empty.
func wants(t *testing.T, what string, err error, field, key string) {
	t.Helper()
	if len(what) > 60 {
		what = what[:60] + "…"
	}
	var p *problem.Problem
	switch {
	case key == "" && err != nil:
		t.Errorf("%+q: got %v, want no error", what, err)
	case key != "" && (!errors.As(err, &p) || p.Kind != problem.Invalid || p.Field != field || p.Key != key):
		t.Errorf("%+q: got %+v, want %s of the field %s", what, err, key, field)
	}
}
