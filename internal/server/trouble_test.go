package server_test

import (
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/message"
	"woggle/internal/method/authenticator"
	"woggle/internal/method/phone"
)

// reopen is the same site after a restart: another process on the same files and with the same keys.
func (s *site) reopen(path string) *site {
	s.t.Helper()
	d, err := db.Open("sqlite:"+path, s.clock.Now)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := d.Migrate(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { d.Close() })
	s.db = d
	again := newSiteWith(s.t, d, s.clock, 1, s.keys, s.post)
	return again
}

func onDisk(t *testing.T) (*site, string) {
	clock, address := dbtest.NewClock(), dbtest.NewURL(t, "sqlite")
	path := strings.TrimPrefix(address, "sqlite:")
	d, err := db.Open(address, clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	return newSite(t, d, clock, 1), path
}

// Rule 8: with the database gone there is a clear page, nobody is let in, and what was under way goes on afterwards,
// also in another process.
func TestTheDatabaseIsLockedAndComesBack(t *testing.T) {
	s, path := onDisk(t)
	b, _ := s.atCode("aisha")
	code := s.code(mobile)
	codePage := b.page
	// Another program, such as a backup that hangs, keeps the database for itself.
	other, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	keeper, err := other.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keeper.ExecContext(t.Context(), "BEGIN EXCLUSIVE"); err != nil {
		t.Fatal(err)
	}
	b.fill("Verify", "one-time-code", code).sees("can’t reach our own records")
	if b.page.Status != 503 || b.page.Header.Get("Retry-After") == "" {
		t.Errorf("status %d, Retry-After %q", b.page.Status, b.page.Header.Get("Retry-After"))
	}
	s.browser().open("/signin").sees("Sign in") // which needs no database
	if _, err := keeper.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if err := s.db.Close(); err != nil {
		t.Fatal(err)
	}
	again := s.reopen(path)
	b.page = codePage
	b.s, b.Base = again, again.nodes[0].web.URL
	b.fill("Verify", "one-time-code", code)
	if !b.signedIn() {
		t.Error("the attempt did not go on after the restart")
	}
}

// T11: what was counted stays counted through a restart.
func TestARestartForgetsNoWrongTries(t *testing.T) {
	s, path := onDisk(t)
	s.appOf(s.member("aisha"))
	for range 2 {
		b := s.browser().password("aisha", passphrase)
		for range 5 {
			b.fill("Verify", "one-time-code", "000000")
		}
	}
	if err := s.db.Close(); err != nil {
		t.Fatal(err)
	}
	s = s.reopen(path)
	s.browser().password("aisha", passphrase).fill("Verify", "one-time-code", "000000").sees("too many wrong codes")
}

// T28, T35: no text goes out. The page does not wait for it, says what else can be done, and an app signs in; nobody
// gets in without a second step.
func TestNoTextGoesOut(t *testing.T) {
	each(t, func(s *site) {
		s.post.fail(errors.New("the provider is down"))
		user := s.member("aisha")
		s.phoneOf(user, mobile, phone.Mobile, message.SMS)
		secret := s.appOf(user)
		s.tx(func(tx *db.Tx) error {
			_, err := tx.Exec("UPDATE methods SET preferred = (kind = 'phone') WHERE user_id = $1", user.ID)
			return err
		})
		b := s.browser().password("aisha", passphrase).sees("Enter the code we sent", "Try another way")
		s.to(mobile)
		if b.signedIn() {
			t.Fatal("signed in with the password alone")
		}
		b = s.browser().password("aisha", passphrase)
		b.open(linkTo(t, b, "/signin/ways")).press("Use my authenticator app")
		b.fill("Verify", "one-time-code", authenticator.Code(secret, authenticator.Step(s.clock.Now())))
		if !b.signedIn() {
			t.Error("the app does not sign in")
		}
	})
}

func linkTo(t *testing.T, b *browser, path string) string {
	t.Helper()
	for _, link := range b.page.Links {
		if strings.HasPrefix(link, path) {
			return link
		}
	}
	t.Fatalf("no link to %s on %s", path, b.page.URL)
	return ""
}

// The clock of a phone that is two minutes off: the code is wrong, and nothing else happens.
func TestAPhoneWhoseClockIsOff(t *testing.T) {
	each(t, func(s *site) {
		secret := s.appOf(s.member("aisha"))
		for _, off := range []time.Duration{-2 * time.Minute, -time.Minute, time.Minute, 2 * time.Minute} {
			b := s.browser().password("aisha", passphrase)
			b.fill("Verify", "one-time-code", authenticator.Code(secret, authenticator.Step(s.clock.Now().Add(off)))).sees("isn’t the right code")
		}
		b := s.browser().password("aisha", passphrase)
		b.fill("Verify", "one-time-code", authenticator.Code(secret, authenticator.Step(s.clock.Now().Add(-30*time.Second))))
		if !b.signedIn() {
			t.Error("a code of the step before was not taken")
		}
	})
}

// Numbers that are none, that cost, or that are far away: a clear answer each, and what was typed is kept.
func TestOddNumbers(t *testing.T) {
	each(t, func(s *site) {
		s.member("aisha", firstUse)
		b := s.browser().password("aisha", passphrase)
		for _, number := range []string{"hello", "0777", "0909 879 0000", "+870 773 111 632", "+1 212 555 0123", "07700 900123 07700 900124", strings.Repeat("7", 60000)} {
			b.fill("Send me a code", "tel", number, "channel", "sms").sees("Add a phone")
			if b.page.Status != 422 || len(b.page.Body) > 60000 {
				t.Errorf("%.30s: status %d, %d bytes", number, b.page.Status, len(b.page.Body))
			}
			if form, err := b.page.Form("tel"); len(number) < 60 && (err != nil || form.Values.Get("number") != number) {
				t.Errorf("%s was not kept", number)
			}
		}
		s.to("")
		for _, m := range s.post.sent {
			if m.Channel != message.Email {
				t.Errorf("%s was sent to %s", m.Channel, m.To)
			}
		}
	})
}

// diskIsFull lets the database grow no more, and tells how to make room again. Whatever is written needs more room: else it
// would depend on the gaps in the file what still goes.
func (s *site) diskIsFull() (makeRoom func()) {
	s.t.Helper()
	statement := func(text string) {
		s.t.Helper()
		s.tx(func(tx *db.Tx) error {
			_, err := tx.Exec(text)
			return err
		})
	}
	statement("CREATE TABLE filler (x)")
	for _, table := range []string{"attempts", "challenges", "sessions", "messages", "audit_events", "limits"} {
		statement("CREATE TRIGGER grow_" + table + " AFTER INSERT ON " + table + " BEGIN INSERT INTO filler VALUES (zeroblob(100000)); END")
	}
	statement("PRAGMA max_page_count = 1") // which is taken to be as many as there are
	return func() { statement("PRAGMA max_page_count = 1073741823") }
}

// Rule 8: with a full disk there is a clear page, nobody is let in, and nothing that was acknowledged is lost. When there
// is room again, whoever was under way goes on.
func TestTheDiskIsFull(t *testing.T) {
	s, _ := onDisk(t)
	bryn := s.member("bryn")
	id := s.phoneOf(bryn, "+447700900200", phone.Mobile, message.SMS)
	in := s.browser().password("bryn", passphrase).fill("Verify", "one-time-code", s.code("+447700900200"))
	in.open("/security/methods/"+id+"/rename").fill("Save", "name", "My old Nokia")
	b, aisha := s.atCode("aisha")
	codePage, code := b.page, s.code(mobile)
	password := s.browser().name("aisha")
	rename := in.open("/security/methods/" + id + "/rename").page

	makeRoom := s.diskIsFull()
	for what, turn := range map[string]func() *browser{
		"a user name":  func() *browser { return s.browser().name("aisha") },
		"a password":   func() *browser { return password.fill("Next", "current-password", passphrase) },
		"a right code": func() *browser { return b.fill("Verify", "one-time-code", code) },
		"a new name": func() *browser {
			in.page = rename
			return in.fill("Save", "name", "Never mind")
		},
	} {
		if page := turn().sees("can’t reach our own records").page; page.Status != 503 || page.Header.Get("Retry-After") == "" {
			t.Errorf("%s: status %d", what, page.Status)
		}
	}
	if b.signedIn() {
		t.Error("somebody was let in")
	}
	in.open("/security").sees("My old Nokia") // what is read goes on

	makeRoom()
	b.page = codePage
	if b.fill("Verify", "one-time-code", code); !b.signedIn() {
		t.Error("the sign-in does not go on")
	}
	in.open("/security").sees("My old Nokia")
	if got := s.methods(aisha); len(got) != 2 {
		t.Errorf("methods %v", got)
	}
}
