package server_test

import (
	"testing"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/message"
	"woggle/internal/method/phone"
)

// oneWayOn demands a page of a wrong turn: what happened, and one button that leads to a page.
func (b *browser) oneWayOn(words, to string) *browser {
	b.s.t.Helper()
	b.sees(words).notSees("Something is in the way")
	linkTo(b.s.t, b, to)
	return b.open(to)
}

// Two windows use one access pass: the one that comes second is told.
func TestAPassThatWasUsedInAnotherWindow(t *testing.T) {
	each(t, func(s *site) {
		user := s.member("aisha", func(_ *db.Tx, u *directory.User) { u.Email = "" })
		pass := s.passOf(user)
		first, second := s.browser().password("aisha", pass).sees("Add a phone"), s.browser().password("aisha", pass)
		second.fill("Send me a code", "tel", "07700 900777").sees("Enter the code we sent")
		code := s.code("+447700900777")
		first.fill("Send me a code", "tel", "07700 900123").fill("Verify", "one-time-code", s.code(mobile)).sees("You’re all set")
		second.fill("Verify", "one-time-code", code).oneWayOn("This access pass doesn’t work any more", "/signin").sees("Sign in")
		if len(s.methods(user)) != 2 {
			t.Errorf("methods %v", s.methods(user))
		}
	})
}

// Two windows add the same number: the second finds it there, and can type another one at once.
func TestANumberThatWasAddedInAnotherWindow(t *testing.T) {
	each(t, func(s *site) {
		b, user := s.atCode("aisha")
		b.fill("Verify", "one-time-code", s.code(mobile))
		var windows [2]browser
		var codes [2]string
		for i := range windows {
			windows[i] = *b
			windows[i].open("/security/add").press("Phone").fill("Send me a code", "tel", "07700 900777").sees("Enter the code we sent")
			codes[i] = s.code("+447700900777")
		}
		windows[0].fill("Verify", "one-time-code", codes[0])
		windows[1].fill("Verify", "one-time-code", codes[1]).sees("You have this number already")
		if phones := s.methods(user); len(phones) != 3 {
			t.Errorf("methods %v", phones)
		}
		windows[1].fill("Send me a code", "tel", "07700 900778").fill("Verify", "one-time-code", s.code("+447700900778"))
		b.open("/security").sees("+44 7700 900777", "+44 7700 900778")
	})
}

// A sixth phone, because a fifth was added in another window meanwhile.
func TestOneMoreThanThereMayBe(t *testing.T) {
	each(t, func(s *site) {
		b, user := s.atCode("aisha")
		b.fill("Verify", "one-time-code", s.code(mobile))
		for _, number := range []string{"+447700900201", "+447700900202", "+447700900203"} {
			s.phoneOf(user, number, phone.Mobile, message.SMS)
		}
		b.open("/security/add").press("Phone").fill("Send me a code", "tel", "07700 900777")
		s.phoneOf(user, "+447700900204", phone.Mobile, message.SMS)
		b.fill("Verify", "one-time-code", s.code("+447700900777")).oneWayOn("You have 5 of these", "/security").sees("+44 7700 900204")
	})
}
