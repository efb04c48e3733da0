package externalmfa_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"woggle/internal/app/externalmfa"
	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/signin"
)

// Section 4.1 of the profile: the whole way, with nothing asked but the second factor, and nobody signed in here by it.
func TestASignInAtMicrosoft(t *testing.T) {
	each(t, func(w *world) {
		m := w.member(upn)
		b := w.browser().asked(m.Person).sees("Enter the code from your app", "Microsoft asks if this is you", "Finish by").notSees("password", "Stay signed in")
		b.types(w.code(m)).sees("on your way to Microsoft").back().sees(m.Object + " is signed in: possessionorinherence with otp")
		if b.signedIn() {
			t.Error("there is a session here")
		}
		// The second time the person is found by the link, whatever they are called now.
		w.clock.Advance(time.Minute)
		m.UPN, m.Preferred = "renamed@northwold.example", "renamed@northwold.example"
		b.asked(m.Person).types(w.code(m)).back().sees("is signed in")
		w.tx(func(tx *db.Tx) error {
			all, err := externalmfa.Links(tx, w.tenant.ID, "", 10)
			if len(all) != 1 || all[0].User != m.User.ID || all[0].Object != m.Object || all[0].Name != upn {
				t.Errorf("links %+v", all)
			}
			return err
		})
		if got := w.events(m.User); got != "external-mfa-linked proved-elsewhere proved-elsewhere" {
			t.Errorf("the audit trail has %s", got)
		}
	})
}

// events are the types of the person's events, in the order of the alphabet.
func (w *world) events(user directory.User) string {
	w.t.Helper()
	var types []string
	w.tx(func(tx *db.Tx) error {
		types = nil
		all, err := audit.OfUser(tx, user.ID, "", 50)
		for _, e := range all {
			types = append(types, string(e.Type))
		}
		return err
	})
	slices.Sort(types)
	return strings.Join(types, " ")
}

// Section 4.1: the form comes from another site, so that no cookie of ours is with it. It is kept, and the browser told where
// to come for it; no cookie is set before it comes.
func TestEntrasFormIsKeptAndTheBrowserComesForIt(t *testing.T) {
	w := one(t)
	a := w.attempt(w.member(upn).Person)
	answer := w.postBare(a.Form)
	if answer.StatusCode != http.StatusSeeOther || !strings.HasPrefix(answer.Header.Get("Location"), "/microsoft/continue/") ||
		len(answer.Header.Values("Set-Cookie")) > 0 || answer.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s to %q with %v", answer.Status, answer.Header.Get("Location"), answer.Header)
	}
	w.browser().open(answer.Header.Get("Location")).sees("Enter the code from your app")
}

// Section 4.1: whoever opens the address themselves is told what it is.
func TestAVisitToTheAddressItself(t *testing.T) {
	one(t).browser().open(externalmfa.AuthorizePath).sees("Nothing to do here", "Microsoft sends you here by itself").goesNowhere()
}

// Section 4.1: what Entra asks as a form may not be asked by an address: a link would be enough to bother somebody.
func TestARequestIsNoLink(t *testing.T) {
	w := one(t)
	a := w.attempt(w.member(upn).Person)
	values := url.Values{}
	for name, value := range a.Form {
		values.Set(name, value)
	}
	w.browser().open(externalmfa.AuthorizePath + "?" + values.Encode()).sees("Nothing to do here").goesNowhere()
}

// Refresh and Back on the way do no harm, and nothing is answered twice.
func TestAnAnswerIsGivenOnce(t *testing.T) {
	each(t, func(w *world) {
		m := w.member(upn)
		b := w.browser().asked(m.Person)
		question := b.page.URL.RequestURI()
		onward := b.page.Header.Get("Refresh")
		_, address, _ := strings.Cut(onward, "url=")
		b.open(address).sees("Enter the code from your app")
		if b.page.URL.RequestURI() != question {
			t.Errorf("another question: %s", b.page.URL)
		}
		b.types(w.code(m)).sees("on your way to Microsoft")
		other := w.browser().open(address).goesNowhere()
		other.sees("Microsoft has our answer already")
		b.open(address).sees("Microsoft has our answer already").goesNowhere()
		b.open(question).sees("finished already", "Go back to Microsoft")
	})
}

// Of many that fetch the answer at once, on two nodes, one gets it.
func TestManyFetchTheAnswerAtOnce(t *testing.T) {
	each(t, func(w *world) {
		w.node()
		m := w.member(upn)
		b := w.browser().asked(m.Person)
		_, address, _ := strings.Cut(b.page.Header.Get("Refresh"), "url=")
		b.Client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
			if strings.HasPrefix(r.URL.Path, "/microsoft/continue/") {
				return http.ErrUseLastResponse
			}
			return nil
		}
		b.types(w.code(m))
		got := w.atOnce(6, func() int {
			p, err := b.Open(address)
			if err != nil {
				return 0
			}
			if form, err := p.Form("id_token"); err == nil && form.Values.Get("id_token") != "" {
				return 1
			}
			return p.Status
		})
		if got[1] != 1 || got[http.StatusGone] != 5 {
			t.Errorf("answers: %v", got)
		}
	})
}

// The attempt belongs to the browser that came for it: who learns its address, and even the person's code, has nothing.
func TestAnAttemptAnsweredInAnothersBrowser(t *testing.T) {
	each(t, func(w *world) {
		m, thief := w.member(upn), w.member("thief@northwold.example")
		victim := w.browser().asked(m.Person)
		_, address, _ := strings.Cut(victim.page.Header.Get("Refresh"), "url=")
		other := w.browser().open(address).sees("begun in another browser").goesNowhere()
		other.open(victim.page.URL.RequestURI()).sees("not open here").goesNowhere()
		// Nor is the thief's own proof any use for it.
		mine := w.browser().asked(thief.Person)
		form, err := mine.page.Form("one-time-code")
		if err != nil {
			t.Fatal(err)
		}
		id := victim.page.URL.Query().Get("a")
		mine.page, err = mine.Send(form.Set("a", id).Set("one-time-code", w.code(thief)), nil)
		if err != nil {
			t.Fatal(err)
		}
		mine.sees("not open here").goesNowhere()
		victim.types(w.code(thief)).sees("isn’t the right code")
		victim.types(w.code(m)).back().sees("is signed in")
	})
}

// Two sign-ins in two tabs of one browser do not disturb each other.
func TestTwoTabs(t *testing.T) {
	each(t, func(w *world) {
		m := w.member(upn)
		first := w.browser().asked(m.Person)
		second := &browser{first.Visitor, w, nil}
		second.asked(m.Person).types(w.code(m)).back().sees("is signed in")
		first.types(w.code(m)).sees("isn’t the right code") // it is spent
		w.clock.Advance(30 * time.Second)
		first.types(w.code(m)).back().sees("is signed in")
	})
}

// One request, open in two tabs: it is answered once.
func TestOneRequestInTwoTabs(t *testing.T) {
	each(t, func(w *world) {
		m := w.member(upn)
		b := w.browser().asked(m.Person)
		tab := &browser{b.Visitor, w, b.page}
		b.types(w.code(m)).back().sees("is signed in")
		w.clock.Advance(30 * time.Second)
		tab.types(w.code(m)).sees("finished already").goesNowhere()
	})
}

// Each request goes to another node; they share nothing but the database.
func TestTwoNodes(t *testing.T) {
	each(t, func(w *world) {
		w.node()
		m := w.member(upn)
		for range 2 {
			b := w.browser().asked(m.Person)
			b.types(w.code(m)).back().sees("is signed in")
			w.clock.Advance(time.Minute)
			w.turn++ // the other one begins
		}
	})
}

// Whoever is signed in here in this browser stays so, and gets nothing of it.
func TestASessionOfSomebodyElseInTheBrowser(t *testing.T) {
	each(t, func(w *world) {
		m, boss := w.member(upn), w.member("boss@northwold.example")
		b := w.browser()
		var token string
		w.tx(func(tx *db.Tx) (err error) {
			token, err = w.session(tx, boss.User)
			return err
		})
		base, _ := url.Parse(w.web.URL)
		b.Client.Jar.SetCookies(base, []*http.Cookie{{Name: "woggle-session", Value: token, Path: "/"}})
		if !b.signedIn() {
			t.Fatal("the boss is not signed in")
		}
		b.asked(m.Person).types(w.code(m)).sees("on your way to Microsoft")
		for _, cookie := range b.Client.Jar.Cookies(base) {
			if cookie.Name == "woggle-session" && cookie.Value != token {
				t.Error("the session has another token")
			}
		}
		b.back().sees(m.Object + " is signed in")
		b.open("/activity").notSees("to sign in to Microsoft")
	})
}

// Section 4.3: nobody waits longer than five minutes. The page says until when, ends by itself without a script, and Entra is
// told in time; what comes later is worth nothing.
func TestTheDeadline(t *testing.T) {
	each(t, func(w *world) {
		m := w.member(upn)
		b := w.browser().asked(m.Person)
		w.clock.Advance(4 * time.Minute)
		b.types("000000").sees("isn’t the right code", "Finish by")
		after, address, found := strings.Cut(b.page.Header.Get("Refresh"), "; url=")
		if !found || after != "31" {
			t.Errorf("the page ends after %q", b.page.Header.Get("Refresh"))
		}
		w.clock.Advance(30 * time.Second)
		b.types(w.code(m)).sees("That took too long")
		b.open(address).sees("on your way to Microsoft").back().sees("the method says: access_denied", "took too long")

		// Somebody who never came for it is late as well.
		a := w.attempt(m.Person)
		answer := w.postBare(a.Form)
		w.clock.Advance(4*time.Minute + 30*time.Second)
		w.browser().open(answer.Header.Get("Location")).back().sees("access_denied")
	})
}

// A proof that was made in time is worth nothing when the answer would be late.
func TestAnAnswerThatWouldComeLate(t *testing.T) {
	w := one(t)
	m := w.member(upn)
	b := w.browser().asked(m.Person)
	b.Client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.Path, "/microsoft/continue/") {
			w.clock.Advance(4*time.Minute + 30*time.Second)
		}
		return nil
	}
	b.types(w.code(m)).back().sees("access_denied")
}

func TestFiveWrongCodesEndIt(t *testing.T) {
	each(t, func(w *world) {
		m := w.member(upn)
		b := w.browser().asked(m.Person)
		for range 4 {
			b.types("000000").sees("isn’t the right code")
		}
		b.types("000000").sees("Too many wrong tries")
		b.link("/microsoft/continue/").back().sees("access_denied")
		if got := w.events(m.User); !strings.Contains(got, "wrong-code wrong-code wrong-code wrong-code wrong-code") {
			t.Errorf("the audit trail has %s", got)
		}
	})
}

// T09: the bounds on codes are the person's, wherever they are typed.
func TestWrongCodesCountForAllSignInsTogether(t *testing.T) {
	w := one(t)
	m := w.member(upn)
	for range 2 {
		b := w.browser().asked(m.Person)
		for range 5 {
			b.types("000000")
		}
	}
	w.browser().asked(m.Person).types(w.code(m)).sees("too many wrong codes")
	if m := <-w.drained(); !strings.Contains(m.Subject, "typed wrong codes") {
		t.Errorf("the person was told %q", m.Subject)
	}
}

// "Not now" goes back to Entra at once.
func TestThePersonTurnsBack(t *testing.T) {
	each(t, func(w *world) {
		m := w.member(upn)
		b := w.browser().asked(m.Person).press("Not now").sees("on your way to Microsoft")
		b.back().sees("access_denied")
	})
}

// What was true when the code was typed has to be true when the answer is made.
func TestWhatChangesInBetween(t *testing.T) {
	for _, c := range []struct {
		story  string
		change func(w *world, m member) error
	}{
		{"the person is disabled", func(w *world, m member) error {
			return w.db.Tx(w.t.Context(), func(tx *db.Tx) error { return directory.SetStatus(tx, "system", m.User.ID, directory.Disabled) })
		}},
		{"the method is removed", func(w *world, m member) error {
			return w.db.Tx(w.t.Context(), func(tx *db.Tx) error { return signin.DeleteMethods(tx, m.User.ID, signin.Authenticator) })
		}},
		{"everything of theirs is ended", func(w *world, m member) error {
			return w.db.Tx(w.t.Context(), func(tx *db.Tx) error { return directory.RaiseEpoch(tx, m.User.ID) })
		}},
		{"the object is linked to somebody else", func(w *world, m member) error {
			other := w.member("other@northwold.example")
			return w.db.Tx(w.t.Context(), func(tx *db.Tx) error {
				return externalmfa.Tie(tx, "system", externalmfa.Link{Tenant: w.tenant.ID, Object: m.Object, User: other.User.ID})
			})
		}},
	} {
		t.Run(c.story+", before the code", func(t *testing.T) {
			w := one(t)
			m := w.member(upn)
			b := w.browser().asked(m.Person)
			if err := c.change(w, m); err != nil {
				t.Fatal(err)
			}
			b.types(w.code(m))
			for b.page.URL.Path == "/signin" {
				b.link("/microsoft/continue/")
			}
			b.back().sees("access_denied")
		})
		t.Run(c.story+", after the code", func(t *testing.T) {
			w := one(t)
			m := w.member(upn)
			b := w.browser().asked(m.Person)
			b.Client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
				if strings.HasPrefix(r.URL.Path, "/microsoft/continue/") {
					return c.change(w, m)
				}
				return nil
			}
			b.types(w.code(m)).back().sees("access_denied")
		})
	}
	t.Run("the connection is removed", func(t *testing.T) {
		w := one(t)
		m := w.member(upn)
		b := w.browser().asked(m.Person)
		w.tx(func(tx *db.Tx) error { _, err := externalmfa.Disconnect(tx, "system", w.client); return err })
		b.types(w.code(m)).sees("whom we don’t know").goesNowhere()
		w.browser().asked(m.Person).sees("whom we don’t know").goesNowhere()
	})
}

// A person with nothing that Entra takes is told what to do, and sets nothing up on Entra's word.
func TestAPersonWithNoMethodThatWillDo(t *testing.T) {
	each(t, func(w *world) {
		m := w.member(upn)
		w.tx(func(tx *db.Tx) error { return signin.DeleteMethods(tx, m.User.ID, signin.Authenticator) })
		b := w.browser().asked(m.Person).sees("Set up a second step first", w.web.URL).notSees("Add a phone")
		b.link("/microsoft/continue/").back().sees("access_denied")
	})
}
