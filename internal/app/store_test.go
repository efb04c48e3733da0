package app

import (
	"encoding/json"
	"log/slog"
	"reflect"
	"strconv"
	"sync"
	"testing"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/problem"
	"woggle/internal/signin"
)

func run(t *testing.T, d *db.DB, work func(*db.Tx) error) {
	t.Helper()
	if err := d.Tx(t.Context(), work); err != nil {
		t.Fatal(err)
	}
}

func TestAnAppIsKeptAsItIs(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		a := &App{ID: "rota", Name: "Camp rota", Protocol: "oidc", Launch: "https://rota.example/", Logo: []byte("<svg/>"), Groups: []string{"g"},
			Need: Need{Fresh: time.Minute, Methods: []signin.Kind{signin.Phone}}, Tell: []string{TellGroups, "size"},
			Settings: json.RawMessage(`{"redirect_uris":["https://rota.example/in"]}`), FromFile: true}
		var all []*App
		run(t, d, func(tx *db.Tx) error {
			if err := Put(tx, audit.System, &App{ID: "rota", Name: "Rota", Protocol: Link, Launch: "https://x.example/"}); err != nil {
				return err
			}
			return Put(tx, audit.System, a)
		})
		run(t, d, func(tx *db.Tx) (err error) {
			all, err = List(tx)
			return err
		})
		if len(all) != 1 || !reflect.DeepEqual(all[0], a) {
			t.Errorf("%+v", all)
		}
		run(t, d, func(tx *db.Tx) error { return Remove(tx, audit.System, "rota") })
		if err := d.Tx(t.Context(), func(tx *db.Tx) error { return Remove(tx, audit.System, "rota") }); !problem.Is(err, problem.NotFound) {
			t.Errorf("removed twice: %v", err)
		}
	})
}

// Of many who use a request up at once, one does; and nobody does after its hour.
func TestARequestIsUsedOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		q := &Request{ID: "q", Protocol: "oidc", App: &App{ID: "rota"}, Data: json.RawMessage(`{}`)}
		run(t, d, func(tx *db.Tx) error { return insertRequest(tx, q, []byte("mine")) })
		won := make(chan bool, 20)
		var all sync.WaitGroup
		for range cap(won) {
			all.Go(func() {
				err := d.Tx(t.Context(), func(tx *db.Tx) error { return (&Entry{Request: q}).Spend(tx) })
				if err != nil && !problem.Is(err, problem.Gone) {
					t.Error(err)
				}
				won <- err == nil
			})
		}
		all.Wait()
		close(won)
		winners := 0
		for w := range won {
			if w {
				winners++
			}
		}
		if winners != 1 {
			t.Errorf("%d used it", winners)
		}
		late := &Request{ID: "late", Protocol: "oidc", App: &App{ID: "rota"}, Data: json.RawMessage(`{}`)}
		run(t, d, func(tx *db.Tx) error { return insertRequest(tx, late, nil) })
		clock.Advance(life)
		if err := d.Tx(t.Context(), func(tx *db.Tx) error { return (&Entry{Request: late}).Spend(tx) }); !problem.Is(err, problem.Gone) {
			t.Errorf("after an hour: %v", err)
		}
	})
}

// The address of a request is worth nothing in another browser, and of two that come for a new one at once, one gets it.
func TestARequestBelongsToOneBrowser(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		for _, id := range []string{"kept", "brought"} {
			browser := []byte("mine")
			if id == "brought" {
				browser = nil
			}
			run(t, d, func(tx *db.Tx) error {
				return insertRequest(tx, &Request{ID: id, Protocol: "saml", App: &App{ID: "rota"}, Data: json.RawMessage(`{}`)}, browser)
			})
		}
		find := func(id, browser string) (found *Request) {
			run(t, d, func(tx *db.Tx) (err error) {
				found, _, err = findRequest(tx, id, [][]byte{[]byte(browser)})
				return err
			})
			return found
		}
		bind := func(id, browser string) (mine bool) {
			run(t, d, func(tx *db.Tx) (err error) {
				mine, err = bindRequest(tx, id, []byte(browser))
				return err
			})
			return mine
		}
		if find("kept", "theirs") != nil || find("kept", "mine") == nil || find("brought", "mine") == nil {
			t.Error("a request is found by another browser than its own")
		}
		if !bind("brought", "mine") || bind("brought", "theirs") || bind("kept", "theirs") {
			t.Error("a request can be taken over")
		}
		if find("brought", "theirs") != nil || !find("brought", "mine").bound {
			t.Error("it does not belong to who came first")
		}
	})
}

// Two apps of one name in their protocol are both closed: else one that is open to everybody would be a way into the other.
func TestTwoAppsOfOneNameAreClosed(t *testing.T) {
	c := &Catalogue{log: slog.New(slog.DiscardHandler), read: func(a *App) error {
		a.Audience = a.Name
		return nil
	}}
	all := c.index([]*App{{ID: "a", Protocol: "saml", Name: "urn:pay", Groups: []string{"finance"}}, {ID: "b", Protocol: "saml", Name: "urn:rota"},
		{ID: "c", Protocol: "saml", Name: "urn:pay"}, {ID: "d", Protocol: "wsfed", Name: "urn:pay"}, {ID: "e", Protocol: "saml", Name: "urn:pay"}}, time.Now())
	if _, found := all.ByAudience("saml", "urn:pay"); found {
		t.Error("one of them is found")
	}
	for _, other := range [][2]string{{"saml", "urn:rota"}, {"wsfed", "urn:pay"}} {
		if _, found := all.ByAudience(other[0], other[1]); !found {
			t.Errorf("%v is not found", other)
		}
	}
}

// What is over is swept, however much there is.
func TestAllThatIsOverIsSwept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		run(t, d, func(tx *db.Tx) error {
			for i := range swept + 1 {
				q := &Request{ID: strconv.Itoa(i), Protocol: "oidc", App: &App{ID: "rota"}, Data: json.RawMessage(`{}`)}
				if err := insertRequest(tx, q, nil); err != nil {
					return err
				}
			}
			return nil
		})
		clock.Advance(25 * time.Hour)
		for _, want := range []bool{true, false} {
			run(t, d, func(tx *db.Tx) error {
				more, err := Sweep(tx)
				if more != want {
					t.Errorf("there is more: %t", more)
				}
				return err
			})
		}
		run(t, d, func(tx *db.Tx) error {
			var left int
			err := tx.Row("SELECT count(*) FROM app_requests", nil, &left)
			if left != 0 {
				t.Errorf("%d rows are left", left)
			}
			return err
		})
	})
}

func TestGroupsWithinGroupsMayUseAnApp(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		run(t, d, func(tx *db.Tx) error {
			county, err := directory.AddGroup(tx, "County", "")
			if err != nil {
				return err
			}
			district, err := directory.AddGroup(tx, "District", county.ID)
			if err != nil {
				return err
			}
			other, err := directory.AddGroup(tx, "Other", "")
			if err != nil {
				return err
			}
			user, err := directory.Add(tx, directory.User{Username: "aisha", Role: directory.Member, Status: directory.Active})
			if err != nil {
				return err
			}
			if err := directory.Join(tx, audit.System, district.ID, user.ID); err != nil {
				return err
			}
			for groups, want := range map[string]bool{"": true, county.ID: true, district.ID: true, other.ID: false} {
				a := &App{Tell: []string{TellGroups}}
				if groups != "" {
					a.Groups = []string{groups}
				}
				if got, err := Allowed(tx, user.ID, a); err != nil || got != want {
					t.Errorf("group %q: %v, %v", groups, got, err)
				}
			}
			profile, err := ProfileOf(tx, user, &App{Tell: []string{TellGroups}})
			if err == nil && !reflect.DeepEqual(profile.Groups, []string{"County", "District"}) {
				t.Errorf("told %v", profile.Groups)
			}
			return err
		})
	})
}
