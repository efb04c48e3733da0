package server_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/message"
	"woggle/internal/method/authenticator"
	"woggle/internal/method/phone"
)

// village is a county with two districts, one of which has a group within it, and people of every role in them.
type village struct {
	*site
	groups  map[string]directory.Group
	people  map[string]directory.User
	secrets map[string][]byte
}

func (s *site) village() *village {
	v := &village{site: s, groups: map[string]directory.Group{}, people: map[string]directory.User{}, secrets: map[string][]byte{}}
	s.tx(func(tx *db.Tx) (err error) {
		for _, g := range []struct{ name, parent string }{{"east", ""}, {"beavers", "east"}, {"west", ""}} {
			if v.groups[g.name], err = directory.AddGroup(tx, g.name, v.groups[g.parent].ID); err != nil {
				return err
			}
		}
		return nil
	})
	for _, p := range []struct {
		name, group, helps string
		role               directory.Role
	}{
		{"mary", "east", "", directory.Member}, {"ben", "beavers", "", directory.Member}, {"walt", "west", "", directory.Member},
		{"alone", "", "", directory.Member}, {"hugh", "east", "east", directory.Helper}, {"hetty", "east", "east", directory.Helper},
		{"wendy", "west", "west", directory.Helper}, {"unused", "", "", directory.Helper},
		{"ruth", "east", "", directory.Administrator}, {"adam", "", "", directory.Administrator},
	} {
		user := s.member(p.name, func(_ *db.Tx, u *directory.User) {
			u.Role, u.GivenName, u.FamilyName = p.role, strings.ToUpper(p.name[:1])+p.name[1:], "Test"
		})
		v.people[p.name], v.secrets[p.name] = user, s.appOf(user)
		s.tx(func(tx *db.Tx) error {
			if p.helps != "" {
				if err := directory.AddHelper(tx, "system", v.groups[p.helps].ID, user.ID); err != nil {
					return err
				}
			}
			if p.group == "" {
				return nil
			}
			return directory.Join(tx, "system", v.groups[p.group].ID, user.ID)
		})
	}
	return v
}

// enter signs somebody in. A code of an app works once, so time goes on.
func (v *village) enter(name string) *browser {
	v.t.Helper()
	v.clock.Advance(30 * time.Second)
	b := v.prove(v.browser().password(name, passphrase), name)
	if strings.Contains(b.page.Text, "Not now – ") {
		b.press("Not now – ask me again in 14 days")
	}
	if !b.signedIn() {
		v.t.Fatalf("%s is not signed in: %s", name, b.page.Text)
	}
	return b
}

func (v *village) prove(b *browser, name string) *browser {
	v.t.Helper()
	return b.fill("Verify", "one-time-code", authenticator.Code(v.secrets[name], authenticator.Step(v.clock.Now())))
}

// send posts a form with the token of the page that is open.
func (b *browser) send(path string, pairs ...string) *browser {
	b.s.t.Helper()
	values := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	b.open("/help")
	for _, form := range b.page.Forms {
		if token := form.Values.Get("t"); token != "" {
			values.Set("t", token)
		}
	}
	var err error
	if b.page, err = b.Post(path, values); err != nil {
		b.s.t.Fatal(err)
	}
	return b
}

// state is all that helping could change.
func (v *village) state() string {
	var all strings.Builder
	v.tx(func(tx *db.Tx) error {
		all.Reset()
		for _, query := range []string{"SELECT id || kind FROM methods ORDER BY id", "SELECT id || second_id || undone_at FROM vouches ORDER BY id",
			"SELECT id || helper_id FROM spoken_words ORDER BY id", "SELECT id || epoch FROM users ORDER BY id"} {
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

// T45, T84: every operation, by every role, on every kind of person. What is not allowed changes nothing, and does not tell
// whether there is such a person.
func TestWhoMayHelpWhom(t *testing.T) {
	one(t, func(s *site) {
		v := s.village()
		helpable := map[string][]string{
			"hugh": {"mary", "ben"}, "wendy": {"walt"}, "unused": nil, "mary": nil, "": nil,
			"ruth": {"mary", "ben", "walt", "alone", "hugh", "hetty", "wendy", "unused"},
		}
		targets := []string{"mary", "ben", "walt", "alone", "hugh", "hetty", "wendy", "unused", "ruth", "adam", "nobody"}
		operations := map[string]func(b *browser, id string) *browser{
			"see":      func(b *browser, id string) *browser { return b.open("/helping/people/" + id) },
			"ask pass": func(b *browser, id string) *browser { return b.open("/helping/people/" + id + "/pass") },
			"give pass": func(b *browser, id string) *browser {
				return b.send("/helping/people/"+id+"/pass", "hours", "1", "spoken", "yes")
			},
			"ask cancel":  func(b *browser, id string) *browser { return b.open("/helping/people/" + id + "/pass/cancel") },
			"cancel pass": func(b *browser, id string) *browser { return b.send("/helping/people/" + id + "/pass/cancel") },
			"print": func(b *browser, id string) *browser {
				return b.send("/helping/people/"+id+"/letter", "pass", "abcd-efgh-jkmn")
			},
			"ask vouch": func(b *browser, id string) *browser { return b.open("/helping/people/" + id + "/vouch") },
			"vouch":     func(b *browser, id string) *browser { return b.send("/helping/people/"+id+"/vouch", "spoken", "yes") },
		}
		for by, theirs := range helpable {
			b := s.browser()
			if by != "" {
				b = v.enter(by)
			}
			for _, target := range targets {
				id := "00000000-0000-7000-8000-000000000000"
				if target != "nobody" {
					id = v.people[target].ID
				}
				for name, do := range operations {
					allowed := contains(theirs, target) && !(by == "ruth" && strings.Contains(name, "vouch"))
					before := v.state()
					do(b, id)
					what := fmt.Sprintf("%s: %q of %s: status %d at %s: %.200s", name, by, target, b.page.Status, b.page.URL, b.page.Text)
					switch refused := b.page.Status == 403 || b.page.Status == 404; {
					case by == "" && b.page.URL.Path != "/signin":
						t.Error(what)
					case by != "" && allowed && name == "print" && b.page.Status != 410:
						t.Error(what)
					case by != "" && allowed && refused:
						t.Error(what)
					case by != "" && !allowed && !refused:
						t.Error(what)
					case !allowed && v.state() != before:
						t.Errorf("%s; it changed something", what)
					case (by == "hugh" || by == "wendy") && !allowed && !strings.Contains(b.page.Text, "You can’t help this person here"):
						t.Error(what)
					}
				}
			}
			for _, path := range []string{"/helping/vouched", "/helping/vouched/x/undo"} {
				if b.open(path); by != "" && by != "ruth" && b.page.Status != 403 {
					t.Errorf("%s at %s: status %d", by, path, b.page.Status)
				}
			}
		}
	})
}

func contains(all []string, one string) bool {
	for _, s := range all {
		if s == one {
			return true
		}
	}
	return false
}

// A helper finds their people by typing, and nobody else's.
func TestFindingPeople(t *testing.T) {
	each(t, func(s *site) {
		v := s.village()
		b := v.enter("hugh").open("/helping").sees("Mary Test", "Ben Test", "You help the people of: east").notSees("Walt", "Ruth", "Hetty", "Alone")
		b.open("/helping?find=be").sees("Ben Test").notSees("Mary")
		b.open("/helping?find=BEN+T").sees("Ben Test")
		b.open("/helping?find=%25").sees("Nobody is found").notSees("Mary")
		b.open("/helping?find=walt").sees("Nobody is found")
		v.enter("ruth").open("/helping").sees("Mary Test", "Walt Test", "Hetty Test", "You are an administrator").notSees("Adam")
		v.enter("mary").open("/helping").sees("This page is for helpers")
	})
}

// A helper sees what is set up, and no secret, no whole number and no name that the person gave.
func TestWhatAHelperSees(t *testing.T) {
	each(t, func(s *site) {
		v := s.village()
		s.phoneOf(v.people["mary"], mobile, phone.Mobile, message.SMS)
		s.browser().password("mary", wrong)
		b := v.enter("hugh").open("/helping/people/"+v.people["mary"].ID).sees("Mary Test", "Phone", "•••123", "Authenticator app", "A wrong password was typed")
		for _, secret := range []string{"7700900123", "7700 900123", "Pixel", "@northwold.example"} {
			if strings.Contains(b.page.Body, secret) {
				t.Errorf("%q is shown", secret)
			}
		}
	})
}

// The pass of one helper stands in for a password. It passes nothing by that is set up, and is told to the person.
func TestThePassOfOneHelper(t *testing.T) {
	each(t, func(s *site) {
		v := s.village()
		b := v.enter("hugh").open("/helping/people/" + v.people["mary"].ID + "/pass")
		b.fill("Make the pass", "hours", "4").sees("Speak with the person first")
		b.fill("Make the pass", "hours", "720", "spoken", "yes").sees("Choose how long it works")
		b.fill("Make the pass", "hours", "24", "spoken", "yes").sees("It is for Mary Test", "We have told them")
		pass := passShown(t, b)
		if told := s.to(v.people["mary"].Email)[0]; !strings.Contains(told.Paragraphs[0], "Hugh Test") || told.Button == nil {
			t.Errorf("told: %+v", told)
		}
		b.press("Print it as a letter")
		if b.page.Header.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(b.page.Body, "%PDF-") || strings.Contains(b.page.URL.String(), pass) {
			t.Errorf("%s, %.20q at %s", b.page.Header.Get("Content-Type"), b.page.Body, b.page.URL)
		}
		mary := s.browser().password("mary", pass).sees("Enter the code from your app")
		mary.open(linkTo(t, mary, "/signin/ways")).notSees("I don’t have any of these any more").send("/signin/lost", "a", mary.page.URL.Query().Get("a"))
		mary.open("/security").sees("Sign in")
		b.open("/helping/people/" + v.people["mary"].ID).sees("Works until")
		b.open(linkTo(t, b, "/helping/people/"+v.people["mary"].ID+"/pass/cancel")).press("Cancel the access pass").sees("does not work any more")
		s.browser().password("mary", pass).sees("isn’t right")
	})
}

func passShown(t *testing.T, b *browser) string {
	t.Helper()
	for _, form := range b.page.Forms {
		if pass := form.Values.Get("pass"); pass != "" {
			return pass
		}
	}
	if found := passPattern.FindString(b.page.Text); found != "" {
		return found
	}
	t.Fatalf("no pass on %s: %s", b.page.URL, b.page.Text)
	return ""
}

// What is old is asked for again, whatever the page says.
func TestHelpingWantsARecentProof(t *testing.T) {
	each(t, func(s *site) {
		v := s.village()
		b := v.enter("hugh")
		s.clock.Advance(11 * time.Minute)
		before := v.state()
		for _, path := range []string{"/pass", "/vouch", "/pass/cancel"} {
			b.send("/helping/people/"+v.people["mary"].ID+path, "hours", "1", "spoken", "yes").sees("Enter the code from your app")
		}
		if v.state() != before {
			t.Error("something was done without a recent proof")
		}
		v.prove(b, "hugh")
		if b.page.URL.Path != "/helping/people/"+v.people["mary"].ID+"/pass/cancel" {
			t.Errorf("led to %s", b.page.URL)
		}
	})
}

// A helper whose role or group is taken away, whose account is frozen or closed, helps nobody from that moment.
func TestAHelperNoMore(t *testing.T) {
	one(t, func(s *site) {
		v := s.village()
		for what, end := range map[string]func(tx *db.Tx) error{
			"the group": func(tx *db.Tx) error {
				return directory.RemoveHelper(tx, "system", v.groups["east"].ID, v.people["hugh"].ID)
			},
			"the role": func(tx *db.Tx) error { return directory.SetRole(tx, "system", v.people["hugh"].ID, directory.Member) },
			"frozen":   func(tx *db.Tx) error { return directory.Freeze(tx, v.people["hugh"].ID) },
			"locked":   func(tx *db.Tx) error { return directory.SetStatus(tx, "system", v.people["hugh"].ID, directory.Locked) },
			"moved":    func(tx *db.Tx) error { return directory.Leave(tx, "system", v.groups["east"].ID, v.people["mary"].ID) },
			"her role": func(tx *db.Tx) error { return directory.SetRole(tx, "system", v.people["mary"].ID, directory.Helper) },
		} {
			undo := fmt.Errorf("undo")
			err := s.db.Tx(t.Context(), func(tx *db.Tx) error {
				may, err := directory.Helps(tx, v.people["hugh"].ID, v.people["mary"].ID)
				if err != nil || !may {
					t.Errorf("%s: before: %t, %v", what, may, err)
				}
				if err := end(tx); err != nil {
					return err
				}
				if may, err = directory.Helps(tx, v.people["hugh"].ID, v.people["mary"].ID); err != nil || may {
					t.Errorf("%s: after: %t, %v", what, may, err)
				}
				return undo
			})
			if err != undo {
				t.Fatal(what, err)
			}
		}
	})
}
