package backup

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
)

func TestWhenABackupIsDue(t *testing.T) {
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	at := func(text string) time.Time {
		when, err := time.ParseInLocation("2006-01-02 15:04", text, zone)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	n := Night{Zone: zone, minute: 30}
	for _, rule := range []struct {
		name, now string
		state     State
		due       bool
	}{
		{"there is none yet", "2027-02-01 12:00", State{}, true},
		{"before the hour", "2027-02-02 02:29", State{At: at("2027-02-01 02:31")}, false},
		{"the hour", "2027-02-02 02:30", State{At: at("2027-02-01 02:31")}, true},
		{"it was made", "2027-02-02 02:35", State{At: at("2027-02-02 02:30")}, false},
		{"by hand in the evening", "2027-02-02 02:30", State{At: at("2027-02-01 22:00")}, true},
		{"one was missed", "2027-02-02 09:00", State{At: at("2027-02-01 02:30")}, true},
		{"another node is at it", "2027-02-02 02:40", State{At: at("2027-02-01 02:31"), Until: at("2027-02-02 03:00")}, false},
		{"that node was killed", "2027-02-02 03:00", State{At: at("2027-02-01 02:31"), Until: at("2027-02-02 03:00")}, true},
		{"it has just failed", "2027-02-02 03:00", State{At: at("2027-02-01 02:31"), FailedAt: at("2027-02-02 02:30")}, false},
		{"it failed an hour ago", "2027-02-02 03:30", State{At: at("2027-02-01 02:31"), FailedAt: at("2027-02-02 02:30")}, true},
		{"the first one failed", "2027-02-01 12:30", State{FailedAt: at("2027-02-01 12:00")}, false},
		{"a night with an hour less", "2027-03-28 02:29", State{At: at("2027-03-27 02:31")}, false},
		{"its hour", "2027-03-28 02:30", State{At: at("2027-03-27 02:31")}, true},
	} {
		if n.due(rule.state, at(rule.now)) != rule.due {
			t.Errorf("%s: want due %t", rule.name, rule.due)
		}
	}
}

// Of all nodes one makes the backup, and the next night again.
func TestOneOfManyNodesMakesIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		m, _, folder := maker(t, d)
		tend := func() {
			var nodes sync.WaitGroup
			for range 5 {
				nodes.Go(func() {
					n := &Night{Maker: m, Folder: folder, Keep: 2, Zone: time.UTC, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
					n.Tonight().Tend(context.Background())
				})
			}
			nodes.Wait()
		}
		for night := range 4 {
			tend()
			tend()
			if all, err := List(folder); err != nil || len(all) != min(night+1, 2) {
				t.Fatalf("night %d: %v, %v", night, all, err)
			}
			clock.Advance(27 * time.Hour)
		}
		if n := number(t, d, "SELECT count(*) FROM audit_events WHERE type = '"+string(audit.BackupMade)+"'"); n != 4 {
			t.Errorf("%d backups in the audit trail, want 4", n)
		}
		if state, err := Read(t.Context(), d); err != nil || state.Failing() || state.Size == 0 || !state.Until.IsZero() || !state.Late(clock.Now()) {
			t.Errorf("%+v, %v", state, err)
		}
	})
}

// A failure is told everywhere, leaves the older ones, and is tried again an hour later.
func TestAFailureIsTold(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		m, _, folder := maker(t, d)
		var log bytes.Buffer
		n := &Night{Maker: m, Folder: folder, Keep: 1, Zone: time.UTC, Log: slog.New(slog.NewTextHandler(&log, nil))}
		n.Tend(t.Context())
		clock.Advance(27 * time.Hour)
		m.create = func(folder string) (file, error) {
			f, err := os.CreateTemp(folder, drafts)
			return &full{f, 1000}, err
		}
		for range 3 {
			n.Tend(t.Context())
		}
		state, err := Read(t.Context(), d)
		if err != nil || !state.Failing() || !strings.Contains(state.Why, "no space left") || strings.Count(log.String(), "level=ERROR") != 1 {
			t.Errorf("%+v, %v\n%s", state, err, &log)
		}
		if all, err := List(folder); err != nil || len(all) != 1 {
			t.Errorf("%v, %v", all, err)
		}
		if n := number(t, d, "SELECT count(*) FROM audit_events WHERE type = '"+string(audit.BackupFailed)+"'"); n != 1 {
			t.Errorf("%d failures in the audit trail, want 1", n)
		}
		m.create = nil
		clock.Advance(61 * time.Minute)
		n.Folder = filepath.Join(folder, "share") // which is not mounted
		n.Tend(t.Context())
		if names := entries(t, folder); len(names) != 1 || !strings.Contains(log.String(), "is not there") {
			t.Errorf("there are %s", names)
		}
		n.Folder = folder
		clock.Advance(61 * time.Minute)
		n.Tend(t.Context())
		if state, err := Read(t.Context(), d); err != nil || state.Failing() {
			t.Errorf("%+v, %v", state, err)
		}
	})
}

// A slip of whoever asks is no failure of backups.
func TestAFileThatIsThereIsNoFailure(t *testing.T) {
	d, _ := dbtest.Open(t)
	m, _, folder := maker(t, d)
	path := filepath.Join(folder, "mine")
	if _, err := Make(t.Context(), m, path); err != nil {
		t.Fatal(err)
	}
	if _, err := Make(t.Context(), m, path); err == nil {
		t.Error("it was overwritten")
	}
	if state, err := Read(t.Context(), d); err != nil || state.Failing() || state.File != path {
		t.Errorf("%+v, %v", state, err)
	}
}

// A night later the file is read once more.
func TestAFileThatHasDecayedIsTold(t *testing.T) {
	d, clock := dbtest.Open(t)
	m, _, folder := maker(t, d)
	var log bytes.Buffer
	n := &Night{Maker: m, Folder: folder, Keep: 9, Zone: time.UTC, Log: slog.New(slog.NewTextHandler(&log, nil))}
	tend := func() string {
		t.Helper()
		log.Reset()
		n.Tend(t.Context())
		clock.Advance(27 * time.Hour)
		return log.String()
	}
	for range 2 {
		if text := tend(); strings.Contains(text, "ERROR") {
			t.Errorf("nothing is wrong: %s", text)
		}
	}
	all, err := List(folder)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(all[0].Path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte{0}, all[0].Size/2); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if text := tend(); !strings.Contains(text, "is not what it was") || !strings.Contains(text, "a backup was made") {
		t.Errorf("a file that has decayed is not told, or keeps the next from being made: %s", text)
	}
	if all, err = List(folder); err != nil || len(all) != 3 {
		t.Fatalf("%v, %v", all, err)
	}
	if err := os.Remove(all[0].Path); err != nil {
		t.Fatal(err)
	}
	if text := tend(); strings.Contains(text, "ERROR") {
		t.Errorf("a file that was moved away: %s", text)
	}
}
