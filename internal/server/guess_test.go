package server_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/limit"
	"woggle/internal/message"
	"woggle/internal/method/authenticator"
	"woggle/internal/method/phone"
	"woggle/internal/signin"
)

// from is a new browser at an address, as the proxy in front of the site names it.
func (s *site) from(address string) *browser {
	b := s.browser()
	b.Header.Set("X-Forwarded-For", address)
	return b
}

const wrong = "wrong-wrong-wrong"

// T04: what an address may not try is tried for nobody. A stranger whose address is blocked uses up no member's tries.
func TestABlockedAddressUsesUpNobodysTries(t *testing.T) {
	each(t, func(s *site) {
		s.appOf(s.member("aisha"))
		stranger := s.from("198.51.100.7")
		for i := range 30 {
			stranger.password(fmt.Sprintf("somebody%d", i), fmt.Sprintf("%s-%d", wrong, i)).sees("isn’t right")
		}
		for range 12 {
			stranger.password("aisha", wrong).sees("too many tries")
		}
		if stranger.page.Status != 429 {
			t.Errorf("status %d", stranger.page.Status)
		}
		s.from("198.51.100.8").password("aisha", passphrase).sees("Enter the code from your app")
	})
}

// T09: codes are bounded by address and network as well, and a blocked address uses up nobody's tries of these either.
func TestCodesAreBoundedByAddress(t *testing.T) {
	each(t, func(s *site) {
		at := func(address, name string) *browser {
			return s.from(address).password(name, passphrase).sees("Enter the code")
		}
		for i := range 3 {
			name := fmt.Sprintf("somebody%d", i)
			s.appOf(s.member(name))
			for range 2 {
				thief := at("198.51.100.7", name)
				for range 4 {
					thief.fill("Verify", "one-time-code", "000000").sees("isn’t the right code")
				}
				thief.fill("Verify", "one-time-code", "000000").sees("Too many wrong tries")
			}
		}
		secret := s.appOf(s.member("aisha"))
		thief := at("198.51.100.7", "aisha")
		for range 12 {
			thief.fill("Verify", "one-time-code", "000000").sees("too many wrong codes")
		}
		owner := at("198.51.100.8", "aisha")
		owner.fill("Verify", "one-time-code", authenticator.Code(secret, authenticator.Step(s.clock.Now())))
		if !owner.signedIn() {
			t.Error("the tries of a blocked address were counted against the owner")
		}
	})
}

// A carrier or a hall puts many people behind one address. Whoever is blocked there, a browser that its owner has used
// before is bounded by its own wrong tries alone.
func TestANeighbourBlocksNoKnownBrowser(t *testing.T) {
	each(t, func(s *site) {
		owner, secret := s.from("198.51.100.7"), s.appOf(s.member("bryn"))
		owner.password("bryn", passphrase).fill("Verify", "one-time-code", authenticator.Code(secret, authenticator.Step(s.clock.Now())))
		owner.press("Sign out")
		stranger := s.from("198.51.100.7")
		for i := range 30 {
			stranger.password(fmt.Sprintf("somebody%d", i), fmt.Sprintf("%s-%d", wrong, i)).sees("isn’t right")
		}
		stranger.password("bryn", passphrase).sees("too many tries")
		owner.password("bryn", passphrase).sees("Enter the code from your app")
	})
}

// One customer of a provider has as many IPv6 addresses as they like, all in one network of 64 bits.
func TestAWholeNetworkOfIPv6IsOneAddress(t *testing.T) {
	each(t, func(s *site) {
		for i := range 30 {
			s.from(fmt.Sprintf("2001:db8:1:2::%x", i+1)).password(fmt.Sprintf("somebody%d", i), fmt.Sprintf("%s-%d", wrong, i)).sees("isn’t right")
		}
		s.from("2001:db8:1:2:3:4:5:6").password("aisha", wrong).sees("too many tries")
		s.from("2001:db8:1:3::1").password("aisha", wrong).sees("isn’t right")
	})
}

// one runs a story that takes many requests on one engine only.
func one(t *testing.T, story func(s *site)) {
	d, clock := dbtest.Open(t)
	story(newSite(t, d, clock, 1))
}

// A script cannot begin sign-ins without end. Whether the name is somebody's makes no difference, and a neighbour's
// known browser is not stopped.
func TestSignInsAreBoundedByAddress(t *testing.T) {
	one(t, func(s *site) {
		owner, secret := s.from("198.51.100.7"), s.appOf(s.member("aisha"))
		owner.password("aisha", passphrase).fill("Verify", "one-time-code", authenticator.Code(secret, authenticator.Step(s.clock.Now())))
		owner.press("Sign out")
		script := s.from("198.51.100.7").open("/signin")
		script.Client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		form, err := script.page.Form("username")
		if err != nil {
			t.Fatal(err)
		}
		begun := 0
		for begun < 1000 {
			if script.page, err = script.Send(form.Set("username", fmt.Sprintf("somebody%d", begun)), nil); err != nil {
				t.Fatal(err)
			}
			if script.page.Status != 303 {
				break
			}
			begun++
		}
		if begun != 299 { // and one by the owner
			t.Errorf("%d sign-ins were begun", begun)
		}
		for _, name := range []string{"aisha", "nobody"} {
			if script.fill("Next", "username", name).sees("internet connection", "Wait 10"); script.page.Status != 429 {
				t.Errorf("status %d", script.page.Status)
			}
		}
		if got := s.events(audit.GuessesBlocked); len(got) != 1 || got[0].Detail["limit"] != "start-address" || got[0].Address != "198.51.100.7" {
			t.Errorf("recorded: %+v", got)
		}
		s.from("198.51.100.8").name("aisha").sees("Enter your password")
		owner.name("aisha").sees("Enter your password")
	})
}

// T06: a script cannot have mails sent without end, and learns nothing by trying.
func TestForgottenPasswordsAreBoundedByAddress(t *testing.T) {
	one(t, func(s *site) {
		s.member("aisha")
		script := s.from("198.51.100.7")
		for i := range 60 {
			script.open("/signin/forgot").fill("Send", "username", fmt.Sprintf("somebody%d", i)).sees("If there is an account")
		}
		for _, name := range []string{"aisha", "nobody"} {
			if script.open("/signin/forgot").fill("Send", "username", name).sees("internet connection"); script.page.Status != 429 {
				t.Errorf("status %d", script.page.Status)
			}
		}
		if len(s.to("aisha@northwold.example")) != 0 {
			t.Error("a mail was sent past the bound")
		}
		s.from("198.51.100.8").open("/signin/forgot").fill("Send", "username", "aisha").sees("If there is an account")
		if len(s.to("aisha@northwold.example")) != 1 {
			t.Error("another address was stopped")
		}
	})
}

// T04: a stranger who asks for links again and again does not keep the owner's own browser from getting one.
func TestAStrangerUsesUpNoLinksOfTheOwner(t *testing.T) {
	each(t, func(s *site) {
		owner, user := s.atCode("aisha")
		owner.fill("Verify", "one-time-code", s.code(mobile)).press("Sign out")
		links := func() (count int) {
			for _, m := range s.to(user.Email) {
				if m.Purpose == message.Link {
					count++
				}
			}
			return count
		}
		ask := func(b *browser) {
			b.open("/signin/forgot").fill("Send", "username", "aisha").sees("If there is an account")
		}
		for i := range 8 {
			ask(s.from(fmt.Sprintf("198.51.%d.7", i)))
		}
		if got := links(); got != 5 {
			t.Errorf("a stranger had %d links sent", got)
		}
		for range 8 {
			ask(owner)
		}
		if got := links(); got != 10 {
			t.Errorf("%d links were sent in all", got)
		}
		s.clock.Advance(time.Hour)
		if ask(s.browser()); links() != 11 {
			t.Error("nothing is sent an hour later")
		}
	})
}

// events are what the audit trail holds of a type, with its detail.
func (s *site) events(kind audit.Type) (found []audit.Event) {
	s.t.Helper()
	s.tx(func(tx *db.Tx) error {
		found = nil
		return tx.Each("SELECT user_id, actor, address, agent, detail FROM audit_events WHERE type = $1 ORDER BY id", []any{string(kind)},
			func(scan func(...any) error) error {
				var e audit.Event
				var detail string
				if err := scan(&e.User, &e.Actor, &e.Address, &e.Agent, &detail); err != nil {
					return err
				}
				found = append(found, e)
				return json.Unmarshal([]byte(detail), &found[len(found)-1].Detail)
			})
	})
	return found
}

func administrator(_ *db.Tx, u *directory.User) { u.Role = directory.Administrator }

// T05: one password that is tried on many people is refused to all strangers, and the administrators are told. Few
// people who mistype the same, however often, are no attack.
func TestSprayingIsCountedByPeople(t *testing.T) {
	one(t, func(s *site) {
		boss := s.member("boss", administrator)
		try := func(i, person int) *browser {
			return s.from(fmt.Sprintf("198.51.%d.7", i)).password(fmt.Sprintf("somebody%d", person), "Summer2027!")
		}
		for i := range 24 {
			try(i, i%3).sees("isn’t right")
		}
		if got := s.events(audit.SprayingSuspected); len(got) != 0 {
			t.Errorf("three people who mistype make %d alarms", len(got))
		}
		for i := 3; i < 20; i++ {
			try(100+i, i).sees("isn’t right")
		}
		for i := range 5 {
			try(200+i, 20+i).sees("too many tries")
		}
		if got, mails := s.events(audit.SprayingSuspected), s.to(boss.Email); len(got) != 1 || len(mails) != 1 || mails[0].Button != nil {
			t.Errorf("%d alarms, %d mails to the administrator", len(got), len(mails))
		}
		s.from("198.51.220.7").password("somebody30", "Summer2028!").sees("isn’t right")
		s.clock.Advance(10 * time.Minute)
		try(230, 31).sees("isn’t right")
	})
}

// A thousand wrong passwords from everywhere are an attack on all. It is told, and strangers get fewer tries for each
// network; but whoever signs in for the first time elsewhere gets in as always, and may mistype.
func TestAnAttackFromEverywhereLocksNobodyOut(t *testing.T) {
	one(t, func(s *site) {
		boss := s.member("boss", administrator)
		s.appOf(s.member("aisha"))
		s.tx(func(tx *db.Tx) error {
			for range 999 { // elsewhere
				if _, err := (limit.Rule{Name: "everyone", Max: 1000, Window: 10 * time.Minute}).Take(tx, ""); err != nil {
					return err
				}
			}
			return nil
		})
		try := func(address string, i int) *browser {
			return s.from(address).password(fmt.Sprintf("somebody%d", i), fmt.Sprintf("%s-%d", wrong, i))
		}
		try("198.51.100.7", 0).sees("isn’t right") // the thousandth
		for i := range 2 {
			try(fmt.Sprintf("198.51.100.%d", 8+i), 1+i).sees("isn’t right")
		}
		for range 2 {
			s.from("198.51.100.99").password("aisha", passphrase).sees("too many tries")
		}
		owner := s.from("203.0.113.4").name("aisha")
		for range 2 {
			owner.fill("Next", "current-password", wrong).sees("isn’t right")
		}
		owner.fill("Next", "current-password", passphrase).sees("Enter the code from your app")
		for i := range 20 { // a right password is no wrong one
			s.from(fmt.Sprintf("203.0.113.%d", i)).password("aisha", passphrase).sees("Enter the code from your app")
		}
		if got, mails := s.events(audit.GuessesBlocked), s.to(boss.Email); len(got) != 1 || got[0].Detail["limit"] != "everyone" || len(mails) != 1 {
			t.Errorf("told: %v, %d mails", got, len(mails))
		}
		s.clock.Advance(10 * time.Minute)
		s.from("198.51.100.99").password("aisha", passphrase).sees("Enter the code from your app")
	})
}

// What the trail tells of guesses: from where, with which browser, and once for each block that it began.
func TestTheTrailTellsWhereGuessesComeFrom(t *testing.T) {
	one(t, func(s *site) {
		user := s.member("aisha")
		secret := s.appOf(user)
		thief := s.from("198.51.100.7")
		thief.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0")
		thief.password("aisha", wrong).password("aisha", passphrase).fill("Verify", "one-time-code", "000000")
		thief.open("/signin/forgot").fill("Send", "username", "aisha")
		for _, kind := range []audit.Type{audit.WrongPassword, audit.WrongCode, audit.RecoveryAsked} {
			got := s.events(kind)
			if len(got) != 1 || got[0].Address != "198.51.100.7" || got[0].Agent != "Firefox · Linux" || got[0].User != user.ID {
				t.Errorf("%s: %+v", kind, got)
			}
		}
		for i := range 12 { // with the one before, the tenth blocks the person
			thief.password("aisha", fmt.Sprintf("%s-%d", wrong, i))
		}
		for i := range 25 { // and the thirtieth the address
			thief.password(fmt.Sprintf("somebody%d", i), fmt.Sprintf("%s-%d", wrong, i))
		}
		blocks := map[string]string{}
		for _, e := range s.events(audit.GuessesBlocked) {
			if blocks[e.Detail["limit"]] != "" || e.Address != "198.51.100.7" {
				t.Errorf("recorded again, or without the address: %+v", e)
			}
			blocks[e.Detail["limit"]] = e.User + "."
		}
		if want := map[string]string{"password": user.ID + ".", "address": "."}; !maps.Equal(blocks, want) {
			t.Errorf("blocks are %v", blocks)
		}
		s.clock.Advance(time.Hour)
		owner := s.from("203.0.113.4").password("aisha", passphrase)
		owner.fill("Verify", "one-time-code", authenticator.Code(secret, authenticator.Step(s.clock.Now())))
		if got := s.events(audit.Proved); len(got) != 0 {
			t.Errorf("a sign-in is recorded twice: %v", got)
		}
		s.clock.Advance(11 * time.Minute)
		owner.open("/security/add").press("Phone")
		owner.fill("Verify", "one-time-code", authenticator.Code(secret, authenticator.Step(s.clock.Now())))
		if got := s.events(audit.Proved); len(got) != 1 || got[0].Detail["method"] != "authenticator" || got[0].Address != "203.0.113.4" {
			t.Errorf("the proof before a change: %+v", got)
		}
	})
}

// T09: a code is compared with every app of the person, so a wrong one counts for each, and a right one ends the row.
func TestAWrongCodeCountsForEachAppThatWasTried(t *testing.T) {
	one(t, func(s *site) {
		user := s.member("aisha")
		s.appOf(user)
		second := s.appOf(user)
		s.phoneOf(user, mobile, phone.Mobile, message.SMS)
		counts := func() (failures []int64, used int) {
			s.tx(func(tx *db.Tx) error {
				failures, used = nil, 0
				all, err := signin.Methods(tx, user.ID)
				for _, e := range all {
					if e.Kind == signin.Authenticator {
						failures = append(failures, e.Failures)
					} else if e.Kind == signin.Phone && e.Failures != 0 {
						t.Error("the phone was not tried")
					}
					if !e.UsedAt.IsZero() {
						used++
					}
				}
				return err
			})
			return failures, used
		}
		b := s.browser().password("aisha", passphrase).fill("Verify", "one-time-code", "000000").fill("Verify", "one-time-code", "000000")
		if failures, _ := counts(); !slices.Equal(failures, []int64{2, 2}) {
			t.Errorf("two wrong codes count as %v", failures)
		}
		b.fill("Verify", "one-time-code", authenticator.Code(second, authenticator.Step(s.clock.Now())))
		if failures, used := counts(); !b.signedIn() || !slices.Equal(failures, []int64{0, 0}) || used != 1 {
			t.Errorf("after the right code %v are counted, and %d methods were used", failures, used)
		}
		s.tx(func(tx *db.Tx) error {
			_, err := tx.Exec("UPDATE methods SET failures = 99 WHERE user_id = $1", user.ID)
			return err
		})
		s.browser().password("aisha", passphrase).fill("Verify", "one-time-code", "000000")
		if got := s.events(audit.MethodDisabled); len(got) != 2 || got[0].Detail["method"] != "authenticator" {
			t.Errorf("recorded: %v", got)
		}
		s.browser().password("aisha", passphrase).sees("Enter the code we sent") // what is left
	})
}
