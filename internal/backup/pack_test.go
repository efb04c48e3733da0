package backup

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"woggle/internal/db"
	"woggle/internal/db/dbtest"
)

// odd fills a database with what is easily lost.
func odd(t *testing.T, d *db.DB, texts ...string) {
	t.Helper()
	err := d.Tx(t.Context(), func(tx *db.Tx) error {
		for i, text := range append(texts, "", "Siân “Jo” O'Neill\t\\ \u2028 <&> \x7f 🦉", "null", "{}", `{"raw":"eA=="}`) {
			id := db.NewID()
			if _, err := tx.Exec(`INSERT INTO users (id, username, username_key, given_name, created_at, frozen_at) VALUES ($1, $1, $1, $2, $3, $4)`,
				id, text, int64(1)<<62+int64(i), -i); err != nil {
				return err
			}
			if _, err := tx.Exec(`INSERT INTO methods (id, user_id, kind, secret, preferred, created_at) VALUES ($1, $1, 'phone', $2, $3, 0)`,
				id, append([]byte{}, []byte{0, 255, byte(i)}[:i%4]...), i%2 == 0); err != nil {
				return err
			}
			if _, err := tx.Exec(`INSERT INTO messages (id, channel, purpose, sealed, priority, state, next_at, expires_at, created_at)
				VALUES ($1, '', '', $2, 0, '', 0, 0, 0)`, id, [][]byte{nil, {}, {0}}[i%3]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func packed(t *testing.T, d *db.DB) (lines string, m Manifest) {
	t.Helper()
	var out bytes.Buffer
	err := d.View(t.Context(), func(tx *db.Tx) (err error) {
		out.Reset()
		m, err = pack(tx, d.Engine(), "test", &out)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), m
}

func unpacked(t *testing.T, d *db.DB, lines string) (m Manifest, err error) {
	t.Helper()
	err = d.Tx(t.Context(), func(tx *db.Tx) (err error) {
		m, err = unpack(tx, strings.NewReader(lines))
		return err
	})
	return m, err
}

// Whatever one engine holds, each of them can be given.
func TestEveryValueComesBackOnEitherEngine(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		odd(t, d)
		text, made := packed(t, d)
		if made.Rows("users") != 5 || made.Engine != d.Engine() || !made.At.Equal(clock.Now()) {
			t.Errorf("%+v", made.Head)
		}
		for _, engine := range []string{"sqlite", "postgres"} {
			to := dbtest.Connect(t, dbtest.NewURL(t, engine), clock)
			odd(t, to, "is replaced")
			if _, err := unpacked(t, to, text); err != nil {
				t.Fatalf("into %s: %v", engine, err)
			}
			if _, again := packed(t, to); again.Tables[1] != made.Tables[1] || again.Rows("methods") != made.Rows("methods") {
				t.Errorf("into %s: %+v, want %+v", engine, again.Tables, made.Tables)
			}
		}
	})
}

// SQLite keeps bytes that are no text.
func TestWhatIsNoTextComesBack(t *testing.T) {
	d, clock := dbtest.Open(t)
	odd(t, d, "\xff\xfe \x00 Jo")
	text, _ := packed(t, d)
	if _, err := unpacked(t, dbtest.Connect(t, dbtest.NewURL(t, "sqlite"), clock), text); err != nil {
		t.Error(err)
	}
}

// Nothing that is wrong with the lines goes unseen, and then the database is what it was.
func TestWrongLinesChangeNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		odd(t, d)
		text, _ := packed(t, d)
		to := dbtest.Connect(t, dbtest.NewURL(t, string(d.Engine())), clock)
		odd(t, to, "stays")
		all := strings.SplitAfter(text, "\n")
		for name, wrong := range map[string]string{
			"nothing":           "",
			"not ours":          "{}\n",
			"no JSON":           "hello\n",
			"a newer schema":    strings.Replace(text, `"schema":"0`, `"schema":"9`, 1),
			"a newer format":    strings.Replace(text, `"format":1`, `"format":2`, 1),
			"no end":            strings.Join(all[:len(all)-2], ""),
			"half a line":       text[:len(text)/2],
			"a row is missing":  strings.Replace(text, all[rowAt(all)], "", 1),
			"a row is changed":  strings.Replace(text, "O'Neill", "O'Neil", 1),
			"a row has a null":  strings.Replace(text, `"phone"`, `null`, 1),
			"a column too many": strings.Replace(text, `"phone"`, `"phone",1`, 1),
			"another table":     strings.Replace(text, `{"table":"users"`, `{"table":"user"`, 1),
			"another column":    strings.Replace(text, `"username_key"`, `"username_kex"`, 1),
			"more behind":       text + "[]\n",
		} {
			if wrong == text {
				t.Fatalf("%s: nothing is wrong", name)
			}
			_, err := unpacked(t, to, wrong)
			if err == nil || errors.Is(err, errNewer) != strings.Contains(name, "newer") {
				t.Errorf("%s: %v", name, err)
			}
			if n := number(t, to, "SELECT count(*) FROM users WHERE given_name = 'stays'"); n != 1 {
				t.Errorf("%s: the database is another", name)
			}
		}
	})
}

// rowAt is the place of the first row.
func rowAt(all []string) int {
	for i, line := range all {
		if strings.HasPrefix(line, "[") {
			return i
		}
	}
	return 0
}

// A backup of an older version is put back into what the program has now.
func TestAnOlderSchemaIsBroughtUpToDate(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		err := d.Tx(t.Context(), func(tx *db.Tx) error {
			if _, err := tx.Rebuild(1); err != nil {
				return err
			}
			_, err := tx.Exec(`INSERT INTO methods (id, user_id, kind, secret, created_at) SELECT 'm', 'u', 'phone', $1, 0 FROM settings`, []byte{1})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		text, old := packed(t, d)
		to := dbtest.Connect(t, dbtest.NewURL(t, string(d.Engine())), clock)
		err = to.Tx(t.Context(), func(tx *db.Tx) error {
			if _, err := unpack(tx, strings.NewReader(text)); err != nil {
				return err
			}
			return tx.Upgrade()
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, now := packed(t, to); now.Schema == old.Schema || len(now.Tables) <= len(old.Tables) {
			t.Errorf("%s became %s", old.Schema, now.Schema)
		}
	})
}
