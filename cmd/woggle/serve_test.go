package main

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"woggle/internal/db/dbtest"
	"woggle/internal/server"
)

// The first start, the next one, and one with another key file, on a PostgreSQL server.
func TestBeginningOnPostgreSQL(t *testing.T) {
	site := Site{Data: t.TempDir(), Database: dbtest.Bare(t)}
	site.Keys = filepath.Join(site.Data, "woggle.keys")
	if found := probeKeys(t.Context(), site); len(found) > 0 {
		t.Errorf("before the first start: %v", found)
	}
	for range 2 {
		d, _, err := open(t.Context(), site)
		if err != nil {
			t.Fatal(err)
		}
		d.Close()
	}
	if found := probeKeys(t.Context(), site); len(found) > 0 {
		t.Errorf("after it: %v", found)
	}
	site.Keys = filepath.Join(site.Data, "other.keys")
	if found := probeKeys(t.Context(), site); len(found) != 1 || !strings.Contains(found[0].Wrong, "its key file is gone") {
		t.Errorf("without its key file: %v", found)
	}
	if _, _, err := open(t.Context(), site); !errors.Is(err, server.ErrWrongKeys) {
		t.Errorf("with another key file: %v", err)
	}
	if found := probeKeys(t.Context(), site); len(found) != 1 || !strings.Contains(found[0].Wrong, "does not belong") {
		t.Errorf("with another key file: %v", found)
	}
}
