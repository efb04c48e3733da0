package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"woggle/internal/app"
	"woggle/internal/app/oidc"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/session"
)

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
				if a := c.exchange(code); a.status == http.StatusOK {
					s.t.Errorf("the code is redeemed: %s", a.raw)
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
		// An app that is removed, and added again, begins with no secret.
		s.tx(func(tx *db.Tx) error {
			all, err := app.List(tx)
			if err != nil {
				return err
			}
			if err := app.Remove(tx, "system", c.id); err != nil {
				return err
			}
			return app.Put(tx, "system", all[0])
		})
		s.forgetApps()
		s.clock.Advance(6 * time.Second)
		if works(*c) {
			s.t.Error("the secret outlives its app")
		}
		s.tx(func(tx *db.Tx) (err error) { c.secret, err = oidc.NewSecret(tx, s.keys, "system", c.id); return err })
		if !works(*c) {
			s.t.Error("the new secret does not work")
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
