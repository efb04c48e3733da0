package server_test

import (
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/message"
	"woggle/internal/method/authenticator"
	"woggle/internal/method/phone"
	"woggle/internal/signin"
)

// T11: a row of an app that cannot be opened, such as one of a key that is gone, must not undo the counting of wrong
// codes, nor answer otherwise for a right one. The other app works on.
func TestABrokenAppMakesGuessingNoEasier(t *testing.T) {
	each(t, func(s *site) {
		user := s.member("aisha")
		secret := s.appOf(user)
		s.tx(func(tx *db.Tx) error {
			row := authenticator.Row(s.keys, user.ID, "Old phone", secret, 0)
			row.Secret = []byte("v1.k0.sealed with a key that was dropped")
			row.CreatedAt = tx.Now.Add(-time.Second) // it is tried first
			return signin.InsertMethod(tx, row)
		})
		code := func() string { return authenticator.Code(secret, authenticator.Step(s.clock.Now())) }
		b := s.browser().password("aisha", passphrase)
		for range 4 {
			if b.fill("Verify", "one-time-code", wrongOf(code())).sees("isn’t the right code"); b.page.Status != 422 {
				t.Errorf("status %d", b.page.Status)
			}
		}
		b.fill("Verify", "one-time-code", wrongOf(code())).sees("Too many wrong tries")
		if b = s.browser().password("aisha", passphrase).fill("Verify", "one-time-code", code()); !b.signedIn() {
			t.Error("the app that can be opened does not sign in")
		}
	})
}

// T04, T32: who types somebody else's number to set it up, again and again, does not use up what its owner may be sent.
func TestAMemberUsesUpNobodysCodes(t *testing.T) {
	each(t, func(s *site) {
		owner := s.member("aisha")
		s.phoneOf(owner, mobile, phone.Mobile, message.SMS)
		s.member("rogue", firstUse)
		for range 4 {
			b := s.browser().password("rogue", passphrase)
			for range 3 {
				b.fill("Send me a code", "tel", "07700 900123")
				if _, err := b.page.Form("one-time-code"); err != nil {
					break // refused
				}
				s.to(mobile) // sent, as it would be at once
				b.press("Change the number")
			}
			s.clock.Advance(10*time.Minute + time.Second)
		}
		if sent := len(s.to(mobile)); sent == 0 || sent > 10 {
			t.Errorf("%d codes were sent to somebody else's number", sent)
		}
		s.clock.Advance(time.Second) // and the owner's own come right after
		b := s.browser().password("aisha", passphrase).sees("Enter the code we sent").fill("Verify", "one-time-code", s.code(mobile))
		if !b.signedIn() {
			t.Error("the owner is not signed in")
		}
	})
}

// T04: whom a helper lets in with an access pass is not kept out by a stranger's wrong passwords, from anywhere.
func TestAStrangerBlocksNoAccessPass(t *testing.T) {
	each(t, func(s *site) {
		user := s.member("aisha")
		stranger := s.from("198.51.100.7")
		for range 15 { // the longest block
			stranger.password("aisha", wrong)
			s.clock.Advance(65 * time.Minute)
		}
		for range 2 {
			stranger.password("aisha", wrong)
		}
		stranger.password("aisha", passphrase).sees("too many tries")
		s.browser().password("aisha", s.passOf(user)).sees("Add a phone")
	})
}
