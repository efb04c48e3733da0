package server_test

import (
	"testing"

	"woggle/internal/db"
	"woggle/internal/message"
	"woggle/internal/method/phone"
)

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
