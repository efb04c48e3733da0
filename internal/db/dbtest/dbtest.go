// One test on every engine.
package dbtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"woggle/internal/db"
)

// Each runs test on every engine, at once, each time with an empty, migrated database and a clock of its own. Without
// PostgreSQL its part is skipped, or fails when WOGGLE_TEST_ALL=1.
func Each(t *testing.T, test func(t *testing.T, d *db.DB, clock *Clock)) {
	t.Helper()
	for _, engine := range []string{"sqlite", "postgres", "postgres-serializable"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel() // a story mostly waits: for the disk, the other program, a password's slow hash
			clock := NewClock()
			test(t, Connect(t, NewURL(t, engine), clock), clock)
		})
	}
}

// Open gives an empty, migrated SQLite database, for tests to which the engine does not matter.
func Open(t testing.TB) (*db.DB, *Clock) {
	t.Helper()
	clock := NewClock()
	return Connect(t, NewURL(t, "sqlite"), clock), clock
}

// Connect opens the database at url, as one more node would, and brings it up to date.
func Connect(t testing.TB, url string, clock *Clock) *db.DB {
	t.Helper()
	d, err := db.Open(url, clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	if err := d.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	return d
}

// NewURL is the address of an empty, migrated database of the test's own on the engine: "sqlite", "postgres" or
// "postgres-serializable".
func NewURL(t testing.TB, engine string) string {
	t.Helper()
	switch engine {
	case "sqlite":
		return newFile(t)
	case "postgres":
		return newDatabase(t, true)
	case "postgres-serializable":
		return newDatabase(t, true) + "&default_transaction_isolation=serializable"
	}
	t.Fatalf("no engine %q", engine)
	return ""
}

// Bare is the address of an empty PostgreSQL database that has no schema yet.
func Bare(t testing.TB) string {
	t.Helper()
	return newDatabase(t, false)
}

// Need ends a test that needs something this machine lacks: it is skipped, or fails when WOGGLE_TEST_ALL=1.
func Need(t testing.TB, missing error) {
	t.Helper()
	if os.Getenv("WOGGLE_TEST_ALL") == "1" {
		t.Fatal(missing)
	}
	t.Skip(missing)
}

// theFile is a migrated SQLite database: copying it costs a hundredth of migrating under the race detector.
var theFile = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "woggle-sqlite-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "woggle.db")
	d, err := db.Open("sqlite:"+path, NewClock().Now)
	if err != nil {
		return nil, err
	}
	// The last one to close it takes what is in the file beside it into the file itself.
	if err := errors.Join(d.Migrate(context.Background()), d.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

func newFile(t testing.TB) string {
	t.Helper()
	content, err := theFile()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "woggle.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + path
}

// server is the process's PostgreSQL and the template that its databases are copied from: copying costs a tenth of
// migrating.
type server struct {
	address  string // of its maintenance database
	template string
	stop     func() // never called: it holds the lifeline, which the collector would close
}

var theServer = sync.OnceValues(func() (server, error) {
	s := server{address: os.Getenv("WOGGLE_TEST_POSTGRES"), template: databaseName()}
	if s.address == "" {
		address, stop, err := StartCluster()
		if err != nil {
			return s, err
		}
		s.address, s.stop = address, stop
	}
	if err := s.exec("CREATE DATABASE " + s.template); err != nil {
		return s, err
	}
	d, err := db.Open(s.url(s.template), NewClock().Now)
	if err != nil {
		return s, err
	}
	return s, errors.Join(d.Migrate(context.Background()), d.Close())
})

func newDatabase(t testing.TB, migrated bool) string {
	t.Helper()
	s, err := theServer()
	if errors.Is(err, ErrMissing) {
		Need(t, err)
	}
	if err != nil {
		t.Fatal(err)
	}
	name, template := databaseName(), "template0"
	if migrated {
		template = s.template
	}
	// Copying the template's files takes half as long as writing down each of their pages, which is for real servers.
	if err := s.exec("CREATE DATABASE " + name + " TEMPLATE " + template + " STRATEGY = FILE_COPY"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return s.url(name)
}

// databaseName is unique over all processes that share a server.
func databaseName() string { return "t" + strings.ReplaceAll(db.NewID(), "-", "") }

func (s server) exec(statement string) error {
	ctx := context.Background()
	c, err := pgx.Connect(ctx, s.address)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	if _, err := c.Exec(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

func (s server) url(database string) string {
	u, err := url.Parse(s.address)
	if err != nil {
		panic(err) // pgx has read it before
	}
	u.Path = "/" + database
	return u.String()
}
