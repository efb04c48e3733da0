package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// The modules of the conformance suite's plan oidcc-basic-certification-test-plan, by their names.
func TestOIDCBasicPlan(t *testing.T) {
	modules := map[string]func(s *site, c *relying, b *browser){
		"oidcc-server": func(s *site, c *relying, b *browser) {
			back := c.ask(b, "scope", "openid")
			if back.Get("state") != "a state" || back.Get("iss") != s.nodes[0].web.URL {
				s.t.Errorf("came back with %v", back)
			}
			tokens := c.exchange(back.Get("code"))
			if tokens.str("token_type") != "Bearer" || tokens.header.Get("Cache-Control") != "no-store" || tokens.body["expires_in"] != 600.0 {
				s.t.Errorf("tokens: %s %v", tokens.raw, tokens.header)
			}
			claims := c.claims(tokens.str("id_token"))
			if claims["nonce"] != "a-nonce" || claims["acr"] != "https://refeds.org/profile/mfa" || !hasAll(claims["amr"], "pwd", "sms", "mfa") ||
				secondsOf(claims["auth_time"]) != s.clock.Now().Unix() || claims["azp"] != c.id || claims["sid"] == "" {
				s.t.Errorf("the ID token says %v", claims)
			}
			if info := c.userinfo(tokens.str("access_token")); info.body["sub"] != claims["sub"] || info.body["name"] != nil {
				s.t.Errorf("userinfo: %s", info.raw)
			}
		},
		"oidcc-response-type-missing": func(s *site, c *relying, b *browser) {
			if back := c.ask(b, "response_type", ""); back.Get("error") != "invalid_request" || back.Get("code") != "" {
				s.t.Errorf("came back with %v", back)
			}
		},
		"oidcc-idtoken-signature": func(s *site, c *relying, b *browser) {
			c.claims(c.tokens(b).str("id_token")) // verified by the key that its kid names
		},
		"oidcc-idtoken-unsigned": func(s *site, c *relying, b *browser) {
			if found := do(s.t, get(s.t, s.nodes[0].web.URL+"/.well-known/openid-configuration")); hasAll(found.body["id_token_signing_alg_values_supported"], "none") {
				s.t.Error("unsigned ID tokens are offered")
			}
		},
		"oidcc-userinfo-get": func(s *site, c *relying, b *browser) {
			if info := c.userinfo(c.tokens(b).str("access_token")); info.status != http.StatusOK || info.body["name"] != "Aisha Khan" {
				s.t.Errorf("userinfo: %d %s", info.status, info.raw)
			}
		},
		"oidcc-userinfo-post-header": func(s *site, c *relying, b *browser) {
			request := get(s.t, s.nodes[0].web.URL+"/oidc/userinfo")
			request.Method = http.MethodPost
			request.Header.Set("Authorization", "Bearer "+c.tokens(b).str("access_token"))
			if info := do(s.t, request); info.status != http.StatusOK || info.body["sub"] == "" {
				s.t.Errorf("userinfo: %d %s", info.status, info.raw)
			}
		},
		"oidcc-userinfo-post-body": func(s *site, c *relying, b *browser) {
			if info := c.post("/oidc/userinfo", "anonymous", "1", "access_token", c.tokens(b).str("access_token")); info.status != http.StatusOK {
				s.t.Errorf("userinfo: %d %s", info.status, info.raw)
			}
		},
		"oidcc-ensure-request-without-nonce-succeeds-for-code-flow": func(s *site, c *relying, b *browser) {
			if claims := c.claims(c.tokens(b, "nonce", "").str("id_token")); claims["nonce"] != nil {
				s.t.Errorf("a nonce that nobody sent: %v", claims)
			}
		},
		"oidcc-scope-profile": tells("openid profile", map[string]any{"name": "Aisha Khan", "given_name": "Aisha", "family_name": "Khan", "preferred_username": "aisha", "email": nil}),
		"oidcc-scope-email":   tells("openid email", map[string]any{"email": "aisha@northwold.example", "name": nil}),
		"oidcc-scope-address": tells("openid address", map[string]any{"name": nil, "email": nil}),
		"oidcc-scope-phone":   tells("openid phone", map[string]any{"name": nil, "email": nil}),
		"oidcc-scope-all":     tells("openid profile email address phone", map[string]any{"name": "Aisha Khan", "email": "aisha@northwold.example"}),
		"oidcc-alternate-happy-flow": func(s *site, c *relying, b *browser) {
			b.open("/oidc/authorize?scope=email+profile+openid&nonce=n&state=s&response_type=code&redirect_uri=" + url.QueryEscape(c.callback()) + "&client_id=" + c.id)
			if code := c.bring(b).Get("code"); c.post("/oidc/token", "redirect_uri", c.callback(), "code", code, "grant_type", "authorization_code").status != http.StatusOK {
				s.t.Error("the order of parameters and scopes matters")
			}
		},
		"oidcc-display-page":  succeeds("display", "page"),
		"oidcc-display-popup": succeeds("display", "popup"),
		"oidcc-prompt-login": func(s *site, c *relying, b *browser) {
			before := c.claims(c.tokens(b).str("id_token"))
			s.clock.Advance(time.Minute)
			again(s, c, b.open(c.question("prompt", "login")), before)
		},
		"oidcc-prompt-none-not-logged-in": func(s *site, c *relying, b *browser) {
			if back := c.ask(s.browser(), "prompt", "none"); back.Get("error") != "login_required" || back.Get("state") != "a state" {
				s.t.Errorf("came back with %v", back)
			}
		},
		"oidcc-prompt-none-logged-in": func(s *site, c *relying, b *browser) {
			before := c.claims(c.tokens(b).str("id_token"))
			s.clock.Advance(time.Second)
			after := c.claims(c.tokens(b, "prompt", "none").str("id_token"))
			if before["sub"] != after["sub"] || before["auth_time"] != after["auth_time"] {
				s.t.Errorf("before %v, after %v", before, after)
			}
		},
		"oidcc-max-age-1": func(s *site, c *relying, b *browser) {
			before := c.claims(c.tokens(b).str("id_token"))
			s.clock.Advance(2 * time.Second)
			again(s, c, b.open(c.question("max_age", "1")), before)
		},
		"oidcc-max-age-10000": func(s *site, c *relying, b *browser) {
			before := c.claims(c.tokens(b).str("id_token"))
			s.clock.Advance(time.Minute)
			if after := c.claims(c.tokens(b, "max_age", "10000").str("id_token")); before["auth_time"] != after["auth_time"] || after["auth_time"] == nil {
				s.t.Errorf("before %v, after %v", before, after)
			}
		},
		"oidcc-ensure-request-with-unknown-parameter-succeeds": succeeds("extra", "foobar"),
		"oidcc-id-token-hint": func(s *site, c *relying, b *browser) {
			first := c.tokens(b)
			s.clock.Advance(10 * time.Minute) // the hint is over, and as good as before
			if again := c.tokens(b, "prompt", "none", "id_token_hint", first.str("id_token")); c.claims(again.str("id_token"))["sub"] == nil {
				s.t.Error("the hint did not help")
			}
			other := s.enters(s.member("bryn"))
			if back := c.ask(other, "prompt", "none", "id_token_hint", first.str("id_token")); back.Get("error") != "login_required" {
				s.t.Errorf("somebody else came back with %v", back)
			}
		},
		"oidcc-login-hint":     succeeds("login_hint", "aisha"),
		"oidcc-ui-locales":     succeeds("ui_locales", "cy en xx-klingon"),
		"oidcc-claims-locales": succeeds("claims_locales", "cy en"),
		"oidcc-ensure-request-with-acr-values-succeeds": func(s *site, c *relying, b *browser) {
			if claims := c.claims(c.tokens(b, "acr_values", "gold https://refeds.org/profile/sfa").str("id_token")); claims["acr"] != "https://refeds.org/profile/sfa" {
				s.t.Errorf("acr is %v", claims["acr"])
			}
		},
		"oidcc-codereuse": func(s *site, c *relying, b *browser) {
			code := c.code(b)
			c.exchange(code)
			if a := c.exchange(code); a.status != http.StatusBadRequest || a.str("error") != "invalid_grant" {
				s.t.Errorf("the second time: %d %s", a.status, a.raw)
			}
		},
		"oidcc-codereuse-30seconds": func(s *site, c *relying, b *browser) {
			code := c.code(b)
			first := c.exchange(code)
			s.clock.Advance(30 * time.Second)
			if a := c.exchange(code); a.str("error") != "invalid_grant" {
				s.t.Errorf("the second time: %d %s", a.status, a.raw)
			}
			if a := c.userinfo(first.str("access_token")); a.status != http.StatusUnauthorized {
				s.t.Errorf("the first access token still works: %d", a.status)
			}
		},
		"oidcc-ensure-registered-redirect-uri": func(s *site, c *relying, b *browser) {
			if back := c.ask(b, "redirect_uri", c.web.URL+"/callback/other"); back != nil || b.page.Status != http.StatusBadRequest {
				s.t.Errorf("came back with %v, status %d", back, b.page.Status)
			}
			b.sees("not registered")
		},
		"oidcc-ensure-post-request-succeeds": func(s *site, c *relying, b *browser) {
			var err error
			if b.page, err = b.Post("/oidc/authorize", c.params()); err != nil {
				s.t.Fatal(err)
			}
			if c.bring(b).Get("code") == "" {
				s.t.Errorf("no code on %s: %s", b.page.URL, b.page.Text)
			}
		},
		"oidcc-server-client-secret-post": func(s *site, c *relying, b *browser) {
			if a := c.exchange(c.code(b), "client_id", c.id, "client_secret", c.secret); a.status != http.StatusOK {
				s.t.Errorf("%d %s", a.status, a.raw)
			}
		},
		"oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported":    refusesWith("request_uri_not_supported", "request_uri", "https://app.example/request.jwt"),
		"oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported": refusesWith("request_not_supported", "request", "eyJhbGciOiJub25lIn0.e30."),
		"oidcc-ensure-request-object-with-redirect-uri":                                refusesWith("request_not_supported", "request", "eyJhbGciOiJub25lIn0.eyJyZWRpcmVjdF91cmkiOiJodHRwczovL2EuZXhhbXBsZSJ9."),
		"oidcc-claims-essential": func(s *site, c *relying, b *browser) {
			tokens := c.tokens(b, "scope", "openid", "claims", `{"userinfo":{"name":{"essential":true}}}`)
			if info := c.userinfo(tokens.str("access_token")); info.body["name"] != "Aisha Khan" || info.body["email"] != nil {
				s.t.Errorf("userinfo: %s", info.raw)
			}
		},
		"oidcc-refresh-token": func(s *site, c *relying, b *browser) {
			first := c.tokens(b)
			s.clock.Advance(time.Second)
			second := c.refresh(first.str("refresh_token"))
			if second.status != http.StatusOK || second.str("access_token") == first.str("access_token") || c.userinfo(second.str("access_token")).status != http.StatusOK {
				s.t.Errorf("refreshed: %d %s", second.status, second.raw)
			}
			other := s.relying("other", nil)
			if a := other.refresh(second.str("refresh_token")); a.str("error") != "invalid_grant" {
				s.t.Errorf("another client refreshes: %d %s", a.status, a.raw)
			}
		},
		"oidcc-ensure-request-with-valid-pkce-succeeds": succeeds("code_challenge", challenge),
	}
	for name, module := range modules {
		t.Run(name, func(t *testing.T) {
			onSQLite(t, func(s *site) {
				user := s.member("aisha")
				s.phoneOf(user, mobile, "mobile", "sms")
				module(s, s.relying("kit", nil), s.enters(user))
			})
		})
	}
}

func get(t *testing.T, address string) *http.Request {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return request
}

func succeeds(name, value string) func(s *site, c *relying, b *browser) {
	return func(s *site, c *relying, b *browser) { c.claims(c.tokens(b, name, value).str("id_token")) }
}

func refusesWith(fault, name, value string) func(s *site, c *relying, b *browser) {
	return func(s *site, c *relying, b *browser) {
		if back := c.ask(b, name, value); back.Get("error") != fault || back.Get("code") != "" || back.Get("state") != "a state" || back.Get("iss") == "" {
			s.t.Errorf("came back with %v", back)
		}
	}
}

func tells(scope string, want map[string]any) func(s *site, c *relying, b *browser) {
	return func(s *site, c *relying, b *browser) {
		tokens := c.tokens(b, "scope", scope)
		info, claims := c.userinfo(tokens.str("access_token")), c.claims(tokens.str("id_token"))
		for name, value := range want {
			if info.body[name] != value || claims[name] != value {
				s.t.Errorf("%s is %v in userinfo, %v in the ID token, not %v", name, info.body[name], claims[name], value)
			}
		}
	}
}

// again proves both factors once more, and demands a later auth_time.
func again(s *site, c *relying, b *browser, before map[string]any) {
	s.t.Helper()
	if c.bring(b) != nil {
		s.t.Fatalf("nothing was asked: %s", b.page.URL)
	}
	if strings.Contains(b.page.Text, "password") {
		b.fill("Next", "current-password", passphrase)
	}
	b.sees("Enter the code we sent").fill("Verify", "one-time-code", s.code(mobile))
	back := c.bring(b)
	if back == nil {
		s.t.Fatalf("nobody came back: %s %s", b.page.URL, b.page.Text)
	}
	after := c.claims(c.exchange(back.Get("code")).str("id_token"))
	if secondsOf(after["auth_time"]) <= secondsOf(before["auth_time"]) || after["sub"] != before["sub"] {
		s.t.Errorf("before %v, after %v", before, after)
	}
}
