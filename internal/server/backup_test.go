package server_test

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"woggle/internal/audit"
	"woggle/internal/backup"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/keys"
	"woggle/internal/message"
	"woggle/internal/method/phone"
	"woggle/internal/server"
)

// backedUp makes a backup of the site, and gives its path and who can read it.
func (s *site) backedUp() (path string, owner []age.Identity) {
	s.t.Helper()
	pair, err := age.GenerateX25519Identity()
	if err != nil {
		s.t.Fatal(err)
	}
	m := &backup.Maker{DB: s.db, Keys: s.keys, Recipients: []age.Recipient{pair.Recipient()}, Scratch: s.t.TempDir()}
	made, err := backup.Make(s.t.Context(), m, s.t.TempDir())
	if err != nil {
		s.t.Fatal(err)
	}
	return made.Path, []age.Identity{pair}
}

// T88: after woggle restore nothing works that the backup brought back: no session, no code, no pass.
func TestARestoreBringsNothingSpentBack(t *testing.T) {
	each(t, func(s *site) {
		user := s.member("aisha")
		id := s.phoneOf(user, mobile, phone.Mobile, message.SMS)
		set := s.codesOf(user)
		pass := s.passOf(s.member("bryn"))
		inside := s.browser().password("aisha", passphrase).sees("Enter the code")
		if inside.fill("Verify", "one-time-code", s.code(mobile)); !inside.signedIn() {
			t.Fatal("not signed in")
		}
		path, owner := s.backedUp()
		was := s.clock.Now()

		// Later a code is spent, and the phone removed.
		s.clock.Advance(time.Hour)
		if b := s.atRecovery("aisha").fill("Verify", "code", set[3]); !b.signedIn() {
			t.Fatal("the recovery code does not work")
		}
		s.tx(func(tx *db.Tx) error {
			_, err := tx.Exec("DELETE FROM methods WHERE id = $1", id)
			return err
		})
		m, done, err := server.Restore(t.Context(), s.db, s.keys, path, owner, 2)
		if err != nil || m.Rows("users") != 2 || !m.At.Equal(was) || done.Passes != 1 || done.Sets != 1 || done.Newest.After(was) {
			t.Fatalf("%+v, %+v, %v", m.Head, done, err)
		}
		if got := s.methods(user); !slices.Contains(got, "phone") {
			t.Errorf("it is not the backup that was put back: %v", got)
		}
		if inside.signedIn() {
			t.Error("a session that may have been ended since is back")
		}
		s.browser().password("bryn", pass).sees("isn’t right")
		if b := s.browser().password("aisha", passphrase).sees("Enter the code").alsoAt("/signin/ways"); strings.Contains(b.page.Text, "recovery code") {
			t.Errorf("recovery codes that may be spent can be used: %s", b.page.Text)
		}
		if trail := s.events(audit.BackupRestored); len(trail) != 1 {
			t.Errorf("%d restores in the trail", len(trail))
		}
		s.clock.Advance(time.Hour)
		if b := s.browser().password("aisha", passphrase).fill("Verify", "one-time-code", s.code(mobile)); !b.signedIn() {
			t.Error("nobody can sign in after a restore")
		}
	})
}

// A key file that does not belong is refused, and everything is as it was.
func TestARestoreWithAnotherKeyFileChangesNothing(t *testing.T) {
	each(t, func(s *site) {
		if err := server.CheckKeys(t.Context(), s.db, s.keys); err != nil {
			t.Fatal(err)
		}
		path, owner := s.backedUp()
		s.member("aisha")
		if _, _, err := server.Restore(t.Context(), s.db, keys.Random(), path, owner, 1); !errors.Is(err, server.ErrWrongKeys) {
			t.Errorf("%v", err)
		}
		s.tx(func(tx *db.Tx) error {
			_, found, err := directory.Find(tx, "aisha")
			if !found {
				t.Error("somebody is gone")
			}
			return err
		})
	})
}

// Who watches the figures sees how old the newest backup is.
func TestFiguresOfBackups(t *testing.T) {
	d, clock := dbtest.Open(t)
	s := changed(t, d, clock, func(o *server.Options) { o.MetricsToken = "token" })
	figures := func() string {
		request, err := http.NewRequest(http.MethodGet, s.nodes[0].web.URL+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer token")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	if strings.Contains(figures(), "woggle_backup") {
		t.Error("there are figures of no backup")
	}
	s.backedUp()
	if got := figures(); !strings.Contains(got, "\nwoggle_backup_last_good_seconds 1801474200\n") || !strings.Contains(got, "\nwoggle_backup_failing 0\n") {
		t.Errorf("the figures are\n%s", got)
	}
}
