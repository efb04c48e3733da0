package forwardauth_test

import (
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"woggle/internal/app/forwardauth"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/test/proxy"
)

// twoNodes are two nodes with a person who is signed in at the site.
func twoNodes(t *testing.T, d *db.DB, clock *dbtest.Clock, paths ...forwardauth.Path) (wg *proxy.Woggle, b *proxy.Browser, p proxy.Person, cookie string) {
	t.Helper()
	wg = proxy.New(t, d, clock, 2, site(paths...))
	b = wg.Browser(map[string]string{"wiki.example.org": wg.Stand("caddy", 0, proxy.Echo())})
	p = wg.Member("aisha", "Editors")
	b.Go(wiki + "/").SignIn(p).At(wiki + "/")
	return wg, b, p, b.Cookie(wiki, "__Host-woggle-app")
}

func status(t *testing.T, wg *proxy.Woggle, node int, target, cookie string) int {
	t.Helper()
	return ask(t, wg, node, "caddy", question{target: target, cookie: cookie, script: true}).StatusCode
}

// A right that was taken away on another node lasts five seconds at most, to the millisecond; here it ends at once.
func TestADecisionIsKeptForFiveSecondsAtMost(t *testing.T) {
	if forwardauth.KeptFor > 5*time.Second || forwardauth.TicketLife > time.Minute {
		t.Error("what takes rights away lasts longer than was promised")
	}
	for what, change := range map[string]func(wg *proxy.Woggle, p proxy.Person){
		"signed out on the other node": func(wg *proxy.Woggle, p proxy.Person) {
			wg.Tx(func(tx *db.Tx) error { return manager(wg).EndOthers(tx, p.ID, "", p.ID) })
		},
		"disabled": func(wg *proxy.Woggle, p proxy.Person) {
			wg.Tx(func(tx *db.Tx) error { return directory.SetStatus(tx, "system", p.ID, directory.Disabled) })
		},
		"the app's groups": func(wg *proxy.Woggle, _ proxy.Person) {
			wg.Tx(func(tx *db.Tx) error {
				_, err := tx.Exec(`UPDATE apps SET groups = '["nobody"]'`)
				return err
			})
		},
		"the app is closed": func(wg *proxy.Woggle, _ proxy.Person) {
			wg.Tx(func(tx *db.Tx) error {
				_, err := tx.Exec("UPDATE apps SET disabled = TRUE")
				return err
			})
		},
	} {
		t.Run(what, func(t *testing.T) {
			d, clock := dbtest.Open(t)
			wg, _, p, cookie := twoNodes(t, d, clock)
			for _, s := range wg.Servers {
				s.Apps().Catalogue.Forget()
			}
			for node := range 2 {
				if got := status(t, wg, node, "/", cookie); got != http.StatusOK {
					t.Fatalf("node %d: %d", node, got)
				}
			}
			change(wg, p)
			clock.Advance(forwardauth.KeptFor - time.Millisecond)
			for node := range 2 {
				if got := status(t, wg, node, "/", cookie); got != http.StatusOK {
					t.Errorf("nothing was kept by node %d: %d", node, got)
				}
			}
			clock.Advance(time.Millisecond)
			for node := range 2 {
				if got := status(t, wg, node, "/", cookie); got != http.StatusUnauthorized && got != http.StatusForbidden {
					t.Errorf("node %d still lets through: %d", node, got)
				}
			}
		})
	}
}

// A sign-out on the node itself does not wait, and a sign-in is seen at once everywhere: a refusal is never kept.
func TestSignOutAndSignInAreSeenAtOnce(t *testing.T) {
	d, clock := dbtest.Open(t)
	wg, b, p, cookie := twoNodes(t, d, clock, forwardauth.Path{Prefix: "/edit", Groups: []string{"Editors"}})
	for _, target := range []string{"/", "/edit"} {
		if got := status(t, wg, 0, target, cookie); got != http.StatusOK {
			t.Fatalf("%s: %d", target, got)
		}
	}
	b.Go("https://" + proxy.Home + "/").Press("Sign out")
	for _, target := range []string{"/", "/edit"} {
		if got := status(t, wg, 0, target, cookie); got != http.StatusUnauthorized {
			t.Errorf("%s after the sign-out: %d", target, got)
		}
	}
	b.Go(wiki + "/").SignIn(p).At(wiki + "/")
	if got := status(t, wg, 1, "/", b.Cookie(wiki, "__Host-woggle-app")); got != http.StatusOK {
		t.Errorf("the other node after the sign-in: %d", got)
	}
}

// What was met for one part of a site, one host and one cookie says nothing of others.
func TestADecisionIsForOnePartOnly(t *testing.T) {
	d, clock := dbtest.Open(t)
	wg, _, _, cookie := twoNodes(t, d, clock, forwardauth.Path{Prefix: "/board", Groups: []string{"Trustees"}}, forwardauth.Path{Prefix: "/admin", Fresh: "1m"})
	for range 2 {
		if got := status(t, wg, 0, "/", cookie); got != http.StatusOK {
			t.Fatal(got)
		}
		if got := status(t, wg, 0, "/board", cookie); got != http.StatusForbidden {
			t.Errorf("/board: %d", got)
		}
		if got := status(t, wg, 0, "/", cookie[:51]+"b"); got != http.StatusUnauthorized {
			t.Errorf("another cookie: %d", got)
		}
		if got := status(t, wg, 0, "/", cookie+"; __Host-woggle-app="+cookie[:51]+"b"); got != http.StatusUnauthorized {
			t.Errorf("two cookies, one of them planted: %d", got)
		}
		if got := ask(t, wg, 0, "caddy", question{host: "photos.example.net", cookie: cookie, script: true}).StatusCode; got != http.StatusUnauthorized {
			t.Errorf("another host: %d", got)
		}
	}
	// A proof that grows too old while the decision is kept.
	if got := status(t, wg, 0, "/admin", cookie); got != http.StatusOK {
		t.Fatal(got)
	}
	clock.Advance(time.Minute - 2*time.Second)
	if got := status(t, wg, 0, "/admin", cookie); got != http.StatusOK {
		t.Error(got)
	}
	clock.Advance(2*time.Second + time.Millisecond)
	if got := status(t, wg, 0, "/admin", cookie); got != http.StatusUnauthorized {
		t.Errorf("a proof of more than a minute ago opens what takes one of a minute: %d", got)
	}
}

// Without a database nobody is let in but those who were a moment ago, and they for a moment.
func TestWithoutADatabaseNobodyIsLetIn(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "woggle.db")
	clock := dbtest.NewClock()
	d := dbtest.Connect(t, url, clock)
	wg, _, _, cookie := twoNodes(t, d, clock)
	if got := status(t, wg, 0, "/", cookie); got != http.StatusOK {
		t.Fatal(got)
	}
	d.Close()
	if got := status(t, wg, 0, "/", cookie); got != http.StatusOK {
		t.Errorf("what is kept: %d", got)
	}
	if got := status(t, wg, 1, "/", cookie); got != http.StatusServiceUnavailable {
		t.Errorf("what is not: %d", got)
	}
	clock.Advance(forwardauth.KeptFor)
	if got := status(t, wg, 0, "/", cookie); got != http.StatusServiceUnavailable {
		t.Errorf("after five seconds: %d", got)
	}
}

// A clock that is set back does not make old decisions new.
func TestAClockThatIsSetBackKeepsNothing(t *testing.T) {
	d, clock := dbtest.Open(t)
	wg, _, p, cookie := twoNodes(t, d, clock)
	if got := status(t, wg, 0, "/", cookie); got != http.StatusOK {
		t.Fatal(got)
	}
	wg.Tx(func(tx *db.Tx) error { return manager(wg).EndOthers(tx, p.ID, "", p.ID) })
	clock.Advance(-time.Second)
	if got := status(t, wg, 0, "/", cookie); got != http.StatusUnauthorized {
		t.Error(got)
	}
}
