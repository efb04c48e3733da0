package target_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"woggle/internal/app/scim"
	"woggle/internal/app/scim/target"
	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/keys"
	"woggle/internal/outgoing"
	"woggle/internal/page"
)

// world is a node that keeps people in another system, and that system.
type world struct {
	t      *testing.T
	db     *db.DB
	clock  *dbtest.Clock
	keys   *keys.Ring
	worker *target.Worker
	there  *there
	target *target.Target
}

// there is the other system: another Woggle, in front of which a test stands and makes trouble.
type there struct {
	t       *testing.T
	db      *db.DB
	server  *httptest.Server
	token   string
	mu      sync.Mutex
	asked   []string                                          // METHOD path, without ids
	trouble func(w http.ResponseWriter, r *http.Request) bool // true: it has answered
	lose    func(r *http.Request) bool                        // true: it does what it is asked, and its answer gets lost
}

func newThere(t *testing.T) *there {
	t.Helper()
	d, clock := dbtest.Open(t)
	_ = clock
	ring := keys.Random()
	locales, err := page.LoadLocales(nil)
	if err != nil {
		t.Fatal(err)
	}
	o := &there{t: t, db: d}
	inner, err := scim.New(scim.Deps{DB: d, Keys: ring, Base: "https://there.example", Locales: locales, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	inner.Mount(func(pattern string, h http.HandlerFunc) { mux.HandleFunc(pattern, h) })
	err = d.Tx(t.Context(), func(tx *db.Tx) (err error) {
		_, o.token, err = scim.Add(tx, ring, audit.System, "woggle", 24*time.Hour)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	o.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		parts := strings.SplitN(strings.TrimPrefix(r.URL.Path, "/scim/v2/"), "/", 2)
		ask := r.Method + " " + parts[0]
		if r.URL.RawQuery != "" {
			ask += "?"
		}
		o.asked = append(o.asked, ask)
		trouble, lose := o.trouble, o.lose
		o.mu.Unlock()
		if trouble != nil && trouble(w, r) {
			return
		}
		r = page.WithVisit(r, &page.Visit{ID: "there", Address: netip.MustParseAddr("127.0.0.1")})
		if lose != nil && lose(r) {
			mux.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(o.server.Close)
	return o
}

// asks gives what was asked since the last time, and forgets it.
func (o *there) asks() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	asked := o.asked
	o.asked = nil
	return asked
}

// people are those who stand there, by user name: their names, address and whether they are active.
func (o *there) people() map[string]string {
	o.t.Helper()
	all := map[string]string{}
	err := o.db.View(context.Background(), func(tx *db.Tx) error {
		users, err := directory.List(tx, "", 1000, "")
		for _, u := range users {
			all[u.Username] = strings.TrimSpace(fmt.Sprintf("%s %s %s %s", u.GivenName, u.FamilyName, u.Email, u.Status))
		}
		return err
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return all
}

// groups are the groups there, with the user names of their members.
func (o *there) groups() map[string]string {
	o.t.Helper()
	all := map[string]string{}
	err := o.db.View(context.Background(), func(tx *db.Tx) error {
		groups, err := directory.Groups(tx)
		if err != nil {
			return err
		}
		for _, g := range groups {
			var names []string
			users, err := directory.List(tx, "", 1000, g.ID)
			if err != nil {
				return err
			}
			for _, u := range users {
				names = append(names, u.Username)
			}
			all[g.Name] = strings.Join(names, " ")
		}
		return nil
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return all
}

func each(t *testing.T, like target.Target, story func(w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := &world{t: t, db: d, clock: clock, keys: keys.Random(), there: newThere(t)}
		w.worker = w.node(d)
		w.add(like)
		story(w)
	})
}

func (w *world) node(d *db.DB) *target.Worker {
	return &target.Worker{DB: d, Keys: w.keys, HTTP: outgoing.New(true), Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
}

func (w *world) add(like target.Target) {
	w.t.Helper()
	like.Name, like.Base = "wiki", w.there.server.URL+"/scim/v2/"
	w.tx(func(tx *db.Tx) (err error) {
		w.target, err = target.Add(tx, w.keys, audit.System, like, w.there.token)
		return err
	})
}

func (w *world) tx(work func(tx *db.Tx) error) {
	w.t.Helper()
	if err := w.db.Tx(w.t.Context(), work); err != nil {
		w.t.Fatal(err)
	}
}

// run sends what waits, and tells what was asked for it.
func (w *world) run() (target.Counts, error) {
	w.t.Helper()
	w.there.asks()
	return w.worker.Work(w.t.Context(), w.target.ID)
}

func (w *world) runs() target.Counts {
	w.t.Helper()
	counts, err := w.run()
	if err != nil {
		w.t.Fatal(err)
	}
	return counts
}

func (w *world) person(u directory.User) directory.User {
	w.t.Helper()
	w.tx(func(tx *db.Tx) (err error) {
		u, err = directory.Add(tx, u)
		return err
	})
	return u
}

func (w *world) state() *target.Target {
	w.t.Helper()
	var found *target.Target
	w.tx(func(tx *db.Tx) error {
		all, err := target.List(tx)
		if len(all) == 1 {
			found = all[0]
		}
		return err
	})
	return found
}

func same(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	a, _ := json.Marshal(got)
	b, _ := json.Marshal(want)
	if string(a) != string(b) {
		t.Errorf("%s: %s, want %s", what, a, b)
	}
}
