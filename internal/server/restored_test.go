package server_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/message"
	"woggle/internal/method/authenticator"
	"woggle/internal/method/phone"
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

// T88: a new password that the owner threw away since, or said was none of theirs, does not come into force after all; and a
// helper's word that was used since is not used again.
func TestARestoredBackupBringsNothingBackThatWaits(t *testing.T) {
	each(t, func(s *site) {
		v := s.village()
		mary := v.people["mary"]
		s.phoneOf(mary, mobile, phone.Mobile, message.SMS)
		s.weakly(mary, newPassword).sees("works tomorrow")
		v.vouch(v.enter("hugh"), "mary")
		s.clock.Advance(time.Hour)
		if _, err := server.Restored(t.Context(), s.db); err != nil {
			t.Fatal(err)
		}
		if b := v.vouch(v.enter("hetty"), "mary"); passPattern.MatchString(b.page.Text) {
			t.Error("one helper alone made a pass")
		}
		s.clock.Advance(24 * time.Hour)
		s.browser().password("mary", newPassword).sees("isn’t right")
		s.browser().password("mary", passphrase).sees("from your app")
	})
}

// One that had come into force before the newest event is the password, and stays it.
func TestARestoredBackupKeepsAPasswordThatWaitedLongEnough(t *testing.T) {
	one(t, func(s *site) {
		user := s.member("aisha")
		s.phoneOf(user, mobile, phone.Mobile, message.SMS)
		s.weakly(user, newPassword).sees("works tomorrow")
		s.clock.Advance(25 * time.Hour)
		s.browser().password("aisha", passphrase).sees("isn’t right") // an event
		s.clock.Advance(time.Hour)
		if _, err := server.Restored(t.Context(), s.db); err != nil {
			t.Fatal(err)
		}
		s.browser().password("aisha", newPassword).sees("Enter the code")
	})
}
