package server_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/session"
)

// The one module of the plan oidcc-config-certification-test-plan.
func TestOIDCConfigPlan(t *testing.T) {
	t.Run("oidcc-discovery-endpoint-verification", func(t *testing.T) {
		onSQLite(t, func(s *site) {
			base := s.nodes[0].web.URL
			found := do(t, get(t, base+"/.well-known/openid-configuration"))
			if found.status != http.StatusOK || found.header.Get("Content-Type") != "application/json" || found.body["issuer"] != base {
				t.Fatalf("%d %v %s", found.status, found.header, found.raw)
			}
			for name, path := range map[string]string{"authorization_endpoint": "/oidc/authorize", "token_endpoint": "/oidc/token", "userinfo_endpoint": "/oidc/userinfo",
				"jwks_uri": "/oidc/keys", "introspection_endpoint": "/oidc/introspect", "revocation_endpoint": "/oidc/revoke", "end_session_endpoint": "/oidc/logout",
				"device_authorization_endpoint": "/oidc/device", "pushed_authorization_request_endpoint": "/oidc/par"} {
				if found.body[name] != base+path {
					t.Errorf("%s is %v", name, found.body[name])
				}
			}
			for name, values := range map[string][]string{"response_types_supported": {"code"}, "id_token_signing_alg_values_supported": {"RS256", "ES256"},
				"subject_types_supported": {"public"}, "code_challenge_methods_supported": {"S256"}, "response_modes_supported": {"query", "form_post"},
				"token_endpoint_auth_methods_supported": {"client_secret_basic", "client_secret_post", "private_key_jwt", "none"}, "scopes_supported": {"openid"},
				"ui_locales_supported": {"en", "cy"}, "grant_types_supported": {"authorization_code", "refresh_token"}} {
				if !hasAll(found.body[name], values...) {
					t.Errorf("%s is %v", name, found.body[name])
				}
			}
			for name, value := range map[string]any{"claims_parameter_supported": true, "request_uri_parameter_supported": false, "request_parameter_supported": nil,
				"authorization_response_iss_parameter_supported": true, "backchannel_logout_supported": true, "backchannel_logout_session_supported": true,
				"registration_endpoint": nil} {
				if found.body[name] != value {
					t.Errorf("%s is %v", name, found.body[name])
				}
			}
			jwks, ids := do(t, get(t, base+"/oidc/keys")), map[any]bool{}
			keys, _ := jwks.body["keys"].([]any)
			for _, k := range keys {
				key := k.(map[string]any)
				if ids[key["kid"]] || key["d"] != nil || key["use"] != "sig" || key["x5c"] == nil {
					t.Errorf("a key is %v", key)
				}
				ids[key["kid"]] = true
			}
			if len(ids) != 2 {
				t.Errorf("there are %d keys: %s", len(ids), jwks.raw)
			}
			// Whatever name a request comes under, what is said stays ours (threat T56).
			evil := get(t, base+"/.well-known/openid-configuration")
			evil.Header.Set("X-Forwarded-Host", "evil.example")
			evil.Header.Set("Forwarded", "host=evil.example")
			if got := do(t, evil); strings.Contains(got.raw, "evil") {
				t.Error("a header moves the issuer")
			}
		})
	})
}

// The plan oidcc-formpost-basic-certification-test-plan is the Basic plan by form_post; here are its turns.
func TestOIDCFormPostPlan(t *testing.T) {
	onSQLite(t, func(s *site) {
		user := s.member("aisha")
		s.phoneOf(user, mobile, "mobile", "sms")
		c, b := s.relying("kit", nil), s.enters(user)
		t.Run("oidcc-server", func(*testing.T) {
			back := c.ask(b, "response_mode", "form_post", "state", `"><script>alert(1)</script>`)
			if back.Get("state") != `"><script>alert(1)</script>` || back.Get("iss") == "" || strings.Contains(b.page.Body, "<script>alert") {
				t.Errorf("the form has %v", back)
			}
			c.claims(c.exchange(back.Get("code")).str("id_token"))
		})
		t.Run("oidcc-prompt-none-not-logged-in", func(*testing.T) {
			visitor := s.browser()
			if back := c.ask(visitor, "response_mode", "form_post", "prompt", "none"); back.Get("error") != "login_required" || back.Get("state") != "a state" {
				t.Errorf("the form has %v", back)
			}
		})
		t.Run("oidcc-response-type-missing", func(*testing.T) {
			if back := c.ask(b, "response_mode", "form_post", "response_type", ""); back.Get("error") != "invalid_request" {
				t.Errorf("the form has %v", back)
			}
		})
		t.Run("oidcc-ensure-registered-redirect-uri", func(*testing.T) {
			if back := c.ask(b, "response_mode", "form_post", "redirect_uri", "https://evil.example/"); back != nil {
				t.Errorf("the form has %v", back)
			}
		})
		t.Run("oidcc-prompt-login", func(*testing.T) {
			before := c.claims(c.tokens(b).str("id_token"))
			s.clock.Advance(time.Minute)
			again(s, c, b.open(c.question("prompt", "login", "response_mode", "form_post")), before)
		})
		t.Run("fragment", func(*testing.T) {
			b := s.enters(user)
			b.Client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			b.open(c.question("response_mode", "fragment"))
			if to, err := url.Parse(b.page.Header.Get("Location")); err != nil || to.RawQuery != "" || !strings.Contains(to.Fragment, "code=") {
				t.Errorf("sent to %s", b.page.Header.Get("Location"))
			}
		})
	})
}

// The modules of the plan oidcc-rp-initiated-logout-certification-test-plan.
func TestOIDCLogoutPlan(t *testing.T) {
	leave := func(c *relying, b *browser, hint string, pairs ...string) *browser {
		values := url.Values{}
		if hint != "" {
			values.Set("id_token_hint", hint)
		}
		for i := 0; i+1 < len(pairs); i += 2 {
			values.Set(pairs[i], pairs[i+1])
		}
		return b.open("/oidc/logout?" + values.Encode())
	}
	goneFrom := func(c *relying, b *browser, want bool) {
		c.s.t.Helper()
		if back := c.ask(b, "prompt", "none"); (back.Get("error") == "login_required") != want {
			c.s.t.Errorf("signed out: want %t, but came back with %v", want, back)
		}
	}
	atApp := func(c *relying, b *browser) bool { return strings.HasPrefix(b.page.URL.String(), c.web.URL) }
	modules := map[string]func(s *site, c *relying, b *browser, hint, bye string){
		"oidcc-rp-initiated-logout": func(s *site, c *relying, b *browser, hint, bye string) {
			leave(c, b, hint, "post_logout_redirect_uri", bye, "state", "s 1")
			if !atApp(c, b) || b.page.URL.Query().Get("state") != "s 1" {
				s.t.Errorf("arrived at %s", b.page.URL)
			}
			goneFrom(c, b, true)
		},
		"oidcc-rp-initiated-logout-bad-post-logout-redirect-uri": func(s *site, c *relying, b *browser, hint, bye string) {
			if leave(c, b, hint, "post_logout_redirect_uri", c.web.URL+"/other"); atApp(c, b) {
				s.t.Errorf("arrived at %s", b.page.URL)
			}
			goneFrom(c, b, false)
		},
		"oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri": func(s *site, c *relying, b *browser, hint, bye string) {
			if leave(c, b, hint, "post_logout_redirect_uri", bye+"?foo=bar"); atApp(c, b) {
				s.t.Errorf("arrived at %s", b.page.URL)
			}
		},
		"oidcc-rp-initiated-logout-modified-id-token-hint": func(s *site, c *relying, b *browser, hint, bye string) {
			parts := strings.Split(hint, ".")
			none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + "."
			if leave(c, b, none, "post_logout_redirect_uri", bye).sees("Do you want to sign out?"); atApp(c, b) {
				s.t.Errorf("arrived at %s", b.page.URL)
			}
			if b.press("Sign out").sees("You are signed out"); b.page.Header.Get("Refresh") != "" {
				s.t.Error("sent on with a hint that nobody signed")
			}
		},
		"oidcc-rp-initiated-logout-bad-id-token-hint": func(s *site, c *relying, b *browser, hint, bye string) {
			parts := strings.Split(hint, ".")
			leave(c, b, parts[0]+"."+parts[1]+"."+base64.RawURLEncoding.EncodeToString(make([]byte, 256)), "post_logout_redirect_uri", bye).sees("Do you want to sign out?")
			goneFrom(c, b, false)
		},
		"oidcc-rp-initiated-logout-no-id-token-hint": func(s *site, c *relying, b *browser, hint, bye string) {
			leave(c, b, "", "post_logout_redirect_uri", bye, "client_id", c.id, "state", "x").sees("Do you want to sign out?", "Aisha Khan")
			goneFrom(c, b, false)
			leave(c, b, "", "post_logout_redirect_uri", bye, "client_id", c.id, "state", "x").press("Sign out").sees("You are signed out")
			if b.page.Header.Get("Refresh") != "0; url="+bye+"?state=x" {
				s.t.Errorf("after a yes: %s", b.page.Header.Get("Refresh"))
			}
		},
		"oidcc-rp-initiated-logout-no-params": func(s *site, c *relying, b *browser, hint, bye string) {
			leave(c, b, "").press("Sign out").sees("You are signed out")
			goneFrom(c, b, true)
		},
		"oidcc-rp-initiated-logout-no-post-logout-redirect-uri": func(s *site, c *relying, b *browser, hint, bye string) {
			leave(c, b, hint).sees("You are signed out")
			goneFrom(c, b, true)
		},
		"oidcc-rp-initiated-logout-only-state": func(s *site, c *relying, b *browser, hint, bye string) {
			leave(c, b, "", "state", "s").press("Sign out").sees("You are signed out")
		},
		"oidcc-rp-initiated-logout-no-state": func(s *site, c *relying, b *browser, hint, bye string) {
			if leave(c, b, hint, "post_logout_redirect_uri", bye); b.page.URL.String() != bye {
				s.t.Errorf("arrived at %s", b.page.URL)
			}
		},
		"posted by the app": func(s *site, c *relying, b *browser, hint, bye string) {
			var err error
			if b.page, err = b.Post("/oidc/logout", url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {bye}}); err != nil || b.page.URL.String() != bye {
				s.t.Errorf("arrived at %s, %v", b.page.URL, err)
			}
			goneFrom(c, b, true)
		},
		"somebody else's hint": func(s *site, c *relying, b *browser, hint, bye string) {
			other := s.enters(s.member("bryn"))
			leave(c, other, hint, "post_logout_redirect_uri", bye).sees("Do you want to sign out?")
			goneFrom(c, other, false)
		},
		"a logout token is no hint": func(s *site, c *relying, b *browser, hint, bye string) {
			// T60: signed with the same key, for the same client, about the same person.
			heard := s.logouts(c, func(token string) { leave(c, b, token, "post_logout_redirect_uri", bye) })
			if heard == 0 || atApp(c, b) {
				s.t.Errorf("heard %d, arrived at %s", heard, b.page.URL)
			}
		},
	}
	for name, module := range modules {
		t.Run(name, func(t *testing.T) {
			onSQLite(t, func(s *site) {
				c, b := s.relying("kit", nil), s.enters(s.member("aisha"))
				module(s, c, b, c.tokens(b).str("id_token"), c.web.URL+"/bye")
			})
		})
	}
}

// ear is an app's address for logout tokens.
type ear struct {
	mu     sync.Mutex
	tokens []string
	status int
	web    *httptest.Server
}

func newEar(t *testing.T) *ear {
	e := &ear{status: http.StatusOK}
	e.web = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		values, _ := url.ParseQuery(string(body))
		e.mu.Lock()
		defer e.mu.Unlock()
		w.WriteHeader(e.status)
		e.tokens = append(e.tokens, values.Get("logout_token"))
	}))
	t.Cleanup(e.web.Close)
	return e
}

func (e *ear) heard() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.tokens)
}

func (e *ear) answers(status int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.status = status
}

// logouts makes an app be told of a sign-out, and gives each token to use.
func (s *site) logouts(c *relying, use func(token string)) int {
	e := newEar(s.t)
	other := s.relying("heard", map[string]any{"backchannel_logout_uri": e.web.URL})
	b := s.enters(s.member("cerys"))
	other.tokens(b)
	b.open("/").press("Sign out")
	s.tellApps()
	for _, token := range e.heard() {
		use(token)
	}
	return len(e.heard())
}

func (s *site) tellApps() {
	s.t.Helper()
	for _, n := range s.nodes {
		if err := n.server.TellApps(s.t.Context()); err != nil {
			s.t.Fatal(err)
		}
	}
}

// The modules of the plan oidcc-backchannel-rp-initiated-logout-certification-test-plan, and what goes wrong between sites.
func TestOIDCBackchannelLogout(t *testing.T) {
	each(t, func(s *site) {
		e := newEar(s.t)
		user := s.member("aisha")
		c, b := s.relying("kit", map[string]any{"backchannel_logout_uri": e.web.URL + "/logout"}), s.enters(user)
		tokens := c.tokens(b)
		sid := c.claims(tokens.str("id_token"))["sid"]

		e.answers(http.StatusServiceUnavailable) // the app is down at first
		b.open("/oidc/logout?id_token_hint=" + url.QueryEscape(tokens.str("id_token")))
		s.tellApps()
		s.tellApps()
		if len(e.heard()) != 1 {
			s.t.Fatalf("an app that is down was called %d times at once", len(e.heard()))
		}
		if c.active(tokens.str("access_token")) || c.refresh(tokens.str("refresh_token")).status == http.StatusOK {
			s.t.Error("what hung on the session is still good")
		}
		e.answers(http.StatusNoContent)
		s.clock.Advance(5 * time.Minute)
		s.tellApps()
		s.clock.Advance(time.Hour)
		s.tellApps()
		heard := e.heard()
		if len(heard) != 2 {
			s.t.Fatalf("told %d times", len(heard))
		}
		parts := strings.Split(heard[1], ".")
		var header, claims map[string]any
		for i, into := range []*map[string]any{&header, &claims} {
			raw, err := base64.RawURLEncoding.DecodeString(parts[i])
			if err != nil || json.Unmarshal(raw, into) != nil {
				s.t.Fatal(parts, err)
			}
		}
		events, _ := claims["events"].(map[string]any)
		if header["typ"] != "logout+jwt" || header["alg"] != "RS256" || claims["sid"] != sid || claims["sub"] != user.ID || claims["nonce"] != nil || claims["jti"] == nil ||
			events["http://schemas.openid.net/event/backchannel-logout"] == nil || secondsOf(claims["exp"])-secondsOf(claims["iat"]) != 120 {
			s.t.Errorf("the token says %v %v", header, claims)
		}
	})
}

// However a session ends, the apps that it was at are told once, whatever node sees to it.
func TestOIDCAppsAreToldHoweverASessionEnds(t *testing.T) {
	ends := map[string]func(s *site, tx *db.Tx, user string) error{
		"this was not me": func(s *site, tx *db.Tx, user string) error {
			_, err := tx.Exec("UPDATE users SET epoch = epoch + 1 WHERE id = $1", user)
			if err == nil {
				_, err = tx.Exec("INSERT INTO endings (user_id, at) VALUES ($1, $2)", user, tx.Now.UnixMilli())
			}
			return err
		},
		"ended from another browser": func(s *site, tx *db.Tx, user string) error {
			return (&session.Manager{DB: s.db, Keys: s.keys}).EndOthers(tx, user, "", user)
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			onSQLite(t, func(s *site) {
				e := newEar(t)
				user := s.member("aisha")
				c := s.relying("kit", map[string]any{"backchannel_logout_uri": e.web.URL})
				tokens := c.tokens(s.enters(user), "scope", "openid offline_access")
				s.tx(func(tx *db.Tx) error { return end(s, tx, user.ID) })
				if c.active(tokens.str("access_token")) || c.refresh(tokens.str("refresh_token")).status == http.StatusOK {
					t.Error("what the app has is still good")
				}
				s.tellApps()
				s.tellApps()
				if len(e.heard()) != 1 {
					t.Errorf("told %d times", len(e.heard()))
				}
			})
		})
	}
}

// Two nodes that look at once tell an app once.
func TestOIDCTwoNodesTellAnAppOnce(t *testing.T) {
	twoNodes(t, func(s *site) {
		e := newEar(s.t)
		c := s.relying("kit", map[string]any{"backchannel_logout_uri": e.web.URL})
		for _, name := range []string{"aisha", "bryn", "cerys"} {
			b := s.enters(s.member(name))
			c.tokens(b)
			b.open("/").press("Sign out")
		}
		race(8, func(i int) {
			if err := s.nodes[i%2].server.TellApps(s.t.Context()); err != nil {
				s.t.Error(err)
			}
		})
		if heard := e.heard(); len(heard) != 3 {
			s.t.Errorf("three sign-outs were told %d times", len(heard))
		}
	})
}
