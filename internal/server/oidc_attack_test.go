package server_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"woggle/internal/app"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/keys"
	"woggle/test/visitor"
)

// Threat T57: whatever is done to a redirect address, nobody is sent anywhere.
func TestOIDCOnlyTheRegisteredAddressIsGoneTo(t *testing.T) {
	onSQLite(t, func(s *site) {
		b := s.enters(s.member("aisha"))
		const registered = "https://app.example/callback"
		c := s.relying("kit", map[string]any{"redirect_uris": []string{registered, "org.example.app:/cb"}})
		b.Client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		for _, uri := range []string{"", "https://app.example/callback/", "https://app.example/callback/../evil", "https://app.example/callback%2f", "https://app.example/callback?x=1",
			"https://app.example/callback#", "https://app.example/callback#x", "https://app.example/Callback", "https://APP.example/callback", "HTTPS://app.example/callback",
			"https://app.example:443/callback", "https://app.example:8443/callback", "http://app.example/callback", "https://app.example.evil.example/callback",
			"https://evil.example/callback", "https://app.example@evil.example/callback", "https://app.example:x@evil.example/callback", "https://evil.example/https://app.example/callback",
			"https://app.example\\@evil.example/callback", "https://app.example/callback\n", " https://app.example/callback", "https://app.example/callback ", "https://app.example//callback",
			"https://app.example/./callback", "https://app.example/%63allback", "https://app.example/callback;x", "https://app.example/..;/callback", "https://app.example/callback\x00",
			"https://app.example", "https://app.example/", "//app.example/callback", "/callback", "app.example/callback", "javascript:alert(1)", "data:text/html,x", "https://app.example/callback,https://evil.example",
			"https://app.example/callback https://evil.example", "https://www.app.example/callback", "https://app.exampl/callback", "https://app.example./callback", "https://xn--app.example/callback",
			"org.example.app:/cb/", "org.example.app:/CB", "org.example.app://cb", "org.example.evil:/cb", "https://app.example/callback?", "https://app.example/callback&x", "https://app.example/callback%00",
			"https://app.example/callback%20", "https://app.example/callback/%2e%2e/x", "https://[::1]/callback", "https://app.example/call\u200bback", "https://\uff41pp.example/callback", "ftp://app.example/callback",
			"https:/app.example/callback", "https:app.example/callback", "https://app.example/callback\t", "https://app.example/*", "https://*.example/callback"} {
			b.open(c.question("redirect_uri", uri))
			if to := b.page.Header.Get("Location") + b.page.Header.Get("Refresh"); b.page.Status < 400 || to != "" || leadsOut(b) {
				t.Errorf("%q: status %d, sent to %q", uri, b.page.Status, to)
			}
		}
		for _, uri := range []string{registered, "org.example.app:/cb"} {
			if b.open(c.question("redirect_uri", uri)); b.page.Status != http.StatusSeeOther || !strings.HasPrefix(b.page.Header.Get("Location"), uri+"?") {
				t.Errorf("%q: status %d, sent to %q", uri, b.page.Status, b.page.Header.Get("Location"))
			}
		}
		for _, doubled := range []string{"&redirect_uri=https%3A%2F%2Fevil.example", "&client_id=other"} {
			if b.open(c.question("redirect_uri", registered) + doubled); b.page.Status < 400 {
				t.Errorf("with %s: status %d", doubled, b.page.Status)
			}
		}
		if b.open("/oidc/authorize?client_id=nobody&redirect_uri=https%3A%2F%2Fevil.example&response_type=code&scope=openid"); b.page.Status != http.StatusNotFound {
			t.Errorf("an unknown client: status %d", b.page.Status)
		}
	})
}

// leadsOut tells whether anything on the page leads to another site.
func leadsOut(b *browser) bool {
	out := func(address string) bool { return !strings.HasPrefix(address, "/") || strings.HasPrefix(address, "//") }
	return slices.ContainsFunc(b.page.Links, out) ||
		slices.ContainsFunc(b.page.Forms, func(f *visitor.Form) bool { return out(f.Action) })
}

// RFC 8252 section 7.3: a native app listens where it can, on its own computer, and nowhere else.
func TestOIDCANativeAppMayListenOnAnyPortOfItsOwnComputer(t *testing.T) {
	onSQLite(t, func(s *site) {
		b := s.enters(s.member("aisha"))
		c := s.relying("cli", map[string]any{"token_auth": "none", "redirect_uris": []string{"http://127.0.0.1/cb", "http://[::1]:1/cb"}})
		confidential := s.relying("web", map[string]any{"redirect_uris": []string{"http://127.0.0.1/cb"}})
		b.Client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		for uri, taken := range map[string]bool{"http://127.0.0.1:50123/cb": true, "http://[::1]:50123/cb": true, "http://127.0.0.1/cb": true, "http://127.0.0.1:/cb": false,
			"http://127.0.0.1:999999/cb": false, "http://127.0.0.1:80@evil.example/cb": false, "http://127.0.0.1.evil.example/cb": false, "http://localhost:50123/cb": false,
			"http://127.0.0.2:50123/cb": false, "https://127.0.0.1:50123/cb": false, "http://127.0.0.1:50123/cb/": false, "http://127.0.0.1:50123/cb?x": false, "http://127.0.0.1:50123": false} {
			if b.open(c.question("redirect_uri", uri)); (b.page.Status == http.StatusSeeOther) != taken {
				t.Errorf("%s: status %d", uri, b.page.Status)
			}
			if b.open(confidential.question("redirect_uri", uri)); (b.page.Status == http.StatusSeeOther) != (uri == "http://127.0.0.1/cb") {
				t.Errorf("%s of an app with a secret: status %d", uri, b.page.Status)
			}
		}
	})
}

// Threat T58: of fifty exchanges of one code at once, one wins; then it is known that it was used twice, and all of it ends.
func TestOIDCACodeIsRedeemedOnce(t *testing.T) {
	twoNodes(t, func(s *site) {
		c := s.relying("kit", nil)
		code := c.code(s.enters(s.member("aisha")))
		var mu sync.Mutex
		var won []answer
		others := map[string]int{}
		race(50, func(i int) {
			at := *c
			at.node = i % 2
			a := at.exchange(code)
			mu.Lock()
			defer mu.Unlock()
			if a.status == http.StatusOK {
				won = append(won, a)
			} else {
				others[a.str("error")]++
			}
		})
		if len(won) != 1 || others["invalid_grant"] != 49 {
			s.t.Fatalf("%d won, others %v", len(won), others)
		}
		if c.active(won[0].str("access_token")) || c.refresh(won[0].str("refresh_token")).status == http.StatusOK {
			s.t.Error("what a code gave that came twice is still good")
		}
	})
}

// Threat T61: twenty refreshes at once have one successor; a token that comes later ends the family.
func TestOIDCRefreshTokensRotate(t *testing.T) {
	twoNodes(t, func(s *site) {
		c := s.relying("kit", nil)
		first := c.tokens(s.enters(s.member("aisha"))).str("refresh_token")
		var mu sync.Mutex
		successors := map[string]int{}
		race(20, func(i int) {
			at := *c
			at.node = i % 2
			a := at.refresh(first)
			mu.Lock()
			defer mu.Unlock()
			successors[a.str("refresh_token")]++
		})
		if len(successors) != 1 || successors[""] != 0 {
			s.t.Fatalf("successors: %v", successors)
		}
		var second string
		for second = range successors {
		}
		s.clock.Advance(9 * time.Second)
		if a := c.refresh(first); a.str("refresh_token") != second {
			s.t.Errorf("whose answer was lost gets %s", a.raw)
		}
		s.clock.Advance(2 * time.Second)
		third := c.refresh(second)
		if third.status != http.StatusOK || third.str("refresh_token") == second {
			s.t.Fatalf("the successor: %d %s", third.status, third.raw)
		}
		if a := c.refresh(first); a.str("error") != "invalid_grant" {
			s.t.Errorf("the first one once more: %d %s", a.status, a.raw)
		}
		if c.active(third.str("access_token")) || c.refresh(third.str("refresh_token")).status == http.StatusOK {
			s.t.Error("the family lives on")
		}
	})
}

func TestOIDCRefreshTokensEndByThemselves(t *testing.T) {
	onSQLite(t, func(s *site) {
		c := s.relying("kit", nil)
		b := s.enters(s.member("aisha"))
		idle := c.tokens(b, "scope", "openid offline_access").str("refresh_token")
		s.clock.Advance(24*time.Hour + time.Second)
		if a := c.refresh(idle); a.str("error") != "invalid_grant" {
			t.Errorf("a day idle: %d", a.status)
		}
		b = s.enters(s.member("bryn"))
		busy := c.tokens(b, "scope", "openid offline_access").str("refresh_token")
		for day := range 100 {
			s.clock.Advance(23 * time.Hour)
			a := c.refresh(busy)
			if alive := day < 93; (a.status == http.StatusOK) != alive { // 93 * 23 h are 89 days
				t.Fatalf("on turn %d: %d %s", day, a.status, a.raw)
			}
			if busy = a.str("refresh_token"); busy == "" {
				break
			}
		}
	})
}

// Threat T59: PKCE cannot be taken out, nor weakened.
func TestOIDCPKCE(t *testing.T) {
	onSQLite(t, func(s *site) {
		b := s.enters(s.member("aisha"))
		c, public := s.relying("kit", nil), s.relying("spa", map[string]any{"token_auth": "none"})
		for _, app := range []*relying{c, public} {
			for what, pairs := range map[string][]string{"plain": {"code_challenge_method", "plain", "code_challenge", verifier}, "no method": {"code_challenge_method", ""},
				"short": {"code_challenge", "short"}, "no challenge": {"code_challenge", ""}, "empty": {"code_challenge", "", "code_challenge_method", ""}} {
				back := app.ask(b, pairs...)
				if want := what != "empty" || app == public; (back.Get("error") == "invalid_request") != want {
					t.Errorf("%s, %s: came back with %v", app.id, what, back)
				}
			}
		}
		for what, pairs := range map[string][]string{"dropped": {"code_verifier", ""}, "wrong": {"code_verifier", verifier + "x"}, "short": {"code_verifier", "x"}, "the challenge itself": {"code_verifier", challenge}} {
			if a := public.exchange(public.code(b), pairs...); a.str("error") != "invalid_grant" {
				t.Errorf("a verifier that is %s: %d %s", what, a.status, a.raw)
			}
		}
		// Somebody took the challenge out of the request: the app still sends its verifier.
		if a := c.exchange(c.code(b, "code_challenge", "", "code_challenge_method", "")); a.str("error") != "invalid_grant" {
			t.Errorf("a verifier without a challenge: %d %s", a.status, a.raw)
		}
		if a := public.exchange(public.code(b)); a.status != http.StatusOK {
			t.Errorf("as it should be: %d %s", a.status, a.raw)
		}
	})
}

// Threat T58: what a code is bound to.
func TestOIDCACodeIsForWhoAskedForIt(t *testing.T) {
	onSQLite(t, func(s *site) {
		b := s.enters(s.member("aisha"))
		c, other := s.relying("kit", nil), s.relying("other", nil)
		code := c.code(b)
		for what, a := range map[string]answer{"another client": other.exchange(code, "redirect_uri", c.callback()), "another address": c.exchange(code, "redirect_uri", other.callback()),
			"a refresh token": c.refresh(code), "another secret": c.exchange(code, "client_id", c.id, "client_secret", other.secret), "the other's name": c.exchange(code, "client_id", c.id, "client_secret", "")} {
			if a.status < 400 {
				t.Errorf("by %s: %d %s", what, a.status, a.raw)
			}
		}
		if a := c.exchange(code); a.status != http.StatusOK {
			t.Errorf("then, as it should be: %d %s", a.status, a.raw)
		}
		code = c.code(b)
		s.clock.Advance(61 * time.Second)
		if a := c.exchange(code); a.str("error") != "invalid_grant" {
			t.Errorf("after a minute: %d %s", a.status, a.raw)
		}
	})
}

func race(count int, work func(i int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range count {
		all.Go(func() {
			<-start
			work(i)
		})
	}
	close(start)
	all.Wait()
}

// twoNodes runs a story on every engine, with two nodes.
func twoNodes(t *testing.T, story func(s *site)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		story(newSiteWith(t, d, clock, 2, keys.Random(), &post{}))
	})
}

// An app that is removed, and one that gets its id later: nothing that the first was given is good at the second.
func TestOIDCAnAppAddedAgainBeginsAnew(t *testing.T) {
	each(t, func(s *site) {
		b := s.enters(s.member("aisha"))
		settings := map[string]any{"token_auth": "none"}
		old := s.relying("kit", settings)
		tokens := old.tokens(b, "scope", "openid offline_access")
		s.tx(func(tx *db.Tx) error { return app.Remove(tx, "system", "kit") })
		next := s.relying("kit", settings)
		if next.refresh(tokens.str("refresh_token")).status == http.StatusOK || next.userinfo(tokens.str("access_token")).status == http.StatusOK {
			s.t.Error("what the removed app was given is good still")
		}
		if again := next.tokens(b).str("access_token"); next.userinfo(again).status != http.StatusOK || next.userinfo(tokens.str("access_token")).status == http.StatusOK {
			s.t.Error("the new one is not begun anew")
		}
	})
}

// A stranger with a script cannot fill the database with requests that wait for somebody; who is elsewhere is not kept waiting.
func TestOIDCRequestsThatWaitAreBounded(t *testing.T) {
	one(t, func(s *site) {
		c := s.relying("kit", nil)
		stranger := s.from("198.51.100.7")
		stranger.Client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		for range 600 {
			if p := stranger.open(c.question()); p.page.Status != http.StatusSeeOther {
				t.Fatalf("status %d within the bound", p.page.Status)
			}
		}
		if p := stranger.open(c.question()); p.page.Status != http.StatusTooManyRequests || p.page.Header.Get("Retry-After") == "" {
			t.Errorf("beyond it: status %d", p.page.Status)
		}
		var kept int
		s.tx(func(tx *db.Tx) error { return tx.Row("SELECT count(*) FROM app_requests", nil, &kept) })
		if kept != 600 {
			t.Errorf("%d are kept", kept)
		}
		s.from("192.0.2.8").open(c.question()).sees("user name")
	})
}

// Threat T62: a scope that is taken from an app is gone from what it has already, within the seconds that a node believes its apps.
func TestOIDCAScopeThatIsTakenAwayIsGone(t *testing.T) {
	onSQLite(t, func(s *site) {
		b := s.enters(s.member("aisha"))
		c := s.relying("kit", map[string]any{"scopes": []string{"openid", "email", "stores:write"}})
		tokens := c.tokens(b, "scope", "openid email stores:write offline_access", "claims", `{"userinfo":{"email":null}}`)
		if c.userinfo(tokens.str("access_token")).str("email") == "" {
			t.Fatal("nothing is told that could be taken away")
		}
		secret := c.secret
		c = s.relying("kit", map[string]any{"scopes": []string{"openid"}, "redirect_uris": []string{c.callback()}})
		c.secret = secret
		next := c.refresh(tokens.str("refresh_token"))
		for _, token := range []string{tokens.str("access_token"), next.str("access_token")} {
			if info := c.userinfo(token); info.status != http.StatusOK || info.str("email") != "" {
				t.Errorf("told %d %v", info.status, info.body)
			}
			if scope := c.post("/oidc/introspect", "token", token).str("scope"); strings.Contains(scope, "stores:write") || strings.Contains(scope, "email") {
				t.Errorf("the token is good for %q", scope)
			}
		}
		if strings.Contains(next.str("scope"), "stores:write") {
			t.Errorf("a refresh gives %q", next.str("scope"))
		}
	})
}
