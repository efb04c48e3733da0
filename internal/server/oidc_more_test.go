package server_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"woggle/internal/db"
)

// RFC 9126: the app sends its question ahead, and the browser brings only its ticket.
func TestOIDCPushedRequests(t *testing.T) {
	twoNodes(t, func(s *site) {
		c, other := s.relying("kit", nil), s.relying("other", nil)
		b := s.enters(s.member("aisha"))
		push := func(c *relying, pairs ...string) answer {
			var all []string
			for name, values := range c.params(pairs...) {
				all = append(all, name, values[0])
			}
			return c.post("/oidc/par", all...)
		}
		pushed := push(c)
		if pushed.status != http.StatusCreated || pushed.body["expires_in"] != 90.0 || !strings.HasPrefix(pushed.str("request_uri"), "urn:ietf:params:oauth:request_uri:") {
			s.t.Fatalf("%d %s", pushed.status, pushed.raw)
		}
		ticket := "/oidc/authorize?client_id=kit&request_uri=" + url.QueryEscape(pushed.str("request_uri"))
		// Somebody else's ticket is none; what the browser adds counts for nothing.
		if b.open(strings.Replace(ticket, "client_id=kit", "client_id=other", 1)); b.page.Status != http.StatusGone {
			s.t.Errorf("another app's: status %d", b.page.Status)
		}
		back := c.bring(b.open(ticket + "&scope=openid+groups&state=evil&redirect_uri=https%3A%2F%2Fevil.example"))
		if back.Get("state") != "a state" {
			s.t.Fatalf("came back with %v", back)
		}
		if a := c.exchange(back.Get("code")); a.status != http.StatusOK || a.str("scope") != "openid profile email" {
			s.t.Errorf("%d %s", a.status, a.raw)
		}
		if b.open(ticket); b.page.Status != http.StatusGone {
			s.t.Errorf("the second time: status %d", b.page.Status)
		}
		late := push(c)
		s.clock.Advance(91 * time.Second)
		if b.open("/oidc/authorize?client_id=kit&request_uri=" + url.QueryEscape(late.str("request_uri"))); b.page.Status != http.StatusGone {
			s.t.Errorf("too late: status %d", b.page.Status)
		}
		for what, a := range map[string]answer{"redirect": push(c, "redirect_uri", other.callback()), "plain": push(c, "code_challenge_method", "plain"),
			"request": push(c, "request", "x.y.z"), "request_uri": push(c, "request_uri", pushed.str("request_uri")), "another's secret": push(c, "client_secret", other.secret)} {
			if a.status != http.StatusBadRequest && a.status != http.StatusUnauthorized {
				s.t.Errorf("%s: %d %s", what, a.status, a.raw)
			}
		}
	})
}

// Anybody may come in the name of an app that keeps no secret, and fills no table with it.
func TestOIDCStrangersFillNoTable(t *testing.T) {
	onSQLite(t, func(s *site) {
		c := s.relying("spa", map[string]any{"token_auth": "none", "grants": []string{"authorization_code", "device_code"}})
		send := func(path string, form url.Values) answer {
			request, err := http.NewRequest(http.MethodPost, s.nodes[0].web.URL+path, strings.NewReader(form.Encode()))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			request.Header.Set("X-Forwarded-For", "203.0.113.7")
			return do(t, request)
		}
		for range 300 {
			send("/oidc/par", c.params())
		}
		if a := send("/oidc/par", c.params()); a.status != http.StatusTooManyRequests || a.header.Get("Retry-After") == "" {
			t.Errorf("pushed: %d %s", a.status, a.raw)
		}
		for range 60 {
			send("/oidc/device", url.Values{"client_id": {c.id}, "scope": {"openid"}})
		}
		if a := send("/oidc/device", url.Values{"client_id": {c.id}, "scope": {"openid"}}); a.str("error") != "slow_down" {
			t.Errorf("devices: %d %s", a.status, a.raw)
		}
	})
}

// An app of somebody else's asks the person, once; the organisation's own ask nobody.
func TestOIDCConsent(t *testing.T) {
	each(t, func(s *site) {
		c := s.relying("foreign", map[string]any{"consent": true})
		b := s.enters(s.member("aisha"))
		if back := c.ask(b, "prompt", "none"); back.Get("error") != "consent_required" {
			s.t.Errorf("silently: %v", back)
		}
		b.open(c.question()).sees("May Kit store know this about you?", "Aisha Khan", "Your name", "Your email address", "127.0.0.1").notSees("phone")
		b.press("No, go back")
		if back := c.bring(b); back.Get("error") != "access_denied" || back.Get("state") != "a state" {
			s.t.Errorf("after a no: %v", back)
		}
		b.open(c.question()).press("Yes, tell it")
		if back := c.bring(b); back.Get("code") == "" {
			s.t.Fatalf("after a yes: %v on %s: %s", back, b.page.URL, b.page.Text)
		}
		if back := c.ask(b, "prompt", "none"); back.Get("code") == "" {
			s.t.Errorf("the second time: %v", back)
		}
		// More than was said yes to is asked for; so is a claim by its name; and prompt=consent asks again.
		b.open(c.question("scope", "openid groups")).sees("The groups you are in")
		b.open(c.question("scope", "openid", "claims", `{"userinfo":{"phone_number":null}}`)).sees("Your phone number")
		s.clock.Advance(time.Second)
		b.open(c.question("prompt", "consent")).sees("May Kit store know")
		b.press("Yes, tell it")
		if back := c.bring(b); back.Get("code") == "" {
			s.t.Errorf("prompt=consent: %v", back)
		}
		own := s.relying("own", nil)
		if back := own.ask(b); back.Get("code") == "" {
			s.t.Errorf("an own app asks: %s", b.page.Text)
		}
	})
}

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// RFC 8628, from the television to the tokens.
func TestOIDCDeviceFlow(t *testing.T) {
	twoNodes(t, func(s *site) {
		c := s.relying("tv", map[string]any{"grants": []string{"device_code", "refresh_token"}, "redirect_uris": nil, "token_auth": "none"})
		poll := func(started answer) answer {
			return c.post("/oidc/token", "grant_type", deviceGrant, "device_code", started.str("device_code"))
		}
		start := func() answer {
			a := c.post("/oidc/device", "scope", "openid profile")
			if a.status != http.StatusOK || a.body["interval"] != 5.0 || a.body["expires_in"] != 600.0 {
				s.t.Fatalf("%d %s", a.status, a.raw)
			}
			return a
		}
		started := start()
		if a := poll(started); a.str("error") != "authorization_pending" {
			s.t.Errorf("before: %s", a.raw)
		}
		if a := poll(started); a.str("error") != "slow_down" {
			s.t.Errorf("too soon: %s", a.raw)
		}
		user := s.member("aisha")
		s.browser().open("/device").sees("Sign in")
		b := s.enters(user)
		b.open("/device?code="+started.str("user_code")).sees("Let a device in").fill("Next", "code", strings.ToLower(started.str("user_code")))
		b.sees("Let a device in to Kit store?", started.str("user_code"), "Your name").press("Yes, let it in").sees("The device is in")
		s.clock.Advance(11 * time.Second)
		c.node = 1
		tokens := poll(started)
		if tokens.status != http.StatusOK || c.claims(tokens.str("id_token"))["sub"] != user.ID {
			s.t.Fatalf("after: %d %s", tokens.status, tokens.raw)
		}
		if a := poll(started); a.str("error") != "invalid_grant" {
			s.t.Errorf("twice: %s", a.raw)
		}
		// The television stays in when the phone signs out, and goes when its owner ends all of it.
		b.open("/").press("Sign out")
		if a := c.refresh(tokens.str("refresh_token")); a.status != http.StatusOK {
			s.t.Errorf("after the phone signed out: %s", a.raw)
		}

		b = s.enters(user)
		no := start()
		b.open("/device").fill("Next", "code", no.str("user_code")).press("No, send it away").sees("was sent away")
		if a := poll(no); a.str("error") != "access_denied" {
			s.t.Errorf("refused: %s", a.raw)
		}
		b.open("/device").fill("Next", "code", no.str("user_code")).sees("No device waits")
		late := start()
		s.clock.Advance(10*time.Minute + time.Second)
		if a := poll(late); a.str("error") != "expired_token" {
			s.t.Errorf("late: %s", a.raw)
		}
		b.open("/device").fill("Next", "code", late.str("user_code")).sees("No device waits")
	})
}

func TestOIDCDeviceCodesCannotBeGuessed(t *testing.T) {
	onSQLite(t, func(s *site) {
		c := s.relying("tv", map[string]any{"grants": []string{"device_code"}, "redirect_uris": nil})
		code := c.post("/oidc/device", "scope", "openid").str("user_code")
		b := s.enters(s.member("aisha"))
		for range 10 {
			b.open("/device").fill("Next", "code", "BBBB-BBBB").sees("No device waits")
		}
		b.open("/device").fill("Next", "code", code).sees("Too many codes were tried")
		s.enters(s.member("bryn")).open("/device").fill("Next", "code", code).sees("Let a device in to")
		if a := c.post("/oidc/token", "grant_type", deviceGrant, "device_code", code); a.str("error") != "invalid_grant" {
			t.Errorf("the typed code at the token endpoint: %s", a.raw)
		}
	})
}

// Threat T60: an app that shows a key's signature instead of a secret.
func TestOIDCPrivateKeyJWT(t *testing.T) {
	twoNodes(t, func(s *site) {
		mine, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			s.t.Fatal(err)
		}
		stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			s.t.Fatal(err)
		}
		jwks := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: mine.Public(), KeyID: "k1", Algorithm: "ES256", Use: "sig"}}}
		c := s.relying("kit", map[string]any{"token_auth": "private_key_jwt", "jwks": jwks, "grants": []string{"client_credentials", "authorization_code"}, "scopes": []string{"openid", "stock"}})
		base := s.nodes[0].web.URL
		usual := func() map[string]any {
			now := s.clock.Now().Unix()
			return map[string]any{"iss": "kit", "sub": "kit", "aud": base, "jti": db.NewID(), "iat": now, "exp": now + 60}
		}
		sign := func(key any, alg jose.SignatureAlgorithm, kid string, claims map[string]any) string {
			signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, nil)
			if err != nil {
				s.t.Fatal(err)
			}
			payload, _ := json.Marshal(claims)
			signed, err := signer.Sign(payload)
			if err != nil {
				s.t.Fatal(err)
			}
			text, _ := signed.CompactSerialize()
			return text
		}
		show := func(assertion string, pairs ...string) answer {
			return c.post("/oidc/token", append([]string{"grant_type", "client_credentials", "client_assertion", assertion,
				"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, pairs...)...)
		}
		good := sign(mine, jose.ES256, "k1", usual())
		if a := show(good); a.status != http.StatusOK {
			s.t.Fatalf("%d %s", a.status, a.raw)
		}
		c.node = 1
		if a := show(good); a.status != http.StatusUnauthorized || a.str("error") != "invalid_client" {
			s.t.Errorf("a second time, on another node: %d %s", a.status, a.raw)
		}
		c.node = 0
		with := func(pairs ...any) string {
			claims := usual()
			for i := 0; i < len(pairs); i += 2 {
				if claims[pairs[i].(string)] = pairs[i+1]; pairs[i+1] == nil {
					delete(claims, pairs[i].(string))
				}
			}
			return sign(mine, jose.ES256, "k1", claims)
		}
		now := s.clock.Now().Unix()
		parts := strings.Split(with(), ".")
		for what, assertion := range map[string]string{"a stranger's key": sign(stranger, jose.ES256, "k1", usual()), "no kid of ours": sign(mine, jose.ES256, "k2", usual()),
			"the public key as a secret": sign([]byte("0123456789abcdef0123456789abcdef"), jose.HS256, "k1", usual()), "for another": with("aud", "https://other.example"),
			"for another too": with("aud", []string{base, "https://other.example"}), "for nobody": with("aud", nil), "over": with("exp", now-31), "long": with("exp", now+3600), "endless": with("exp", nil),
			"of the future": with("iat", now+60), "no jti": with("jti", nil), "another's name": with("sub", "other", "iss", "other"), "by another": with("iss", "other"), "no algorithm": "eyJhbGciOiJub25lIn0." + parts[1] + ".",
			"no signature": parts[0] + "." + parts[1] + ".", "rubbish": "x", "empty parts": ".."} {
			if a := show(assertion); a.status != http.StatusUnauthorized || a.str("error") != "invalid_client" {
				s.t.Errorf("%s: %d %s", what, a.status, a.raw)
			}
		}
		if a := show(with(), "client_secret", "x"); a.str("error") != "invalid_request" {
			s.t.Errorf("two proofs: %s", a.raw)
		}
		if a := show(with(), "client_id", "other"); a.status != http.StatusUnauthorized {
			s.t.Errorf("two names: %s", a.raw)
		}
		if a := c.post("/oidc/token", "grant_type", "client_credentials", "client_id", "kit"); a.status != http.StatusUnauthorized {
			s.t.Errorf("nothing: %d", a.status)
		}
		// The race for one assertion has one winner.
		once, won := with(), make(chan bool, 20)
		race(20, func(i int) {
			at := *c
			at.node = i % 2
			won <- at.post("/oidc/token", "grant_type", "client_credentials", "client_assertion", once,
				"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer").status == http.StatusOK
		})
		winners := 0
		for range 20 {
			if <-won {
				winners++
			}
		}
		if winners != 1 {
			s.t.Errorf("%d won with one assertion", winners)
		}
	})
}

// The claims parameter says who it has to be, and how it has to be proved.
func TestOIDCClaimsParameter(t *testing.T) {
	onSQLite(t, func(s *site) {
		user := s.member("aisha")
		c, b := s.relying("kit", nil), s.enters(user)
		sub := func(id string) string { return `{"id_token":{"sub":{"value":"` + id + `"}}}` }
		if back := c.ask(b, "prompt", "none", "claims", sub(user.ID)); back.Get("code") == "" {
			t.Errorf("the person: %v", back)
		}
		if back := c.ask(b, "prompt", "none", "claims", sub("somebody-else")); back.Get("error") != "login_required" {
			t.Errorf("somebody else: %v", back)
		}
		if back := c.ask(b, "claims", `{"id_token":{"acr":{"essential":true,"values":["phr"]}}}`); back.Get("error") != "unmet_authentication_requirements" {
			t.Errorf("an acr that there is not: %v", back)
		}
		tokens := c.tokens(b, "claims", `{"id_token":{"acr":{"essential":true,"values":["phr","https://refeds.org/profile/mfa"]},"auth_time":{"essential":true}}}`)
		if claims := c.claims(tokens.str("id_token")); claims["acr"] != "https://refeds.org/profile/mfa" || claims["auth_time"] == nil {
			t.Errorf("the ID token says %v", claims)
		}
		for _, claims := range []string{"{", "[]", `"x"`, strings.Repeat("x", 5000), `{"id_token":{"sub":{"values":["a","b"]}}}`} {
			if back := c.ask(b, "claims", claims); back.Get("error") != "invalid_request" {
				t.Errorf("%.20q: %v", claims, back)
			}
		}
	})
}

// What is wrong is told to the app as the standards say, and never by a page of ours that an app cannot read.
func TestOIDCWhatIsWrongWithAQuestion(t *testing.T) {
	onSQLite(t, func(s *site) {
		c, b := s.relying("kit", nil), s.enters(s.member("aisha"))
		foreign := c.claims(c.tokens(b).str("id_token"))
		for what, pairs := range map[string][]string{"prompt none and more": {"prompt", "none login"}, "an unknown prompt": {"prompt", "create"}, "max_age": {"max_age", "-1"}, "max_age word": {"max_age", "soon"},
			"mode": {"response_mode", "web_message"}, "jwt mode": {"response_mode", "query.jwt"}, "long state": {"state", strings.Repeat("s", 5000)}, "long nonce": {"nonce", strings.Repeat("n", 600)},
			"a hint of rubbish": {"id_token_hint", "x.y.z"}, "a hint without signature": {"id_token_hint", "eyJhbGciOiJub25lIn0." + "e30" + "."}} {
			if back := c.ask(b, pairs...); back.Get("error") != "invalid_request" || back.Get("iss") == "" || back.Get("code") != "" {
				t.Errorf("%s: %v", what, back)
			}
		}
		if back := c.ask(b, "scope", "nothing of ours"); back.Get("error") != "invalid_scope" {
			t.Errorf("scopes: %v", back)
		}
		if back := c.ask(b, "registration", "{}"); back.Get("error") != "registration_not_supported" {
			t.Errorf("registration: %v", back)
		}
		if back := c.bring(b.open(c.question() + "&scope=openid")); back.Get("error") != "invalid_request" {
			t.Errorf("a parameter twice: %v", back)
		}
		// An ID token for another app is no hint here.
		other := s.relying("other", nil)
		if back := other.ask(b, "id_token_hint", c.tokens(b).str("id_token")); back.Get("error") != "invalid_request" {
			t.Errorf("another app's hint: %v %v", back, foreign)
		}
	})
}

// In a browser that nobody is signed in in, the whole way: question, sign-in, app.
func TestOIDCTheFirstSignInEndsInTheApp(t *testing.T) {
	each(t, func(s *site) {
		user := s.member("aisha", firstUse)
		c := s.relying("kit", map[string]any{"signing_alg": "ES256", "refresh_id_token": true})
		b := s.browser().open(c.question("login_hint", "aisha", "prompt", "login")).sees("Sign in")
		if form, err := b.page.Form("username"); err == nil {
			if form.Values.Get("username") != "aisha" {
				s.t.Error("the hint is lost")
			}
			b.fill("Next", "username", "aisha")
		}
		b.fill("Next", "current-password", passphrase).sees("Add a phone")
		b.fill("Send me a code", "tel", "07700 900123", "channel", "sms").fill("Verify", "one-time-code", s.code(mobile))
		for _, link := range b.sees("all set").page.Links {
			if strings.HasPrefix(link, "/app/continue/") {
				b.open(link)
			}
		}
		back := c.bring(b)
		if back.Get("code") == "" || back.Get("state") != "a state" {
			s.t.Fatalf("arrived on %s (status %d) with %v: %s %v", b.page.URL, b.page.Status, back, b.page.Text, b.page.Links)
		}
		tokens := c.exchange(back.Get("code"))
		claims := c.claims(tokens.str("id_token"))
		if claims["sub"] != user.ID || !hasAll(claims["amr"], "pwd", "mfa") {
			s.t.Errorf("the ID token says %v", claims)
		}
		refreshed := c.refresh(tokens.str("refresh_token"), "scope", "openid")
		if refreshed.str("scope") != "openid" || c.claims(refreshed.str("id_token"))["auth_time"] != claims["auth_time"] {
			s.t.Errorf("refreshed: %s", refreshed.raw)
		}
		if wide := c.refresh(refreshed.str("refresh_token"), "scope", "openid groups"); wide.str("error") != "invalid_scope" {
			s.t.Errorf("wider than granted: %s", wide.raw)
		}
	})
}
