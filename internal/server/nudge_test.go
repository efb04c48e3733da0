package server_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/message"
	"woggle/internal/method/authenticator"
	"woggle/internal/method/phone"
	"woggle/internal/signin"
)

func (s *site) decides(p signin.Policy) {
	s.t.Helper()
	s.tx(func(tx *db.Tx) error { return signin.SetPolicy(tx, "system", p) })
}

// aged is a person whose phone is older than a day.
func (s *site) aged(username string) directory.User {
	s.t.Helper()
	user := s.member(username)
	s.phoneOf(user, mobile, phone.Mobile, message.SMS)
	s.clock.Advance(25 * time.Hour)
	return user
}

// signsIn is a browser of the person, up to what follows the code.
func (s *site) signsIn(username string) *browser {
	s.t.Helper()
	s.clock.Advance(time.Minute)
	b := s.browser().password(username, passphrase).sees("Enter the code we sent")
	return b.fill("Verify", "one-time-code", s.code(mobile))
}

// in tells whether the browser is signed in, and leaves it on its page.
func in(b *browser) bool { return (&browser{Visitor: b.Visitor, s: b.s}).signedIn() }

// Somebody with one phone only is asked for another way in, is let go on, and is left alone for two weeks.
func TestOneWayInIsNotEnough(t *testing.T) {
	each(t, func(s *site) {
		aisha := s.aged("aisha")
		b := s.signsIn("aisha").sees("Add another way to sign in", "Only one way in", "ask me again in 14 days")
		if in(b) {
			t.Error("signed in before the question is answered")
		}
		b.press("Not now")
		if b.page.URL.Path != "/" || !b.signedIn() {
			t.Errorf("arrived at %s", b.page.URL)
		}
		if b = s.signsIn("aisha"); !b.signedIn() {
			t.Errorf("asked again the same day: %s", b.page.Text)
		}
		s.clock.Advance(14 * 24 * time.Hour)
		b = s.signsIn("aisha").sees("Add another way to sign in")

		// Another app on the same phone is asked for, and turned back from; then it is set up.
		b.press("Authenticator app").sees("Which app do you want to use?").press("Not now").sees("Add another way to sign in")
		b.press("Authenticator app").press("Another app")
		secret := secretOn(t, b)
		b.press("Next").fill("Verify", "one-time-code", authenticator.Code(secret, authenticator.Step(s.clock.Now())))
		b.sees("You’re all set", "Authenticator app").open("/security").sees("More than one way, but all in one place")
		s.clock.Advance(25 * time.Hour)

		// The lamp is amber, so the question comes again; a landline makes it green, and it comes no more.
		s.phoneOf(aisha, landline, phone.Landline, message.Voice)
		s.clock.Advance(30 * 24 * time.Hour)
		b = s.browser().password("aisha", passphrase).sees("Enter the code from your app")
		b.fill("Verify", "one-time-code", authenticator.Code(secret, authenticator.Step(s.clock.Now())))
		if !b.signedIn() {
			t.Errorf("asked for a third way: %s", b.page.Text)
		}
		b.open("/security").sees("You are safe")
	})
}

// Where the organisation says how often it may be put off, it cannot be put off more often, by any form.
func TestASuggestionIsPutOffAsOftenAsTheOrganisationSays(t *testing.T) {
	each(t, func(s *site) {
		s.decides(signin.Policy{Nudge: signin.Campaign{Snooze: 1, Most: 1}})
		s.aged("aisha")
		s.signsIn("aisha").sees("ask me again tomorrow", "one more time").press("Not now")
		s.clock.Advance(25 * time.Hour)
		b := s.signsIn("aisha").sees("Add another way").notSees("Not now")
		form, err := b.page.Form("kind")
		if err != nil {
			form = b.page.Forms[0]
		}
		form.Set("kind", "")
		if b.page, err = b.Send(form, nil); err != nil {
			t.Fatal(err)
		}
		if b.sees("Add another way"); b.signedIn() {
			t.Error("a form that is not there was believed")
		}
		s.decides(signin.Policy{Nudge: signin.Campaign{Off: true}})
		if b = s.signsIn("aisha"); !b.signedIn() {
			t.Errorf("nobody is to be asked any more: %s", b.page.Text)
		}
	})
}

// What is not allowed any more gets people in once more, to set up what is.
func TestAMethodThatIsNotAllowedLeadsToOneThatIs(t *testing.T) {
	each(t, func(s *site) {
		user := s.aged("aisha")
		s.decides(signin.Policy{Allowed: []signin.Kind{signin.Authenticator}})
		b := s.signsIn("aisha").sees("Which app do you want to use?").notSees("Add a phone", "Not now")
		if in(b) {
			t.Fatal("signed in with what is not allowed")
		}
		b.press("Another app")
		secret := secretOn(t, b)
		b.press("Next").fill("Verify", "one-time-code", authenticator.Code(secret, authenticator.Step(s.clock.Now()))).sees("You’re all set")
		if got := s.methods(user); !slices.Contains(got, "authenticator") {
			t.Errorf("methods are %v", got)
		}
		s.clock.Advance(time.Minute)
		b = s.browser().password("aisha", passphrase).sees("Enter the code from your app")
		if strings.Contains(b.page.Body, "/signin/phone") {
			t.Error("the phone is asked")
		}
		if b.open("/signin/ways?" + b.page.URL.RawQuery); strings.Contains(b.page.Text, "+44") {
			t.Error("the phone is a way")
		}
	})
}
