package externalmfa_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"woggle/internal/app/externalmfa"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/problem"
)

// Section 4.2: who it is. A link of tenant and object comes first; a first time is only as the administrator said, by the name that
// Entra vouches for; never by an e-mail address.
func TestWhoItIs(t *testing.T) {
	for _, c := range []struct {
		story   string
		by      externalmfa.MatchBy
		arrange func(w *world, m *member)
		sees    string
		event   string // whose audit trail has external-mfa-refused: "person" or nobody's
	}{
		{"by the user name", externalmfa.ByUsername, func(*world, *member) {}, "Enter the code", ""},
		{"in any case", externalmfa.ByUsername, func(_ *world, m *member) { m.UPN = "Aisha.KHAN@Northwold.example" }, "Enter the code", ""},
		{"nobody, where only links count", externalmfa.ByLink, func(*world, *member) {}, "We can’t tell who that is here", ""},
		{"by a link", externalmfa.ByLink, func(w *world, m *member) { w.link(m.User, m.Object) }, "Enter the code", ""},
		{"by a link, whatever the name says now", externalmfa.ByUsername, func(w *world, m *member) {
			w.link(m.User, m.Object)
			m.UPN = w.member("other@northwold.example").UPN
		}, "Enter the code", ""},
		{"not by the name that is only shown", externalmfa.ByUsername, func(_ *world, m *member) { m.UPN = "" }, "We can’t tell who that is here", ""},
		{"not by the e-mail address", externalmfa.ByUsername, func(_ *world, m *member) { m.UPN = m.Email }, "We can’t tell who that is here", ""},
		{"not by what looks like the name", externalmfa.ByUsername, func(_ *world, m *member) { m.UPN = strings.Replace(upn, "a", "а", 1) }, "We can’t tell who that is here", ""},
		{"nobody of that name", externalmfa.ByUsername, func(_ *world, m *member) { m.UPN = "nobody@northwold.example" }, "We can’t tell who that is here", ""},
		{"a guest by the marked name", externalmfa.ByUsername, func(_ *world, m *member) {
			m.UPN, m.Preferred = "aisha_home.example#EXT#@t.example", "aisha@home.example"
		}, "who is a guest there", ""},
		{"a guest by the claim", externalmfa.ByUsername, func(_ *world, m *member) { m.Extra = map[string]any{"acct": 1} }, "who is a guest there", ""},
		{"a guest whose password is checked elsewhere", externalmfa.ByUsername, func(_ *world, m *member) {
			m.Extra = map[string]any{"idp": "https://sts.windows.net/" + uuid.NewString() + "/"}
		}, "who is a guest there", ""},
		{"a guest whom somebody linked", externalmfa.ByUsername, func(w *world, m *member) {
			w.link(m.User, m.Object)
			m.Extra = map[string]any{"acct": 1}
		}, "Enter the code", ""},
		{"a name that is linked to another object", externalmfa.ByUsername, func(w *world, m *member) { w.link(m.User, uuid.NewString()) }, "linked to another Microsoft account", ""},
		{"a disabled person", externalmfa.ByUsername, func(w *world, m *member) { w.status(m.User, directory.Disabled) }, "closed or locked", "person"},
		{"a locked person with a link", externalmfa.ByUsername, func(w *world, m *member) {
			w.link(m.User, m.Object)
			w.status(m.User, directory.Locked)
		}, "closed or locked", "person"},
		{"as Microsoft 365 has matched them", externalmfa.ByMicrosoft, func(w *world, m *member) {
			m.UPN = "" // the object id is enough
			w.tx(func(tx *db.Tx) error {
				_, err := tx.Exec(`INSERT INTO microsoft365_accounts (tenant_id, user_id, object_id, upn, immutable_id, matched_by, matched_at, disabled_at)
					VALUES ($1, $2, $3, $4, 'x', 'name', 1, 0)`, w.tenant.ID, m.User.ID, m.Object, upn)
				return err
			})
		}, "Enter the code", ""},
		{"Microsoft 365 is not connected", externalmfa.ByMicrosoft, func(*world, *member) {}, "We can’t tell who that is here", ""},
	} {
		t.Run(c.story, func(t *testing.T) {
			w := one(t)
			w.connect(c.by)
			m := w.member(upn)
			c.arrange(w, &m)
			b := w.browser().asked(m.Person).sees(c.sees).goesNowhere()
			if strings.HasPrefix(c.sees, "Enter") {
				b.types(w.code(m)).back().sees("is signed in")
				return
			}
			// Refused once, however often the page is looked at; then Entra is told, once.
			again := b.page.URL.RequestURI()
			b.open(again).sees(c.sees).press("Go back to Microsoft").back().sees("access_denied", "not known here")
			b.open(again).sees("has our answer already")
			refused := 0
			w.count("SELECT count(*) FROM audit_events WHERE type = 'external-mfa-refused'", &refused)
			if refused != 1 || strings.Contains(w.events(m.User), "external-mfa-refused") != (c.event == "person") {
				t.Errorf("%d refusals in the audit trail; the person's own has %s", refused, w.events(m.User))
			}
			if strings.Contains(w.events(m.User), "linked") && !strings.Contains(c.story, "link") {
				t.Error("somebody was linked")
			}
		})
	}
}

func (w *world) link(user directory.User, object string) {
	w.t.Helper()
	w.tx(func(tx *db.Tx) error {
		return externalmfa.Tie(tx, "system", externalmfa.Link{Tenant: w.tenant.ID, Object: object, User: user.ID})
	})
}

func (w *world) status(user directory.User, status directory.Status) {
	w.t.Helper()
	w.tx(func(tx *db.Tx) error { return directory.SetStatus(tx, "system", user.ID, status) })
}

// Nobody is bound by a name alone: the link is made when the second factor was proved.
func TestNobodyIsLinkedBeforeTheProof(t *testing.T) {
	each(t, func(w *world) {
		m := w.member(upn)
		b := w.browser().asked(m.Person)
		for range 5 {
			b.types("000000")
		}
		if got := w.events(m.User); strings.Contains(got, "linked") {
			t.Errorf("the audit trail has %s", got)
		}
	})
}

// The store of links: one person, one object, in both directions, also under races.
func TestLinks(t *testing.T) {
	each(t, func(w *world) {
		one, two := w.member("one@northwold.example"), w.member("two@northwold.example")
		o := uuid.NewString()
		tie := func(user directory.User, tenant, object string) error {
			return w.db.Tx(t.Context(), func(tx *db.Tx) error {
				return externalmfa.Tie(tx, "system", externalmfa.Link{Tenant: tenant, Object: object, User: user.ID, Name: "n"})
			})
		}
		if err := tie(one.User, "t", o); err != nil {
			t.Fatal(err)
		}
		if err := tie(one.User, "t", o); err != nil {
			t.Errorf("the same again: %v", err)
		}
		if err := tie(two.User, "t", o); !problem.Is(err, problem.Invalid) {
			t.Errorf("another person for the object: %v", err)
		}
		if err := tie(one.User, "t", uuid.NewString()); !problem.Is(err, problem.Invalid) {
			t.Errorf("another object for the person: %v", err)
		}
		if err := tie(one.User, "u", o); err != nil {
			t.Errorf("in another tenant: %v", err)
		}
		if got := w.atOnce(6, func() int {
			if tie(two.User, "t", uuid.NewString()) == nil {
				return 1
			}
			return 0
		}); got[1] != 1 {
			t.Errorf("of six links at once for one person: %v", got)
		}
		removed := 0
		w.tx(func(tx *db.Tx) (err error) { removed, err = externalmfa.Untie(tx, "system", one.User.ID); return err })
		if removed != 2 || w.events(one.User) != "external-mfa-linked external-mfa-linked external-mfa-unlinked external-mfa-unlinked" {
			t.Errorf("%d removed; %s", removed, w.events(one.User))
		}
		if err := tie(two.User, "v", "no-guid"); !problem.Is(err, problem.Invalid) {
			t.Errorf("an object that is none: %v", err)
		}
		if err := tie(two.User, "u", o); err != nil {
			t.Errorf("an object that is free again: %v", err)
		}
	})
}

// Two sign-ins of somebody who comes for the first time, proved at once on two nodes: one link, two answers.
func TestTwoFirstSignInsAtOnce(t *testing.T) {
	each(t, func(w *world) {
		w.node()
		m := w.member(upn)
		first, second := w.browser().asked(m.Person), w.browser().asked(m.Person)
		code := w.code(m)
		first.types(code)
		w.clock.Advance(30e9)
		second.types(w.code(m))
		first.back().sees("is signed in")
		second.back().sees("is signed in")
		links := 0
		if w.count("SELECT count(*) FROM external_mfa_links", &links); links != 1 {
			t.Errorf("%d links", links)
		}
	})
}
