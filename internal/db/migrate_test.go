package db_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"

	"woggle/internal/db"
	"woggle/internal/db/dbtest"
)

// eachBare runs test with the address of a database that has no schema yet, on every engine.
func eachBare(t *testing.T, test func(t *testing.T, url string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, "sqlite:"+filepath.Join(t.TempDir(), "woggle.db")) })
	t.Run("postgres", func(t *testing.T) { test(t, dbtest.Bare(t)) })
	t.Run("postgres-serializable", func(t *testing.T) {
		test(t, dbtest.Bare(t)+"&default_transaction_isolation=serializable")
	})
}

func open(t *testing.T, url string) *db.DB {
	t.Helper()
	d, err := db.Open(url, dbtest.NewClock().Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// atOnce runs migrate on eight nodes at the same time.
func atOnce(t *testing.T, url string, migrate func(*db.DB) error) {
	t.Helper()
	var nodes sync.WaitGroup
	failures := make([]error, 8)
	for i := range failures {
		node := open(t, url)
		nodes.Go(func() { failures[i] = migrate(node) })
	}
	nodes.Wait()
	if err := errors.Join(failures...); err != nil {
		t.Fatal(err)
	}
}

func files(texts ...string) fs.FS {
	all := fstest.MapFS{}
	for i, text := range texts {
		all[string(rune('a'+i))+".sql"] = &fstest.MapFile{Data: []byte(text)}
	}
	return all
}

func TestManyNodesMigrateAtOnce(t *testing.T) {
	eachBare(t, func(t *testing.T, url string) {
		atOnce(t, url, func(node *db.DB) error { return node.Migrate(background) })
	})
}

// A migration that changes what is there does damage if it runs twice.
func TestAMigrationRunsOnceHoweverManyNodesStart(t *testing.T) {
	steps := []string{
		"CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL); INSERT INTO settings VALUES ('log', 'a');",
		"UPDATE settings SET value = value || 'b'; -- a comment; with a semicolon\n UPDATE settings SET value = value || 'c';",
		"UPDATE settings SET value = value || 'd'",
	}
	eachBare(t, func(t *testing.T, url string) {
		for upgrade := 1; upgrade <= len(steps); upgrade++ {
			atOnce(t, url, func(node *db.DB) error { return db.MigrateWith(node, background, files(steps[:upgrade]...)) })
		}
		if got := get(t, open(t, url), "log"); got != "abcd" {
			t.Errorf("the steps that ran: %s", got)
		}
	})
}

func TestABrokenMigrationLeavesTheSchemaAsItWas(t *testing.T) {
	eachBare(t, func(t *testing.T, url string) {
		d := open(t, url)
		first := "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL)"
		if err := db.MigrateWith(d, background, files(first, "INSERT INTO settings VALUES ('half', 'yes'); DROP TABLE nothing")); err == nil {
			t.Fatal("a broken migration passed")
		}
		if got := get(t, d, "half"); got != "" {
			t.Error("half a migration is there")
		}
		if err := db.MigrateWith(d, background, files(first, "INSERT INTO settings VALUES ('whole', 'yes')")); err != nil {
			t.Fatal("the mended migration:", err)
		}
		if got := get(t, d, "whole"); got != "yes" {
			t.Error("the mended migration did not run")
		}
		if err := db.MigrateWith(d, background, files(first)); err != nil {
			t.Errorf("an older node that meets a newer schema: %v", err)
		}
	})
}
