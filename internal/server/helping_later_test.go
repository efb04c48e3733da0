package server_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/message"
	"woggle/internal/method/phone"
	"woggle/internal/signin"
)

// later are the things that can happen between the making of a helper's pass for mary and its use, each of which ends that hugh may help
// her, and how each is taken back.
func (v *village) later() map[string][2]func(tx *db.Tx) error {
	east, hugh, mary := v.groups["east"].ID, v.people["hugh"].ID, v.people["mary"].ID
	role := func(user string, role directory.Role) func(tx *db.Tx) error {
		return func(tx *db.Tx) error { return directory.SetRole(tx, "system", user, role) }
	}
	return map[string][2]func(tx *db.Tx) error{
		"she becomes an administrator": {role(mary, directory.Administrator), role(mary, directory.Member)},
		"she becomes a helper":         {role(mary, directory.Helper), role(mary, directory.Member)},
		"she leaves the group": {func(tx *db.Tx) error { return directory.Leave(tx, "system", east, mary) },
			func(tx *db.Tx) error { return directory.Join(tx, "system", east, mary) }},
		"the helper is none any more": {func(tx *db.Tx) error { return directory.RemoveHelper(tx, "system", east, hugh) },
			func(tx *db.Tx) error { return directory.AddHelper(tx, "system", east, hugh) }},
		"the helper is frozen": {func(tx *db.Tx) error { return directory.Freeze(tx, hugh) },
			func(tx *db.Tx) error { return directory.Unfreeze(tx, "system", hugh) }},
		"the helper is locked": {func(tx *db.Tx) error { return directory.SetStatus(tx, "system", hugh, directory.Locked) },
			func(tx *db.Tx) error { return directory.SetStatus(tx, "system", hugh, directory.Active) }},
	}
}

// passes are the passes in which hugh has a part.
func (v *village) passes() map[string]func() string {
	hugh, hetty := v.enter("hugh"), v.enter("hetty")
	again := func() { // who was locked meanwhile
		if !hugh.signedIn() {
			hugh = v.enter("hugh")
		}
	}
	return map[string]func() string{
		"of two": func() string {
			again()
			v.tx(func(tx *db.Tx) error {
				_, err1 := tx.Exec("DELETE FROM vouches")
				_, err2 := tx.Exec("DELETE FROM limits")
				return errors.Join(err1, err2)
			})
			v.vouch(hugh, "mary").sees("Now another helper")
			return passShown(v.t, v.vouch(hetty, "mary"))
		},
		"of one": func() string {
			again()
			return passShown(v.t, hugh.send("/helping/people/"+v.people["mary"].ID+"/pass", "hours", "24", "spoken", "yes"))
		},
	}
}

// T45, T84: a pass of helpers is worth no more than they may do at the moment in which it is typed.
func TestAHelpersPassCountsWhileTheyMayHelp(t *testing.T) {
	each(t, func(s *site) {
		v := s.village()
		for of, give := range v.passes() {
			for what, change := range v.later() {
				pass := give()
				s.tx(change[0])
				if b := s.browser().password("mary", pass).sees("isn’t right"); b.signedIn() {
					t.Errorf("%s, %s: signed in", of, what)
				}
				s.tx(change[1])
				s.browser().password("mary", pass).sees("from your app") // it was this, and nothing else
			}
		}
	})
}

// The same, when it happens after the pass was typed and before anything came of it: the sign-in ends, and nothing is set up.
func TestAHelpersPassCountsUntilItIsSpent(t *testing.T) {
	each(t, func(s *site) {
		v := s.village()
		s.tx(func(tx *db.Tx) error { return signin.DeleteMethods(tx, v.people["mary"].ID, signin.Authenticator) })
		give := v.passes()["of two"]
		for what, change := range v.later() {
			b := s.browser().password("mary", give()).fill("Send me a code", "tel", newMobile)
			code, before := s.code(newMobile), s.methods(v.people["mary"])
			s.tx(change[0])
			if b.fill("Verify", "one-time-code", code).sees("access pass"); b.page.Status != 410 || b.signedIn() {
				t.Errorf("%s: status %d: %s", what, b.page.Status, b.page.Text)
			}
			if got := s.methods(v.people["mary"]); !slices.Equal(got, before) {
				t.Errorf("%s: set up are %v", what, got)
			}
			s.tx(change[1])
		}
		// What was spent by the first method is spent: the sign-in goes on.
		b := s.browser().password("mary", give()).fill("Send me a code", "tel", newMobile)
		if b.fill("Verify", "one-time-code", s.code(newMobile)); !b.signedIn() {
			t.Errorf("not signed in: %s", b.page.Text)
		}
	})
}

// A pass that was made before it was kept by whom is good for members only. One of an administrator, or of the command line, is good
// for whomever it is for.
func TestAPassOfNobodyKnown(t *testing.T) {
	one(t, func(s *site) {
		v := s.village()
		for _, role := range []directory.Role{directory.Helper, directory.Administrator} {
			for _, alone := range []bool{true, false} {
				pass := s.give(v.people["mary"], signin.PassTerms{Life: 24 * time.Hour, Alone: alone})
				s.browser().password("mary", pass).sees("from your app")
				s.tx(func(tx *db.Tx) error { return directory.SetRole(tx, "system", v.people["mary"].ID, role) })
				if b := s.browser().password("mary", pass); alone {
					b.sees("isn’t right")
				} else {
					b.sees("from your app")
				}
				s.tx(func(tx *db.Tx) error { return directory.SetRole(tx, "system", v.people["mary"].ID, directory.Member) })
			}
		}
	})
}

// afterVouching is somebody who came in with the pass of two helpers and set up a phone, and who has the role since.
func (v *village) afterVouching(role directory.Role) (in *browser, undo string) {
	v.t.Helper()
	in = v.browser().password("mary", v.passes()["of two"]())
	in.open(linkTo(v.t, in, "/signin/ways")).press("I don’t have any of these any more").fill("Send me a code", "tel", newMobile)
	if in.fill("Verify", "one-time-code", v.code(newMobile)); !in.signedIn() {
		v.t.Fatal("the pass does not get in")
	}
	v.tx(func(tx *db.Tx) error { return directory.SetRole(tx, "system", v.people["mary"].ID, role) })
	return in, linkTo(v.t, v.enter("ruth").open("/helping/vouched"), "/helping/vouched/")
}

// Somebody who became an administrator with the help of a vouching is signed out by undoing it, and keeps what lets them in: no
// administrator locks another one out.
func TestUndoingTheVouchingOfAnAdministrator(t *testing.T) {
	each(t, func(s *site) {
		v := s.village()
		mary := v.people["mary"]
		in, undo := v.afterVouching(directory.Administrator)
		before := s.methods(mary)
		ruth := v.enter("ruth").open(undo).sees("is an administrator now", "woggle user reset mary").notSees("All that was set up")
		ruth.press("Undo").sees("every browser is signed out", "What was set up stays").notSees("is gone")
		if in.signedIn() {
			t.Error("who came in with the pass is signed in still")
		}
		if got := s.methods(mary); !slices.Equal(got, before) {
			t.Errorf("left are %v of %v", got, before)
		}
		if got := s.to(mary.Email)[0]; got.Subject != "An administrator signed you out everywhere" {
			t.Errorf("told %q", got.Subject)
		}
		if got := s.events(audit.VouchUndone); len(got) != 1 || got[0].User != mary.ID || got[0].Actor != v.people["ruth"].ID {
			t.Errorf("events %v", got)
		}
		if ruth.send(undo).sees("was undone already"); ruth.page.Status != 410 {
			t.Errorf("twice: status %d", ruth.page.Status)
		}
		s.clock.Advance(time.Minute)
		again := s.browser().password("mary", passphrase).sees("•••")
		if again.fill("Verify", "one-time-code", s.code(newMobile)); !again.signedIn() {
			t.Errorf("the administrator is locked out: %s", again.page.Text)
		}
	})
}

// A pass that the command line gave an administrator since is not the helpers', and stays.
func TestUndoingLeavesAnAdministratorsOwnPass(t *testing.T) {
	each(t, func(s *site) {
		v := s.village()
		_, undo := v.afterVouching(directory.Administrator)
		pass := s.give(v.people["mary"], signin.PassTerms{Life: time.Hour})
		v.enter("ruth").send(undo).sees("What was set up stays")
		s.browser().password("mary", pass).sees("Enter the code")
	})
}

// Who has not used the pass before becoming an administrator does not use it afterwards, whoever takes the role away again.
func TestUndoingVoidsThePassOfAnAdministrator(t *testing.T) {
	each(t, func(s *site) {
		v := s.village()
		pass := v.passes()["of two"]()
		s.tx(func(tx *db.Tx) error {
			return directory.SetRole(tx, "system", v.people["mary"].ID, directory.Administrator)
		})
		ruth := v.enter("ruth").open("/helping/vouched")
		ruth.send(linkTo(t, ruth, "/helping/vouched/")).sees("What was set up stays")
		s.tx(func(tx *db.Tx) error { return directory.SetRole(tx, "system", v.people["mary"].ID, directory.Member) })
		s.browser().password("mary", pass).sees("isn’t right")
	})
}

// Whoever became a helper is no administrator: all is undone. And the one whom it is about does not undo it, nor does somebody whose
// own account is frozen, nor who is no administrator.
func TestWhoMayUndo(t *testing.T) {
	each(t, func(s *site) {
		v := s.village()
		mary := v.people["mary"]
		s.phoneOf(mary, mobile, phone.Mobile, message.SMS)
		s.clock.Advance(time.Second)
		in, undo := v.afterVouching(directory.Administrator)
		in.open("/helping/vouched").sees("Mary Test")
		for _, link := range in.page.Links {
			if link == undo {
				t.Error("she is offered to undo it herself")
			}
		}
		before := v.state()
		if in.open(undo); in.page.Status != 404 {
			t.Errorf("she is shown the page: status %d", in.page.Status)
		}
		if in.send(undo); in.page.Status != 404 {
			t.Errorf("she undoes it herself: status %d", in.page.Status)
		}
		adam := v.enter("adam")
		s.tx(func(tx *db.Tx) error { return directory.Freeze(tx, v.people["adam"].ID) })
		if adam.send(undo); adam.page.Status != 403 {
			t.Errorf("a frozen administrator undoes it: status %d", adam.page.Status)
		}
		if hugh := v.enter("hugh").send(undo); hugh.page.Status != 403 {
			t.Errorf("a helper undoes it: status %d", hugh.page.Status)
		}
		if v.state() != before {
			t.Error("something was undone")
		}
		s.tx(func(tx *db.Tx) error { return directory.SetRole(tx, "system", mary.ID, directory.Helper) })
		v.enter("ruth").send(undo).sees("What was set up since is gone")
		if in.signedIn() {
			t.Error("signed in still")
		}
		if got := s.methods(mary); !slices.Equal(got, []string{"password", "authenticator", "phone"}) {
			t.Errorf("left are %v", got)
		}
	})
}
