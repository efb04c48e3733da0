package db_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"woggle/internal/db"
	"woggle/internal/db/dbtest"
)

// Two leaders may not both go off duty, and each checks that the other is on. At READ COMMITTED both checks pass; at
// SERIALIZABLE one transaction is refused with 40001, must be run again from the start, and then sees the other's.
func TestASerialisationFailureRunsTheWorkAgain(t *testing.T) {
	d := dbtest.Connect(t, dbtest.NewURL(t, "postgres-serializable"), dbtest.NewClock())
	err := d.Tx(background, func(tx *db.Tx) error { return errors.Join(set(tx, "ann", "on"), set(tx, "bob", "on")) })
	if err != nil {
		t.Fatal(err)
	}
	var runs, after atomic.Int32
	var bothRead sync.WaitGroup
	bothRead.Add(2)
	goOff := func(me, other string) error {
		meet := sync.OnceFunc(func() { bothRead.Done(); bothRead.Wait() })
		return d.Tx(background, func(tx *db.Tx) error {
			runs.Add(1)
			tx.AfterCommit(func() { after.Add(1) })
			var duty string
			if err := tx.Row("SELECT value FROM settings WHERE name = $1", []any{other}, &duty); err != nil {
				return err
			}
			meet()
			if duty != "on" {
				return nil
			}
			return set(tx, me, "off")
		})
	}
	var leaders sync.WaitGroup
	leaders.Go(func() {
		if err := goOff("ann", "bob"); err != nil {
			t.Error(err)
		}
	})
	leaders.Go(func() {
		if err := goOff("bob", "ann"); err != nil {
			t.Error(err)
		}
	})
	leaders.Wait()
	if got := get(t, d, "ann") + get(t, d, "bob"); got != "onoff" && got != "offon" {
		t.Errorf("ann and bob are %s", got)
	}
	if runs.Load() != 3 {
		t.Errorf("the work ran %d times; one of the two had to be run again", runs.Load())
	}
	if after.Load() != 2 {
		t.Errorf("AfterCommit ran %d times for 2 commits", after.Load())
	}
}

// A counter that many read and then write is the worst case for retries: no count may be lost, none refused.
func TestACounterUnderContention(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		const each, tellers = 10, 8
		if err := d.Tx(background, func(tx *db.Tx) error { return set(tx, "count", "0") }); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for range tellers {
			all.Go(func() {
				for range each {
					err := d.Tx(background, func(tx *db.Tx) error {
						_, err := tx.Exec("UPDATE settings SET value = CAST(CAST(value AS BIGINT) + 1 AS TEXT) WHERE name = 'count'")
						return err
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		if got := get(t, d, "count"); got != fmt.Sprint(each*tellers) {
			t.Errorf("counted %s of %d", got, each*tellers)
		}
	})
}

// Two transactions that take two rows in opposite order stop each other. PostgreSQL ends one; it must be run again.
func TestADeadlockRunsTheWorkAgain(t *testing.T) {
	d := dbtest.Connect(t, dbtest.NewURL(t, "postgres"), dbtest.NewClock())
	if err := d.Tx(background, func(tx *db.Tx) error { return errors.Join(set(tx, "a", ""), set(tx, "b", "")) }); err != nil {
		t.Fatal(err)
	}
	var bothHold, both sync.WaitGroup
	bothHold.Add(2)
	for _, order := range [][2]string{{"a", "b"}, {"b", "a"}} {
		both.Go(func() {
			meet := sync.OnceFunc(func() { bothHold.Done(); bothHold.Wait() })
			err := d.Tx(background, func(tx *db.Tx) error {
				if err := set(tx, order[0], "by "+order[0]); err != nil {
					return err
				}
				meet()
				return set(tx, order[1], "by "+order[0])
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	if a, b := get(t, d, "a"), get(t, d, "b"); a != b {
		t.Errorf("the two transactions are mixed up: %q, %q", a, b)
	}
}

func TestRetriesComeToAnEnd(t *testing.T) {
	d, _ := dbtest.Open(t)
	failures := []struct {
		what string
		err  error
		runs int
		gone bool // is it the database's trouble?
	}{
		{"a serialisation failure", &pgconn.PgError{Code: "40001"}, 48, true},
		{"a deadlock", &pgconn.PgError{Code: "40P01"}, 48, true},
		{"a row changed by somebody else", fmt.Errorf("saving: %w", db.ErrStale), 48, true},
		{"a double", &pgconn.PgError{Code: "23505"}, 1, false},
		{"a mistake in the query", &pgconn.PgError{Code: "42601"}, 1, false},
		{"an error of the caller's own", errors.New("own"), 1, false},
	}
	for _, f := range failures {
		runs := 0
		err := d.Tx(background, func(*db.Tx) error { runs++; return f.err })
		if runs != f.runs || !errors.Is(err, f.err) || errors.Is(err, db.ErrUnavailable) != f.gone {
			t.Errorf("%s: ran %d times (want %d), then %v", f.what, runs, f.runs, err)
		}
	}
}

func TestAVisitorWhoLeavesEndsTheRetries(t *testing.T) {
	d, _ := dbtest.Open(t)
	ctx, leave := context.WithCancel(background)
	runs := 0
	err := d.Tx(ctx, func(*db.Tx) error {
		runs++
		leave()
		return db.ErrStale
	})
	if runs != 1 || !errors.Is(err, context.Canceled) {
		t.Errorf("ran %d times, then %v", runs, err)
	}
}
