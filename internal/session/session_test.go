package session_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/keys"
	"woggle/internal/session"
)

func proofs(at time.Time) []session.Proof {
	return []session.Proof{{Kind: "password", Factor: session.Knowledge, AMR: []string{"pwd"}, At: at},
		{Kind: "phone", Factor: session.Possession, AMR: []string{"sms"}, At: at}}
}

type world struct {
	*session.Manager
	t     *testing.T
	clock *dbtest.Clock
	user  directory.User
}

func each(t *testing.T, story func(w *world)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := &world{&session.Manager{DB: d, Keys: keys.Random(), Stay: 30 * 24 * time.Hour}, t, clock, directory.User{}}
		w.tx(func(tx *db.Tx) (err error) {
			w.user, err = directory.Add(tx, directory.User{Username: "aisha", Role: directory.Member, Status: directory.Active})
			return err
		})
		story(w)
	})
}

func (w *world) tx(work func(*db.Tx) error) {
	w.t.Helper()
	if err := w.DB.Tx(w.t.Context(), work); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) start(stay bool) (token string) {
	w.t.Helper()
	w.tx(func(tx *db.Tx) (err error) {
		token, _, err = w.Start(tx, w.user, proofs(tx.Now), stay, session.Origin{Address: "192.0.2.1", Agent: "Firefox/150 Windows"})
		return err
	})
	return token
}

func (w *world) find(token string) *session.Session {
	w.t.Helper()
	s, err := w.Find(w.t.Context(), token)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// How each session comes to its end, decided when it is used: no sweeper runs here.
func TestASessionEnds(t *testing.T) {
	for _, c := range []struct {
		how   string
		stay  bool
		end   func(w *world)
		alive bool
	}{
		{"it lives at first", false, func(*world) {}, true},
		{"an hour of rest ends it", false, func(w *world) { w.clock.Advance(time.Hour + time.Millisecond) }, false},
		{"less does not", false, func(w *world) { w.clock.Advance(time.Hour) }, true},
		{"who stays signed in may rest", true, func(w *world) { w.clock.Advance(29 * 24 * time.Hour) }, true},
		{"but not for ever", true, func(w *world) { w.clock.Advance(30 * 24 * time.Hour) }, false},
		{"the person is disabled", true, func(w *world) {
			w.tx(func(tx *db.Tx) error { return directory.SetStatus(tx, "system", w.user.ID, directory.Disabled) })
		}, false},
		{"everything of theirs is ended", true, func(w *world) {
			w.tx(func(tx *db.Tx) error { return directory.RaiseEpoch(tx, w.user.ID) })
		}, false},
		{"all others are ended", false, func(w *world) {
			w.tx(func(tx *db.Tx) error { return w.EndOthers(tx, w.user.ID, "another", w.user.ID) })
		}, false},
		{"those of somebody else are ended", false, func(w *world) {
			w.tx(func(tx *db.Tx) error { return w.EndOthers(tx, "somebody else", "", "x") })
		}, true},
	} {
		t.Run(c.how, func(t *testing.T) {
			each(t, func(w *world) {
				token := w.start(c.stay)
				c.end(w)
				if got := w.find(token) != nil; got != c.alive {
					w.t.Errorf("alive: %v", got)
				}
			})
		})
	}
}

func TestADayEndsASessionHoweverBusy(t *testing.T) {
	each(t, func(w *world) {
		token := w.start(false)
		for range 48 {
			w.clock.Advance(30*time.Minute - time.Millisecond)
			if w.find(token) == nil {
				w.t.Fatal("a session in use ended early")
			}
		}
		w.clock.Advance(time.Second)
		if w.find(token) != nil {
			w.t.Error("it lives longer than a day")
		}
	})
}

// T49: a rise of assurance makes the old token worthless.
func TestRaisingReplacesTheToken(t *testing.T) {
	each(t, func(w *world) {
		old := w.start(false)
		s := w.find(old)
		w.clock.Advance(20 * time.Minute)
		if s.Fresh(10*time.Minute, w.clock.Now()) {
			w.t.Error("a proof of 20 minutes ago is called fresh")
		}
		var token string
		w.tx(func(tx *db.Tx) (err error) {
			token, err = w.Raise(tx, s, append(s.Proofs, proofs(tx.Now)...))
			return err
		})
		if w.find(old) != nil {
			w.t.Error("the old token still works")
		}
		if s = w.find(token); s == nil || !s.Fresh(10*time.Minute, w.clock.Now()) || !s.AuthAt.Equal(w.clock.Now().UTC().Truncate(time.Millisecond)) {
			w.t.Errorf("the raised session is %+v", s)
		}
	})
}

// T53: a token that is cut, longer or altered finds nothing.
func TestAlteredTokensFindNothing(t *testing.T) {
	w := &world{t: t}
	d, clock := dbtest.Open(t)
	w.Manager, w.clock = &session.Manager{DB: d, Keys: keys.Random()}, clock
	w.tx(func(tx *db.Tx) (err error) {
		w.user, err = directory.Add(tx, directory.User{Username: "aisha", Role: directory.Member, Status: directory.Active})
		return err
	})
	token := w.start(false)
	for cut := range len(token) {
		if w.find(token[:cut]) != nil {
			t.Errorf("the first %d characters are enough", cut)
		}
		flipped := []byte(token)
		flipped[cut] ^= 1
		if w.find(string(flipped)) != nil {
			t.Errorf("character %d does not count", cut)
		}
	}
	if w.find(token+"a") != nil || w.find("") != nil {
		t.Error("a longer or an empty token is enough")
	}
}

// The level is computed from proofs, never from a flag (threat T37).
func TestLevelOfProofs(t *testing.T) {
	know, have := session.Proof{Factor: session.Knowledge, AMR: []string{"pwd"}}, session.Proof{Factor: session.Possession, AMR: []string{"otp"}}
	mail := session.Proof{Kind: "mail"}
	for _, c := range []struct {
		proofs []session.Proof
		level  session.Level
		amr    string
	}{
		{nil, session.None, "[]"},
		{[]session.Proof{mail}, session.None, "[]"},
		{[]session.Proof{know}, session.One, "[pwd]"},
		{[]session.Proof{know, know, mail}, session.One, "[pwd]"},
		{[]session.Proof{have, have}, session.One, "[otp]"},
		{[]session.Proof{know, have}, session.Multi, "[pwd otp mfa]"},
		{[]session.Proof{have, have, know}, session.Multi, "[otp pwd mfa]"},
	} {
		if got := session.LevelOf(c.proofs); got != c.level {
			t.Errorf("%v: level %d", c.proofs, got)
		}
		if got := fmt.Sprint(session.AMR(c.proofs)); got != c.amr {
			t.Errorf("%v: amr %s", c.proofs, got)
		}
	}
}

func TestTheListShowsLiveSessionsOfThePersonOnly(t *testing.T) {
	each(t, func(w *world) {
		w.start(true)
		gone := w.start(false)
		w.clock.Advance(2 * time.Hour)
		w.start(false)
		var names []string
		w.tx(func(tx *db.Tx) error {
			all, err := w.List(tx, w.user.ID)
			names = nil
			for _, s := range all {
				names = append(names, s.Agent)
			}
			return err
		})
		if !slices.Equal(names, []string{"Firefox · Windows", "Firefox · Windows"}) || w.find(gone) != nil {
			w.t.Errorf("the list is %v", names)
		}
	})
}

func TestBrowsersInPlainWords(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0 Safari/537.36 Edg/150.0":           "Edge · Windows",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/604.1":       "Safari · iPhone",
		"Mozilla/5.0 (Linux; Android 16; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/29.0 Chrome/136.0 Mobile Safari/537.36": "Samsung Internet · Android",
		"Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0":                                                          "Firefox · Linux",
		"curl/8": "", "": "",
	} {
		if got := session.Browser(agent); got != want {
			t.Errorf("%q is %q, want %q", agent, got, want)
		}
	}
}

// A new key in front makes what is made from then on; whoever was signed in stays so.
func TestANewKeySignsNobodyOut(t *testing.T) {
	each(t, func(w *world) {
		ring := func(ids ...string) *keys.Ring {
			secrets := map[string][]byte{"old": bytes.Repeat([]byte{1}, 32), "new": bytes.Repeat([]byte{2}, 32)}
			var all [][]byte
			for _, id := range ids {
				all = append(all, secrets[id])
			}
			r, err := keys.New(ids, all)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		w.Keys = ring("old")
		before := w.start(false)
		w.Keys = ring("new", "old")
		after := w.start(false)
		if w.find(before) == nil || w.find(after) == nil {
			t.Error("a new key in front signs people out")
		}
		w.Keys = ring("new")
		if w.find(before) != nil || w.find(after) == nil {
			t.Error("the old key is gone, and its sessions are not")
		}
	})
}
