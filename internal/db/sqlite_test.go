package db_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/db/dbtest"
)

func TestAStatementIsKept(t *testing.T) {
	d, _ := dbtest.Open(t)
	write := func() {
		t.Helper()
		if err := d.Tx(background, func(tx *db.Tx) error { return errors.Join(set(tx, "a", "1"), set(tx, "b", "2")) }); err != nil {
			t.Fatal(err)
		}
	}
	write()
	kept := db.Kept(d)
	write()
	if again := db.Kept(d); again != kept {
		t.Errorf("%d statements were kept, and %d after the same again", kept, again)
	}
}

func TestStatementsAreKeptWithinABound(t *testing.T) {
	d, _ := dbtest.Open(t)
	for from := 0; from < 2*db.MostKept; from += 100 {
		err := d.Tx(background, func(tx *db.Tx) error {
			for i := from; i < from+100; i++ {
				var got int
				if err := tx.Row(fmt.Sprintf("SELECT $1 + %d", i), []any{1}, &got); err != nil || got != i+1 {
					t.Errorf("1 + %d is %d, %v", i, got, err)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if kept := db.Kept(d); kept > db.MostKept {
			t.Fatalf("%d statements are kept", kept)
		}
	}
}

// A node that serves on while a newer one migrates has statements from before.
func TestAKeptStatementFollowsTheSchema(t *testing.T) {
	url := dbtest.NewURL(t, "sqlite")
	old, newer := dbtest.Connect(t, url, dbtest.NewClock()), dbtest.Connect(t, url, dbtest.NewClock())
	write := func(value string) {
		t.Helper()
		if err := old.Tx(background, func(tx *db.Tx) error { return set(tx, "a", value) }); err != nil {
			t.Fatal(err)
		}
		if got := get(t, old, "a"); got != value {
			t.Errorf("wrote %q, read %q", value, got)
		}
	}
	write("before")
	for _, change := range []string{
		"ALTER TABLE settings ADD COLUMN note TEXT NOT NULL DEFAULT ''",
		"CREATE INDEX settings_by_value ON settings (value, name)",
		"DROP INDEX settings_by_value; ALTER TABLE settings DROP COLUMN note",
		"DROP TABLE settings; CREATE TABLE settings (value TEXT NOT NULL, more TEXT NOT NULL DEFAULT '', name TEXT PRIMARY KEY)",
	} {
		if err := newer.Tx(background, func(tx *db.Tx) error { return tx.Script(change) }); err != nil {
			t.Fatal(err)
		}
		write("after " + change)
	}
	if err := newer.Tx(background, func(tx *db.Tx) error { return tx.Script("DROP TABLE settings") }); err != nil {
		t.Fatal(err)
	}
	if err := old.Tx(background, func(tx *db.Tx) error { return set(tx, "a", "gone") }); err == nil {
		t.Error("a kept statement wrote into a table that is gone")
	}
}

// A value that a statement was given must not be there for the next one: it may be somebody's secret.
func TestAKeptStatementForgetsItsValues(t *testing.T) {
	d, _ := dbtest.Open(t)
	err := d.Tx(background, func(tx *db.Tx) error {
		for _, want := range []any{"secret", nil, "other"} {
			var got *string
			if err := tx.Row("SELECT $1", []any{want}, &got); err != nil {
				return err
			}
			if (got == nil) != (want == nil) || got != nil && *got != want {
				t.Errorf("given %v, it says %v", want, got)
			}
		}
		_, err := tx.Exec("SELECT $1") // without its value
		if err == nil {
			t.Error("a statement ran without its value")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAConnectionThatCannotUndoIsReplaced(t *testing.T) {
	d, _ := dbtest.Open(t)
	err := d.Tx(background, func(tx *db.Tx) error {
		_, err := tx.Exec("ROLLBACK") // as SQLite does by itself when the disk is full
		return errors.Join(err, errors.New("the disk is full"))
	})
	if err == nil {
		t.Error("it was committed")
	}
	if err := d.Tx(background, func(tx *db.Tx) error { return set(tx, "a", "well") }); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	if got := get(t, d, "a"); got != "well" {
		t.Errorf("afterwards, it holds %q", got)
	}
}

func TestClosingWaitsForWhatIsUnderWay(t *testing.T) {
	d, _ := dbtest.Open(t)
	begun, closed := make(chan bool), make(chan error)
	go func() { <-begun; closed <- d.Close() }()
	err := d.Tx(background, func(tx *db.Tx) error {
		begun <- true
		return set(tx, "a", "whole")
	})
	if err != nil {
		t.Errorf("what was under way: %v", err)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	began := time.Now()
	if err := d.View(background, func(*db.Tx) error { return nil }); err == nil || errors.Is(err, db.ErrBusy) {
		t.Errorf("after it was closed: %v, in %s", err, time.Since(began))
	}
}
