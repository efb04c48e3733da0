package server_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/keys"
	"woggle/internal/message"
	"woggle/internal/method/card"
	"woggle/internal/method/phone"
	"woggle/internal/paper"
	"woggle/internal/server"
	"woggle/internal/signin"
)

// cardOf gives a person a card that works from then on for two weeks.
func (s *site) cardOf(user directory.User, from time.Duration, codes int) (printed paper.Card) {
	s.t.Helper()
	s.tx(func(tx *db.Tx) (err error) {
		begin := tx.Now.Add(from)
		printed, err = s.nodes[0].server.GiveCard(tx, audit.System, user, begin, begin.Add(14*24*time.Hour), codes)
		return err
	})
	return printed
}

// The purpose: at a camp, without any phone.
func TestACardSignsSomebodyInWhoHasNoPhone(t *testing.T) {
	each(t, func(s *site) {
		user := s.member("aisha")
		printed := s.cardOf(user, 0, 3)
		if len(printed.Codes) != 3 || !strings.HasPrefix(printed.Number, "Card ") || printed.Person != "Aisha Khan" || !strings.HasPrefix(printed.Valid, "Works from ") {
			t.Fatalf("the card is %+v", printed)
		}
		if mail := s.to(user.Email); mail[0].Subject != "A printed card was made for you" {
			t.Errorf("the person was not told: %+v", mail)
		}
		number := strings.TrimPrefix(printed.Number, "Card ")
		for i, one := range printed.Codes {
			b := s.browser().password("aisha", passphrase).sees("Enter code "+string(rune('1'+i))+" of your card", number)
			if i > 0 {
				b.fill("Verify", "one-time-code", printed.Codes[i-1]).sees("isn’t the right code") // it was used
			}
			if i+1 < len(printed.Codes) {
				b.fill("Verify", "one-time-code", printed.Codes[i+1]).sees("isn’t the right code") // it is not asked for yet
			}
			if b.fill("Verify", "one-time-code", one); !b.signedIn() {
				t.Fatalf("code %d does not sign in", i+1)
			}
			if i+1 < len(printed.Codes) {
				b.sees("Printed card "+number, "Only one way in")
			} else {
				b.notSees("Printed card")
			}
			s.clock.Advance(time.Hour)
		}
		// It is used up: without another way the person needs a pass.
		b := s.browser().password("aisha", passphrase)
		if b.notSees("of your card"); b.signedIn() {
			t.Error("a used-up card signs in")
		}
	})
}

// T16, T17: a code of a card is good once, in any browser and on any node.
func TestACardCodeIsGoodOnceUnderRaces(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := newSite(t, d, clock, 2)
		user := s.member("aisha")
		printed := s.cardOf(user, 0, 12)
		b := s.browser().password("aisha", passphrase)
		form, err := b.page.Form("one-time-code")
		if err != nil {
			t.Fatal(err)
		}
		form.Set("one-time-code", printed.Codes[0])
		if got := s.parallel(b, 50, form.Action, form.Values); got != 1 {
			t.Errorf("%d sessions came of one code", got)
		}
		clock.Advance(time.Hour)
		var browsers []*browser
		for i := range 4 {
			browsers = append(browsers, s.browserAt(i%2).password("aisha", passphrase).sees("Enter code 2"))
		}
		var wait sync.WaitGroup
		for _, b := range browsers {
			form, err := b.page.Form("one-time-code")
			if err != nil {
				t.Fatal(err)
			}
			form.Set("one-time-code", printed.Codes[1])
			wait.Go(func() { b.Send(form, nil) })
		}
		wait.Wait()
		in := 0
		for _, b := range browsers {
			if b.signedIn() {
				in++
			}
		}
		if in != 1 {
			t.Errorf("%d browsers are signed in with one code", in)
		}
	})
}

// T40: a card works in its time only, also for an attempt that began in it, and though no sweeper ran.
func TestACardWorksInItsTimeOnly(t *testing.T) {
	each(t, func(s *site) {
		user := s.member("aisha")
		s.phoneOf(user, mobile, phone.Mobile, message.SMS)
		printed := s.cardOf(user, 24*time.Hour, 12)
		s.browser().password("aisha", passphrase).alsoAt("/signin/ways").notSees("your card")
		s.clock.Advance(24 * time.Hour)
		s.browser().password("aisha", passphrase).alsoAt("/signin/ways").press("Use a code of your card").sees("Enter code 1")
		s.clock.Advance(14*24*time.Hour - time.Minute)
		b := s.browser().password("aisha", passphrase).alsoAt("/signin/ways").press("Use a code of your card").sees("Enter code 1")
		s.clock.Advance(time.Minute)
		if b.fill("Verify", "one-time-code", printed.Codes[0]); b.signedIn() {
			t.Error("a card that is over signs in")
		}
		s.browser().password("aisha", passphrase).alsoAt("/signin/ways").notSees("your card")
	})
}

// Codes are for one person, one card and one purpose; a revoked card is worth nothing and ends what it began.
func TestACardIsForItsPersonAndUntilItIsRevoked(t *testing.T) {
	each(t, func(s *site) {
		aisha, bryn := s.member("aisha"), s.member("bryn")
		mine, theirs := s.cardOf(aisha, 0, 12), s.cardOf(bryn, 0, 12)
		second := s.cardOf(aisha, 0, 12)
		number := func(c paper.Card) string { return strings.TrimPrefix(c.Number, "Card ") }
		if mine.Number == second.Number {
			t.Error("two cards of a person have one number")
		}
		b := s.browser().password("aisha", passphrase)
		for _, other := range []string{theirs.Codes[0], mine.Codes[1]} {
			b.fill("Verify", "one-time-code", other).sees("isn’t the right code")
		}
		for _, odd := range []string{"", "12345", "null", strings.Repeat("1", 5000)} {
			form, err := b.page.Form("one-time-code")
			if err != nil {
				t.Fatal(err)
			}
			form.Set("one-time-code", odd)
			if b.page, err = b.Send(form, nil); err != nil || b.page.Status != 422 {
				t.Errorf("%.10q: status %d, %v", odd, b.page.Status, err)
			}
		}
		asked := mine
		if strings.Contains(b.page.Text, number(second)) {
			asked = second
		}
		if b.fill("Verify", "one-time-code", asked.Codes[0]); !b.signedIn() {
			t.Fatal("not signed in")
		}
		half := s.browser().password("aisha", passphrase).sees("Enter code")
		s.tx(func(tx *db.Tx) error {
			if err := s.nodes[0].server.EndCard(tx, "somebody", aisha, number(asked)); err != nil {
				return err
			}
			events, err := audit.OfUser(tx, aisha.ID, "", 20)
			if len(events) == 0 || events[0].Type != audit.SessionsEnded || events[1].Type != audit.CardRevoked || events[1].Actor != "somebody" {
				t.Errorf("the trail is %+v", events)
			}
			return err
		})
		if b.signedIn() {
			t.Error("a session made with a lost card goes on")
		}
		if half.fill("Verify", "one-time-code", asked.Codes[1]); half.signedIn() {
			t.Error("a revoked card signs in")
		}
		if !slices.ContainsFunc(s.to(aisha.Email), func(m message.Message) bool { return m.Subject == "A printed card of yours was ended" }) {
			t.Error("the person was not told")
		}
		if err := s.db.Tx(t.Context(), func(tx *db.Tx) error { return s.nodes[0].server.EndCard(tx, "x", bryn, number(mine)+"!") }); err == nil {
			t.Error("a card that is not there was ended")
		}
	})
}

// A card is made only within bounds, never for a frozen account; and nobody without the key file can tell its codes.
func TestCardsAreMadeWithinBounds(t *testing.T) {
	each(t, func(s *site) {
		user := s.member("aisha")
		issue := func(from, life time.Duration, codes int) error {
			return s.db.Tx(t.Context(), func(tx *db.Tx) error {
				held, err := directory.Hold(tx, user.ID)
				if err != nil {
					return err
				}
				_, err = card.Issue(tx, s.keys, audit.System, held, tx.Now.Add(from), tx.Now.Add(from+life), codes)
				return err
			})
		}
		for name, wrong := range map[string]error{"no codes": issue(0, time.Hour, 0), "too many": issue(0, time.Hour, 13), "no time": issue(0, 0, 12),
			"backwards": issue(time.Hour, -time.Minute, 12), "over": issue(-2*time.Hour, time.Hour, 12), "for ever": issue(0, 400*24*time.Hour, 12)} {
			if wrong == nil {
				t.Errorf("%s: a card was made", name)
			}
		}
		for i := range signin.Card.Most() + 1 {
			if err := issue(0, time.Hour, 12); (err == nil) != (i < signin.Card.Most()) {
				t.Errorf("card %d: %v", i+1, err)
			}
		}
		s.tx(func(tx *db.Tx) error {
			cards, err := signin.Cards(tx, user.ID)
			for _, e := range cards {
				if len(e.Secret) > 0 || keys.Random().CheckCode(s.keys.Code(6, "card/"+e.ID+"/1"), 6, "card/"+e.ID+"/1") {
					t.Error("a code can be told without the key")
				}
			}
			return err
		})
	})
}

// A reset takes all cards along, also one whose time has not come.
func TestAResetTakesCardsAlong(t *testing.T) {
	each(t, func(s *site) {
		user := s.member("aisha")
		s.cardOf(user, 24*time.Hour, 12)
		s.tx(func(tx *db.Tx) error {
			if _, err := s.nodes[0].server.ResetMethods(tx, audit.System, user); err != nil {
				return err
			}
			cards, err := signin.Cards(tx, user.ID)
			if len(cards) > 0 {
				t.Error("a card is left")
			}
			return err
		})
	})
}

// T88: which codes were used since a backup was made is not known, so all paper is void.
func TestARestoredBackupVoidsPaper(t *testing.T) {
	each(t, func(s *site) {
		user := s.member("aisha")
		s.phoneOf(user, mobile, phone.Mobile, message.SMS)
		set, printed := s.codesOf(user), s.cardOf(user, 0, 12)
		done, err := server.Restored(t.Context(), s.db)
		if err != nil || done.Sets != 1 || done.Cards != 1 {
			t.Errorf("%+v, %v", done, err)
		}
		b := s.browser().password("aisha", passphrase).alsoAt("/signin/ways").notSees("recovery code", "your card")
		if len(set) == 0 || len(printed.Codes) == 0 || b.signedIn() {
			t.Error("signed in")
		}
	})
}

// A card whose time ends is not all that is left: on the next day its owner would be locked out.
func TestACardIsNotTheLastThatIsLeft(t *testing.T) {
	one(t, func(s *site) {
		user := s.member("aisha")
		id := s.phoneOf(user, mobile, phone.Mobile, message.SMS)
		s.cardOf(user, 0, 12)
		b := s.browser().password("aisha", passphrase).fill("Verify", "one-time-code", s.code(mobile))
		b.open("/security/methods/" + id + "/remove").press("Remove")
		if !slices.Contains(s.methods(user), "phone") {
			t.Error("the phone was removed, and a card for a camp is left")
		}
	})
}
