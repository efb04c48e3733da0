package session_test

import (
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/problem"
	"woggle/internal/session"
)

// What becomes of a visit, and of one that may go on without its person.
func TestAVisitEnds(t *testing.T) {
	for _, c := range []struct {
		how           string
		end           func(w *world, s *session.Session)
		plain, remote bool // what each kind is still good for
		told          bool // the app is told
	}{
		{"it lives at first", func(*world, *session.Session) {}, true, true, false},
		{"the person signs out", func(w *world, s *session.Session) {
			w.tx(func(tx *db.Tx) error { return w.SignOut(tx, s) })
		}, false, true, true},
		{"the session is ended from another browser", func(w *world, s *session.Session) {
			w.tx(func(tx *db.Tx) error { return w.End(tx, w.user.ID, s.ID, w.user.ID) })
		}, false, false, true},
		{"all others are ended", func(w *world, _ *session.Session) {
			w.tx(func(tx *db.Tx) error { return w.EndOthers(tx, w.user.ID, "another", w.user.ID) })
		}, false, false, true},
		{"signed out, and then all others are ended", func(w *world, s *session.Session) {
			w.tx(func(tx *db.Tx) error { return w.SignOut(tx, s) })
			w.tx(func(tx *db.Tx) error { return w.EndOthers(tx, w.user.ID, "another", w.user.ID) })
		}, false, false, true},
		{"the person is disabled", func(w *world, _ *session.Session) {
			w.tx(func(tx *db.Tx) error { return directory.SetStatus(tx, "system", w.user.ID, directory.Disabled) })
		}, false, false, true},
		{"everything of theirs is ended", func(w *world, _ *session.Session) {
			w.tx(func(tx *db.Tx) error { return directory.RaiseEpoch(tx, w.user.ID) })
		}, false, false, true},
		{"its day is over", func(w *world, _ *session.Session) { w.clock.Advance(24 * time.Hour) }, false, true, false},
	} {
		t.Run(c.how, func(t *testing.T) {
			each(t, func(w *world) {
				s := w.find(w.start(false))
				w.visit(s, "plain", false)
				w.visit(s, "remote", true)
				c.end(w, s)
				if got := w.live("plain"); got != c.plain {
					w.t.Errorf("the visit counts: %v", got)
				}
				if got := w.live("remote"); got != c.remote {
					w.t.Errorf("the one that may go on counts: %v", got)
				}
				w.tx(session.Settle)
				var untold int
				w.tx(func(tx *db.Tx) error {
					_, err := tx.Found("SELECT count(*) FROM visits WHERE ended_at > 0 AND told_at = 0", nil, &untold)
					return err
				})
				if got := untold == 2; got != c.told {
					w.t.Errorf("to be told: %d", untold)
				}
			})
		})
	}
}

func (w *world) visit(s *session.Session, app string, offline bool) (v session.Visit) {
	w.t.Helper()
	w.tx(func(tx *db.Tx) (err error) {
		v, err = w.Visit(tx, s, app, "", offline)
		return err
	})
	return v
}

func (w *world) live(app string) (yes bool) {
	w.t.Helper()
	w.tx(func(tx *db.Tx) (err error) {
		var one int
		yes, err = tx.Found(`SELECT 1 FROM visits v JOIN users u ON u.id = v.user_id WHERE v.app_id = $1 AND `+session.VisitLive("$2"),
			[]any{app, tx.Now.UnixMilli()}, &one)
		return err
	})
	return yes
}

func TestOneVisitForASessionAndAnApp(t *testing.T) {
	each(t, func(w *world) {
		s := w.find(w.start(false))
		first, again, other := w.visit(s, "rota", true), w.visit(s, "rota", false), w.visit(s, "camp", false)
		if first.ID != again.ID || first.ID == other.ID || !again.Offline {
			w.t.Errorf("%+v, %+v, %+v", first, again, other)
		}
		if elsewhere := w.visit(w.find(w.start(false)), "rota", false); elsewhere.ID == first.ID {
			w.t.Error("two sessions share a visit")
		}
		var left []session.Visit
		w.tx(func(tx *db.Tx) (err error) {
			left, err = session.VisitsOf(tx, s.ID)
			return err
		})
		if len(left) != 2 {
			w.t.Errorf("the session has %d visits", len(left))
		}
	})
}

// A visit that began after its session was ended would live on for a day.
func TestNoVisitBeginsInAnEndedSession(t *testing.T) {
	each(t, func(w *world) {
		s := w.find(w.start(false))
		w.tx(func(tx *db.Tx) error { return w.SignOut(tx, s) })
		err := w.DB.Tx(w.t.Context(), func(tx *db.Tx) error {
			_, err := w.Visit(tx, s, "rota", "", false)
			return err
		})
		if !problem.Is(err, problem.Gone) {
			w.t.Errorf("it began: %v", err)
		}
	})
}

// One more code says nothing of the password: apps are told the time of the last whole authentication.
func TestOneMoreCodeIsNoNewAuthentication(t *testing.T) {
	each(t, func(w *world) {
		s := w.find(w.start(false))
		first := s.AuthAt
		w.clock.Advance(20 * time.Minute)
		again := append(s.Proofs, session.Proof{Kind: "phone", Factor: session.Possession, At: w.clock.Now()})
		w.tx(func(tx *db.Tx) error {
			_, err := w.Raise(tx, s, again)
			return err
		})
		if !s.AuthAt.Equal(first) {
			w.t.Errorf("a code alone has moved it to %s", s.AuthAt)
		}
	})
}

// A session is found by its stay at an app, as long as it lives; to be asked for is to be used.
func TestASessionIsFoundByItsVisit(t *testing.T) {
	each(t, func(w *world) {
		told := 0
		w.Ended = func() { told++ }
		s := w.find(w.start(false))
		v := w.visit(s, "wiki", false)
		of := func(visit, app string) bool {
			w.t.Helper()
			found, err := w.OfVisit(w.t.Context(), visit, app)
			if err != nil {
				w.t.Fatal(err)
			}
			return found != nil && found.ID == s.ID && found.User.ID == w.user.ID && len(found.Proofs) == 2
		}
		for range 4 {
			w.clock.Advance(50 * time.Minute)
			if !of(v.ID, "wiki") {
				w.t.Fatal("who works in the app is idle")
			}
		}
		if of(v.ID, "rota") || of("", "wiki") || of(s.ID, "wiki") {
			w.t.Error("it is found by what it is not")
		}
		w.clock.Advance(61 * time.Minute)
		if of(v.ID, "wiki") {
			w.t.Error("an idle session lives")
		}
		w.clock.Advance(-time.Minute)
		if !of(v.ID, "wiki") || told != 0 {
			w.t.Fatalf("it has gone; ends were told %d times", told)
		}
		w.tx(func(tx *db.Tx) error { return w.SignOut(tx, s) })
		if of(v.ID, "wiki") || told != 1 {
			w.t.Errorf("it was signed out, and lives; ends were told %d times", told)
		}
	})
}
