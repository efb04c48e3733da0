package server_test

import (
	"log/slog"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/keys"
	"woggle/internal/message"
	"woggle/internal/message/handset"
	"woggle/internal/method/phone"
	"woggle/internal/page"
	"woggle/internal/server"
)

// changed is a site with other options.
func changed(t *testing.T, d *db.DB, clock *dbtest.Clock, change func(*server.Options)) *site {
	s := &site{t: t, db: d, clock: clock, keys: keys.Random(), post: &post{}}
	web := httptest.NewUnstartedServer(nil)
	o := server.Options{DB: d, Keys: s.keys, Base: &url.URL{Scheme: "http", Host: web.Listener.Addr().String()},
		Brand: page.Brand{Name: "Northwold County", Colour: "#0b5d57"}, Plan: phone.Plan{Default: "GB", Drama: true},
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Log: slog.New(slog.DiscardHandler)}
	change(&o)
	srv, err := server.New(o)
	if err != nil {
		t.Fatal(err)
	}
	web.Config.Handler = srv.Handler()
	web.Start()
	t.Cleanup(web.Close)
	s.nodes = []*node{{srv, web}}
	return s
}

// stage is a site whose telephones are the demonstration's.
func stage(t *testing.T, d *db.DB, clock *dbtest.Clock) (*site, *handset.Exchange) {
	exchange := handset.New(d.Now)
	return changed(t, d, clock, func(o *server.Options) {
		o.Demo = &server.Demo{Exchange: exchange, People: func() any { return nil }, Lines: func() []handset.Line { return nil }}
	}), exchange
}

// pressNine answers the newest call to a number and says: I did not ask for this.
func (s *site) pressNine(exchange *handset.Exchange, number string) {
	s.t.Helper()
	s.pressKeys(exchange, number, "9")
}

// pressKeys answers the newest call to a number and presses keys.
func (s *site) pressKeys(exchange *handset.Exchange, number, keys string) {
	s.t.Helper()
	s.to(number) // is sent
	call := exchange.Messages(number)[0]
	b := s.browser().open("/signin")
	form, err := b.page.Form("username")
	if err != nil {
		s.t.Fatal(err)
	}
	press := func(action, key string) {
		if _, err := b.Post("/handset/calls/"+call.ID+"/"+action, url.Values{"t": form.Values["t"], "key": {key}}); err != nil {
			s.t.Fatal(err)
		}
	}
	press("answer", "")
	for _, key := range keys {
		press("key", string(key))
	}
}

// The telephone of the demonstration takes the two digits of the page, as any line does.
func TestTheHandsetApproves(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		exchange := handset.New(d.Now)
		s := changed(t, d, clock, func(o *server.Options) {
			o.Approve = true
			o.Demo = &server.Demo{Exchange: exchange, People: func() any { return nil }, Lines: func() []handset.Line { return nil }}
		})
		s.phoneOf(s.member("mair"), landline, phone.Landline, message.Voice)
		b := s.browser().password("mair", passphrase).sees("We are calling you")
		s.pressKeys(exchange, landline, b.digits())
		if text := exchange.Messages(landline)[0].Text; !strings.Contains(text, "Press the two numbers on your screen.") || strings.Contains(text, b.digits()) {
			t.Errorf("the call says %q", text)
		}
		if b.press(pressed); !b.signedIn() {
			t.Error("not signed in")
		}
		b = s.browser().password("mair", passphrase).sees("We are calling you")
		s.pressKeys(exchange, landline, notThose(b.digits()))
		if b.press(pressed); b.signedIn() {
			t.Error("signed in by other digits")
		}
	})
}

func (s *site) frozen(user directory.User) (frozen bool) {
	s.t.Helper()
	s.tx(func(tx *db.Tx) error {
		now, err := directory.ByID(tx, user.ID)
		frozen = now.Frozen()
		return err
	})
	return frozen
}

// Key 9 in a call of a sign-in: somebody else has the password, so changes stop (threat T26).
func TestAReportedCallFreezesTheAccount(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s, exchange := stage(t, d, clock)
		user := s.member("mair")
		s.phoneOf(user, landline, phone.Landline, message.Voice)
		s.browser().password("mair", passphrase).sees("We are calling you")
		s.pressNine(exchange, landline)
		if !s.frozen(user) {
			t.Error("the account is not frozen")
		}
	})
}

// Key 9 in a call that sets a number up: the number is not the person's yet. Whoever answered is left in peace, and the
// person told; nothing happens to their account.
func TestAReportedCallOfASetUpEndsOnlyThat(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s, exchange := stage(t, d, clock)
		user := s.member("mair", firstUse)
		b := s.browser().password("mair", passphrase)
		b.fill("Send me a code", "tel", landline, "channel", "voice").sees("We are calling you")
		codePage := b.page
		s.pressNine(exchange, landline)
		if s.frozen(user) {
			t.Fatal("a wrong number freezes the account of who typed it")
		}
		const said = "didn’t ask for a code"
		b.open(codePage.URL.RequestURI()).sees("Add a phone", said)
		b.page = codePage
		b.fill("Verify", "one-time-code", "123456").sees("Add a phone", said)
		s.clock.Advance(time.Minute)
		b.fill("Send me a code", "tel", "01632 960456", "channel", "voice").sees("Add a phone", said)
		if calls := exchange.Messages(landline); len(calls) != 1 {
			t.Errorf("%d calls to somebody who does not want them", len(calls))
		}
		b.fill("Send me a code", "tel", "01632 960457", "channel", "voice").sees("We are calling you").notSees(said)
		b.open(b.page.URL.RequestURI()).sees("We are calling you").notSees(said)
	})
}

var notMeLink = regexp.MustCompile(`This wasn.t me: https?://[^/]+(/not-me/\S+)$`)

// Who has no e-mail is told of a new browser by text, and can say from there that it wasn't them.
func TestATextTellsAndCanStop(t *testing.T) {
	each(t, func(s *site) {
		user := s.member("aisha", func(_ *db.Tx, u *directory.User) { u.Email = "" })
		s.phoneOf(user, mobile, phone.Mobile, message.SMS)
		s.browser().password("aisha", passphrase).fill("Verify", "one-time-code", s.code(mobile))
		s.clock.Advance(time.Hour)
		thief := s.browser().password("aisha", passphrase).fill("Verify", "one-time-code", s.code(mobile)).sees("Hello")
		notice := s.to(mobile)[0]
		if notice.Purpose != message.Notice {
			t.Fatalf("the newest text is %+v", notice)
		}
		link := notMeLink.FindStringSubmatch(notice.Body)
		if link == nil {
			t.Fatalf("no link in %q", notice.Body)
		}
		if strings.ContainsAny(notice.Body, "\r\n") {
			t.Errorf("a link may not stand on a line of its own: %q", notice.Body)
		}
		owner := s.browser().open(link[1])
		if s.frozen(user) {
			t.Fatal("looking at the link has frozen the account")
		}
		owner.press("Stop everything")
		if !s.frozen(user) {
			t.Fatal("the account is not frozen")
		}
		if thief.open("/security").signedIn() {
			t.Error("the thief is still signed in")
		}
	})
}
