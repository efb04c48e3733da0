package server_test

import (
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"woggle/internal/copies"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/method/authenticator"
	"woggle/internal/signin"
)

const hall = "203.0.113.7"

// later demands that the app is told to come later, and when.
func (got told) later(t *testing.T, most time.Duration) {
	t.Helper()
	after, err := strconv.Atoi(got.after)
	if got.Status != 429 || got.Error != "later" || err != nil || after < 1 || after > int(most/time.Second)+1 {
		t.Errorf("asked too often, the app gets %+v", got)
	}
}

// written is all that apps have had written.
func (s *site) written() int {
	rows := s.count("SELECT count(*) FROM authenticator_proofs") + s.count("SELECT count(*) FROM authenticator_devices")
	return rows + s.count("SELECT coalesce(sum(tries), 0) FROM limits")
}

// phones are apps of one person, at the address, that were paired some time ago.
func (s *site) phones(count int, address string) (all []*handheld) {
	user := s.member("aisha")
	for range count {
		h := s.handheld()
		h.from = address
		all = append(all, h)
	}
	s.tx(func(tx *db.Tx) error {
		for _, h := range all {
			id := db.NewID()
			e := signin.Enrolled{ID: id, User: user.ID, Kind: signin.Authenticator, Secret: []byte("sealed"), Lookup: h.id}
			if err := signin.InsertMethod(tx, e); err != nil {
				return err
			}
			_, err := tx.Exec(`INSERT INTO authenticator_devices (id, user_id, method_id, challenge_id, epoch, created_at, seen_at)
				VALUES ($1, $2, $3, $4, $5, $6, $6)`, h.id, user.ID, id, id, user.Epoch, tx.Now.UnixMilli())
			if err != nil {
				return err
			}
		}
		return nil
	})
	return all
}

// tries puts the count of a rule where it would be after that many.
func (s *site) tries(key string, tries int) {
	s.tx(func(tx *db.Tx) error {
		_, err := tx.Exec("INSERT INTO limits (key, tries, started_at, blocked_until) VALUES ($1, $2, $3, 0)", key, tries, tx.Now.UnixMilli())
		return err
	})
}

// Whoever makes keys of their own, and tokens, is bounded by where they are, and writes nothing but that. Nobody else behind the same
// address is concerned: neither an app that was paired, nor one that is being paired.
func TestStrangersWithKeysAreBoundedByAddress(t *testing.T) {
	each(t, func(s *site) {
		_, mine, _ := s.paired("aisha")
		mine.from = hall
		b := s.browser()
		s.member("bryn", firstUse)
		b.password("bryn", passphrase).press("Use an authenticator app instead").press("Woggle Authenticator")
		before := s.written()
		for i := range 300 {
			stranger := s.handheld()
			stranger.from = hall
			if i%2 == 0 {
				if got := stranger.waiting(); got.Status != 401 || got.Error != "unknown" || got.after != "" {
					t.Fatalf("stranger %d gets %+v", i, got)
				}
			} else if got := stranger.register(b.pairing()[1:] + "A"); got.Status != 403 || got.Error != "token" {
				t.Fatalf("stranger %d gets %+v", i, got)
			}
		}
		if got := s.written() - before; got != 300 {
			t.Errorf("300 requests of strangers wrote %d", got)
		}
		before = s.written()
		stranger := s.handheld()
		stranger.from = hall
		for _, got := range []told{stranger.waiting(), stranger.register("made up"), stranger.say("x", "no", ""), stranger.leave(),
			stranger.subscribe(nil)} {
			got.later(t, 10*time.Minute)
		}
		if s.written() != before {
			t.Error("what is too much is written down")
		}
		if got := mine.waiting(); got.Status != 200 {
			t.Errorf("a paired app behind the same address gets %+v", got)
		}
		paired := s.handheld()
		paired.from = hall
		if got := paired.register(b.pairing()); got.Status != 200 {
			t.Errorf("an app that is paired behind the same address gets %+v", got)
		}
		if got := paired.waiting(); got.Error != "unready" {
			t.Errorf("and before its first code %+v", got)
		}
		if stranger.from = "203.0.113.8"; stranger.waiting().Status != 401 {
			t.Error("another address is concerned")
		}
		// Of IPv6 a customer has 64 bits.
		s.tries("device-unknown:2001:db8:1:2::/64", 299)
		stranger.from = "2001:db8:1:2::3"
		if got := stranger.waiting(); got.Status != 401 {
			t.Errorf("the last of IPv6 gets %+v", got)
		}
		stranger.from = "2001:db8:1:2:ffff::4"
		stranger.waiting().later(t, 10*time.Minute)
		s.clock.Advance(10 * time.Minute)
		if stranger.from = hall; stranger.waiting().Status != 401 {
			t.Error("after ten minutes it is not over")
		}
		s.clock.Advance(10 * time.Minute)
		s.tx(authenticator.Sweep)
		if n := s.count("SELECT count(*) FROM limits WHERE key LIKE 'device-%'"); n != 0 {
			t.Errorf("%d rows of where apps were are left", n)
		}
	})
}

// The link of a copy is no proof of an app. Made-up ones are bounded by address as well, and a true one is not: it is for somebody who has
// nothing left but that.
func TestMadeUpLinksOfCopies(t *testing.T) {
	each(t, func(s *site) {
		user, mine, _ := s.paired("aisha")
		list, link := sealedList(t, "one account"), ""
		if got := mine.leaves(list, false); got.Status != 200 {
			t.Fatalf("leaving a copy gives %+v", got)
		}
		id := s.copyOf(user.ID)
		s.tx(func(tx *db.Tx) (err error) {
			link, err = copies.Link(tx, s.keys, user.ID, id)
			return err
		})
		s.tries("device-unknown:"+hall+"/32", 298)
		stranger := s.handheld()
		stranger.from = hall
		for range 2 {
			if _, got := stranger.redeems("copy=" + link[1:] + "A"); got.Status != 404 || got.Error != "missing" {
				t.Errorf("a made-up link gives %+v", got)
			}
		}
		before := s.written()
		_, got := stranger.redeems("copy=" + link[1:] + "A")
		got.later(t, 10*time.Minute)
		if s.written() != before {
			t.Error("what is too much is written down")
		}
		if text, got := stranger.redeems("copy=" + link); got.Status != 200 || text != list {
			t.Errorf("the true one gives %+v", got)
		}
		_, got = stranger.redeems("copy=" + link)
		got.later(t, 10*time.Minute) // which is made up, once it is used
	})
}

// Two hundred phones behind the one address of a hall ask again and again, and none is refused, though a stranger there has
// used up what strangers have.
func TestAHallOfPhonesIsNotRefused(t *testing.T) {
	each(t, func(s *site) {
		phones := s.phones(200, hall)
		s.tries("device-unknown:"+hall+"/32", 299)
		stranger := s.handheld()
		stranger.from = hall
		stranger.waiting()
		stranger.waiting().later(t, 10*time.Minute)
		var wait sync.WaitGroup
		for at := range 8 {
			wait.Go(func() {
				for i := at; i < len(phones); i += 8 {
					for range 4 {
						if got := phones[i].waiting(); got.Status != 200 || got.after != "" {
							t.Errorf("phone %d gets %+v", i, got)
							return
						}
					}
				}
			})
		}
		wait.Wait()
	})
}

// They hold a connection open each, and hear of it when it is over.
func TestAHallOfPhonesWaits(t *testing.T) {
	d, clock := dbtest.Open(t)
	s := newSite(t, d, clock, 1)
	var wait sync.WaitGroup
	begun := time.Now()
	for i, h := range s.phones(200, hall) {
		proof := h.prove("GET", h.address(), nil)
		wait.Go(func() {
			if got := h.send(proof, "GET", h.address(), "?wait=2", nil); got.Status != 200 || got.after != "" {
				t.Errorf("phone %d gets %+v", i, got)
			}
		})
	}
	wait.Wait()
	if time.Since(begun) < 2*time.Second {
		t.Error("none was held")
	}
}

// An app that asks far more often than ours does is told to come later, whatever it asks and wherever it is; another one is not.
func TestAnAppThatAsksTooOften(t *testing.T) {
	each(t, func(s *site) {
		phones := s.phones(2, hall)
		h, key := phones[0], "device-asks:"+phones[0].id
		s.tries(key, 590)
		var mu sync.Mutex
		var wait sync.WaitGroup
		answered := 0
		for range 20 {
			proof := h.prove("GET", h.address(), nil)
			wait.Go(func() {
				got := h.send(proof, "GET", h.address(), "", nil)
				if mu.Lock(); got.Status == 200 {
					answered++
				} else {
					got.later(t, 10*time.Minute)
				}
				mu.Unlock()
			})
		}
		wait.Wait()
		if answered != 10 {
			t.Errorf("of 20 at once %d were answered, and not the last 10", answered)
		}
		before := s.written()
		for _, address := range []string{hall, "198.51.100.7", ""} {
			h.from = address
			for _, got := range []told{h.waiting(), h.say("x", "no", ""), h.subscribe(nil), h.leave()} {
				got.later(t, 10*time.Minute)
			}
		}
		if s.written() != before {
			t.Error("what is too much is written down")
		}
		if got := phones[1].waiting(); got.Status != 200 {
			t.Errorf("another app of the person gets %+v", got)
		}
		s.clock.Advance(10 * time.Minute)
		if got := h.waiting(); got.Status != 200 {
			t.Errorf("after ten minutes %+v", got)
		}
	})
}

// What is refused counts as well: a stopped app, a proof that was shown before, a request that is none.
func TestWhatIsRefusedCounts(t *testing.T) {
	each(t, func(s *site) {
		h := s.phones(1, hall)[0]
		tries := func() int {
			return s.count("SELECT coalesce(sum(tries), 0) FROM limits WHERE key = $1", "device-asks:"+h.id)
		}
		h.waiting()
		for i, do := range []func() told{
			func() told { return h.send(h.proof, "GET", h.address(), "", nil) },
			func() told { return h.say("nonsense", "yes", "12") },
			func() told {
				s.tx(func(tx *db.Tx) error {
					_, err := tx.Exec("UPDATE users SET frozen_at = $1", tx.Now.UnixMilli())
					return err
				})
				return h.leave()
			},
			func() told {
				s.tx(func(tx *db.Tx) error { _, err := tx.Exec("UPDATE users SET epoch = epoch + 1"); return err })
				return h.waiting()
			},
		} {
			if got := do(); got.Status == 200 || got.Status == 429 {
				t.Errorf("%d gives %+v", i, got)
			}
			if got := tries(); got != i+2 {
				t.Errorf("after %d refusals %d tries are counted", i+1, got)
			}
		}
	})
}

// A true token is bounded by its set-up: keys without end bring nobody to the database's writers, and no other set-up is concerned.
func TestATokenIsShownSoOften(t *testing.T) {
	each(t, func(s *site) {
		tokens := map[string]string{}
		for _, name := range []string{"aisha", "bryn"} {
			s.member(name, firstUse)
			b := s.browser().password(name, passphrase).press("Use an authenticator app instead").press("Woggle Authenticator")
			tokens[name] = b.pairing()
		}
		for i := range 20 {
			h := s.handheld()
			h.from = fmt.Sprintf("198.51.100.%d", i)
			if got := h.register(tokens["aisha"]); got.Status == 429 || i == 0 && got.Status != 200 {
				t.Fatalf("app %d gets %+v", i, got)
			}
		}
		before := s.written()
		s.handheld().register(tokens["aisha"]).later(t, 10*time.Minute)
		if s.written() != before {
			t.Error("what is too much is written down")
		}
		if got := s.handheld().register(tokens["bryn"]); got.Status != 200 {
			t.Errorf("another set-up: %+v", got)
		}
	})
}

// When an app was there is written down once a minute, however often it asks.
func TestSeenOnceAMinute(t *testing.T) {
	each(t, func(s *site) {
		h := s.phones(1, hall)[0]
		seen := func() time.Duration {
			return s.clock.Now().Sub(time.UnixMilli(int64(s.count("SELECT seen_at FROM authenticator_devices"))))
		}
		for i, want := range []time.Duration{0, 25 * time.Second, 50 * time.Second, 0, 25 * time.Second} {
			if h.waiting(); seen() != want {
				t.Errorf("after request %d it was seen %s ago", i+1, seen())
			}
			s.clock.Advance(25 * time.Second)
		}
	})
}
