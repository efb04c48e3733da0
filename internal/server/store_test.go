package server_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/keys"
	"woggle/internal/server"
)

func TestAForeignKeyFileIsRefused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		own, other := keys.Random(), keys.Random()
		if _, begun, err := server.Belongs(t.Context(), d, own); begun || err != nil {
			t.Errorf("a new database is begun: %v", err)
		}
		for range 2 {
			if err := server.CheckKeys(t.Context(), d, own); err != nil {
				t.Fatal(err)
			}
		}
		if err := server.CheckKeys(t.Context(), d, other); !errors.Is(err, server.ErrWrongKeys) {
			t.Errorf("another key file: %v", err)
		}
		if err := server.CheckKeys(t.Context(), d, own); err != nil {
			t.Errorf("the own key file, after another was tried: %v", err)
		}
	})
}

// Of nodes that begin one database with different key files, one wins.
func TestNodesBeginTheDatabaseOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		results := make(chan error)
		for range 4 {
			go func() { results <- server.CheckKeys(t.Context(), d, keys.Random()) }()
		}
		won := 0
		for range 4 {
			switch err := <-results; {
			case err == nil:
				won++
			case !errors.Is(err, server.ErrWrongKeys):
				t.Error(err)
			}
		}
		if won != 1 {
			t.Errorf("%d key files were taken", won)
		}
	})
}

// A clock that goes back makes the server unready, at once and after a restart, until it has caught up (threat T19).
func TestAClockThatGoesBackIsSeen(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		began := clock.Now()
		mark := func(want time.Duration) {
			t.Helper()
			if behind, err := server.MarkTime(t.Context(), d); err != nil || behind != want {
				t.Errorf("behind %v, want %v (%v)", behind, want, err)
			}
		}
		mark(0)
		clock.Advance(time.Hour)
		mark(0)
		clock.Set(began)
		mark(time.Hour)
		if behind, err := server.TimeBehind(t.Context(), d); err != nil || behind != time.Hour {
			t.Errorf("after a restart: %v, %v", behind, err)
		}
		clock.Advance(2 * time.Hour)
		mark(0)
		clock.Set(began)
		if err := server.AcceptTime(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		mark(0)
	})
}

func TestReadyTellsWhatIsWrong(t *testing.T) {
	h := newHouse(t, site1)
	probe := func(status int, words string) {
		t.Helper()
		r := h.ask("GET", site1+"/readyz", nil)
		if text := body(t, r); r.StatusCode != status || !strings.Contains(text, words) {
			t.Errorf("status %d: %s", r.StatusCode, text)
		}
		if r := h.ask("GET", site1+"/healthz", nil); r.StatusCode != http.StatusOK {
			t.Errorf("not alive: %d", r.StatusCode)
		}
	}
	probe(200, "ready")
	if _, err := server.MarkTime(t.Context(), h.db); err != nil {
		t.Fatal(err)
	}
	now := h.clock.Now()
	h.clock.Set(now.Add(-89 * time.Second))
	probe(200, "ready")
	h.clock.Set(now.Add(-91 * time.Second))
	probe(503, "1m31s behind")
	h.clock.Set(now)
	probe(200, "ready")
	h.db.Close()
	probe(503, "does not answer")
}
