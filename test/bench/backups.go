// How long a backup takes, how large it is, and whether sign-ins go on meanwhile.
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"

	"woggle/internal/backup"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/keys"
)

// measureBackups backs up and tests, on both databases, while somebody signs in again and again. The yardstick is what SQLite needs to
// copy its own file (VACUUM INTO), which neither compresses nor encrypts nor tests.
func (b *bench) measureBackups(ctx context.Context) error {
	if err := b.backUp(ctx, "SQLite", ""); err != nil {
		return err
	}
	address, stop, err := dbtest.StartCluster()
	if errors.Is(err, dbtest.ErrMissing) {
		b.add(row{what: "backup, PostgreSQL", measured: "PostgreSQL is not installed", met: "?"})
		return nil
	}
	if err != nil {
		return err
	}
	defer stop()
	url, err := createDatabase(ctx, address, "backups")
	if err != nil {
		return err
	}
	return b.backUp(ctx, "PostgreSQL", url)
}

func (b *bench) backUp(ctx context.Context, engine, url string) error {
	one, err := b.among(ctx, engine, b.kept, func(string) (string, error) { return url, nil })
	if err != nil {
		return err
	}
	defer one.p.stop()
	d, ring, err := one.site.open(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	quiet, err := one.signInUntil(time.After(b.signins))
	if err != nil {
		return err
	}
	done := make(chan time.Time)
	var made backup.Made
	var failure error
	go func() {
		defer close(done)
		made, failure = b.make(ctx, d, ring)
	}()
	busy, err := one.signInUntil(done)
	if err := errors.Join(err, failure); err != nil {
		return err
	}
	what := fmt.Sprintf("backup of %d people, %s", made.Rows("users"), engine)
	line := row{what: what + ", made", measured: made.Wrote.Round(10 * time.Millisecond).String()}
	if url == "" {
		took, size, err := vacuum(ctx, filepath.Join(one.site.data(), "woggle.db"), filepath.Join(b.folder, "vacuum.db"))
		if err != nil {
			return err
		}
		line.yardstick, line.ratio = "VACUUM INTO "+took.Round(10*time.Millisecond).String(), fmt.Sprintf("%.1f", made.Wrote.Seconds()/took.Seconds())
		b.add(row{what: what + ", size", measured: megabytes(made.Size), yardstick: "its file " + megabytes(size),
			ratio: fmt.Sprintf("%.2f", float64(made.Size)/float64(size))})
	}
	b.add(line)
	b.add(row{what: what + ", put back to test it", measured: made.Tested.Round(10 * time.Millisecond).String()})
	b.add(row{what: "sign-in while a backup is made, " + engine, measured: milliseconds(busy), yardstick: "without " + milliseconds(quiet),
		ratio: fmt.Sprintf("%.2f", float64(busy)/float64(quiet))})
	return nil
}

// make makes a backup for somebody whom nobody knows.
func (b *bench) make(ctx context.Context, d *db.DB, ring *keys.Ring) (made backup.Made, err error) {
	pair, err := age.GenerateX25519Identity()
	if err != nil {
		return made, err
	}
	m := &backup.Maker{DB: d, Keys: ring, Recipients: []age.Recipient{pair.Recipient()}, Scratch: b.folder}
	return m.Make(ctx, b.folder)
}

// signInUntil signs people in, one after the other, and tells the median of a whole sign-in.
func (a *among) signInUntil(end <-chan time.Time) (time.Duration, error) {
	var all []time.Duration
	for {
		began := time.Now()
		if err := a.signIn(false); err != nil {
			return 0, err
		}
		all = append(all, time.Since(began))
		select {
		case <-end:
			return median(all), nil
		default:
		}
	}
}

// vacuum has SQLite copy its file.
func vacuum(ctx context.Context, from, to string) (took time.Duration, size int64, err error) {
	d, err := sql.Open("sqlite", from)
	if err != nil {
		return 0, 0, err
	}
	defer d.Close()
	began := time.Now()
	if _, err := d.ExecContext(ctx, "VACUUM INTO '"+strings.ReplaceAll(to, "'", "''")+"'"); err != nil {
		return 0, 0, err
	}
	took = time.Since(began)
	info, err := os.Stat(to)
	if err != nil {
		return 0, 0, err
	}
	return took, info.Size(), os.Remove(to)
}
