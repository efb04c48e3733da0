package server_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/message"
	"woggle/internal/message/bill"
	"woggle/internal/method/phone"
	"woggle/internal/server"
	"woggle/internal/signin"
)

// What became of a text or a call is told on the page, in words, and another can be asked for.
func TestThePageTellsWhatBecameOfIt(t *testing.T) {
	for event, row := range map[message.Event]struct {
		approve bool
		words   string
	}{
		message.Busy:       {false, "line was busy"},
		message.NoAnswer:   {false, "Nobody answered"},
		message.NoKey:      {true, "nobody pressed the two numbers"},
		message.Failed:     {true, "didn’t get through"},
		message.Answered:   {false, ""},
		message.Heard:      {false, ""},
		message.Delivered:  {false, ""},
		message.Event("?"): {true, ""},
	} {
		t.Run(string(event), func(t *testing.T) {
			d, clock := dbtest.Open(t)
			l := withLine(t, d, clock, row.approve)
			b, _ := l.atVoice("aisha")
			l.tell(l.to(landline)[0], event)
			b.open(b.page.URL.RequestURI()).sees("We are calling you", row.words, "Call me again")
			if row.words == "" {
				b.notSees("line was busy", "Nobody answered", "nobody pressed", "get through")
			}
			if row.approve && row.words != "" {
				if got := b.state(b.watches()); !strings.HasPrefix(got, "phone.outcome.") {
					t.Errorf("the page is told %q", got)
				}
			}
			l.clock.Advance(31 * time.Second)
			b.press("Call me again").sees("We are calling you")
			if row.words != "" {
				b.notSees(row.words) // of the newest call nothing is known
			}
			if len(l.to(landline)) != 2 {
				t.Error("there was no other call")
			}
		})
	}
}

// atVoice is a browser of a person who is called.
func (l *line) atVoice(username string) (*browser, string) {
	l.t.Helper()
	user := l.member(username)
	id := l.phoneOf(user, landline, phone.Landline, message.Voice)
	return l.browser().password(username, passphrase).sees("We are calling you"), id
}

// priced is a site where each text or call costs one, and no more than so many may be spent in a day.
func priced(t *testing.T, d *db.DB, clock *dbtest.Clock, day bill.Money, change func(*message.Route)) *site {
	carrier := &post{}
	s := changed(t, d, clock, func(o *server.Options) {
		o.Limits = bill.Limits{All: bill.Limit{Day: day}}
		o.Routes = func(func(string) message.Desk) (routes []message.Route, err error) {
			for _, channel := range []message.Channel{message.SMS, message.Voice, message.Email} {
				r := message.Route{Name: "post-" + string(channel), Channel: channel, Provider: carrier, Prices: bill.Flat(bill.Unit)}
				change(&r)
				routes = append(routes, r)
			}
			return routes, nil
		}
	})
	s.post = carrier
	return s
}

// What the bill forbids is not sent, the page says so and offers another way, and the code that came before still works.
func TestWhatTheBillForbidsIsSaid(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := priced(t, d, clock, bill.Unit, func(*message.Route) {})
		user := s.member("aisha")
		s.phoneOf(user, mobile, phone.Mobile, message.SMS)
		b := s.browser().password("aisha", passphrase).sees("Enter the code we sent")
		code := s.code(mobile)
		s.clock.Advance(31 * time.Second)
		b.press("Send it again").sees("Enter the code we sent", "can’t send any more codes for now")
		s.clock.Advance(4 * time.Minute) // the code has too little time left to be sent again: there would be a new one
		b.press("Send it again").sees("Enter the code we sent", "can’t send any more codes for now")
		late := s.browser().password("aisha", passphrase).sees("couldn’t send a code", "can’t send any more codes for now")
		linkTo(t, late, "/signin/ways")
		if b.fill("Verify", "one-time-code", code); !b.signedIn() {
			t.Error("the code that was sent is worth nothing")
		}
		if got := len(s.to(mobile)); got != 1 {
			t.Errorf("%d texts", got)
		}
		if got := s.events(audit.SendingRefused); len(got) != 3 || got[0].Detail["limit"] != "over-limit-all" {
			t.Errorf("recorded: %+v", got)
		}
		s.member("bryn", firstUse)
		s.browser().password("bryn", passphrase).fill("Send me a code", "tel", "07700 900777").
			sees("Add a phone", "can’t send any more codes for now", "Use an authenticator app instead")
	})
}

// A number that no route of the one channel serves is reached by the other.
func TestANumberThatOneChannelDoesNotServe(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := priced(t, d, clock, 0, func(r *message.Route) {
			if r.Channel == message.SMS {
				r.Prefixes = []string{"+33"}
			}
		})
		s.phoneOf(s.member("aisha"), mobile, phone.Mobile, message.SMS)
		b := s.browser().password("aisha", passphrase).sees("We are calling you")
		b.fill("Verify", "one-time-code", s.code(mobile))
		if !b.signedIn() {
			t.Error("not signed in")
		}
		s.member("bryn", firstUse)
		b = s.browser().password("bryn", passphrase).fill("Send me a code", "tel", "07700 900777", "channel", "sms")
		b.sees("Texts can’t be sent at the moment. Choose a phone call").press("Send me a code").sees("We are calling you")
	})
}

// Of a code that was entered, or can't be entered any more, nothing is kept, and nothing of it is sent any more.
func TestNothingIsKeptOfACodeThatIsOver(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, s *site, b *browser){
		"entered":        func(_ *testing.T, s *site, b *browser) { b.fill("Verify", "one-time-code", s.code(mobile)) },
		"number changed": func(_ *testing.T, _ *site, b *browser) { b.press("Change the number") },
		"wrong": func(_ *testing.T, s *site, b *browser) {
			code := s.code(mobile)
			for range 5 {
				b.fill("Verify", "one-time-code", wrongOf(code))
			}
			b.sees("Too many wrong tries")
		},
		"replaced": func(t *testing.T, s *site, b *browser) {
			s.clock.Advance(4 * time.Minute)
			b.press("Send it again")
			if n := s.count("SELECT count(*) FROM messages WHERE sealed IS NOT NULL"); n != 1 {
				t.Errorf("%d messages are kept", n)
			}
			b.press("Change the number")
		},
		"another kind": func(_ *testing.T, _ *site, b *browser) {
			// The code can still be entered by who turns back; only the end of its life ends it.
			b.press("Use an authenticator app instead").press("Use a phone instead").sees("Enter the code we sent").press("Change the number")
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(s *site) {
				s.member("aisha", firstUse)
				b := s.browser().password("aisha", passphrase).fill("Send me a code", "tel", "07700 900123", "channel", "sms")
				if n := s.count("SELECT count(*) FROM messages WHERE sealed IS NOT NULL"); n != 1 {
					t.Fatalf("%d messages are kept of a code that lives", n)
				}
				end(t, s, b)
				if n := s.count("SELECT count(*) FROM messages WHERE sealed IS NOT NULL AND purpose = 'code'"); n != 0 {
					t.Errorf("%d messages are kept", n)
				}
				before := len(s.to(mobile))
				if slices.Contains([]string{"entered", "wrong"}, name) != (before > 0) {
					t.Errorf("%d codes were sent", before)
				}
			})
		})
	}
}

// Who turns away while signed in leaves nothing behind either.
func TestLeavingDropsTheCode(t *testing.T) {
	each(t, func(s *site) {
		b, _ := s.atCode("aisha")
		b.fill("Verify", "one-time-code", s.code(mobile))
		b.open("/security/add").press("Phone").fill("Send me a code", "tel", "07700 900777").press("Not now")
		if n := s.count("SELECT count(*) FROM messages WHERE sealed IS NOT NULL AND purpose = 'code'"); n != 0 {
			t.Errorf("%d messages are kept", n)
		}
		if len(s.to("+447700900777")) != 0 {
			t.Error("a code was sent after its person had left")
		}
	})
}

// A phone that was set up before phones could be found by their number can be, once it was used.
func TestAPhoneIsFoundOnceItWasUsed(t *testing.T) {
	each(t, func(s *site) {
		user := s.member("aisha")
		s.phoneOf(user, mobile, phone.Mobile, message.SMS)
		find := func(e164 string) (users []string) {
			s.tx(func(tx *db.Tx) (err error) {
				users, err = signin.UsersByLookup(tx, phone.Lookups(s.keys, e164)...)
				return err
			})
			return users
		}
		if got := find(mobile); !slices.Equal(got, []string{user.ID}) {
			t.Fatalf("found %v", got)
		}
		s.tx(func(tx *db.Tx) error {
			_, err := tx.Exec("UPDATE methods SET lookup = ''")
			return err
		})
		if got := find(mobile); len(got) != 0 {
			t.Fatalf("found %v", got)
		}
		b := s.browser().password("aisha", passphrase)
		if got := find(mobile); len(got) != 0 {
			t.Fatalf("found by who has not used it: %v", got)
		}
		b.fill("Verify", "one-time-code", s.code(mobile))
		if got := find(mobile); !slices.Equal(got, []string{user.ID}) {
			t.Errorf("found %v", got)
		}
		b.open("/security").press("Update").fill("Send me a code", "tel", "07700 900777").fill("Verify", "one-time-code", s.code("+447700900777"))
		if len(find(mobile)) != 0 || len(find("+447700900777")) != 1 {
			t.Error("a number that was changed is found by the old one")
		}
	})
}

// One customer of a provider has as many IPv6 addresses as they like, all in one network of 64 bits; that is one address.
func TestCodesAreBoundedByNetworkOfIPv6(t *testing.T) {
	one(t, func(s *site) {
		ask := func(address string, i int) *browser {
			s.member(fmt.Sprintf("somebody%d", i), firstUse)
			b := s.from(address).password(fmt.Sprintf("somebody%d", i), passphrase)
			return b.fill("Send me a code", "tel", fmt.Sprintf("07700 900%03d", i), "channel", "sms")
		}
		for i := range 30 {
			ask(fmt.Sprintf("2001:db8:1:2::%x", i+1), i).sees("Enter the code we sent")
		}
		ask("2001:db8:1:2:3:4:5:6", 30).sees(enough)
		ask("2001:db8:1:3::1", 31).sees("Enter the code we sent")
		rows := func() int { return s.count("SELECT count(*) FROM limits WHERE key LIKE 'send-address:%'") }
		if rows() != 2 {
			t.Errorf("%d rows say where somebody was", rows())
		}
		s.clock.Advance(time.Hour)
		s.tx(phone.Sweep)
		if rows() != 0 {
			t.Errorf("an hour later %d rows still do", rows())
		}
	})
}
