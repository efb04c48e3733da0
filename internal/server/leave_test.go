package server_test

import (
	"testing"
	"time"

	"woggle/internal/app"
	"woggle/internal/message"
	"woggle/internal/method/phone"
	"woggle/internal/signin"
)

// What was proved on the way of a step-up stays proved for who turns back. A pass that was a part of it is used: it is for once.
func TestAPassIsUsedByWhoTurnsBack(t *testing.T) {
	each(t, func(s *site) {
		user := s.member("aisha")
		b := s.enters(user)
		c := s.relying("kit", nil, func(a *app.App) { a.Need.Methods = []signin.Kind{signin.Authenticator} })
		s.phoneOf(user, mobile, phone.Mobile, message.SMS)
		pass := s.passOf(user)
		s.clock.Advance(time.Minute)
		b.open(c.question("prompt", "login")).fill("Next", "current-password", pass).sees("Enter the code we sent")
		b.fill("Verify", "one-time-code", s.code(mobile)).sees("Which app do you want to use?").press("Not now")
		s.browser().password("aisha", pass).sees("isn’t right")
	})
}
