package db_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/db/dbtest"
)

// occupy takes every connection that can write, until the function that it returns is called.
func occupy(t *testing.T, d *db.DB) (leave func()) {
	t.Helper()
	var there, all sync.WaitGroup
	gone := make(chan struct{})
	for range db.Writers(d) {
		there.Add(1)
		all.Go(func() {
			arrive := sync.OnceFunc(there.Done)
			if err := d.Tx(background, func(*db.Tx) error { arrive(); <-gone; return nil }); err != nil {
				t.Error(err)
			}
		})
	}
	there.Wait()
	return sync.OnceFunc(func() { close(gone); all.Wait() })
}

// Whoever cannot begin soon must be told so, and not when everybody in front is through.
func TestNobodyWaitsLongForAConnection(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		leave := occupy(t, d)
		defer leave()
		db.WaitAtMost(d, 20*time.Millisecond)
		err := d.Tx(background, func(*db.Tx) error { t.Error("it began"); return nil })
		if !errors.Is(err, db.ErrBusy) || !errors.Is(err, db.ErrUnavailable) {
			t.Errorf("who waits too long is told %v", err)
		}
		db.WaitAtMost(d, time.Hour)
		ctx, cancel := context.WithCancel(background)
		cancel()
		if err := d.Tx(ctx, func(*db.Tx) error { t.Error("it began"); return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("who leaves is told %v", err)
		}
		leave()
		if err := d.Tx(background, func(tx *db.Tx) error { return set(tx, "a", "well") }); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}

func TestWhoWaitsIsServedInTime(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		db.WaitAtMost(d, time.Hour)
		leave := occupy(t, d)
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if err := d.Tx(background, func(tx *db.Tx) error { return set(tx, "a", "in turn") }); err != nil {
					t.Error(err)
				}
			})
		}
		leave()
		all.Wait()
		if got := get(t, d, "a"); got != "in turn" {
			t.Errorf("it holds %q", got)
		}
	})
}
