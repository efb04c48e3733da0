package server_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"woggle/internal/app"
	"woggle/internal/db"
	"woggle/internal/directory"
)

func bodyOf(t *testing.T, response *http.Response) string {
	t.Helper()
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// W06: signing out at Microsoft signs out here, and every app that was visited over WS-Federation hears of it.
func TestW06SigningOut(t *testing.T) {
	each(t, func(s *site) {
		b, p := s.signedInToEntra()
		s.register("other", map[string]any{"realm": "urn:other", "replies": []string{p.Base + "/other?app=1", p.Base + "/back"}}, func(a *app.App) { a.Name = "The rota" })
		s.register("unseen", map[string]any{"realm": "urn:unseen", "replies": "https://unseen.example/"})
		b.start(p).hand(p).accepted()
		b.ask("wa", "wsignin1.0", "wtrealm", "urn:other").sees("The rota")
		b.ask("wa", "wsignout1.0").sees("You are signed out").notSees("Go back to")
		policy := b.page.Header.Get("Content-Security-Policy")
		for _, image := range []string{p.Base + "/login.srf?wa=wsignoutcleanup1.0", p.Base + "/other?app=1&amp;wa=wsignoutcleanup1.0", p.Base + "/back?wa=wsignoutcleanup1.0"} {
			if !strings.Contains(b.page.Body, `<img src="`+image+`"`) {
				t.Errorf("no %s in %s", image, b.page.Body)
			}
		}
		if strings.Contains(b.page.Body, "unseen") || !strings.Contains(policy, "img-src 'self' data: "+p.Base) {
			t.Errorf("policy %s, page %s", policy, b.page.Body)
		}
		b.open(p.Base + "/login.srf?wa=wsignoutcleanup1.0")
		if p.Get("/cleaned") != "1" {
			t.Error("the party cleared nothing")
		}
		if b.signedIn() {
			t.Error("still signed in")
		}
		// Again, and by a form, it is the same page, with nobody to tell.
		if b.ask("wa", "wsignout1.0").sees("You are signed out"); strings.Contains(b.page.Body, "wsignoutcleanup") {
			t.Error("apps are told again")
		}
		b.post("/wsfed", map[string][]string{"wa": {"wsignout1.0"}}).sees("You are signed out")
		// Only a registered address is offered to go back to.
		for reply, offered := range map[string]bool{p.Base + "/back": true, p.Base + "/back/": false, "https://evil.example/": false, "javascript:alert(1)": false, "": false} {
			b.ask("wa", "wsignout1.0", "wreply", reply)
			if got := strings.Contains(b.page.Text, "Go back to The rota"); got != offered || b.leadsTo("evil") || b.leadsTo("alert") {
				t.Errorf("%q is offered: %t, want %t", reply, got, offered)
			}
		}
		b.ask("wa", "wsignout1.0", "wreply", p.Base+"/back", "wtrealm", "urn:unseen").notSees("Go back to")
	})
}

// W06: a clean-up ends the session, has next to nothing to say, and says the same every time.
func TestW06ACleanUpIsTheSameEveryTime(t *testing.T) {
	only(t, func(s *site) {
		b, p := s.signedInToEntra()
		b.start(p).hand(p).accepted()
		for range 3 {
			b.ask("wa", "wsignoutcleanup1.0")
			if b.page.Status != 200 || b.page.Body != "You are signed out\n" || b.page.URL.Path != "/wsfed" || !strings.HasPrefix(b.page.Header.Get("Content-Type"), "text/plain") {
				t.Errorf("%d %s %q", b.page.Status, b.page.URL, b.page.Body)
			}
		}
		if b.signedIn() {
			t.Error("still signed in")
		}
		// Whoever comes back signs in anew, and a token is for the new session.
		s.clock.Advance(time.Minute)
		b.start(p).fill("Next", "username", "aisha").fill("Next", "current-password", passphrase).code().hand(p).accepted()
	})
}

// Signing out on our own pages tells the apps as well. The page's address makes it reach nobody who is not registered.
func TestSigningOutHereTellsTheApps(t *testing.T) {
	only(t, func(s *site) {
		b, p := s.signedInToEntra()
		b.open("/").press("Sign out")
		if b.page.URL.Path != "/signin" {
			t.Errorf("with nobody to tell, it leads to %s", b.page.URL)
		}
		b.password("aisha", passphrase).code()
		b.start(p).hand(p).accepted()
		b.open("/").press("Sign out").sees("You are signed out")
		if !b.leadsTo(p.Base + "/login.srf?wa=wsignoutcleanup1.0") {
			t.Errorf("nobody is told: %s", b.page.Body)
		}
		if b.signedIn() {
			t.Error("still signed in")
		}
		if b.open("/wsfed/signed-out?app=m365&app=https:%2F%2Fevil.example&app=%22onload"); b.leadsTo("evil") || b.page.Status != 200 {
			t.Errorf("%d %s", b.page.Status, b.page.Body)
		}
		// The sign-out may go on, on a page of ours only.
		b.open("/wsfed/signed-out?app=m365&next=%2Fsaml%2Fsignout%2Fx").sees("Next we tell your other apps")
		if !b.leadsTo("/saml/signout/x") || b.page.Header.Get("Refresh") != "3; url=/saml/signout/x" {
			t.Errorf("it does not go on: %v %s", b.page.Header, b.page.Body)
		}
		for _, next := range []string{"https:%2F%2Fevil.example", "%2F%2Fevil.example", "%5C%5Cevil.example", "javascript:evil", "%2F%0aevil", ""} {
			if b.open("/wsfed/signed-out?next=" + next); b.leadsTo("evil") || b.page.Header.Get("Refresh") != "" {
				t.Errorf("%q leads away: %v", next, b.page.Header)
			}
		}
	})
}

// An app of SAML is told as well, whichever way somebody signs out: after the pictures, the browser goes there.
func TestSigningOutGoesOnToAppsOfSAML(t *testing.T) {
	for name, out := range map[string]func(b *browser){
		"at Microsoft": func(b *browser) { b.ask("wa", "wsignout1.0") },
		"here":         func(b *browser) { b.open("/").press("Sign out") },
	} {
		t.Run(name, func(t *testing.T) {
			only(t, func(s *site) {
				b, p := s.signedInToEntra()
				settings := []byte(`{"entity_id": "https://shop.example/", "acs": "https://shop.example/acs", "slo": "https://shop.example/slo"}`)
				s.tx(func(tx *db.Tx) error {
					if err := app.Put(tx, "system", &app.App{ID: "shop", Name: "The shop", Protocol: "saml", Settings: settings}); err != nil {
						return err
					}
					user, _, err := directory.Find(tx, "aisha")
					if err != nil {
						return err
					}
					_, err = tx.Exec(`INSERT INTO visits (id, session_id, user_id, app_id, epoch, data, created_at, expires_at)
						SELECT 'visit', id, user_id, 'shop', epoch, '{"name": {"format": "x", "value": "aisha"}}', created_at, expires_at FROM sessions WHERE user_id = $1`, user.ID)
					return err
				})
				s.nodes[0].server.Apps().Catalogue.Forget()
				b.start(p).hand(p).accepted()
				out(b)
				b.sees("Next we tell your other apps")
				_, next, _ := strings.Cut(b.page.Header.Get("Refresh"), "; url=")
				if !b.leadsTo(p.Base+"/login.srf?wa=wsignoutcleanup1.0") || !strings.HasPrefix(next, "/saml/signout/") {
					t.Fatalf("%v %s", b.page.Header, b.page.Text)
				}
				client := *b.Client
				client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
				response, err := client.Get(b.Base + next)
				if err != nil {
					t.Fatal(err)
				}
				response.Body.Close()
				if to := response.Header.Get("Location") + response.Header.Get("Refresh"); !strings.Contains(to, "https://shop.example/slo?") {
					t.Errorf("status %d, to %s", response.StatusCode, to)
				}
				if b.signedIn() {
					t.Error("still signed in")
				}
			})
		})
	}
}
