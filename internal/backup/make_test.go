package backup

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/keys"
)

// maker makes backups of d for the identity that it returns, in a folder of the test's.
func maker(t *testing.T, d *db.DB) (m *Maker, owner *age.X25519Identity, folder string) {
	t.Helper()
	owner, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return &Maker{DB: d, Keys: keys.Random(), Recipients: []age.Recipient{owner.Recipient()}, Version: "test", Scratch: t.TempDir()}, owner, t.TempDir()
}

func made(t *testing.T, m *Maker, to string) Made {
	t.Helper()
	done, err := m.Make(t.Context(), to)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// restored puts a backup into an empty database, and counts what is in it.
func restored(t *testing.T, path string, identity age.Identity) (*db.DB, error) {
	t.Helper()
	d, _ := dbtest.Open(t)
	_, err := Restore(t.Context(), d, path, []age.Identity{identity}, 0, func(*db.Tx) error { return nil })
	return d, err
}

func number(t *testing.T, d *db.DB, query string) (n int64) {
	t.Helper()
	if err := d.View(t.Context(), func(tx *db.Tx) error { return tx.Row(query, nil, &n) }); err != nil {
		t.Fatal(err)
	}
	return n
}

// entries are the names in a folder.
func entries(t *testing.T, folder string) (names []string) {
	t.Helper()
	all, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		names = append(names, e.Name())
	}
	return names
}

// While people go on, the backup is of one instant: each transfer moves one from one row to another, and none is seen half.
func TestABackupUnderLoadIsOfOneInstant(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		const rows = 400
		tx := func(work func(*db.Tx) error) {
			if err := d.Tx(context.Background(), work); err != nil {
				t.Error(err)
			}
		}
		tx(func(tx *db.Tx) error {
			for i := range rows {
				if _, err := tx.Exec("INSERT INTO limits (key, tries, started_at, blocked_until) VALUES ($1, 1000, 0, 0)", strconv.Itoa(i)); err != nil {
					return err
				}
			}
			return nil
		})
		m, owner, folder := maker(t, d)
		stop := make(chan struct{})
		moving := make(chan struct{}, 1)
		var load sync.WaitGroup
		for who := range 3 {
			load.Go(func() {
				for i := who; ; i++ {
					tx(func(tx *db.Tx) error {
						if _, err := tx.Exec("UPDATE limits SET tries = tries - 1 WHERE key = $1", strconv.Itoa((i*7)%rows)); err != nil {
							return err
						}
						_, err := tx.Exec("UPDATE limits SET tries = tries + 1, started_at = started_at + 1 WHERE key = $1", strconv.Itoa(rows-1-(i*11)%rows))
						return err
					})
					select {
					case moving <- struct{}{}:
					case <-stop:
						return
					default:
					}
				}
			})
		}
		for range 3 {
			<-moving
			done := made(t, m, filepath.Join(folder, db.NewID()))
			copied, err := restored(t, done.Path, owner)
			if err != nil {
				t.Fatal(err)
			}
			if sum := number(t, copied, "SELECT sum(tries) FROM limits"); sum != rows*1000 {
				t.Errorf("the sum is %d: half of a transfer was seen", sum)
			}
		}
		close(stop)
		load.Wait()
		if moved := number(t, d, "SELECT sum(started_at) FROM limits"); moved == 0 {
			t.Error("nobody moved anything meanwhile")
		}
	})
}

// What is wrong with a file is found, wherever it is, and the database stays what it was.
func TestADamagedFileIsRefused(t *testing.T) {
	d, _ := dbtest.Open(t)
	odd(t, d)
	m, owner, folder := maker(t, d)
	whole, err := os.ReadFile(made(t, m, folder).Path)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "wrong")
	refused := func(name string, content []byte, identity age.Identity, want error) {
		t.Helper()
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		after, err := restored(t, path, identity)
		if !errors.Is(err, want) || number(t, after, "SELECT count(*) FROM users") != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, length := range []int{0, 1, 100, len(whole) / 2, len(whole) - 20, len(whole) - 1} {
		refused("cut off", whole[:length], owner, ErrDamaged)
	}
	for at := 0; at < len(whole); at += len(whole)/23 + 1 {
		flipped := append([]byte{}, whole...)
		flipped[at] ^= 4
		after, err := func() (*db.DB, error) {
			if err := os.WriteFile(path, flipped, 0o600); err != nil {
				t.Fatal(err)
			}
			return restored(t, path, owner)
		}()
		if err == nil || number(t, after, "SELECT count(*) FROM users") != 0 {
			t.Errorf("a bit that was flipped at %d: %v", at, err)
		}
	}
	refused("something behind", append(append([]byte{}, whole...), 0), owner, ErrDamaged)
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	refused("another identity", whole, other, ErrIdentity)
}

// full is a disk with so much room left.
type full struct {
	*os.File
	room int
}

func (f *full) Write(p []byte) (int, error) {
	if f.room -= len(p); f.room < 0 {
		return 0, syscall.ENOSPC
	}
	return f.File.Write(p)
}

// decaying is a disk that gives back something else than it was given.
type decaying struct{ *os.File }

func (f *decaying) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	if n > 0 {
		p[n-1] ^= 1
	}
	return n, err
}

// A backup that could not be made, or not be read back, leaves nothing behind, and the others as they are.
func TestAFailedBackupLeavesTheOlderOnes(t *testing.T) {
	d, clock := dbtest.Open(t)
	odd(t, d)
	m, owner, folder := maker(t, d)
	good := made(t, m, folder)
	clock.Advance(time.Hour)
	on := func(disk func(*os.File) file) func(string) (file, error) {
		return func(folder string) (file, error) {
			f, err := os.CreateTemp(folder, drafts)
			return disk(f), err
		}
	}
	for name, failure := range map[string]struct {
		create func(string) (file, error)
		wanted error
	}{
		"full":          {on(func(f *os.File) file { return &full{f, 2000} }), syscall.ENOSPC},
		"full at once":  {on(func(f *os.File) file { return &full{f, 300} }), syscall.ENOSPC},
		"decaying":      {on(func(f *os.File) file { return &decaying{f} }), ErrDamaged},
		"not to be had": {func(string) (file, error) { return nil, os.ErrPermission }, os.ErrPermission},
	} {
		m.create = failure.create
		if _, err := m.Make(t.Context(), folder); !errors.Is(err, failure.wanted) {
			t.Errorf("%s: %v", name, err)
		}
		if names := entries(t, folder); len(names) != 1 || len(entries(t, m.Scratch)) > 0 {
			t.Errorf("%s: there are %s", name, names)
		}
	}
	m.create = nil
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := m.Make(stopped, folder); !errors.Is(err, context.Canceled) || len(entries(t, folder)) != 1 {
		t.Errorf("interrupted: %v", err)
	}
	if _, err := restored(t, good.Path, owner); err != nil {
		t.Errorf("the older one: %v", err)
	}
}

// What a run that was killed has left is no backup, and is removed by a later one; not by one that comes soon, because it may be at work.
func TestWhatAKilledRunLeftIsRemoved(t *testing.T) {
	d, clock := dbtest.Open(t)
	m, _, folder := maker(t, d)
	for _, path := range []string{filepath.Join(folder, ".woggle-1.draft"), filepath.Join(m.Scratch, ".restore-test-1")} {
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, clock.Now(), clock.Now()); err != nil {
			t.Fatal(err)
		}
	}
	made(t, m, folder)
	if all, err := List(folder); err != nil || len(all) != 1 || len(entries(t, folder)) != 2 {
		t.Errorf("%v, %v", all, err)
	}
	clock.Advance(13 * time.Hour)
	made(t, m, folder)
	if names := append(entries(t, folder), entries(t, m.Scratch)...); len(names) != 2 {
		t.Errorf("left are %s", names)
	}
}

// The newest are kept, and nothing is touched that is no backup.
func TestThinning(t *testing.T) {
	d, clock := dbtest.Open(t)
	m, _, folder := maker(t, d)
	if err := os.WriteFile(filepath.Join(folder, "woggle-1.backup"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var last Made
	for range 4 {
		clock.Advance(24 * time.Hour)
		last = made(t, m, folder)
	}
	if err := Thin(folder, 2); err != nil {
		t.Fatal(err)
	}
	all, err := List(folder)
	if err != nil || len(all) != 2 || all[0].Path != last.Path || !all[0].At.Equal(clock.Now()) || len(entries(t, folder)) != 3 {
		t.Errorf("%v, %v", all, err)
	}
	if info, err := os.Stat(last.Path); err != nil || info.Mode().Perm() != 0o600 || info.Size() != last.Size {
		t.Errorf("%v, %v", info, err)
	}
	if _, err := m.Make(t.Context(), last.Path); err == nil || !strings.Contains(err.Error(), "there already") {
		t.Errorf("over another: %v", err)
	}
}

// A trail that somebody has changed is backed up as it is, and told.
func TestAChangedAuditTrailIsTold(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		m, _, folder := maker(t, d)
		err := d.Tx(t.Context(), func(tx *db.Tx) error {
			if err := audit.Record(tx, audit.Event{Type: audit.SetupLinkMade, Actor: audit.System}); err != nil {
				return err
			}
			_, err := audit.Seal(tx, m.Keys)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if done := made(t, m, filepath.Join(folder, "whole")); len(done.Trail) > 0 {
			t.Errorf("%v", done.Trail)
		}
		err = d.Tx(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec("UPDATE audit_events SET actor = 'somebody'")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if done := made(t, m, filepath.Join(folder, "changed")); len(done.Trail) != 1 || done.Trail[0].Reason != audit.Altered {
			t.Errorf("%v", done.Trail)
		}
	})
}

// All or nothing, and over people only for who says how many.
func TestARestoreIsAllOrNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		odd(t, d)
		m, owner, folder := maker(t, d)
		path := made(t, m, folder).Path
		to := dbtest.Connect(t, dbtest.NewURL(t, string(d.Engine())), clock)
		restore := func(ctx context.Context, replace int64, after error) error {
			_, err := Restore(ctx, to, path, []age.Identity{owner}, replace, func(*db.Tx) error { return after })
			return err
		}
		if err := restore(t.Context(), 0, io.ErrClosedPipe); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("refused by the caller: %v", err)
		}
		stopped, stop := context.WithCancel(t.Context())
		_, err := Restore(stopped, to, path, []age.Identity{owner}, 0, func(tx *db.Tx) error {
			stop()
			_, err := tx.Exec("DELETE FROM limits")
			return err
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("interrupted: %v", err)
		}
		if n := number(t, to, "SELECT count(*) FROM users"); n != 0 {
			t.Fatalf("half of a restore: %d people", n)
		}
		if err := restore(t.Context(), 0, nil); err != nil {
			t.Fatal(err)
		}
		var people PeopleError
		if err := restore(t.Context(), 4, nil); !errors.As(err, &people) || people.People != 5 {
			t.Errorf("over people: %v", err)
		}
		if err := restore(t.Context(), 5, nil); err != nil {
			t.Errorf("over people that were counted: %v", err)
		}
	})
}
