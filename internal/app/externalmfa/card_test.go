package externalmfa_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"woggle/internal/code"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/method/recovery"
	"woggle/internal/signin"
)

// holder is somebody with a printed card of that many codes, and nothing else.
func (w *world) holder(codes int) (m member, card string, printed []string) {
	w.t.Helper()
	m = w.member(upn)
	w.tx(func(tx *db.Tx) error {
		if err := signin.DeleteMethods(tx, m.User.ID, signin.Authenticator); err != nil {
			return err
		}
		made, err := w.first.GiveCard(tx, "system", m.User, tx.Now, tx.Now.Add(14*24*time.Hour), codes)
		card, printed = strings.TrimPrefix(made.Number, "Card "), made.Codes
		return err
	})
	return m, card, printed
}

// Section 4.3: somebody without any phone gets to Microsoft with a printed card. Each code is good once, there as here, and only the one
// that is asked for.
func TestAPrintedCardAtMicrosoft(t *testing.T) {
	each(t, func(w *world) {
		m, card, codes := w.holder(3)
		for i, typed := range codes {
			b := w.browser().asked(m.Person).sees("Enter code "+string(rune('1'+i))+" of your card", card, "Microsoft asks if this is you")
			for _, other := range codes {
				if other != typed {
					b.types(other).sees("isn’t the right code")
				}
			}
			b.types(typed).sees("on your way to Microsoft").back().sees(m.Object + " is signed in: possessionorinherence with otp")
			if b.signedIn() {
				t.Error("there is a session here")
			}
			w.clock.Advance(time.Minute)
		}
		w.browser().asked(m.Person).sees("Set up a second step first").link("/microsoft/continue/").back().sees("access_denied")
		if got := w.events(m.User); strings.Count(got, "proved-elsewhere") != len(codes) {
			t.Errorf("the audit trail has %s", got)
		}
	})
}

// Of two browsers at the same code, one gets to Microsoft; the other is asked for the next one.
func TestOneCodeOfACardAtOnce(t *testing.T) {
	each(t, func(w *world) {
		m, _, codes := w.holder(3)
		browsers := []*browser{w.browser().asked(m.Person), w.browser().asked(m.Person)}
		turn := make(chan *browser, len(browsers))
		for _, b := range browsers {
			turn <- b
		}
		w.atOnce(len(browsers), func() int { (<-turn).types(codes[0]); return 0 })
		through := slices.DeleteFunc(browsers, func(b *browser) bool { return !strings.Contains(b.page.Text, "on your way to Microsoft") })
		if len(through) != 1 {
			t.Fatalf("%d got through with one code", len(through))
		}
		through[0].back().sees("is signed in")
	})
}

// A card whose days are over or not yet begun, that was ended, or that Entra has no word for, gets nobody there: not even between the code
// and the answer.
func TestACardThatDoesNotCountAtMicrosoft(t *testing.T) {
	each(t, func(w *world) {
		m, card, codes := w.holder(2)
		b := w.browser().asked(m.Person)
		b.Client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
			if !strings.HasPrefix(r.URL.Path, "/microsoft/continue/") {
				return nil
			}
			return w.db.Tx(t.Context(), func(tx *db.Tx) error { return w.first.EndCard(tx, "system", m.User, card) })
		}
		b.types(codes[0]).back().sees("access_denied")
		w.browser().asked(m.Person).sees("Set up a second step first")
		w.tx(func(tx *db.Tx) error {
			_, err := w.first.GiveCard(tx, "system", m.User, tx.Now.Add(time.Hour), tx.Now.Add(2*time.Hour), 2)
			return err
		})
		w.browser().asked(m.Person).sees("Set up a second step first")
		w.clock.Advance(time.Hour)
		w.browser().asked(m.Person).sees("Enter code 1 of your card")
		a := w.attempt(m.Person)
		a.Form["claims"] = strings.Replace(a.Form["claims"], `"otp",`, "", 1)
		w.browser().bring(a).sees("Set up a second step first")
		w.clock.Advance(time.Hour)
		w.browser().asked(m.Person).sees("Set up a second step first")
	})
}

// Recovery codes and access passes are for getting back in here: they are not even asked for.
func TestWhatGetsBackInIsNoSecondStepAtMicrosoft(t *testing.T) {
	each(t, func(w *world) {
		m, _, _ := w.holder(1)
		w.tx(func(tx *db.Tx) error {
			id := db.NewID()
			if err := signin.InsertMethod(tx, signin.Enrolled{ID: id, User: m.User.ID, Kind: signin.Recovery, Secret: []byte{}}); err != nil {
				return err
			}
			if _, err := w.first.GivePass(tx, "system", directory.User{ID: m.User.ID}, signin.PassTerms{Life: time.Hour}); err != nil {
				return err
			}
			return recovery.Store(tx, w.ring, id, m.User.ID, []string{code.Letters(16)})
		})
		b := w.browser().asked(m.Person).sees("Enter code 1 of your card")
		b.open("/signin/ways?a=" + b.page.URL.Query().Get("a")).notSees("recovery code")
		w.tx(func(tx *db.Tx) error { return signin.DeleteMethods(tx, m.User.ID, signin.Card) })
		w.browser().asked(m.Person).sees("Set up a second step first").notSees("recovery code").link("/microsoft/continue/").back().sees("access_denied")
	})
}
