package server_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"woggle/internal/audit"
	"woggle/internal/directory"
	"woggle/internal/message"
	"woggle/internal/method/authenticator"
	"woggle/internal/method/phone"
	"woggle/internal/signin"
)

const newPassword = "seven otters knit quietly"

// recovering is a browser that has pressed the button of the letter for a forgotten password.
func (s *site) recovering(user directory.User) *browser {
	s.t.Helper()
	s.browser().open("/signin/cant/phone").fill("Send", "username", user.Username)
	letters := slices.DeleteFunc(s.to(user.Email), func(m message.Message) bool { return m.Purpose != message.Link })
	return s.browser().open(letters[0].Button.URL).press("Next")
}

// weakly gets the password of somebody back with their mailbox and their phone, in a browser of its own.
func (s *site) weakly(user directory.User, password string) *browser {
	s.t.Helper()
	b := s.recovering(user)
	if strings.Contains(b.page.Text, "from your app") {
		b.open(linkTo(s.t, b, "/signin/ways")).press("Send a text")
	}
	b.fill("Verify", "one-time-code", s.code(mobile)).sees("Choose a password")
	return b.fill("Save", "new-password", password)
}

// T25, T43: a mailbox and a number are what one thief has. The new password works a day later, the old one until then.
func TestAPasswordThatWaits(t *testing.T) {
	each(t, func(s *site) {
		user := s.member("aisha")
		s.phoneOf(user, mobile, phone.Mobile, message.SMS)
		owner := s.browser().password("aisha", passphrase).fill("Verify", "one-time-code", s.code(mobile))
		s.clock.Advance(2 * time.Minute)
		b := s.weakly(user, newPassword).sees("Your new password works tomorrow", "2 February at 09:32", "Two helpers of your group")
		if b.signedIn() {
			t.Fatal("a mailbox and a phone got in")
		}
		if !owner.signedIn() {
			t.Error("somebody who asks for a new password signs the owner out")
		}
		owner.sees("A new password was chosen with your email and your phone")
		told := s.to(user.Email)[0]
		if told.Subject != "A new password was chosen" || told.Button == nil || !strings.Contains(s.to(mobile)[0].Body, "new password") {
			t.Errorf("told by %q, text %q", told.Subject, s.to(mobile)[0].Body)
		}
		s.clock.Advance(24*time.Hour - time.Minute)
		s.browser().password("aisha", newPassword).sees("isn’t right")
		s.browser().password("aisha", passphrase).sees("Enter the code")
		s.clock.Advance(time.Minute)
		s.browser().password("aisha", passphrase).sees("isn’t right")
		b = s.browser().password("aisha", newPassword).fill("Verify", "one-time-code", s.code(mobile)).press("Not now – ask me again in 14 days")
		if !b.signedIn() || !slices.Equal(s.methods(user), []string{"phone", "password"}) {
			t.Errorf("not signed in; methods %v", s.methods(user))
		}
		s.clock.Advance(2 * time.Minute)
		s.browser().password("aisha", passphrase).sees("isn’t right")
	})
}

// Each time a new one is chosen the day begins again; one that has come into force is not undone by that.
func TestAPasswordThatWaitsIsChosenAgain(t *testing.T) {
	one(t, func(s *site) {
		user := s.member("aisha")
		s.phoneOf(user, mobile, phone.Mobile, message.SMS)
		s.weakly(user, newPassword).sees("works tomorrow")
		s.clock.Advance(23 * time.Hour)
		s.weakly(user, "nine badgers sing loudly").sees("works tomorrow")
		s.clock.Advance(2 * time.Hour)
		s.browser().password("aisha", newPassword).sees("isn’t right")
		s.browser().password("aisha", passphrase).sees("Enter the code")
		s.clock.Advance(23 * time.Hour)
		s.weakly(user, "two herons wait patiently").sees("works tomorrow")
		s.browser().password("aisha", "nine badgers sing loudly").sees("Enter the code")
		s.browser().password("aisha", passphrase).sees("isn’t right")
	})
}

// The owner who still has the old password, or says "this wasn't me", ends the wait for good.
func TestTheOwnerEndsTheWait(t *testing.T) {
	each(t, func(s *site) {
		for _, name := range []string{"aisha", "bryn"} {
			user := s.member(name)
			s.phoneOf(user, mobile, phone.Mobile, message.SMS)
			owner := s.browser().password(name, passphrase).fill("Verify", "one-time-code", s.code(mobile))
			s.clock.Advance(2 * time.Minute)
			s.weakly(user, newPassword)
			if name == "aisha" {
				owner.open("/security").press("Throw the new one away").sees("The one that you have stays").notSees("A new password was chosen")
			} else {
				owner.open(s.to(user.Email)[0].Button.URL).press("It wasn’t me. Stop everything")
			}
			s.clock.Advance(25 * time.Hour)
			s.browser().password(name, newPassword).sees("isn’t right")
			s.browser().password(name, passphrase).sees("Enter the code")
		}
	})
}

// An access pass cuts the wait short: the password is chosen again, and the one that waited is gone, whoever chose it.
func TestAPassCutsTheWaitShort(t *testing.T) {
	each(t, func(s *site) {
		user := s.member("aisha")
		s.phoneOf(user, mobile, phone.Mobile, message.SMS)
		s.weakly(user, "the thief chose this one")
		s.clock.Advance(2 * time.Minute)
		b := s.browser().password("aisha", s.give(user, signin.PassTerms{Life: time.Hour})).fill("Verify", "one-time-code", s.code(mobile)).sees("Choose a password")
		if b.fill("Save", "new-password", newPassword); !b.signedIn() {
			t.Error("not signed in")
		}
		s.clock.Advance(25 * time.Hour)
		s.browser().password("aisha", "the thief chose this one").sees("isn’t right")
		s.browser().password("aisha", newPassword).sees("Enter the code")
	})
}

// Who has an app and proves the phone all the same waits; who proves the app does not.
func TestAWeakerProofWaits(t *testing.T) {
	each(t, func(s *site) {
		user := s.member("aisha")
		s.phoneOf(user, mobile, phone.Mobile, message.SMS)
		secret := s.appOf(user)
		s.weakly(user, newPassword).sees("works tomorrow")
		b := s.recovering(user)
		b.fill("Verify", "one-time-code", authenticator.Code(secret, authenticator.Step(s.clock.Now()))).fill("Save", "new-password", "nine badgers sing loudly")
		if !b.signedIn() {
			t.Error("the app does not get in at once")
		}
		s.clock.Advance(25 * time.Hour)
		s.browser().password("aisha", newPassword).sees("isn’t right")
		if got := s.events(audit.PasswordWaits); len(got) != 1 || got[0].User != user.ID {
			t.Errorf("events %v", got)
		}
	})
}

// The path from "I can't sign in" leads somewhere from each answer, and says the same to everybody (T06).
func TestWhatDoYouStillHave(t *testing.T) {
	one(t, func(s *site) {
		s.member("aisha")
		for _, name := range []string{"aisha", "nobody"} {
			b := s.browser().name(name)
			b.open(linkTo(t, b, "/signin/cant")).sees("What do you still have?")
			for _, have := range []string{"app", "phone", "mail", "nothing"} {
				cant := *b
				cant.open(linkTo(t, &cant, "/signin/cant/"+have))
				if cant.page.Status != 200 {
					t.Errorf("%s: status %d", have, cant.page.Status)
				}
				if have == "app" || have == "phone" {
					form, err := cant.page.Form("username")
					if err != nil || form.Values.Get("username") != name {
						t.Errorf("%s: the name is not filled in: %v", have, err)
					}
					cant.fill("Send", "username", name).sees("If there is an account")
				}
				cant.open(linkTo(t, &cant, "/signin/cant"))
			}
		}
		// What somebody else typed in their browser is theirs.
		other := s.browser().name("aisha")
		if b := s.browser().open(linkTo(t, other, "/signin/cant")).open("/signin/cant/phone"); strings.Contains(b.page.Body, "aisha") {
			t.Error("a name of another browser is shown")
		}
		if b := s.browser().open("/signin/cant/everything"); b.page.Status != 404 {
			t.Errorf("status %d", b.page.Status)
		}
	})
}
