package server_test

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/message"
	"woggle/internal/method/phone"
	"woggle/internal/signin"
)

var passPattern = regexp.MustCompile(`\b[2-9a-hjkmnp-z]{4}-[2-9a-hjkmnp-z]{4}-[2-9a-hjkmnp-z]{4}\b`)

func (v *village) vouch(b *browser, name string) *browser {
	v.t.Helper()
	return b.send("/helping/people/"+v.people[name].ID+"/vouch", "spoken", "yes")
}

// A locked-out member and two helpers: each speaks for themselves, the second reads out a pass, everybody who must know is told.
func TestTwoHelpersVouch(t *testing.T) {
	each(t, func(s *site) {
		v := s.village()
		mary := v.people["mary"]
		hugh := v.enter("hugh").open("/helping/people/" + mary.ID + "/vouch").sees("Call them back now, on a number that you knew before")
		hugh.fill("I vouch", "t", hugh.token()).sees("Speak with the person first")
		hugh.fill("I vouch", "spoken", "yes").sees("Now another helper of the group has to")
		if got := s.to(mary.Email)[0]; got.Subject != "Somebody vouches for you" || got.Button == nil {
			t.Errorf("told %+v", got)
		}
		v.vouch(hugh, "mary").sees("You have vouched already")
		s.clock.Advance(23 * time.Hour)
		hetty := v.enter("hetty").open("/helping/people/" + mary.ID + "/vouch").sees("Hugh Test has vouched already")
		hetty.fill("I vouch", "spoken", "yes").sees("It is for Mary Test", "I don’t have any of these any more")
		pass := passShown(t, hetty)
		if got := s.to(mary.Email)[0]; got.Subject != "Two helpers let you in again" || !strings.Contains(got.Paragraphs[0], "Hugh Test and Hetty Test") {
			t.Errorf("told %+v", got)
		}
		for _, name := range []string{"ruth", "adam"} {
			if got := s.to(v.people[name].Email)[0]; got.Subject != "Two helpers vouched for Mary Test" || !strings.Contains(got.Paragraphs[0], "/helping/vouched") {
				t.Errorf("%s was told %+v", name, got)
			}
		}
		events := s.events(audit.Vouched)
		if len(events) != 2 || events[0].User != mary.ID || events[0].Actor == events[1].Actor {
			t.Errorf("events %+v", events)
		}
		b := s.browser().password("mary", pass).sees("from your app")
		b.open(linkTo(t, b, "/signin/ways")).press("I don’t have any of these any more").fill("Send me a code", "tel", newMobile)
		b.fill("Verify", "one-time-code", s.code(newMobile)).sees("You’re all set", "You said that you don’t have these any more")
		if !b.signedIn() {
			t.Error("not signed in")
		}
		s.browser().password("mary", pass).sees("isn’t right")
	})
}

// token is that of the forms of the open page.
func (b *browser) token() string {
	for _, form := range b.page.Forms {
		if t := form.Values.Get("t"); t != "" {
			return t
		}
	}
	return ""
}

// The pass lives for a quarter of an hour; a word of yesterday counts no more; a helper who is none any more does not count.
func TestVouchingEnds(t *testing.T) {
	one(t, func(s *site) {
		v := s.village()
		hugh := v.enter("hugh")
		v.vouch(hugh, "mary")
		s.clock.Advance(24 * time.Hour)
		hetty := v.enter("hetty")
		v.vouch(hetty, "mary").sees("Now another helper") // the first one again
		hugh = v.enter("hugh")
		pass := passShown(t, v.vouch(hugh, "mary"))
		s.clock.Advance(15 * time.Minute)
		s.browser().password("mary", pass).sees("isn’t right")

		s.clock.Advance(time.Minute)
		hugh, hetty = v.enter("hugh"), v.enter("hetty")
		v.vouch(hetty, "ben").sees("Now another helper")
		s.tx(func(tx *db.Tx) error {
			return directory.RemoveHelper(tx, "system", v.groups["east"].ID, v.people["hetty"].ID)
		})
		v.vouch(hugh, "ben").sees("Whoever vouched first may not help this person any more")
	})
}

// One person with two browsers is one helper; two helpers at the same instant are two, and one of them gets the one pass.
func TestVouchingAtOnce(t *testing.T) {
	each(t, func(s *site) {
		v := s.village()
		hugh, again, hetty := v.enter("hugh"), v.enter("hugh"), v.enter("hetty")
		race := func(name string, browsers ...*browser) (passes int) {
			var wait sync.WaitGroup
			for _, b := range browsers {
				wait.Go(func() { v.vouch(b, name) })
			}
			wait.Wait()
			for _, b := range browsers {
				if passPattern.MatchString(b.page.Text) {
					passes++
				}
			}
			return passes
		}
		if got := race("mary", hugh, again); got != 0 {
			t.Errorf("one helper got %d passes", got)
		}
		if got := race("ben", hugh, hetty); got != 1 {
			t.Errorf("two helpers got %d passes: %s | %s", got, hugh.page.Text, hetty.page.Text)
		}
		if got := s.methods(v.people["ben"]); !slices.Contains(got, "accesspass") || len(got) != 3 {
			t.Errorf("methods %v", got)
		}
	})
}

// An administrator undoes it for a day: what was set up since goes, sessions end, and nobody vouches again for a week.
func TestVouchingIsUndone(t *testing.T) {
	each(t, func(s *site) {
		v := s.village()
		mary := v.people["mary"]
		s.phoneOf(mary, mobile, phone.Mobile, message.SMS)
		hugh, hetty := v.enter("hugh"), v.enter("hetty")
		v.vouch(hugh, "mary")
		s.clock.Advance(time.Second)
		pass := passShown(t, v.vouch(hetty, "mary"))
		s.clock.Advance(time.Second)
		thief := s.browser().password("mary", pass)
		thief.open(linkTo(t, thief, "/signin/ways")).press("I don’t have any of these any more").fill("Send me a code", "tel", newMobile)
		thief.fill("Verify", "one-time-code", s.code(newMobile)).press("Choose your own").fill("Save password", "new-password", newPassword)
		if !thief.signedIn() {
			t.Fatal("the pass does not get in")
		}
		s.clock.Advance(23 * time.Hour)
		ruth := v.enter("ruth").open("/helping/vouched").sees("Mary Test", "By Hugh Test and Hetty Test")
		ruth.open(linkTo(t, ruth, "/helping/vouched/")).press("Undo").sees("It is undone", "Nobody was")
		if thief.signedIn() {
			t.Error("the thief is signed in still")
		}
		if got := s.methods(mary); !slices.Equal(got, []string{"authenticator", "phone"}) {
			t.Errorf("left are %v", got) // the old password was replaced, and is gone with the new one
		}
		if got := s.events(audit.VouchUndone); len(got) != 1 || got[0].Actor != v.people["ruth"].ID {
			t.Errorf("events %v", got)
		}
		if got := s.to(mary.Email)[0]; got.Subject != "An administrator undid what was set up" {
			t.Errorf("told %q", got.Subject)
		}
		hugh = v.enter("hugh")
		v.vouch(hugh, "mary").sees("An administrator undid this")
		// She herself gets in with a pass and what she has.
		s.tx(func(tx *db.Tx) error { return directory.Unfreeze(tx, "system", mary.ID) })
		b := s.browser().password("mary", s.give(mary, signin.PassTerms{Life: time.Hour}))
		v.prove(b, "mary").sees("Choose a password")
	})
}

// After a day it is too late, and twice is once.
func TestUndoingTooLate(t *testing.T) {
	one(t, func(s *site) {
		v := s.village()
		hugh, hetty, ruth := v.enter("hugh"), v.enter("hetty"), v.enter("ruth")
		v.vouch(hugh, "mary")
		v.vouch(hetty, "mary")
		v.vouch(hugh, "ben")
		v.vouch(hetty, "ben")
		ruth.open("/helping/vouched").sees("Mary Test", "Ben Test")
		undo := linkTo(t, ruth, "/helping/vouched/")
		ruth.send(undo).sees("It is undone")
		if ruth.send(undo).sees("was undone already"); ruth.page.Status != 410 {
			t.Errorf("status %d", ruth.page.Status)
		}
		other := linkTo(t, ruth.open("/helping/vouched"), "/helping/vouched/")
		s.clock.Advance(24 * time.Hour)
		ruth = v.enter("ruth").open("/helping/vouched").sees("Nobody was")
		ruth.send(other).sees("more than 24 hours ago")
	})
}

// Who said "this wasn't me" when the first helper vouched is not vouched for by a second.
func TestNobodyVouchesForAFrozenAccount(t *testing.T) {
	each(t, func(s *site) {
		v := s.village()
		hugh, hetty := v.enter("hugh"), v.enter("hetty")
		v.vouch(hugh, "mary")
		s.browser().open(s.to(v.people["mary"].Email)[0].Button.URL).press("It wasn’t me. Stop everything")
		if v.vouch(hetty, "mary").sees("Somebody said “this wasn’t me”"); passPattern.MatchString(hetty.page.Text) {
			t.Error("a pass was made")
		}
		hetty.send("/helping/people/"+v.people["mary"].ID+"/pass", "hours", "1", "spoken", "yes").notSees("It is for Mary")
	})
}

// A helper's browser in wrong hands begins only so much.
func TestHelpIsBounded(t *testing.T) {
	one(t, func(s *site) {
		v := s.village()
		hugh := v.enter("hugh")
		for range 20 {
			hugh.send("/helping/people/"+v.people["mary"].ID+"/pass", "hours", "1", "spoken", "yes").sees("It is for Mary")
		}
		hugh.send("/helping/people/"+v.people["mary"].ID+"/pass", "hours", "1", "spoken", "yes").sees("too often today")
		if hugh.page.Status != 429 {
			t.Errorf("status %d", hugh.page.Status)
		}
	})
}
