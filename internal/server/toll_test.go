package server_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/message"
	"woggle/internal/method/authenticator"
	"woggle/internal/method/phone"
	"woggle/internal/server"
)

const enough = "as many codes as we may"

// T23: whoever is paid for calls to a range of numbers of their own gets no more of them than 20 an hour, though each is
// to another number, for another person, from another address.
func TestARangeOfNumbersIsBounded(t *testing.T) {
	d, clock := dbtest.Open(t)
	var carrier post
	s := changed(t, d, clock, func(o *server.Options) {
		o.Plan, o.Routes = phone.Plan{Default: "GB"}, carriedBy(&carrier)
	})
	dial := func(i int, number string) *browser {
		s.member(fmt.Sprintf("somebody%d", i), firstUse)
		b := s.from(fmt.Sprintf("198.51.100.%d", i+1)).password(fmt.Sprintf("somebody%d", i), passphrase)
		return b.fill("Send me a code", "tel", number, "channel", "voice")
	}
	for i := range 20 {
		dial(i, fmt.Sprintf("020 7946 10%02d", i)).sees("We are calling you")
	}
	dial(20, "020 7946 1999").sees(enough)
	s.clock.Advance(time.Hour)
	dial(21, "020 7946 1998").sees("We are calling you")
}

// T23: nor does one address get more than 30 an hour, whoever it says it is.
func TestAnAddressThatAsksForCodesIsBounded(t *testing.T) {
	one(t, func(s *site) {
		ask := func(address string, i int) *browser {
			s.member(fmt.Sprintf("somebody%d", i), firstUse)
			b := s.from(address).password(fmt.Sprintf("somebody%d", i), passphrase)
			return b.fill("Send me a code", "tel", fmt.Sprintf("07700 900%03d", i), "channel", "sms")
		}
		for i := range 30 {
			ask("198.51.100.7", i).sees("Enter the code we sent")
		}
		ask("198.51.100.7", 30).sees(enough)
		ask("198.51.100.8", 31).sees("Enter the code we sent")
	})
}

// T32: one person is sent no more than 60 texts a day, though every code is entered; the whole organisation no more than
// 2000. An app goes on.
func TestTheBillIsBounded(t *testing.T) {
	one(t, func(s *site) {
		user := s.member("aisha")
		id := s.phoneOf(user, mobile, phone.Mobile, message.SMS)
		secret := s.appOf(user)
		s.codesOf(user) // so that no other way is suggested on the second day
		s.tx(func(tx *db.Tx) error {
			_, err := tx.Exec("UPDATE methods SET preferred = (id = $1)", id)
			return err
		})
		b := s.browser()
		byText := func() {
			b.password("aisha", passphrase).fill("Verify", "one-time-code", s.code(mobile)).press("Sign out")
		}
		for range 1 + 60 { // the first is a stranger's to us, and counted apart
			byText()
			s.clock.Advance(time.Minute)
		}
		byApp := func() {
			t.Helper()
			b.password("aisha", passphrase).sees("couldn’t send a code", enough)
			b.open(linkTo(t, b, "/signin/ways")).press("Use my authenticator app")
			b.fill("Verify", "one-time-code", authenticator.Code(secret, authenticator.Step(s.clock.Now())))
			if !b.signedIn() {
				t.Error("the app does not sign in")
			}
			b.press("Sign out")
		}
		byApp()
		s.clock.Advance(24 * time.Hour)
		s.tx(func(tx *db.Tx) error { // the others were busy
			_, err := tx.Exec("UPDATE limits SET tries = 1999, started_at = $1, blocked_until = 0 WHERE key = 'send-total:'", tx.Now.UnixMilli())
			return err
		})
		byText()
		byApp()
	})
}

// T25: a number that was put in place of another gets no forgotten password back for a day. The owner has until then to
// answer the letter that tells of it.
func TestANewNumberGetsNoPasswordBackForADay(t *testing.T) {
	each(t, func(s *site) {
		b, user := s.atCode("aisha")
		b.fill("Verify", "one-time-code", s.code(mobile))
		b.open("/security").press("Update").fill("Send me a code", "tel", newMobile).fill("Verify", "one-time-code", s.code(newMobile))
		thief := func() *browser {
			s.browser().open("/signin/forgot").fill("Send", "username", "aisha")
			letters := slices.DeleteFunc(s.to(user.Email), func(m message.Message) bool { return m.Purpose != message.Link })
			return s.browser().open(letters[0].Button.URL).press("Next")
		}
		thief().sees("You need an access pass")
		s.clock.Advance(24*time.Hour - time.Minute)
		thief().sees("You need an access pass")
		s.clock.Advance(time.Minute)
		thief().sees("Enter the code we sent")
	})
}
