package server_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/message"
	"woggle/internal/method/authenticator"
	"woggle/internal/method/phone"
)

// The purpose of it all: a member signs in for the first time with a mobile, alone.
func TestFirstSignInWithAMobile(t *testing.T) {
	each(t, func(s *site) {
		user := s.member("aisha", firstUse)
		b := s.browser().open("/security").sees("Sign in", "user name")
		b.fill("Next", "username", "Aisha@Northwold.example")
		b.fill("Next", "current-password", passphrase).sees("Add a phone so we know it’s you", "authenticator app instead")
		b.fill("Send me a code", "tel", "07700 900123", "channel", "sms").sees("Enter the code we sent", "+44 •••• •••123", "5 minutes")
		code := s.code(mobile)
		if body := s.to(mobile)[0].Body; !strings.HasSuffix(body, "\n@127.0.0.1 #"+code) {
			t.Errorf("the text does not end with the origin-bound line: %q", body)
		}
		b.fill("Verify", "one-time-code", code).sees("You’re all set", "Mobile phone", "+44 7700 900123")
		b.open("/security").sees("+44 7700 900123", "text message")
		if got := s.methods(user); !slices.Equal(got, []string{"password", "phone"}) {
			t.Errorf("methods are %v", got)
		}
		if mail := s.to("aisha@northwold.example"); len(mail) != 1 || mail[0].Subject != "Your second step is set up" {
			t.Errorf("the person was not told by mail: %v", mail)
		}
		// Later, elsewhere: the default method is asked at once.
		s.clock.Advance(time.Hour)
		b = s.browser().password("aisha", passphrase).sees("Enter the code we sent")
		b.fill("Verify", "one-time-code", s.code(mobile))
		if b.page.URL.Path != "/" || !b.signedIn() {
			t.Errorf("arrived at %s", b.page.URL)
		}
	})
}

func TestFirstSignInWithALandlineThatTwoPeopleShare(t *testing.T) {
	each(t, func(s *site) {
		for _, name := range []string{"aisha", "bryn"} {
			s.member(name, firstUse, func(_ *db.Tx, u *directory.User) { u.GivenName = strings.ToUpper(name[:1]) + name[1:] })
			b := s.browser().password(name, passphrase)
			b.fill("Send me a code", "tel", "(01632) 960 456", "channel", "sms").sees("landline")
			if form, err := b.page.Form("tel"); err != nil || form.Values.Get("number") != "(01632) 960 456" {
				t.Error("what was typed is lost")
			}
			b.fill("Send me a code", "channel", "voice", "extension", "12").sees("We are calling you", "•••456", "10 minutes")
			call := s.to(landline)[0]
			if call.Channel != message.Voice || call.Extension != "12" || !strings.EqualFold(call.Name, name) {
				t.Errorf("the call is %+v", call)
			}
			b.fill("Verify", "one-time-code", s.code(landline)).sees("You’re all set", "Landline phone")
			s.clock.Advance(time.Minute)
		}
	})
}

var keyOnPage = regexp.MustCompile(`Key: ((?:[A-Z2-7]{4} ){7}[A-Z2-7]{4})`)

func TestFirstSignInWithAnAuthenticatorAppInstead(t *testing.T) {
	each(t, func(s *site) {
		s.member("aisha", firstUse)
		b := s.browser().password("aisha", passphrase).press("Use an authenticator app instead").sees("Which app do you want to use?")
		b.press("Another app").sees("Work or school account", "Scan a QR code", "I can’t scan it")
		secret := secretOn(t, b)
		if !strings.Contains(b.page.Body, "otpauth://totp/Northwold%20County:aisha?") {
			t.Error("no link for the app on the same phone")
		}
		b.press("Next")
		code := authenticator.Code(secret, authenticator.Step(s.clock.Now()))
		b.fill("Verify", "one-time-code", "12 34").sees("A code has 6 digits")
		b.fill("Verify", "one-time-code", code[:3]+" "+code[3:], "name", "Gran’s tablet").sees("You’re all set", "Gran’s tablet")

		// The code that set it up is spent, also for a sign-in; the next one is good.
		b = s.browser().password("aisha", passphrase).sees("Enter the code from your app")
		b.fill("Verify", "one-time-code", code).sees("isn’t the right code")
		s.clock.Advance(30 * time.Second)
		b.fill("Verify", "one-time-code", authenticator.Code(secret, authenticator.Step(s.clock.Now())))
		if !b.signedIn() {
			t.Error("not signed in")
		}
	})
}

func secretOn(t *testing.T, b *browser) []byte {
	t.Helper()
	match := keyOnPage.FindStringSubmatch(b.page.Text)
	if match == nil {
		t.Fatalf("no key on the page: %s", b.page.Text)
	}
	return decodeKey(t, match[1])
}

// A password that somebody has had for long is not enough to add the first method (threat T34).
func TestAnOlderPasswordNeedsTheMailboxToo(t *testing.T) {
	each(t, func(s *site) {
		s.member("aisha")
		b := s.browser().password("aisha", passphrase).sees("Check your email", "a•••@northwold.example").notSees("Add a phone")
		b.fill("Verify", "one-time-code", s.code("aisha@northwold.example")).sees("Add a phone")
		b.fill("Send me a code", "tel", "07700 900123").fill("Verify", "one-time-code", s.code(mobile)).sees("You’re all set")
	})
}

func TestAnAccessPassAddsAMethodAndIsSpentByIt(t *testing.T) {
	each(t, func(s *site) {
		user := s.member("aisha", func(_ *db.Tx, u *directory.User) { u.Email = "" })
		s.browser().password("aisha", passphrase).sees("You need an access pass")
		pass := s.passOf(user)
		s.browser().password("aisha", strings.ToUpper(pass)).sees("Add a phone")
		// The browser is closed here; the pass still works, because nothing came of it yet.
		b := s.browser().password("aisha", strings.ReplaceAll(pass, "-", " ")).sees("Add a phone")
		b.fill("Send me a code", "tel", "07700 900123").fill("Verify", "one-time-code", s.code(mobile)).sees("You’re all set")
		s.browser().password("aisha", pass).sees("isn’t right")
	})
}

func TestWhoHasNoPasswordChoosesOne(t *testing.T) {
	each(t, func(s *site) {
		user := s.member("aisha")
		s.tx(func(tx *db.Tx) error {
			_, err := tx.Exec("DELETE FROM methods WHERE user_id = $1", user.ID)
			return err
		})
		b := s.browser().password("aisha", s.passOf(user))
		b.fill("Send me a code", "tel", "07700 900123").fill("Verify", "one-time-code", s.code(mobile)).sees("Choose a password")
		b.fill("Save", "new-password", "northwold1").sees("Choose a password")
		b.fill("Save", "new-password", "seven otters knit quietly").sees("You’re all set")
		s.clock.Advance(time.Minute)
		b = s.browser().password("aisha", "seven otters knit quietly")
		if b.fill("Verify", "one-time-code", s.code(mobile)); !b.signedIn() {
			t.Error("the new password does not sign in")
		}
	})
}

// A forgotten password is got back with the link of a letter and a second step. With an app it works at once.
func TestAForgottenPassword(t *testing.T) {
	each(t, func(s *site) {
		user := s.member("aisha")
		s.phoneOf(user, mobile, phone.Mobile, message.SMS)
		secret := s.appOf(user)
		b := s.browser().open("/signin/cant/app").fill("Send", "username", "aisha").sees("If there is an account", "have your app ready")
		link := s.to("aisha@northwold.example")[0].Button.URL
		b.open(link).sees("Choose a new password").open(link).press("Next").sees("Enter the code from your app")
		b.fill("Verify", "one-time-code", authenticator.Code(secret, authenticator.Step(s.clock.Now()))).sees("Choose a password")
		b.fill("Save", "new-password", "seven otters knit quietly")
		if !b.signedIn() {
			t.Error("not signed in after choosing a password")
		}
		s.browser().open(link).sees("doesn’t work any more")
		s.browser().password("aisha", passphrase).sees("isn’t right")
		s.browser().password("aisha", "seven otters knit quietly").sees("Enter the code")
		// A name that nobody has is answered with the same words, and nothing is sent.
		s.to("nobody")
		before := len(s.post.sent)
		s.browser().open("/signin/forgot").fill("Send", "username", "nobody").sees("If there is an account")
		if s.to("x"); len(s.post.sent) != before {
			t.Error("something was sent for a name that nobody has")
		}
	})
}

func TestDetailsAreAskedOnceAndKeepWhatWasTyped(t *testing.T) {
	each(t, func(s *site) {
		s.tx(func(tx *db.Tx) error {
			for i, f := range []directory.Field{
				{ID: "given_name", Kind: "text", Required: true, Labels: map[string]string{"en": "Given name"}},
				{ID: "second_email", Kind: "email", Required: true, Labels: map[string]string{"en": "Second e-mail"}},
			} {
				f.Position = int64(i + 1)
				if err := directory.AddField(tx, "system", f); err != nil {
					return err
				}
			}
			return nil
		})
		user := s.member("aisha", func(_ *db.Tx, u *directory.User) { u.GivenName = "" })
		s.phoneOf(user, mobile, phone.Mobile, message.SMS)
		b := s.browser().password("aisha", passphrase).fill("Verify", "one-time-code", s.code(mobile)).sees("A few details", "Second e-mail")
		b.fill("Save", "field-given_name", "<b>Ai</b>sha 🏕", "field-second_email", "not an address").sees("A few details")
		if form, err := b.page.Form("field-given_name"); err != nil || form.Values.Get("field-given_name") != "<b>Ai</b>sha 🏕" {
			t.Error("what was typed is lost")
		}
		b.fill("Save", "field-second_email", "aisha@elsewhere.example")
		if !b.signedIn() {
			t.Error("not signed in")
		}
		s.clock.Advance(time.Hour)
		s.browser().password("aisha", passphrase).fill("Verify", "one-time-code", s.code(mobile)).notSees("A few details")
	})
}

// The old number works until the new one is proved, and both hear of it.
func TestAPhoneNumberIsUpdated(t *testing.T) {
	each(t, func(s *site) {
		user := s.member("aisha")
		s.phoneOf(user, mobile, phone.Mobile, message.SMS)
		b := s.browser().password("aisha", passphrase).fill("Verify", "one-time-code", s.code(mobile))
		b.open("/security").press("Update").sees("Your new number")
		b.fill("Send me a code", "tel", "07700 900777")
		s.clock.Advance(time.Minute)
		s.browser().password("aisha", passphrase).fill("Verify", "one-time-code", s.code(mobile)) // still the old one
		b.fill("Verify", "one-time-code", s.code("+447700900777"))
		b.open("/security").sees("+44 7700 900777").notSees("+44 7700 900123")
		if texts := s.to(mobile); texts[0].Purpose != message.Notice {
			t.Error("the old number was not told")
		}
		if mails := s.to("aisha@northwold.example"); mails[0].Subject != "A sign-in method was changed" {
			t.Errorf("the person was not told by mail: %q", mails[0].Subject)
		}
	})
}

// "This wasn't me": nothing can be changed any more, every browser is signed out, the administrator knows.
func TestNotMeFreezesTheAccount(t *testing.T) {
	each(t, func(s *site) {
		s.member("boss", func(_ *db.Tx, u *directory.User) { u.Role = directory.Administrator })
		user := s.member("aisha")
		s.phoneOf(user, mobile, phone.Mobile, message.SMS)
		b := s.browser().password("aisha", passphrase).fill("Verify", "one-time-code", s.code(mobile))
		b.open("/security").press("Update")
		b.fill("Send me a code", "tel", "07700 900777").fill("Verify", "one-time-code", s.code("+447700900777"))
		link := s.to("aisha@northwold.example")[0].Button.URL
		owner := s.browser().open(link).sees("Wasn’t that you?")
		if !b.signedIn() {
			t.Error("opening the link alone did something: mail scanners open links too")
		}
		owner.open(link).press("It wasn’t me").sees("Your account is safe now")
		if b.signedIn() {
			t.Error("the thief's browser is still signed in")
		}
		if mails := s.to("boss@northwold.example"); len(mails) != 1 || !strings.Contains(mails[0].Subject, "this wasn’t me") {
			t.Errorf("the administrator was not told: %v", mails)
		}
		s.browser().open(link).sees("doesn’t work any more")
	})
}

// Every wrong turn leads to a page that says what happened, with one button on.
func TestWrongTurns(t *testing.T) {
	each(t, func(s *site) {
		s.member("aisha", firstUse)
		b := s.browser().password("aisha", passphrase)
		b.fill("Send me a code", "tel", "07700 900123")
		codePage := b.page.URL.RequestURI()

		b.open(codePage).sees("Enter the code we sent") // Refresh
		s.browser().open(codePage).sees("not open here", "Start again")

		b.open(codePage).press("Change the number").sees("Add a phone")
		b.fill("Send me a code", "tel", "07700 900123").sees("Enter the code we sent")
		b.press("Send it again").sees("You can ask for another one in")
		s.clock.Advance(31 * time.Second)
		code := s.code(mobile)
		b.press("Send it again").sees("Enter the code we sent")
		if again := s.code(mobile); again != code || len(s.to(mobile)) != 2 {
			t.Errorf("sent again was %s, not the same code %s; %d texts", again, code, len(s.to(mobile)))
		}
		s.clock.Advance(31 * time.Second)
		b.press("Call me instead").sees("You can ask for another one in 29 seconds") // each wait is longer
		s.clock.Advance(30 * time.Second)
		b.press("Call me instead").sees("as many codes")
		s.clock.Advance(6 * time.Minute)
		b.fill("Verify", "one-time-code", code).sees("too old")
		s.clock.Advance(5 * time.Minute)
		b.press("Call me instead").sees("We are calling you")
		s.clock.Advance(16 * time.Minute)
		b.fill("Verify", "one-time-code", s.code(mobile)).sees("took a little long", "Start again")
	})
}

func TestASecondTabGoesOnWhereTheFirstIs(t *testing.T) {
	each(t, func(s *site) {
		user := s.member("aisha")
		s.phoneOf(user, mobile, phone.Mobile, message.SMS)
		b := s.browser().name("aisha")
		stale := b.page
		b.fill("Next", "current-password", passphrase)
		tab := &browser{b.Visitor, s, stale}
		tab.fill("Next", "current-password", passphrase).sees("Enter the code we sent")
		codePage := b.page
		b.fill("Verify", "one-time-code", s.code(mobile))
		tab.page = codePage
		tab.fill("Verify", "one-time-code", s.code(mobile)).sees("finished already", "Go on")
		s.browser().open(codePage.URL.RequestURI()).sees("not open here")
	})
}

// Who has just proved it and then turns back is not asked again when they go on after all. Who turns back without having
// proved anything has proved nothing.
func TestAProofLastsThoughOneTurnsBack(t *testing.T) {
	each(t, func(s *site) {
		b, _ := s.atCode("aisha")
		b.fill("Verify", "one-time-code", s.code(mobile))
		s.clock.Advance(50 * time.Minute)
		addApp := func() *browser { return b.open("/security/add").press("Authenticator app") }
		addApp().sees("Enter the code we sent").press("Not now").sees("Security info")
		s.clock.Advance(2 * time.Minute) // a new code may be sent
		addApp().sees("Enter the code we sent").fill("Verify", "one-time-code", s.code(mobile)).press("Not now").sees("Security info")
		addApp().notSees("Enter the code we sent").sees("Which app do you want to use?")
		s.clock.Advance(11 * time.Minute)
		addApp().sees("Enter the code we sent")
	})
}
