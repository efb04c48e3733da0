package server_test

import (
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/message"
	"woggle/internal/method/phone"
	"woggle/internal/problem"
	"woggle/internal/signin"
)

// give gives a pass as a command does.
func (s *site) give(user directory.User, terms signin.PassTerms) (pass string) {
	s.t.Helper()
	s.tx(func(tx *db.Tx) (err error) {
		pass, err = s.nodes[0].server.GivePass(tx, "system", user, terms)
		return err
	})
	return pass
}

// A pass of several uses signs in again and again within its time; but "I have lost all" gets nobody past what was set up with it.
func TestAPassOfSeveralUses(t *testing.T) {
	each(t, func(s *site) {
		user := s.member("aisha")
		pass := s.give(user, signin.PassTerms{Life: time.Hour, Several: true})
		s.clock.Advance(time.Minute)
		s.browser().password("aisha", pass).fill("Send me a code", "tel", "07700 900123").fill("Verify", "one-time-code", s.code(mobile)).sees("You’re all set")
		s.clock.Advance(2 * time.Minute)
		again := s.browser().password("aisha", pass).sees("Enter the code")
		again.open(linkTo(t, again, "/signin/ways")).press("I don’t have any of these any more").sees("Enter the code").notSees("Add a phone")
		again.fill("Verify", "one-time-code", s.code(mobile)).sees("You’re all set", "Have you forgotten your password?")
		s.clock.Advance(time.Hour)
		s.browser().password("aisha", pass).sees("That password isn’t right")
	})
}

// Who came in with a pass may have forgotten the password too, and chooses a new one there and then.
func TestAPassAndAForgottenPassword(t *testing.T) {
	each(t, func(s *site) {
		user := s.member("aisha")
		s.phoneOf(user, mobile, phone.Mobile, message.SMS)
		b := s.browser().password("aisha", s.passOf(user)).fill("Verify", "one-time-code", s.code(mobile))
		b.sees("Have you forgotten your password?").press("Choose your own").sees("Choose a password")
		b.fill("Save password", "new-password", "seven-kettles-singing-91")
		if !b.signedIn() {
			t.Fatal("signed out by it")
		}
		s.clock.Advance(2 * time.Minute)
		s.browser().password("aisha", "seven-kettles-singing-91").sees("Enter the code")
		s.browser().password("aisha", passphrase).sees("That password isn’t right")
	})
}

// A pass that waits to be used is seen by its person, who may throw it away; whoever typed it already goes no further.
func TestAPassIsSeenAndCancelled(t *testing.T) {
	each(t, func(s *site) {
		user := s.member("aisha")
		s.phoneOf(user, mobile, phone.Mobile, message.SMS)
		own := s.browser().password("aisha", passphrase).fill("Verify", "one-time-code", s.code(mobile))
		pass := s.give(user, signin.PassTerms{From: s.clock.Now().Add(time.Hour), Life: time.Hour})
		s.browser().password("aisha", pass).sees("That password isn’t right")
		s.clock.Advance(50 * time.Minute)
		own.open("/security").sees("Access pass", "Works from").notSees(pass)
		s.clock.Advance(10 * time.Minute)
		thief := s.browser().password("aisha", pass).sees("Enter the code")
		own.open("/security").sees("Works until", "used once").press("Cancel").sees("The access pass is cancelled").notSees("Works until")
		thief.fill("Verify", "one-time-code", s.code(mobile)).sees("This access pass doesn’t work any more")
		s.browser().password("aisha", pass).sees("That password isn’t right")
	})
}

// A letter is made of the pass that the person has, and of no other.
func TestNoLetterOfAMadeUpPass(t *testing.T) {
	each(t, func(s *site) {
		user, other := s.member("aisha"), s.member("bryn")
		pass := s.give(user, signin.PassTerms{From: s.clock.Now().Add(time.Hour), Life: time.Hour})
		s.tx(func(tx *db.Tx) error {
			if _, err := s.nodes[0].server.PassLetter(tx, user, pass); err != nil {
				t.Error(err)
			}
			for _, wrong := range []struct {
				user directory.User
				pass string
			}{{user, "abcd-efgh-jkmn"}, {other, pass}, {user, ""}} {
				if _, err := s.nodes[0].server.PassLetter(tx, wrong.user, wrong.pass); !problem.Is(err, problem.Gone) {
					t.Errorf("%s %q: %v", wrong.user.Username, wrong.pass, err)
				}
			}
			return nil
		})
	})
}
