package scim_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"woggle/internal/app/scim"
	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/keys"
)

// Two nodes are told of the same person at one instant: one makes them, the other says so.
func TestTwoNodesMakeOnePerson(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres", "postgres-serializable"} {
		t.Run(engine, func(t *testing.T) {
			clock := dbtest.NewClock()
			address := dbtest.NewURL(t, engine)
			w := newWorld(t, dbtest.Connect(t, address, clock), clock)
			second := w.node(dbtest.Connect(t, address, clock))
			for _, bodies := range [][2]string{
				{`{"schemas":["` + userURN + `"],"userName":"same"}`, `{"schemas":["` + userURN + `"],"userName":"SAME"}`},
				{`{"schemas":["` + userURN + `"],"userName":"one","externalId":"e"}`, `{"schemas":["` + userURN + `"],"userName":"two","externalId":"e"}`},
			} {
				var work sync.WaitGroup
				answers := make([]*reply, 8)
				for i := range answers {
					node := w.mux
					if i%2 == 1 {
						node = second
					}
					work.Go(func() { answers[i] = w.sendAs(node, w.token, "POST", "/Users", bodies[i%2]) })
				}
				work.Wait()
				made := 0
				for _, r := range answers {
					if r.status == 201 {
						made++
					} else {
						r.refused(409, "uniqueness")
					}
				}
				if made != 1 {
					t.Errorf("%d were made", made)
				}
			}
			w.send("GET", "/Users", nil).is(200).has(map[string]any{"totalResults": 2.0})
		})
	}
}

// Two tokens work while one is exchanged for the other; a third ends the oldest, time ends each, and removing ends all.
func TestTokensCome(t *testing.T) {
	each(t, func(w *world) {
		works := func(token string) bool { return w.sendAs(w.mux, token, "GET", "/Users", nil).status == 200 }
		next := func() (token string) {
			w.tx(func(tx *db.Tx) (err error) {
				token, err = scim.NewToken(tx, w.keys, audit.System, w.conn, 24*time.Hour)
				return err
			})
			return token
		}
		first := w.token
		w.clock.Advance(time.Second)
		second := next()
		if !works(first) || !works(second) {
			w.t.Error("of two tokens one does not work")
		}
		w.clock.Advance(time.Second)
		third := next()
		if works(first) || !works(second) || !works(third) {
			w.t.Error("a third token must end the oldest, and no other")
		}
		w.tx(func(tx *db.Tx) error { return scim.EndOldTokens(tx, audit.System, w.conn) })
		if works(second) || !works(third) {
			w.t.Error("only the newest was to go on")
		}
		w.tx(func(tx *db.Tx) error {
			c, err := scim.Named(tx, "entra")
			if err != nil || len(c.Tokens) != 1 || !c.Tokens[0].UsedAt.Equal(w.clock.Now()) {
				w.t.Errorf("got %+v, %v", c, err)
			}
			var text string
			if err := tx.Row("SELECT CAST(fingerprint AS TEXT) FROM scim_tokens", nil, &text); err == nil && strings.Contains(text, third) {
				w.t.Error("the token stands in the database")
			}
			return err
		})
		w.clock.Advance(24 * time.Hour)
		if works(third) {
			w.t.Error("the token outlives its time")
		}
		last := next()
		id := w.sendAs(w.mux, last, "POST", "/Users", `{"schemas":["`+userURN+`"],"userName":"ann"}`).is(201).id()
		w.tx(func(tx *db.Tx) error { return scim.Remove(tx, audit.System, w.conn) })
		if works(last) {
			w.t.Error("the token outlives its connection")
		}
		if u := w.user(id); u.Status != directory.Active {
			w.t.Errorf("the person went with the connection: %+v", u)
		}
	})
}

// A database of another key file, or a token of another purpose, lets nobody in; who has none is slowed down.
func TestWhoHasNoTokenWaits(t *testing.T) {
	w := one(t)
	for range 100 {
		w.sendAs(w.mux, "no", "GET", "/Users", nil).is(401)
	}
	r := w.sendAs(w.mux, "no", "GET", "/Users", nil).refused(429, "")
	if r.header.Get("Retry-After") != "600" {
		t.Errorf("wait %q", r.header.Get("Retry-After"))
	}
	w.send("GET", "/Users", nil).is(200) // whoever has one is not in their way
	stranger := &world{t: t, db: w.db, clock: w.clock, keys: keys.Random()}
	stranger.sendAs(stranger.node(w.db), w.token, "GET", "/Users", nil).is(429)
	w.clock.Advance(10 * time.Minute)
	stranger.sendAs(stranger.node(w.db), w.token, "GET", "/Users", nil).is(401)
}

// Members come into one group by several requests at once, on two nodes: nobody gets lost.
func TestMembersComeAtOnce(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres", "postgres-serializable"} {
		t.Run(engine, func(t *testing.T) {
			clock := dbtest.NewClock()
			address := dbtest.NewURL(t, engine)
			w := newWorld(t, dbtest.Connect(t, address, clock), clock)
			second := w.node(dbtest.Connect(t, address, clock))
			w.tx(func(tx *db.Tx) error { return directory.Watch(tx, "somebody") })
			group := w.group("Fenland")
			var work sync.WaitGroup
			answers := make([]*reply, 8)
			for i := range answers {
				id := w.person(fmt.Sprintf("p%d", i))
				node := w.mux
				if i%2 == 1 {
					node = second
				}
				body := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Add","path":"members","value":[{"value":"` + id + `"}]}]}`
				work.Go(func() { answers[i] = w.sendAs(node, w.token, "PATCH", "/Groups/"+group, body) })
			}
			work.Wait()
			for _, r := range answers {
				r.is(204)
			}
			if got := w.members(group); len(got) != len(answers) {
				t.Errorf("in the group are %d", len(got))
			}
		})
	}
}
