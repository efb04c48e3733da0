package server_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/method/authenticator"
)

// setupLink is what a node prints when it starts, or nothing.
func (s *site) setupLink(node int) string {
	s.t.Helper()
	address, needed, err := s.nodes[node].server.SetupLink(s.t.Context())
	if err != nil || needed != (address != "") {
		s.t.Fatal(address, needed, err)
	}
	return strings.TrimPrefix(address, s.nodes[node].web.URL)
}

func (b *browser) asFirst(name string) *browser {
	b.s.t.Helper()
	return b.fill("", "username", name, "given_name", "Ruth", "family_name", "Calloway", "email", name+"@northwold.example")
}

// finishSetup goes on from the page for the phone to the end.
func (b *browser) finishSetup() *browser {
	b.s.t.Helper()
	b.press("Use an authenticator app instead").press("Another app")
	secret := secretOn(b.s.t, b)
	b.press("Next").fill("Verify", "one-time-code", authenticator.Code(secret, authenticator.Step(b.s.clock.Now())))
	return b.fill("Save", "new-password", "seven otters knit quietly").sees("You’re all set")
}

func (s *site) administrators() (names []string) {
	s.t.Helper()
	s.tx(func(tx *db.Tx) error {
		all, err := directory.Administrators(tx)
		names = nil
		for _, one := range all {
			names = append(names, one.Username)
		}
		return err
	})
	return names
}

// Two nodes start at once, and a set-up is broken off: every link that was printed works once, and all of them make
// one administrator. Once that one has signed in, set-up is closed for ever (threat T84).
func TestTheSetupLinkMakesOneAdministrator(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := newSite(t, d, clock, 2)
		first, second := s.setupLink(0), s.setupLink(1)
		begun := s.browser().open(first).asFirst("ruth").sees("phone")
		s.browser().open(first).sees("doesn’t work any more")

		again := s.browser().open(second).sees("made already: ruth").notSees("User name")
		again.press("Next").sees("phone")
		begun.press("Use an authenticator app instead").sees("You left this page")
		late := s.browser().open(s.setupLink(0)).sees("made already: ruth")
		unused := s.setupLink(1)
		again.finishSetup()

		late.press("Next").sees("doesn’t work any more")
		s.browser().open(unused).sees("doesn’t work any more")
		if link := s.setupLink(0); link != "" {
			t.Errorf("an administrator has signed in, and there is a new link: %s", link)
		}
		if got := s.administrators(); len(got) != 1 || got[0] != "ruth" {
			t.Errorf("administrators %v", got)
		}
		// Not even when no administrator is left.
		s.tx(func(tx *db.Tx) error {
			_, err := tx.Exec("DELETE FROM users")
			return err
		})
		if link := s.setupLink(0); link != "" {
			t.Errorf("set-up opens again: %s", link)
		}
	})
}

// A set-up that was broken off after the phone begins anew: what was set up by then may be anybody's who had a link.
func TestASetupThatWasBrokenOffLeavesNothing(t *testing.T) {
	each(t, func(s *site) {
		b := s.browser().open(s.setupLink(0)).asFirst("ruth")
		b.fill("Send me a code", "tel", "07700 900123").fill("Verify", "one-time-code", s.code(mobile)).sees("Choose a password")
		s.clock.Advance(time.Hour)
		b = s.browser().open(s.setupLink(0)).press("Next").sees("Add a phone")
		b.finishSetup()
		b.open("/security").sees("Authenticator app").notSees("07700 900123", "+44 7700 900123")
	})
}

// Of two links that are used at the same instant, the second finds whom the first has made.
func TestTwoSetupLinksAtOnceMakeOneAdministrator(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := newSite(t, d, clock, 2)
		ruth, mallory := s.browserAt(0).open(s.setupLink(0)), s.browserAt(1).open(s.setupLink(1))
		var wait sync.WaitGroup
		wait.Go(func() { ruth.asFirst("ruth") })
		wait.Go(func() { mallory.asFirst("mallory") })
		wait.Wait()
		if got := s.administrators(); len(got) != 1 {
			t.Errorf("administrators %v", got)
		}
	})
}
