package server_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/method/authenticator"
	"woggle/internal/server"
)

// T88: a backup is the past. What it brings back that was spent or ended since is worth nothing, once the operator has
// said that it is a backup.
func TestARestoredBackupBringsNothingSpentBack(t *testing.T) {
	s, path := onDisk(t)
	user := s.member("aisha", firstUse)
	secret := s.appOf(user)
	code := func(step int64) string {
		return authenticator.Code(secret, authenticator.Step(s.clock.Now())+step)
	}
	signedIn := s.browser().password("aisha", passphrase).fill("Verify", "one-time-code", code(-1))
	if !signedIn.signedIn() {
		t.Fatal("not signed in")
	}
	pass := s.passOf(s.member("bryn"))
	s.browser().open("/signin/forgot").fill("Send", "username", "aisha")
	link := strings.TrimPrefix(s.to(user.Email)[0].Button.URL, s.nodes[0].web.URL)
	setup := s.setupLink(0)
	halfWay := s.browser().password("aisha", passphrase).sees("Enter the code from your app")

	backup := filepath.Join(t.TempDir(), "backup.db")
	other, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := other.ExecContext(t.Context(), "VACUUM INTO '"+backup+"'"); err != nil {
		t.Fatal(err)
	}
	// After the backup this code is spent.
	spent := code(0)
	s.browser().password("aisha", passphrase).fill("Verify", "one-time-code", spent)

	s = s.reopen(backup)
	began := s.clock.Now()
	report, err := server.Restored(t.Context(), s.db)
	if err != nil || report.Passes != 1 || report.Links == 0 || !report.Newest.Equal(began) {
		t.Errorf("%+v, %v", report, err)
	}
	base := s.nodes[0].web.URL
	signedIn.Base, halfWay.Base = base, base
	if signedIn.signedIn() {
		t.Error("a session that may have been ended since is back")
	}
	halfWay.fill("Verify", "one-time-code", code(1)).sees("You left this page")
	s.browser().password("bryn", pass).sees("isn’t right")
	for _, old := range []string{link, setup} {
		s.browser().open(old).sees("doesn’t work any more")
	}
	b := s.browser().password("aisha", passphrase)
	b.fill("Verify", "one-time-code", spent).sees("isn’t the right code")
	s.clock.Advance(30 * time.Second)
	if b.fill("Verify", "one-time-code", code(0)); !b.signedIn() {
		t.Error("nobody can sign in after a restore")
	}
	s.tx(func(tx *db.Tx) error {
		var n int
		err := tx.Row("SELECT count(*) FROM users WHERE first_use_until <> 0", nil, &n)
		if n > 0 {
			t.Errorf("%d first-use passwords are back", n)
		}
		return err
	})
}
