package server_test

import (
	"fmt"
	"net/http"
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

// adminState is all that the console could change.
func (v *village) adminState() string {
	var all strings.Builder
	v.tx(func(tx *db.Tx) error {
		all.Reset()
		for _, query := range []string{"SELECT id || kind FROM methods ORDER BY id", "SELECT id || role || status || frozen_at || epoch FROM users ORDER BY id",
			"SELECT id || ended_at FROM sessions WHERE ended_at > 0 ORDER BY id"} {
			err := tx.Each(query, nil, func(scan func(...any) error) error {
				var row string
				err := scan(&row)
				all.WriteString(row + "\n")
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return all.String()
}

var consoleChanges = []string{"enable", "unfreeze", "void", "sign-out", "reset", "lock", "disable", "role"}

// T45: every page of the console and every change, by every role. Who is no administrator is told that there is no such page.
func TestWhoGetsIntoTheConsole(t *testing.T) {
	one(t, func(s *site) {
		v := s.village()
		mary := v.people["mary"].ID
		pages := []string{"/admin", "/admin?after=a", "/admin/people", "/admin/people?find=mary", "/admin/people/" + mary, "/admin/audit", "/admin/audit.csv"}
		for _, change := range consoleChanges {
			pages = append(pages, "/admin/people/"+mary+"/"+change)
		}
		for _, by := range []string{"", "mary", "hugh", "frozen", "ruth"} {
			b := s.browser()
			switch by {
			case "":
			case "frozen":
				b = v.enter("adam")
				s.tx(func(tx *db.Tx) error { return directory.Freeze(tx, v.people["adam"].ID) })
			default:
				b = v.enter(by)
			}
			before := v.adminState()
			for _, path := range pages {
				b.open(path)
				v.refuses(b, by, "GET "+path)
			}
			if by == "ruth" {
				continue
			}
			for _, change := range consoleChanges {
				b.send("/admin/people/"+mary+"/"+change, "role", "administrator")
				v.refuses(b, by, "POST "+change)
			}
			b.send("/admin/audit/verify")
			v.refuses(b, by, "POST verify")
			if v.adminState() != before {
				t.Errorf("%q changed something", by)
			}
		}
	})
}

func (v *village) refuses(b *browser, by, what string) {
	v.t.Helper()
	want := map[string]int{"mary": http.StatusNotFound, "hugh": http.StatusNotFound, "frozen": http.StatusForbidden}[by]
	got := b.page.Status
	switch {
	case by == "" && b.page.URL.Path != "/signin", want != 0 && got != want,
		by == "ruth" && got != http.StatusOK && got != http.StatusGone: // some changes make no sense now
		v.t.Errorf("%s by %q: status %d at %s: %.200s", what, by, got, b.page.URL, b.page.Text)
	}
}

// The way there is in the navigation of administrators, and of nobody else.
func TestTheWayToTheConsole(t *testing.T) {
	one(t, func(s *site) {
		v := s.village()
		v.enter("ruth").open("/").sees("Administration")
		v.enter("hugh").open("/").notSees("Administration")
	})
}

// A change from another site, or of an old page, is none.
func TestTheConsoleTakesItsOwnFormsOnly(t *testing.T) {
	one(t, func(s *site) {
		v := s.village()
		b := v.enter("ruth")
		before := v.adminState()
		for _, change := range consoleChanges {
			p, err := b.Post("/admin/people/"+v.people["mary"].ID+"/"+change, map[string][]string{"role": {"helper"}, "t": {"forged"}})
			if err != nil || p.Status != http.StatusForbidden {
				t.Errorf("%s: %v, %v", change, p, err)
			}
		}
		if v.adminState() != before {
			t.Error("something was changed")
		}
	})
}

// A change wants a proof of the last ten minutes, and then goes on where it was.
func TestTheConsoleWantsARecentProof(t *testing.T) {
	each(t, func(s *site) {
		v := s.village()
		b := v.enter("ruth")
		s.clock.Advance(11 * time.Minute)
		before := v.adminState()
		mary := "/admin/people/" + v.people["mary"].ID
		for _, change := range consoleChanges {
			b.open(mary + "/" + change).sees("First, prove it’s you")
			b.send(mary+"/"+change, "role", "helper").sees("Enter the code from your app")
		}
		if v.adminState() != before {
			t.Error("something was done without a recent proof")
		}
		b.open(mary + "/lock").press("Go on")
		if v.prove(b, "ruth"); b.page.URL.Path != mary+"/lock" {
			t.Errorf("led to %s", b.page.URL)
		}
		b.press("Lock the account").sees("The account is locked")
	})
}

// changed demands that the newest event of the person is of the type, by ruth.
func (v *village) changed(name string, want audit.Type) {
	v.t.Helper()
	v.tx(func(tx *db.Tx) error {
		events, err := audit.OfUser(tx, v.people[name].ID, "", 3)
		for _, e := range events {
			if e.Type == want && e.Actor == v.people["ruth"].ID {
				return err
			}
		}
		v.t.Errorf("%s: no %s by ruth in %+v", name, want, events)
		return err
	})
}

func TestWhatAnAdministratorDoes(t *testing.T) {
	each(t, func(s *site) {
		v := s.village()
		mary := v.people["mary"]
		s.phoneOf(mary, mobile, phone.Mobile, message.SMS)
		hers := v.enter("mary")
		b := v.enter("ruth").open("/admin/people/"+mary.ID).sees("Mary Test", "Protected", "•••123", "Authenticator app", "east", "Where they are signed in")
		for _, secret := range []string{"7700900123", "7700 900123", "argon2"} {
			if strings.Contains(b.page.Body, secret) {
				t.Errorf("%q is shown", secret)
			}
		}
		do := func(change, button, done string, event audit.Type) {
			t.Helper()
			b.open("/admin/people/" + mary.ID)
			b.open(linkTo(t, b, "/admin/people/"+mary.ID+"/"+change)).press(button).sees(done)
			v.changed("mary", event)
		}
		do("sign-out", "Sign them out everywhere", "They are signed out everywhere", audit.SessionsEnded)
		if hers.signedIn() {
			t.Error("she is signed in")
		}
		b.open(linkTo(t, b, "/helping/people/"+mary.ID+"/pass")).fill("Make the pass", "hours", "24", "spoken", "yes").sees("It is for Mary Test")
		v.changed("mary", audit.PassIssued)
		if done := linkTo(t, b, "/admin/people/"+mary.ID); done == "" {
			t.Error("no way back")
		}
		do("void", "Cancel the access pass", "does not work any more", audit.PassCancelled)
		do("lock", "Lock the account", "The account is locked", audit.UserLocked)
		s.browser().password("mary", passphrase).sees("locked")
		do("enable", "Open the account", "The account is open", audit.UserEnabled)
		do("disable", "Close the account", "The account is closed", audit.UserDisabled)
		do("enable", "Open the account", "The account is open", audit.UserEnabled)
		s.tx(func(tx *db.Tx) error { return directory.Freeze(tx, mary.ID) })
		b.open("/admin/people/" + mary.ID).sees("Stopped")
		do("unfreeze", "Allow changes again", "Changes are allowed again", audit.Unfrozen)
		do("reset", "Reset the sign-in methods", "Everything was removed", audit.MethodsReset)
		b.sees("Still to do", "Nothing that proves who they are")
		if told := s.to(mary.Email); len(told) == 0 || told[0].Button == nil {
			t.Errorf("told: %+v", told)
		}
		if kinds := s.methods(mary); len(kinds) != 1 || kinds[0] != string(signin.Password) {
			t.Errorf("left: %v", kinds)
		}
		b.open("/admin/people/" + mary.ID + "/reset").sees("That is done already")
		b.send("/admin/people/" + mary.ID + "/unfreeze").sees("That is done already")
	})
}

func TestRolesAreChanged(t *testing.T) {
	each(t, func(s *site) {
		v := s.village()
		b := v.enter("ruth").open("/admin/people/" + v.people["mary"].ID + "/role")
		b.fill("Change the role", "role", "captain").sees("Choose one of the roles")
		b.fill("Change the role", "role", "administrator").sees("The role was changed", "Administrator", "Only the command line")
		v.changed("mary", audit.RoleChanged)
		b.open("/admin/people/" + v.people["mary"].ID + "/reset").sees("That is done already") // an administrator's is not reset here
		b.open("/admin/people/" + v.people["mary"].ID).notSees("Give an access pass")
		before := v.adminState()
		b.open("/admin/people/" + v.people["ruth"].ID).sees("This is your own account").notSees("Change the role")
		for _, change := range consoleChanges {
			b.send("/admin/people/"+v.people["ruth"].ID+"/"+change, "role", "member").sees("This is your own account")
		}
		if v.adminState() != before {
			t.Error("she changed her own account")
		}
		b.send("/admin/people/00000000-0000-7000-8000-000000000000/lock")
		if b.page.Status != http.StatusNotFound {
			t.Errorf("nobody: %d", b.page.Status)
		}
	})
}

// Two administrators take each other's role at one instant, or close each other's account: one of them is left.
func TestOneAdministratorIsLeft(t *testing.T) {
	each(t, func(s *site) {
		v := s.village()
		for _, change := range []string{"role", "disable", "lock"} {
			a, b := v.enter("ruth"), v.enter("adam")
			a.open("/help")
			b.open("/help")
			var both sync.WaitGroup
			for _, one := range []struct {
				by   *browser
				whom string
			}{{a, "adam"}, {b, "ruth"}} {
				form := map[string][]string{"role": {"member"}, "t": {one.by.page.Forms[0].Values.Get("t")}}
				both.Go(func() {
					if _, err := one.by.Post("/admin/people/"+v.people[one.whom].ID+"/"+change, form); err != nil {
						t.Error(err)
					}
				})
			}
			both.Wait()
			s.tx(func(tx *db.Tx) error {
				left, err := directory.Administrators(tx)
				if err != nil || len(left) != 1 {
					t.Errorf("%s: %d administrators are left, %v", change, len(left), err)
				}
				for _, name := range []string{"ruth", "adam"} {
					if err := directory.SetStatus(tx, "system", v.people[name].ID, directory.Active); err != nil {
						return err
					}
					if err := directory.SetRole(tx, "system", v.people[name].ID, directory.Administrator); err != nil {
						return err
					}
				}
				return nil
			})
		}
	})
}

func TestTheRollOut(t *testing.T) {
	each(t, func(s *site) {
		v := s.village()
		b := v.enter("ruth").open("/admin").sees("How far everybody is", "10%", "1 of 10 people", "9 never signed in", "nobody", "0.00", "east", "beavers", "west")
		v.enter("mary")
		s.member("todd")
		s.tx(func(tx *db.Tx) error {
			if err := directory.SetStatus(tx, "system", v.people["walt"].ID, directory.Locked); err != nil {
				return err
			}
			return directory.SetStatus(tx, "system", v.people["ben"].ID, directory.Disabled)
		})
		b.open("/admin").sees("20%", "2 of 10 people", "1 Locked", "1 Closed")
		b.open(linkTo(t, b, "/admin/people?group="+v.groups["east"].ID+"&standing=protected")).sees("Mary Test", "Ruth Test").notSees("Hugh", "Walt")
		b.open("/admin")
		b.open(linkTo(t, b, "/admin/people?standing=locked")).sees("Walt Test").notSees("Mary Test")
	})
}

func TestFindingPeopleInTheConsole(t *testing.T) {
	each(t, func(s *site) {
		v := s.village()
		s.phoneOf(v.people["mary"], mobile, phone.Mobile, message.SMS)
		b := v.enter("ruth").open("/admin/people").sees("Mary Test", "Adam Test", "Administrator", "Never signed in")
		b.open("/admin/people?find=tes+ma").sees("Mary Test").notSees("Walt Test")
		b.open("/admin/people?find=mary@northwold").sees("Mary Test").notSees("Walt Test")
		for _, number := range []string{"123", "900+123", "07700+900123", "%2B447700900123"} {
			b.open("/admin/people?find=" + number).sees("Mary Test").notSees("Walt Test")
		}
		for _, strange := range []string{"124", "07700+900124", "%25", "'", strings.Repeat("9", 150)} {
			b.open("/admin/people?find="+strange).sees("Nobody is found", "Show everybody")
		}
		b.open("/admin/people?standing=protected&group=" + v.groups["east"].ID).sees("Ruth Test").notSees("Mary Test")
		b.open("/admin/people?standing=odd&group=00000000-0000-7000-8000-000000000000&after=odd").sees("Nobody is found")
		for _, path := range []string{"/admin/people?group=%00", "/admin/people?after=ff.x", "/admin?after=%00%ff", "/admin/people/%00", "/admin/people/%ff",
			"/admin/people/%00/lock", "/admin/audit?who=%00&words=%00%ff&before=%00&kind=%00", "/admin/audit?words=%00%ff", "/admin/audit.csv?words=%00"} {
			if b.open(path); b.page.Status >= 500 {
				t.Errorf("%s: status %d", path, b.page.Status)
			}
		}
		for i := range 30 {
			s.member(fmt.Sprintf("crowd%02d", i))
		}
		b.open("/admin/people?find=crowd").sees("crowd00", "crowd24").notSees("crowd25")
		b.open(linkTo(t, b, "/admin/people?after=")).sees("crowd25", "crowd29", "First page").notSees("crowd24", "Next page")
	})
}

func TestTheTrailInTheConsole(t *testing.T) {
	each(t, func(s *site) {
		v := s.village()
		v.enter("mary")
		s.browser().password("walt", wrong)
		s.tx(func(tx *db.Tx) error {
			return audit.Record(tx, audit.Event{Type: audit.AppAdded, Actor: v.people["ruth"].ID, Detail: audit.Detail{"name": "=1+1"}, Agent: "@evil"})
		})
		b := v.enter("ruth").open("/admin/audit").sees("Wrong password", "Walt Test", "Signed in", "App added", "by Ruth Test")
		b.open("/admin/audit?who=mary").sees("Mary Test").notSees("Walt Test")
		b.open("/admin/audit?who=nobody-here").sees("There is nobody with this user name")
		b.open("/admin/audit?kind=wrong-password").sees("Walt Test").notSees("Mary Test")
		b.open("/admin/audit?words=%3D1%2B1").sees("App added").notSees("Walt Test")
		b.open("/admin/audit?from=2001-01-01&until=2001-01-02").sees("Nothing is found")
		b.open("/admin/audit?from=soon").sees("Choose a day")
		b.open("/admin/audit?before=odd").sees("Walt Test")
		b.open("/admin/audit.csv?kind=app-added")
		if !strings.Contains(b.page.Body, "'@evil") || !strings.HasPrefix(b.page.Body, "at,type,") || strings.Contains(b.page.Body, "wrong-password") ||
			!strings.HasPrefix(b.page.Header.Get("Content-Type"), "text/csv") {
			t.Errorf("%s: %s", b.page.Header.Get("Content-Type"), b.page.Body)
		}
		s.tx(func(tx *db.Tx) error { _, err := audit.Seal(tx, s.keys); return err })
		b.open("/admin/audit").press("Look now").sees("The trail is whole", "Write this down")
		s.tx(func(tx *db.Tx) error {
			_, err := tx.Exec("UPDATE audit_events SET address = 'elsewhere' WHERE type = 'wrong-password'")
			return err
		})
		b.open("/admin/audit").press("Look now").sees("Something was changed")
	})
}

// A card whose time ends protects nobody any more, which nobody writes down until people are mended.
func TestACardThatEndsIsNoticed(t *testing.T) {
	each(t, func(s *site) {
		user := s.member("carol", func(tx *db.Tx, u *directory.User) { u.SignedInAt = tx.Now })
		stands := func(want directory.Standing) {
			t.Helper()
			s.tx(func(tx *db.Tx) error {
				all, err := directory.CountStandings(tx)
				if all[want] != 1 {
					t.Errorf("%v, want %s", all, want)
				}
				return err
			})
		}
		stands(directory.ToDo)
		s.tx(func(tx *db.Tx) error {
			return signin.InsertMethod(tx, signin.Enrolled{ID: db.NewID(), User: user.ID, Kind: signin.Recovery, Secret: []byte{1}})
		})
		stands(directory.ToDo) // codes run out
		s.tx(func(tx *db.Tx) error {
			return signin.InsertMethod(tx, signin.Enrolled{ID: db.NewID(), User: user.ID, Kind: signin.Card, Secret: []byte{1}, ExpiresAt: tx.Now.Add(time.Hour)})
		})
		stands(directory.Protected)
		s.clock.Advance(2 * time.Hour)
		s.tx(func(tx *db.Tx) error {
			last, err := directory.Mend(tx, "")
			if err != nil {
				return err
			}
			return signin.Mend(tx, "", last)
		})
		stands(directory.ToDo)
	})
}
