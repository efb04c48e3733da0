package forwardauth_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"woggle/internal/app/forwardauth"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/session"
	"woggle/test/proxy"
)

// ticket signs a person in as far as the ticket, and gives that with the nonce of their browser.
func ticket(t *testing.T, wg *proxy.Woggle, b *proxy.Browser, host string) (address, nonce string) {
	t.Helper()
	seen := ask(t, wg, 0, "caddy", question{host: host, target: "/page"})
	for _, c := range seen.Cookies() {
		nonce = c.Value
	}
	to, err := seen.Location()
	if err != nil {
		t.Fatal(err)
	}
	b.Client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Host == host {
			address = r.URL.RequestURI()
			return http.ErrUseLastResponse
		}
		return nil
	}
	b.Go(to.String())
	b.Client.CheckRedirect = nil
	if !strings.HasPrefix(address, "/.woggle/return?ticket=") || nonce == "" {
		t.Fatalf("no ticket: %q at %s: %.300s", address, b.Page.URL, b.Page.Text)
	}
	return address, nonce
}

func nonceCookie(nonce string) http.Header {
	return http.Header{"Cookie": {"__Host-woggle-start-abcdef=" + nonce}}
}

// token is the cookie of the site that an answer sets, or empty.
func token(r *http.Response) string {
	for _, c := range r.Cookies() {
		if c.Name == "__Host-woggle-app" {
			return c.Value
		}
	}
	return ""
}

// signedIn is a Woggle with somebody who is signed in there.
func signedIn(t *testing.T, d *db.DB, clock *dbtest.Clock, nodes int) (*proxy.Woggle, *proxy.Browser) {
	t.Helper()
	wg := proxy.New(t, d, clock, nodes, site(), proxy.Site("photos", []string{"photos.example.net"}))
	b := wg.Browser(nil)
	b.Go("https://" + proxy.Home + "/signin").SignIn(wg.Member("aisha"))
	return wg, b
}

// One ticket, twenty browsers with the same cookie on two nodes: one of them is let in.
func TestATicketIsGoodOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		wg, b := signedIn(t, d, clock, 2)
		address, nonce := ticket(t, wg, b, "wiki.example.org")
		var mu sync.Mutex
		var tokens []string
		var race sync.WaitGroup
		for i := range 20 {
			race.Go(func() {
				got := ask(t, wg, i%2, "caddy", question{target: address, header: nonceCookie(nonce)})
				mu.Lock()
				defer mu.Unlock()
				if token := token(got); token != "" {
					tokens = append(tokens, token)
				} else if !strings.HasPrefix(got.Header.Get("Location"), "https://"+proxy.Home+"/forward/again?app=wiki") {
					t.Errorf("who comes late is sent to %q (%d)", got.Header["Location"], got.StatusCode)
				}
			})
		}
		race.Wait()
		if len(tokens) != 1 {
			t.Fatalf("%d were let in", len(tokens))
		}
		if got := ask(t, wg, 1, "nginx", question{cookie: tokens[0]}); got.StatusCode != http.StatusOK {
			t.Errorf("the other node says %d", got.StatusCode)
		}
	})
}

// A ticket is for one browser, one host and one minute; whoever has a copy of the address has nothing.
func TestATicketIsBoundToBrowserHostAndTime(t *testing.T) {
	d, clock := dbtest.Open(t)
	wg, b := signedIn(t, d, clock, 1)
	stranger := db.NewToken()
	for what, c := range map[string]func(address, nonce string) question{
		"no cookie":              func(a, _ string) question { return question{target: a} },
		"another browser":        func(a, _ string) question { return question{target: a, header: nonceCookie(stranger)} },
		"the ticket as a cookie": func(a, _ string) question { return question{target: a, header: nonceCookie(a[len(a)-52:])} },
		"another host": func(a, n string) question {
			return question{target: a, host: "photos.example.net", header: nonceCookie(n)}
		},
		"altered": func(a, n string) question {
			return question{target: a[:len(a)-1] + string('a'+(a[len(a)-1]-'a'+1)%25), header: nonceCookie(n)}
		},
		"twice in one address": func(a, n string) question {
			return question{target: strings.Replace(a, "=", "=x&ticket=", 1), header: nonceCookie(n)}
		},
		"by HEAD": func(a, n string) question { return question{target: a, method: "HEAD", header: nonceCookie(n)} },
		"by POST": func(a, n string) question { return question{target: a, method: "POST", header: nonceCookie(n)} },
		"too late": func(a, n string) question {
			clock.Advance(forwardauth.TicketLife)
			return question{target: a, header: nonceCookie(n)}
		},
	} {
		address, nonce := ticket(t, wg, b, "wiki.example.org")
		if got := ask(t, wg, 0, "caddy", c(address, nonce)); token(got) != "" {
			t.Errorf("%s: let in", what)
		}
		if what == "too late" {
			continue
		}
		// And it spoils nothing for whose the ticket is.
		if got := ask(t, wg, 0, "caddy", question{target: address, header: nonceCookie(nonce)}); token(got) == "" || got.Header.Get("Location") != wiki+"/page" {
			t.Errorf("%s: the ticket's own browser is sent to %q", what, got.Header["Location"])
		}
	}
}

// Somebody sends the address of their own sign-in to a member, who would work in the stranger's account.
func TestAStrangersTicketCannotBePlanted(t *testing.T) {
	d, clock := dbtest.Open(t)
	wg, b := signedIn(t, d, clock, 1)
	address, _ := ticket(t, wg, b, "wiki.example.org")
	victim := wg.Browser(map[string]string{"wiki.example.org": wg.Stand("traefik", 0, proxy.Echo())})
	victim.Go(wiki + "/").At("https://" + proxy.Home + "/signin") // has the nonce of its own
	victim.Go(wiki+address).At("https://"+proxy.Home+"/forward/again").Sees("Once more, please", "Open The wiki")
	if victim.Cookie(wiki, "__Host-woggle-app") != "" {
		t.Error("the stranger's account was planted")
	}
}

// What ends the session voids the tickets and hosts that hang off it.
func TestWhatEndsTheSessionEndsTheSite(t *testing.T) {
	for what, end := range map[string]func(wg *proxy.Woggle, user string){
		"signed out": func(wg *proxy.Woggle, user string) {
			wg.Tx(func(tx *db.Tx) error { return manager(wg).EndOthers(tx, user, "", user) })
		},
		"disabled": func(wg *proxy.Woggle, user string) {
			wg.Tx(func(tx *db.Tx) error { return directory.SetStatus(tx, "system", user, directory.Disabled) })
		},
		"it was not me": func(wg *proxy.Woggle, user string) {
			wg.Tx(func(tx *db.Tx) error { return directory.RaiseEpoch(tx, user) })
		},
	} {
		t.Run(what, func(t *testing.T) {
			d, clock := dbtest.Open(t)
			wg, b := signedIn(t, d, clock, 1)
			first, nonce := ticket(t, wg, b, "wiki.example.org")
			cookie := token(ask(t, wg, 0, "caddy", question{target: first, header: nonceCookie(nonce)}))
			second, nonce := ticket(t, wg, b, "photos.example.net")
			if got := ask(t, wg, 0, "caddy", question{cookie: cookie}); got.StatusCode != http.StatusOK {
				t.Fatalf("%d", got.StatusCode)
			}
			var user string
			wg.Tx(func(tx *db.Tx) error { return tx.Row("SELECT id FROM users WHERE username = 'aisha'", nil, &user) })
			end(wg, user)
			clock.Advance(forwardauth.KeptFor)
			if got := ask(t, wg, 0, "caddy", question{cookie: cookie}); got.StatusCode != http.StatusFound {
				t.Errorf("the host goes on: %d", got.StatusCode)
			}
			if got := ask(t, wg, 0, "caddy", question{host: "photos.example.net", target: second, header: nonceCookie(nonce)}); token(got) != "" {
				t.Error("the ticket was taken")
			}
		})
	}
}

func manager(wg *proxy.Woggle) *session.Manager {
	return &session.Manager{DB: wg.DB, Keys: wg.Keys, Secure: true}
}

// A host that was given to another app opens nothing of it, and one of two apps is nobody's.
func TestAHostBelongsToOneApp(t *testing.T) {
	d, clock := dbtest.Open(t)
	wg, b := stand(t, d, clock, "caddy", site())
	b.Go(wiki + "/").SignIn(wg.Member("aisha")).At(wiki + "/")
	cookie := b.Cookie(wiki, "__Host-woggle-app")
	wg.Put(proxy.Site("blog", []string{"wiki.example.org"}))
	if got := ask(t, wg, 0, "caddy", question{cookie: cookie}); got.StatusCode != http.StatusUnauthorized || got.Header.Get("Location") != "" {
		t.Errorf("of two apps: %d", got.StatusCode)
	}
	wg.Put(proxy.Site("wiki", []string{"old.example.org"}))
	if got := ask(t, wg, 0, "caddy", question{cookie: cookie}); got.StatusCode != http.StatusFound {
		t.Errorf("of another app: %d", got.StatusCode)
	}
	wg.Put(proxy.Site("self", []string{proxy.Home}))
	if got := ask(t, wg, 0, "caddy", question{host: proxy.Home}); got.StatusCode != http.StatusUnauthorized || got.Header.Get("Location") != "" {
		t.Errorf("our own host: %d", got.StatusCode)
	}
}

// Nothing that lets anybody in, and nothing that was asked for, can be read in the database.
func TestNoSecretStandsInTheDatabase(t *testing.T) {
	d, clock := dbtest.Open(t)
	wg, b := signedIn(t, d, clock, 1)
	address, nonce := ticket(t, wg, b, "wiki.example.org")
	cookie := token(ask(t, wg, 0, "caddy", question{target: address, header: nonceCookie(nonce)}))
	_, query, _ := strings.Cut(address, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	wg.Tx(func(tx *db.Tx) error {
		return tx.Each("SELECT id, ticket_hash, nonce_hash, target, token_hash FROM forward_sessions", nil, func(scan func(...any) error) error {
			var id string
			var cells [4][]byte
			err := scan(&id, &cells[0], &cells[1], &cells[2], &cells[3])
			all.WriteString(id + string(slices.Concat(cells[:]...)))
			return err
		})
	})
	for _, secret := range []string{values.Get("ticket"), nonce, cookie, "/page"} {
		if secret == "" || strings.Contains(all.String(), secret) {
			t.Errorf("%q stands there", secret)
		}
	}
}

// What is over is swept, and what goes on is not.
func TestWhatIsOverIsSwept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		wg, b := signedIn(t, d, clock, 1)
		ticket(t, wg, b, "photos.example.net") // is never used
		address, nonce := ticket(t, wg, b, "wiki.example.org")
		cookie := token(ask(t, wg, 0, "caddy", question{target: address, header: nonceCookie(nonce)}))
		clock.Advance(25 * time.Hour)
		wg.Tx(func(tx *db.Tx) error {
			_, err := forwardauth.Sweep(tx)
			return err
		})
		count := func() (n int) {
			wg.Tx(func(tx *db.Tx) error { return tx.Row("SELECT count(*) FROM forward_sessions", nil, &n) })
			return n
		}
		if n := count(); cookie == "" || n != 1 {
			t.Errorf("%d rows are left", n)
		}
		wg.Tx(func(tx *db.Tx) error {
			_, err := tx.Exec("DELETE FROM visits WHERE id IN (SELECT visit_id FROM forward_sessions)")
			return err
		})
		if n := count(); n != 0 {
			t.Errorf("%d rows outlive their visits", n)
		}
	})
}

// A browser that opens its tabs of yesterday asks for five pages at once, before it has any cookie. Each comes back.
func TestAllTabsOfAStartingBrowserArrive(t *testing.T) {
	d, clock := dbtest.Open(t)
	wg, b := signedIn(t, d, clock, 1)
	var addresses, jar []string
	for range 5 {
		address, nonce := ticket(t, wg, b, "wiki.example.org")
		addresses = append(addresses, address)
		jar = append(jar, "__Host-woggle-start-"+nonce[:6]+"="+nonce)
	}
	for _, address := range addresses {
		got := ask(t, wg, 0, "caddy", question{target: address, header: http.Header{"Cookie": {strings.Join(jar, "; ")}}})
		if token(got) == "" || got.Header.Get("Location") != wiki+"/page" {
			t.Errorf("a tab is sent to %q", got.Header["Location"])
		}
	}
}

// Whoever goes back in the history to a ticket that was used is signed in already, and sees the site.
func TestGoingBackToAUsedTicketLeadsToTheSite(t *testing.T) {
	d, clock := dbtest.Open(t)
	wg, b := signedIn(t, d, clock, 1)
	address, nonce := ticket(t, wg, b, "wiki.example.org")
	cookie := token(ask(t, wg, 0, "caddy", question{target: address, header: nonceCookie(nonce)}))
	got := ask(t, wg, 0, "caddy", question{target: address, header: http.Header{"Cookie": {"__Host-woggle-app=" + cookie}}})
	if got.Header.Get("Location") != wiki+"/" || token(got) != "" {
		t.Errorf("%d %q", got.StatusCode, got.Header["Location"])
	}
}
