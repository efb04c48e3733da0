package server_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"woggle/internal/app"
	"woggle/internal/app/oidc"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/keys"
	"woggle/internal/session"
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
		busy := c.tokens(b, "scope", "openid offline_access").str("refresh_token")
		s.clock.Advance(24*time.Hour + time.Second)
		if a := c.refresh(idle); a.str("error") != "invalid_grant" {
			t.Errorf("a day idle: %d", a.status)
		}
		b = s.enters(s.member("bryn"))
		busy = c.tokens(b, "scope", "openid offline_access").str("refresh_token")
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

// Threat T51: what ends a session, a person or an app ends its tokens, at once, on every node.
func TestOIDCTokensEndWithWhatTheyHangOn(t *testing.T) {
	ends := map[string]struct {
		end     func(s *site, b *browser, user directory.User, c *relying)
		offline bool // what was asked for offline goes on
	}{
		"signed out": {func(s *site, b *browser, _ directory.User, _ *relying) { b.open("/").press("Sign out") }, true},
		"ended by its owner": {func(s *site, _ *browser, user directory.User, _ *relying) {
			s.tx(func(tx *db.Tx) error {
				return (&session.Manager{DB: s.db, Keys: s.keys}).EndOthers(tx, user.ID, "", user.ID)
			})
		}, false},
		"this was not me": {func(s *site, _ *browser, user directory.User, _ *relying) {
			s.tx(func(tx *db.Tx) error { return directory.RaiseEpoch(tx, user.ID) })
		}, false},
		"disabled": {func(s *site, _ *browser, user directory.User, _ *relying) {
			s.tx(func(tx *db.Tx) error { return directory.SetStatus(tx, "system", user.ID, directory.Disabled) })
		}, false},
		"app closed": {func(s *site, _ *browser, _ directory.User, c *relying) {
			s.tx(func(tx *db.Tx) error { _, err := tx.Exec("UPDATE apps SET disabled = TRUE"); return err })
			s.forgetApps()
		}, false},
		"app for others only": {func(s *site, _ *browser, _ directory.User, c *relying) {
			s.tx(func(tx *db.Tx) error { _, err := tx.Exec(`UPDATE apps SET groups = '["nobody"]'`); return err })
			s.forgetApps()
		}, false},
	}
	for name, how := range ends {
		t.Run(name, func(t *testing.T) {
			twoNodes(t, func(s *site) {
				user := s.member("aisha")
				c, b := s.relying("kit", nil), s.enters(user)
				online, offline := c.tokens(b), c.tokens(b, "scope", "openid offline_access")
				code := c.code(b)
				how.end(s, b, user, c)
				c.node = 1
				for what, tokens := range map[string]answer{"online": online, "offline": offline} {
					want := what == "offline" && how.offline
					if got := c.userinfo(tokens.str("access_token")).status == http.StatusOK; got != want {
						s.t.Errorf("%s: userinfo %t", what, got)
					}
					if name != "app closed" {
						if got := c.active(tokens.str("access_token")); got != want {
							s.t.Errorf("%s: active %t", what, got)
						}
					}
					if got := c.refresh(tokens.str("refresh_token")).status == http.StatusOK; got != want {
						s.t.Errorf("%s: refreshed %t", what, got)
					}
				}
				if name != "app for others only" { // the code's minute is not worth a question
					if a := c.exchange(code); a.status == http.StatusOK {
						s.t.Errorf("the code is redeemed: %s", a.raw)
					}
				}
			})
		})
	}
}

// Threat T53: a token that was cut or altered is none.
func TestOIDCAlteredTokensAreNone(t *testing.T) {
	onSQLite(t, func(s *site) {
		c := s.relying("kit", nil)
		b := s.enters(s.member("aisha"))
		tokens := c.tokens(b)
		access, refresh, code := tokens.str("access_token"), tokens.str("refresh_token"), c.code(b)
		for i := range access {
			for _, altered := range []string{access[:i], access[:i] + flipped(access[i]) + access[i+1:], access[:i] + access[i+1:]} {
				if a := c.userinfo(altered); a.status != http.StatusUnauthorized {
					t.Fatalf("altered at %d: %d", i, a.status)
				}
			}
		}
		for _, i := range []int{0, 5, 20, 30, 35, 40, 41, 60, 83} {
			if a := c.refresh(refresh[:i] + flipped(refresh[i]) + refresh[i+1:]); a.str("error") != "invalid_grant" {
				t.Errorf("a refresh token altered at %d: %d", i, a.status)
			}
			if a := c.exchange(code[:i] + flipped(code[i]) + code[i+1:]); a.str("error") != "invalid_grant" {
				t.Errorf("a code altered at %d: %d", i, a.status)
			}
		}
		// One kind of token is not another.
		for what, ok := range map[string]bool{"refresh at userinfo": c.userinfo(refresh).status == 200, "code at userinfo": c.userinfo(code).status == 200,
			"access as refresh": c.refresh(access).status == 200, "access as code": c.exchange(access).status == 200, "ID token at userinfo": c.userinfo(tokens.str("id_token")).status == 200} {
			if ok {
				t.Errorf("%s works", what)
			}
		}
		if !c.active(access) {
			t.Error("the true one is none, either")
		}
	})
}

func flipped(b byte) string {
	if b == 'A' {
		return "B"
	}
	return "A"
}

// Threat T62: what is not in an app's settings, it does not get.
func TestOIDCGrantsAndScopesAreThoseOfTheSettings(t *testing.T) {
	onSQLite(t, func(s *site) {
		b := s.enters(s.member("aisha"))
		plain := s.relying("plain", map[string]any{"grants": []string{"authorization_code"}, "scopes": []string{"openid", "email"}})
		machine := s.relying("machine", map[string]any{"grants": []string{"client_credentials"}, "redirect_uris": nil, "scopes": []string{"openid", "stock.read", "stock.write"}})
		public := s.relying("spa", map[string]any{"token_auth": "none"})
		tokens := plain.tokens(b, "scope", "openid profile email offline_access stock.read")
		if tokens.str("scope") != "openid email" || tokens.str("refresh_token") != "" {
			t.Errorf("got %s", tokens.raw)
		}
		for what, a := range map[string]answer{
			"refresh":               plain.refresh("x"),
			"client credentials":    plain.post("/oidc/token", "grant_type", "client_credentials"),
			"device":                plain.post("/oidc/device", "scope", "openid"),
			"a device code":         plain.post("/oidc/token", "grant_type", "urn:ietf:params:oauth:grant-type:device_code", "device_code", "x"),
			"password":              plain.post("/oidc/token", "grant_type", "password", "username", "aisha", "password", passphrase),
			"a code":                machine.post("/oidc/token", "grant_type", "authorization_code", "code", "x"),
			"another's scope":       machine.post("/oidc/token", "grant_type", "client_credentials", "scope", "stock.read admin"),
			"a person's scope":      machine.post("/oidc/token", "grant_type", "client_credentials", "scope", "openid"),
			"without a secret":      public.post("/oidc/token", "grant_type", "client_credentials"),
			"token exchange":        plain.post("/oidc/token", "grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
			"introspection, public": public.post("/oidc/introspect", "token", tokens.str("access_token")),
			"nothing":               plain.post("/oidc/token"),
		} {
			if a.status != http.StatusBadRequest && a.status != http.StatusUnauthorized || a.str("error") == "" {
				t.Errorf("%s: %d %s", what, a.status, a.raw)
			}
		}
		for _, kind := range []string{"token", "id_token", "id_token token", "code id_token", "none"} {
			if back := plain.ask(b, "response_type", kind); back.Get("error") != "unsupported_response_type" {
				t.Errorf("response_type %s: %v", kind, back)
			}
		}
		if back := machine.ask(b); back != nil {
			t.Errorf("an app without people: %v", back)
		}
		own := machine.post("/oidc/token", "grant_type", "client_credentials", "scope", "stock.read")
		if own.status != http.StatusOK || own.str("scope") != "stock.read" || own.str("refresh_token") != "" || own.str("id_token") != "" {
			t.Fatalf("in its own name: %d %s", own.status, own.raw)
		}
		if a := plain.post("/oidc/introspect", "token", own.str("access_token")); a.body["active"] != true || a.str("sub") != "machine" || a.str("client_id") != "machine" {
			t.Errorf("introspection: %s", a.raw)
		}
		if a := machine.userinfo(own.str("access_token")); a.status != http.StatusUnauthorized {
			t.Errorf("userinfo of nobody: %d", a.status)
		}
		machine.post("/oidc/revoke", "token", own.str("access_token"))
		if plain.active(own.str("access_token")) {
			t.Error("revoked, and still good")
		}
	})
}

// RFC 7009: an app ends its own tokens, and nobody else's.
func TestOIDCRevocation(t *testing.T) {
	onSQLite(t, func(s *site) {
		b := s.enters(s.member("aisha"))
		c, other := s.relying("kit", nil), s.relying("other", nil)
		tokens := c.tokens(b)
		for _, token := range []string{tokens.str("access_token"), tokens.str("refresh_token"), "rubbish"} {
			if a := other.post("/oidc/revoke", "token", token); a.status != http.StatusOK {
				t.Errorf("%d %s", a.status, a.raw)
			}
		}
		if !c.active(tokens.str("access_token")) || !c.active(tokens.str("refresh_token")) || other.active(tokens.str("refresh_token")) {
			t.Error("another app ended the token, or is told of a refresh token")
		}
		s.clock.Advance(time.Second)
		c.post("/oidc/revoke", "token", tokens.str("access_token"))
		if c.active(tokens.str("access_token")) {
			t.Error("the access token is still good")
		}
		next := c.refresh(tokens.str("refresh_token"))
		if next.status != http.StatusOK || !c.active(next.str("access_token")) {
			t.Errorf("the refresh token went with it: %d", next.status)
		}
		c.post("/oidc/revoke", "token", next.str("refresh_token"), "token_type_hint", "access_token")
		if c.active(next.str("access_token")) || c.active(next.str("refresh_token")) {
			t.Error("the refresh token is gone, and something lives on")
		}
	})
}

// What stands in addresses stands in logs.
func TestOIDCNothingSecretIsTakenFromAnAddress(t *testing.T) {
	onSQLite(t, func(s *site) {
		c := s.relying("kit", nil)
		tokens := c.tokens(s.enters(s.member("aisha")))
		base := s.nodes[0].web.URL
		if a := do(t, get(t, base+"/oidc/userinfo?access_token="+tokens.str("access_token"))); a.status != http.StatusUnauthorized {
			t.Errorf("userinfo: %d", a.status)
		}
		request := get(t, base+"/oidc/token?"+url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens.str("refresh_token")}, "client_id": {c.id}, "client_secret": {c.secret}}.Encode())
		request.Method = http.MethodPost
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if a := do(t, request); a.status != http.StatusBadRequest {
			t.Errorf("token: %d %s", a.status, a.raw)
		}
		request = get(t, base+"/oidc/token")
		request.Method, request.Body = http.MethodPost, http.NoBody
		request.Header.Set("Content-Type", "application/json")
		if a := do(t, request); a.status != http.StatusBadRequest || a.str("error") != "invalid_request" {
			t.Errorf("token by JSON: %d %s", a.status, a.raw)
		}
	})
}

// A secret is changed without a moment in which none works; and the old one ends when it is told to.
func TestOIDCASecretIsChangedInPeace(t *testing.T) {
	twoNodes(t, func(s *site) {
		c := s.relying("kit", nil)
		old := *c
		works := func(c relying) bool { return c.post("/oidc/introspect", "token", "x").status == http.StatusOK }
		if !works(old) {
			s.t.Fatal("the secret does not work")
		}
		s.tx(func(tx *db.Tx) (err error) { c.secret, err = oidc.NewSecret(tx, s.keys, "system", c.id); return err })
		if !works(old) || !works(*c) {
			s.t.Error("while it is changed, one of the two does not work")
		}
		s.tx(func(tx *db.Tx) error { return oidc.EndOldSecrets(tx, "system", c.id) })
		s.clock.Advance(6 * time.Second)
		for node := range 2 {
			old.node, c.node = node, node
			if works(old) || !works(*c) {
				s.t.Errorf("after the change, on node %d: old %t, new %t", node, works(old), works(*c))
			}
		}
		for _, wrong := range []string{c.secret[:51], c.secret + "a", strings.ToUpper(c.secret), flipped(c.secret[0]) + c.secret[1:]} {
			if a := c.post("/oidc/introspect", "token", "x", "client_id", c.id, "client_secret", wrong); a.status != http.StatusUnauthorized {
				s.t.Errorf("with %q: %d", wrong, a.status)
			}
		}
		if a := c.post("/oidc/introspect", "token", "x", "anonymous", "1"); a.status != http.StatusUnauthorized || a.header.Get("WWW-Authenticate") == "" {
			s.t.Errorf("with none: %d %v", a.status, a.header)
		}
		// Neither secrets nor tokens stand anywhere.
		s.tx(func(tx *db.Tx) error {
			return tx.Each("SELECT hash FROM oidc_secrets", nil, func(scan func(...any) error) error {
				var hash []byte
				err := scan(&hash)
				if strings.Contains(string(hash), c.secret) || len(hash) != 32 {
					s.t.Error("a secret can be read")
				}
				return err
			})
		})
	})
}

// An app tells no more of people than its entry says.
func TestOIDCAnAppIsToldWhatItsEntrySays(t *testing.T) {
	onSQLite(t, func(s *site) {
		user := s.member("aisha")
		s.tx(func(tx *db.Tx) error {
			for _, id := range []string{"section", "phone_number", "allergies"} {
				if err := directory.AddField(tx, "system", directory.Field{ID: id, Kind: "text", Labels: map[string]string{"en": id}}); err != nil {
					return err
				}
			}
			group, err := directory.AddGroup(tx, "Leaders", "")
			if err != nil {
				return err
			}
			if err := directory.Join(tx, "system", group.ID, user.ID); err != nil {
				return err
			}
			return directory.SetValues(tx, "system", user, map[string]string{"section": "Cubs", "phone_number": "01632 960456", "allergies": "nuts", "given_name": "Aisha", "family_name": "Khan"})
		})
		b := s.enters(user)
		told := s.relying("told", nil, func(a *app.App) { a.Tell = []string{"section", "phone_number", "groups"} })
		quiet := s.relying("quiet", nil)
		everything := []string{"scope", "openid profile email phone address groups", "claims", `{"userinfo":{"allergies":{"essential":true},"groups":null},"id_token":{"allergies":null,"section":null}}`}
		info := told.userinfo(told.tokens(b, everything...).str("access_token"))
		groups, _ := info.body["groups"].([]any)
		if info.body["section"] != "Cubs" || info.body["phone_number"] != "01632 960456" || len(groups) != 1 || groups[0] != "Leaders" || info.body["allergies"] != nil {
			t.Errorf("told: %s", info.raw)
		}
		if info := told.userinfo(told.tokens(b, "scope", "openid").str("access_token")); len(info.body) != 1 {
			t.Errorf("asked for nothing, told %s", info.raw)
		}
		for _, claims := range []map[string]any{quiet.userinfo(quiet.tokens(b, everything...).str("access_token")).body, quiet.claims(quiet.tokens(b, everything...).str("id_token"))} {
			for _, name := range []string{"section", "phone_number", "groups", "allergies"} {
				if claims[name] != nil {
					t.Errorf("the quiet app is told %s: %v", name, claims)
				}
			}
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
