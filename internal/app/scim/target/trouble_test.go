package target_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"woggle/internal/app/scim/target"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/keys"
)

// An answer that gets lost, after the other system did what it was asked, makes nobody twice.
func TestALostAnswerMakesNobodyTwice(t *testing.T) {
	each(t, target.Target{}, func(w *world) {
		ann := w.person(directory.User{Username: "ann"})
		lost := false
		w.there.lose = func(r *http.Request) bool {
			if r.Method != http.MethodPost || lost {
				return false
			}
			lost = true
			return true
		}
		if _, err := w.run(); err == nil || !strings.Contains(err.Error(), "cannot be reached") {
			w.t.Errorf("got %v", err)
		}
		if s := w.state(); s.Trouble == "" || s.Waiting != 1 || !s.RetryAt.After(w.clock.Now()) {
			w.t.Errorf("the list says %+v", s)
		}
		// Meanwhile the name is another one: they are found by what does not change.
		ann.Username = "ann.b"
		w.tx(func(tx *db.Tx) error { return directory.Update(tx, ann) })
		w.runs()
		same(w.t, "once", w.there.people(), map[string]string{"ann.b": "active"})
		if s := w.state(); s.Trouble != "" || s.Waiting != 0 || s.People != 1 {
			w.t.Errorf("the list says %+v", s)
		}
	})
}

// Who is away or busy is asked again later, and later each time; it says itself how much later.
func TestATargetThatIsBusyIsLeftAlone(t *testing.T) {
	each(t, target.Target{}, func(w *world) {
		w.person(directory.User{Username: "ann"})
		status, after := http.StatusServiceUnavailable, ""
		w.there.trouble = func(rw http.ResponseWriter, _ *http.Request) bool {
			rw.Header().Set("Retry-After", after)
			rw.WriteHeader(status)
			return true
		}
		for i, step := range []struct {
			status int
			after  string
			want   time.Duration
		}{{503, "", 10 * time.Second}, {429, "120", 120 * time.Second}, {500, "", 40 * time.Second}, {401, "", 80 * time.Second}, {302, "99999999", time.Hour}} {
			status, after = step.status, step.after
			w.there.asks()
			w.worker.Tend(w.t.Context())
			if got := w.state().RetryAt.Sub(w.clock.Now()); got != step.want || len(w.there.asks()) != 1 {
				w.t.Errorf("after failure %d it waits %s, want %s", i+1, got, step.want)
			}
			w.worker.Tend(w.t.Context())
			if len(w.there.asks()) != 0 {
				w.t.Errorf("it was asked again at once")
			}
			w.clock.Advance(step.want)
		}
		w.there.trouble = nil
		w.worker.Tend(w.t.Context())
		same(w.t, "in the end", w.there.people(), map[string]string{"ann": "active"})
		if s := w.state(); s.Trouble != "" || !s.RetryAt.IsZero() {
			w.t.Errorf("the list says %+v", s)
		}
	})
}

// An account that is there already is taken over if it has the user name and is nobody's: not if it is somebody else's.
func TestAnAccountThatIsThereIsTakenOver(t *testing.T) {
	each(t, target.Target{}, func(w *world) {
		for _, body := range []string{`{"userName":"ann","schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"active":false}`,
			`{"userName":"bob","externalId":"somebody-elses","schemas":["urn:ietf:params:scim:schemas:core:2.0:User"]}`} {
			r, err := http.NewRequest("POST", w.there.server.URL+"/scim/v2/Users", strings.NewReader(body))
			if err != nil {
				w.t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+w.there.token)
			answer, err := http.DefaultClient.Do(r)
			if err != nil || answer.StatusCode != 201 {
				w.t.Fatalf("%v, %v", answer, err)
			}
			answer.Body.Close()
		}
		w.person(directory.User{Username: "Ann", GivenName: "Ann"})
		w.person(directory.User{Username: "bob", GivenName: "Bob"})
		if got := w.runs(); got.Made != 1 || got.Refused != 1 {
			w.t.Errorf("sent: %+v", got)
		}
		same(w.t, "there", w.there.people(), map[string]string{"Ann": "Ann   active", "bob": "active"})
	})
}

// Of whom the other system takes nothing keeps nobody else waiting, and is tried again.
func TestOneWhoIsRefusedHoldsUpNobody(t *testing.T) {
	each(t, target.Target{}, func(w *world) {
		ann := w.person(directory.User{Username: "ann"})
		w.person(directory.User{Username: "bob"})
		// A stranger has the name there, and is not taken over: another system says that he is its own.
		err := w.there.db.Tx(w.t.Context(), func(tx *db.Tx) error {
			_, err := directory.Add(tx, directory.User{Username: "ann", GivenName: "Stranger"})
			return err
		})
		if err != nil {
			w.t.Fatal(err)
		}
		if got := w.runs(); got.Refused != 1 || got.Made != 1 {
			w.t.Errorf("sent: %+v", got)
		}
		same(w.t, "the others", w.there.people(), map[string]string{"ann": "Stranger   active", "bob": "active"})
		s := w.state()
		if len(s.Refused) != 1 || s.Refused[0].ID != ann.ID || !strings.Contains(s.Refused[0].Why, "user name") || s.Waiting != 0 {
			w.t.Errorf("the list says %+v", s)
		}
		w.runs()
		if len(w.there.asks()) != 0 {
			w.t.Error("it was asked again at once")
		}
		ann.Username = "ann.b"
		w.tx(func(tx *db.Tx) error { return directory.Update(tx, ann) })
		w.runs()
		if s := w.state(); len(s.Refused) != 0 || s.People != 2 {
			w.t.Errorf("the list says %+v", s)
		}
	})
}

// A full compare finds what was changed at the other side, and puts it right.
func TestAFullCompareMends(t *testing.T) {
	each(t, target.Target{}, func(w *world) {
		ann, bob := w.person(directory.User{Username: "ann", GivenName: "Ann"}), w.person(directory.User{Username: "bob"})
		cat := w.person(directory.User{Username: "cat"})
		var fens directory.Group
		w.tx(func(tx *db.Tx) (err error) {
			if fens, err = directory.AddGroup(tx, "Fens", ""); err != nil {
				return err
			}
			for _, u := range []directory.User{ann, bob} {
				if err := directory.Join(tx, "x", fens.ID, u.ID); err != nil {
					return err
				}
			}
			return directory.SetStatus(tx, "x", cat.ID, directory.Active)
		})
		w.runs()
		w.tx(func(tx *db.Tx) error { return directory.SetStatus(tx, "x", cat.ID, directory.Disabled) })
		w.runs()
		err := w.there.db.Tx(w.t.Context(), func(tx *db.Tx) error {
			a, _, err := directory.ByUsername(tx, "ann")
			if err != nil {
				return err
			}
			a.GivenName = "Somebody"
			if err := directory.Update(tx, a); err != nil {
				return err
			}
			c, _, err := directory.ByUsername(tx, "cat")
			if err != nil {
				return err
			}
			if err := directory.SetStatus(tx, "x", c.ID, directory.Active); err != nil {
				return err
			}
			g, _, err := directory.GroupNamed(tx, "Fens")
			if err != nil {
				return err
			}
			return directory.Leave(tx, "x", g.ID, a.ID)
		})
		if err != nil {
			w.t.Fatal(err)
		}
		w.runs()
		if w.there.people()["ann"] != "Somebody   active" {
			w.t.Fatal("without a compare nothing is asked")
		}
		w.tx(func(tx *db.Tx) error { return target.Compare(tx, w.target) })
		w.runs()
		same(w.t, "mended", w.there.people(), map[string]string{"ann": "Ann   active", "bob": "active", "cat": "disabled"})
		same(w.t, "mended", w.there.groups(), map[string]string{"Fens": "ann bob"})
		// Deleted there, by mistake: made again.
		if err := w.there.db.Tx(w.t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec("DELETE FROM users WHERE username = 'bob'")
			return err
		}); err != nil {
			w.t.Fatal(err)
		}
		w.tx(func(tx *db.Tx) error { return target.Compare(tx, w.target) })
		w.runs()
		same(w.t, "made again", w.there.groups(), map[string]string{"Fens": "ann bob"})
		w.tx(func(tx *db.Tx) error { return target.Compare(tx, w.target) })
		if got := w.runs(); got.Made+got.Ended+got.Moved != 0 || got.Changed > 1 { // the group's name is sent once more
			w.t.Errorf("a compare of what is right sent %+v", got)
		}
	})
}

// A node that stops in the middle leaves nothing half done that the next one does not finish; two at once do not both send.
func TestOneNodeAtATimeGoesOnWhereAnotherStopped(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres", "postgres-serializable"} {
		t.Run(engine, func(t *testing.T) {
			clock := dbtest.NewClock()
			address := dbtest.NewURL(t, engine)
			w := &world{t: t, db: dbtest.Connect(t, address, clock), clock: clock, keys: keys.Random(), there: newThere(t)}
			w.worker = w.node(w.db)
			w.add(target.Target{})
			second := w.node(dbtest.Connect(t, address, clock))
			for i := range 30 {
				w.person(directory.User{Username: fmt.Sprintf("p%02d", i)})
			}
			// While the first node sends, the second finds it at work; then the first is ended, without giving its lease back.
			ctx, end := context.WithCancel(t.Context())
			posts, held := 0, false
			w.there.trouble = func(_ http.ResponseWriter, r *http.Request) bool {
				if r.Method != http.MethodPost {
					return false
				}
				if posts++; posts == 10 {
					_, err := second.Work(t.Context(), w.target.ID)
					held = errors.Is(err, target.ErrHeld)
				}
				if posts == 15 {
					end()
					panic(http.ErrAbortHandler)
				}
				return false
			}
			if _, err := w.worker.Work(ctx, w.target.ID); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			if !held {
				t.Error("two nodes sent at once")
			}
			w.there.trouble = nil
			w.tx(func(tx *db.Tx) error {
				_, err := tx.Exec("UPDATE scim_targets SET holder = 'gone', held_until = $1", clock.Now().Add(time.Minute).UnixMilli())
				return err
			})
			if _, err := second.Work(t.Context(), w.target.ID); !errors.Is(err, target.ErrHeld) {
				t.Errorf("the lease of a node that was killed holds no longer: %v", err)
			}
			clock.Advance(time.Minute + time.Millisecond)
			counts, err := second.Work(t.Context(), w.target.ID)
			if err != nil || counts.Made != 16 {
				t.Errorf("the second node sent %+v, %v", counts, err)
			}
			if got := len(w.there.people()); got != 30 {
				t.Errorf("%d people stand there", got)
			}
		})
	}
}

// A node whose lease ended while it waited sends nothing more.
func TestWhoLostTheLeaseSendsNothing(t *testing.T) {
	each(t, target.Target{}, func(w *world) {
		w.person(directory.User{Username: "ann"})
		w.there.trouble = func(_ http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodGet {
				w.clock.Advance(2 * time.Minute) // it hung
			}
			return false
		}
		if _, err := w.run(); err == nil || !strings.Contains(err.Error(), "lease") {
			w.t.Errorf("got %v", err)
		}
		if got := w.there.asks(); slices.Contains(got, "POST Users") {
			w.t.Errorf("asked was %v", got)
		}
	})
}

// The preview tells what a run sends, and sends nothing.
func TestThePreviewIsWhatIsSent(t *testing.T) {
	each(t, target.Target{}, func(w *world) {
		ann := w.person(directory.User{Username: "ann"})
		bob := w.person(directory.User{Username: "bob"})
		w.runs()
		w.person(directory.User{Username: "cat"})
		var fens directory.Group
		w.tx(func(tx *db.Tx) (err error) {
			ann.GivenName = "Ann"
			if err := directory.Update(tx, ann); err != nil {
				return err
			}
			if err := directory.SetStatus(tx, "x", bob.ID, directory.Disabled); err != nil {
				return err
			}
			fens, err = directory.AddGroup(tx, "Fens", "")
			return err
		})
		w.there.asks()
		preview := func() (told []string) {
			w.tx(func(tx *db.Tx) error {
				told = nil
				actions, _, err := target.Preview(tx, w.target, "", 100)
				if err != nil {
					return err
				}
				groups, err := target.PreviewGroups(tx, w.target)
				for _, a := range append(actions, groups...) {
					told = append(told, a.What+" "+a.Name)
				}
				return err
			})
			return told
		}
		if got := preview(); !slices.Equal(got, []string{"change ann", "end bob", "make cat", "make Fens"}) {
			w.t.Errorf("told is %v", got)
		}
		if len(w.there.asks()) != 0 {
			w.t.Error("a preview asked the other system")
		}
		if got := w.runs(); got.Made != 2 || got.Changed != 1 || got.Ended != 1 {
			w.t.Errorf("sent: %+v", got)
		}
		w.tx(func(tx *db.Tx) error { return directory.Join(tx, "x", fens.ID, ann.ID) })
		if got := preview(); !slices.Equal(got, []string{"move Fens"}) {
			w.t.Errorf("told is %v", got)
		}
		w.runs()
		if got := preview(); len(got) != 0 {
			w.t.Errorf("told is %v", got)
		}
		// The token is not readable in the database, and the target's end leaves no queue.
		w.tx(func(tx *db.Tx) error {
			var stored []byte
			if err := tx.Row("SELECT token FROM scim_targets", nil, &stored); err != nil || strings.Contains(string(stored), w.there.token) {
				w.t.Errorf("the token stands in the database: %v", err)
			}
			return target.Remove(tx, "x", w.target)
		})
		w.tx(func(tx *db.Tx) error {
			var rows int
			err := tx.Row("SELECT (SELECT count(*) FROM directory_changes) + (SELECT count(*) FROM scim_copies) + (SELECT count(*) FROM scim_copy_members)", nil, &rows)
			if rows != 0 {
				w.t.Errorf("%d rows are left", rows)
			}
			return err
		})
	})
}
