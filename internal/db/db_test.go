package db_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/db/dbtest"
)

var background = context.Background()

// set writes a setting, the simplest row there is.
func set(tx *db.Tx, name, value string) error {
	_, err := tx.Exec(`INSERT INTO settings (name, value) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
	return err
}

func get(t *testing.T, d *db.DB, name string) (value string) {
	t.Helper()
	err := d.View(background, func(tx *db.Tx) error {
		_, err := tx.Found("SELECT value FROM settings WHERE name = $1", []any{name}, &value)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestATransactionHappensWholeOrNotAtAll(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		if err := d.Tx(background, func(tx *db.Tx) error { return set(tx, "a", "kept") }); err != nil {
			t.Fatal(err)
		}
		broken := errors.New("half-way")
		err := d.Tx(background, func(tx *db.Tx) error {
			if err := set(tx, "a", "lost"); err != nil {
				return err
			}
			return broken
		})
		if err != broken {
			t.Errorf("the work's own error came back as %v", err)
		}
		func() {
			defer func() { recover() }()
			d.Tx(background, func(tx *db.Tx) error {
				set(tx, "a", "lost")
				panic("half-way")
			})
		}()
		if got := get(t, d, "a"); got != "kept" {
			t.Errorf("half a transaction is there: %q", got)
		}
	})
}

func TestAfterCommitRunsOnlyAfterTheCommit(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		var seen []string
		err := d.Tx(background, func(tx *db.Tx) error {
			tx.AfterCommit(func() { seen = append(seen, get(t, d, "a")) }) // another connection sees it: it is committed
			return set(tx, "a", "there")
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(seen) != 1 || seen[0] != "there" {
			t.Errorf("after the commit, others saw %q", seen)
		}
		d.Tx(background, func(tx *db.Tx) error {
			tx.AfterCommit(func() { t.Error("AfterCommit ran although the work failed") })
			return errors.New("no")
		})
		ctx, cancel := context.WithCancel(background)
		err = d.Tx(ctx, func(tx *db.Tx) error {
			tx.AfterCommit(func() { t.Error("AfterCommit ran although the visitor had gone") })
			err := set(tx, "a", "gone")
			cancel()
			return err
		})
		if !errors.Is(err, context.Canceled) || errors.Is(err, db.ErrUnavailable) {
			t.Errorf("a visitor who left is told %v", err)
		}
		if got := get(t, d, "a"); got != "there" {
			t.Errorf("a cancelled transaction was committed: %q", got)
		}
	})
}

func TestNowStandsStillInATransaction(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		clock.Advance(1234567 * time.Nanosecond)
		begun := clock.Now()
		err := d.Tx(background, func(tx *db.Tx) error {
			clock.Advance(time.Hour)
			if want := begun.Truncate(time.Millisecond); !tx.Now.Equal(want) {
				t.Errorf("the transaction's Now is %s, it began at %s", tx.Now, want)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if !d.Now().Equal(clock.Now().Truncate(time.Millisecond)) {
			t.Errorf("the next Now is %s, the clock shows %s", d.Now(), clock.Now())
		}
	})
}

func TestAViewSeesOneInstantAndChangesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		write := func(value string) {
			t.Helper()
			if err := d.Tx(background, func(tx *db.Tx) error { return set(tx, "a", value) }); err != nil {
				t.Fatal(err)
			}
		}
		write("before")
		err := d.View(background, func(tx *db.Tx) error {
			for range 2 {
				var value string
				if err := tx.Row("SELECT value FROM settings WHERE name = 'a'", nil, &value); err != nil {
					return err
				}
				if value != "before" {
					t.Errorf("a view saw %q, which came after it began", value)
				}
				write("after") // by somebody else, while the view is open
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.View(background, func(tx *db.Tx) error { return set(tx, "a", "by a view") }); err == nil {
			t.Error("a view wrote")
		}
		if got := get(t, d, "a"); got != "after" {
			t.Errorf("the value is %q", got)
		}
	})
}

// SQLite takes $1 for a name, not a number; a driver may number the names in the order in which they come.
func TestPlaceholdersAreNumbers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		var got string
		err := d.View(background, func(tx *db.Tx) error {
			return tx.Row("SELECT CAST($2 AS TEXT) || '-' || CAST($1 AS TEXT) || '-' || CAST($2 AS TEXT)", []any{"a", "b"}, &got)
		})
		if err != nil || got != "b-a-b" {
			t.Errorf("$2-$1-$2 of a and b is %q, %v", got, err)
		}
	})
}

func TestReadingRows(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		err := d.Tx(background, func(tx *db.Tx) error {
			for _, name := range []string{"c", "a", "b"} {
				if err := set(tx, name, "value of "+name); err != nil {
					return err
				}
			}
			changed, err := tx.Exec("UPDATE settings SET value = 'x' WHERE name > 'a'")
			if err != nil || changed != 2 {
				t.Errorf("2 rows were changed; Exec says %d, %v", changed, err)
			}
			var value string
			if err := tx.Row("SELECT value FROM settings WHERE name = 'z'", nil, &value); !errors.Is(err, sql.ErrNoRows) {
				t.Errorf("a row that is not there: %v", err)
			}
			if found, err := tx.Found("SELECT value FROM settings WHERE name = 'z'", nil, &value); found || err != nil {
				t.Errorf("a row that is not there: %t, %v", found, err)
			}
			if found, err := tx.Found("SELECT value FROM settings WHERE name = 'a'", nil, &value); !found || err != nil || value != "value of a" {
				t.Errorf("a row that is there: %t, %q, %v", found, value, err)
			}
			var names []string
			err = tx.Each("SELECT name FROM settings ORDER BY name", nil, func(scan func(...any) error) error {
				var name string
				err := scan(&name)
				names = append(names, name)
				return err
			})
			if strings.Join(names, "") != "abc" {
				t.Errorf("the rows are %q", names)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestUniqueTellsADoubleFromOtherErrors(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		group := "INSERT INTO groups (id, name) VALUES ($1, $2)"
		rules := []struct {
			what   string
			query  string
			args   []any
			unique bool
		}{
			{"a second row with its id", group, []any{"g1", "Other"}, true},
			{"a second row with its name", group, []any{"g2", "Beavers"}, true},
			{"a missing value", group, []any{"g3", nil}, false},
			{"a broken reference", "INSERT INTO group_members (group_id, user_id) VALUES ($1, $2)", []any{"g1", "nobody"}, false},
		}
		if err := d.Tx(background, func(tx *db.Tx) error { _, err := tx.Exec(group, "g1", "Beavers"); return err }); err != nil {
			t.Fatal(err)
		}
		for _, rule := range rules {
			err := d.Tx(background, func(tx *db.Tx) error { _, err := tx.Exec(rule.query, rule.args...); return err })
			if err == nil || errors.Is(err, db.ErrUnavailable) {
				t.Errorf("%s: %v", rule.what, err)
			}
			if db.Unique(err) != rule.unique {
				t.Errorf("%s: Unique says %t of %v", rule.what, db.Unique(err), err)
			}
		}
	})
}

// What a column holds must come back as it was, whatever the engine makes of it.
func TestValuesSurviveTheDatabase(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		secret := []byte{0, 1, 0xff, '\'', 0}
		name := "Siân 👩🏽‍🚀 <b>'; DROP TABLE users; --"
		last := time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC)
		err := d.Tx(background, func(tx *db.Tx) error {
			_, err := tx.Exec("INSERT INTO users (id, username, username_key, created_at) VALUES ('u', $1, 'u', $2)", name, db.Millis(last))
			if err != nil {
				return err
			}
			_, err = tx.Exec(`INSERT INTO methods (id, user_id, kind, secret, preferred, created_at)
				VALUES ('m', 'u', 'phone', $1, $2, $3)`, secret, true, db.Millis(time.Time{}))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		err = d.View(background, func(tx *db.Tx) error {
			var gotName string
			var gotSecret []byte
			var preferred bool
			var created, never int64
			err := tx.Row(`SELECT u.username, u.created_at, m.secret, m.preferred, m.created_at
				FROM users u JOIN methods m ON m.user_id = u.id`, nil, &gotName, &created, &gotSecret, &preferred, &never)
			if gotName != name || !bytes.Equal(gotSecret, secret) || !preferred {
				t.Errorf("came back: %q, %x, %t", gotName, gotSecret, preferred)
			}
			if !db.Time(created).Equal(last) || !db.Time(never).IsZero() {
				t.Errorf("times came back: %s, %s", db.Time(created), db.Time(never))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestAFileNameIsTakenAsItIs(t *testing.T) {
	for _, name := range []string{"plain.db", "with space.db", "100%.db", "a%20b.db", "what?.db", "no#1.db", "a&b=c.db"} {
		path := filepath.Join(t.TempDir(), name)
		d := dbtest.Connect(t, "sqlite:"+path, dbtest.NewClock())
		if err := d.Tx(background, func(tx *db.Tx) error { return set(tx, "a", name) }); err != nil {
			t.Fatal(err)
		}
		if got := get(t, d, "a"); got != name {
			t.Errorf("%s holds %q", name, got)
		}
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
}

func TestMemoryIsForTests(t *testing.T) {
	d := dbtest.Connect(t, "sqlite::memory:", dbtest.NewClock())
	if err := d.Tx(background, func(tx *db.Tx) error { return set(tx, "a", "b") }); err != nil {
		t.Fatal(err)
	}
	if got := get(t, d, "a"); got != "b" {
		t.Errorf("the value is %q", got)
	}
}

func TestAnAddressThatCannotBeUsedIsExplained(t *testing.T) {
	const password = "hunter2"
	for _, url := range []string{"", "woggle.db", "mysql://localhost/woggle", "sqlite:", "postgres://woggle:" + password + "@host:port/woggle"} {
		_, err := db.Open(url, dbtest.NewClock().Now)
		if err == nil {
			t.Errorf("%q was opened", url)
		} else if strings.Contains(err.Error(), password) {
			t.Errorf("the error tells the password: %v", err)
		}
	}
}

func TestIDsGrowAndTokensAreReadable(t *testing.T) {
	last := ""
	for range 1000 {
		if id := db.NewID(); id <= last {
			t.Fatalf("%s came after %s", id, last)
		} else {
			last = id
		}
	}
	a, b := db.NewToken(), db.NewToken()
	if a == b || !regexp.MustCompile("^[a-z2-7]{52}$").MatchString(a) {
		t.Errorf("tokens: %s, %s", a, b)
	}
}
