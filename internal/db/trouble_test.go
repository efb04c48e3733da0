package db_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/db/dbtest"
)

// When the database cannot serve, the caller must be told so, what was acknowledged must be there, and service must
// go on by itself once the trouble is over.
func TestSQLiteInTrouble(t *testing.T) {
	troubles := []struct {
		what, begin, end string
	}{
		{"the disk is full", "PRAGMA max_page_count = 1", "PRAGMA max_page_count = 1073741823"},
		{"the disk is read-only", "PRAGMA query_only = 1", "PRAGMA query_only = 0"},
	}
	for _, trouble := range troubles {
		t.Run(trouble.what, func(t *testing.T) {
			d, _ := dbtest.Open(t)
			big := strings.Repeat("x", 1<<20)
			if err := d.Tx(background, func(tx *db.Tx) error { return set(tx, "acknowledged", "yes") }); err != nil {
				t.Fatal(err)
			}
			err := d.Tx(background, func(tx *db.Tx) error {
				if _, err := tx.Exec(trouble.begin); err != nil {
					return err
				}
				defer tx.Exec(trouble.end)
				return errors.Join(set(tx, "acknowledged", "no"), set(tx, "big", big))
			})
			if !errors.Is(err, db.ErrUnavailable) {
				t.Errorf("the caller is told %v", err)
			}
			if got := get(t, d, "acknowledged"); got != "yes" {
				t.Errorf("what was acknowledged is now %q", got)
			}
			if err := d.Tx(background, func(tx *db.Tx) error { return set(tx, "big", big) }); err != nil {
				t.Errorf("after the trouble: %v", err)
			}
		})
	}
}

func TestAFileThatCannotBeOpened(t *testing.T) {
	folder := t.TempDir()
	noise := filepath.Join(folder, "noise.db")
	if err := os.WriteFile(noise, []byte(strings.Repeat("this is no database. ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for what, path := range map[string]string{
		"a folder that is not there": filepath.Join(folder, "gone", "woggle.db"),
		"a folder":                   folder,
		"something else":             noise,
	} {
		d, err := db.Open("sqlite:"+path, dbtest.NewClock().Now)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		for call, err := range map[string]error{"Migrate": d.Migrate(background), "Ping": d.Ping(background)} {
			// SELECT 1 reads no page, so Ping finds out only what opening does.
			if !errors.Is(err, db.ErrUnavailable) && !(call == "Ping" && path == noise) {
				t.Errorf("%s: %s says %v", what, call, err)
			}
		}
	}
}

func TestAFileThatAnotherProgramHasLocked(t *testing.T) {
	t.Parallel() // it waits out the seconds that a lock is waited for
	path := filepath.Join(t.TempDir(), "woggle.db")
	d := dbtest.Connect(t, "sqlite:"+path, dbtest.NewClock())
	if err := d.Tx(background, func(tx *db.Tx) error { return set(tx, "a", "before") }); err != nil {
		t.Fatal(err)
	}
	other, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	lock, err := other.Begin()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(background, 50*time.Millisecond)
	defer cancel()
	if err := d.Tx(ctx, func(tx *db.Tx) error { return set(tx, "a", "during") }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a request with little time left is told %v", err)
	}
	if got := get(t, d, "a"); got != "before" {
		t.Errorf("reading goes on, but reads %q", got)
	}
	begun := time.Now()
	if err := d.Tx(background, func(tx *db.Tx) error { return set(tx, "a", "during") }); !errors.Is(err, db.ErrUnavailable) {
		t.Errorf("a request with all the time of the world is told %v", err)
	}
	if waited := time.Since(begun); waited > 20*time.Second {
		t.Errorf("it was told after %s", waited)
	}
	lock.Rollback()
	if err := d.Tx(background, func(tx *db.Tx) error { return set(tx, "a", "after") }); err != nil {
		t.Errorf("after the lock: %v", err)
	}
}

func TestPostgreSQLInTrouble(t *testing.T) {
	d := dbtest.Connect(t, dbtest.NewURL(t, "postgres"), dbtest.NewClock())
	troubles := []struct{ what, statement string }{
		{"the connection is ended by an administrator", "SELECT pg_terminate_backend(pg_backend_pid())"},
		{"the server is a read-only standby", "SET TRANSACTION READ ONLY"},
		{"the statement takes too long", "SET LOCAL statement_timeout = 1; SELECT pg_sleep(10)"},
	}
	for _, trouble := range troubles {
		err := d.Tx(background, func(tx *db.Tx) error {
			if _, err := tx.Exec(trouble.statement); err != nil {
				return err
			}
			return set(tx, "a", trouble.what)
		})
		if !errors.Is(err, db.ErrUnavailable) {
			t.Errorf("%s: the caller is told %v", trouble.what, err)
		}
		if err := d.Tx(background, func(tx *db.Tx) error { return set(tx, "a", "well") }); err != nil {
			t.Errorf("%s: afterwards: %v", trouble.what, err)
		}
	}
}

func TestPostgreSQLIsGone(t *testing.T) {
	address, stop, err := dbtest.StartCluster()
	if errors.Is(err, dbtest.ErrMissing) {
		dbtest.Need(t, err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	d := dbtest.Connect(t, address, dbtest.NewClock())
	err = d.Tx(background, func(tx *db.Tx) error {
		if err := set(tx, "a", "half"); err != nil {
			return err
		}
		stop() // in the middle of a transaction
		return set(tx, "a", "whole")
	})
	if !errors.Is(err, db.ErrUnavailable) {
		t.Errorf("in the middle, the caller is told %v", err)
	}
	for call, err := range map[string]error{
		"Ping": d.Ping(background), "Migrate": d.Migrate(background),
		"Tx":   d.Tx(background, func(*db.Tx) error { return nil }),
		"View": d.View(background, func(*db.Tx) error { return nil }),
	} {
		if !errors.Is(err, db.ErrUnavailable) {
			t.Errorf("%s says %v", call, err)
		}
	}
}
