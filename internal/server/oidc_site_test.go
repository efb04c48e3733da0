package server_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	coreos "github.com/coreos/go-oidc/v3/oidc"

	"woggle/internal/app"
	"woggle/internal/app/oidc"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/session"
)

// relying is an app that speaks OpenID Connect: a site of its own, that shows what the browser brings.
type relying struct {
	s      *site
	id     string
	secret string
	web    *httptest.Server
	node   int // that machines' questions go to
}

// verifier and challenge are those of every question of these tests that does not say otherwise.
const verifier = "a-verifier-that-has-more-than-43-characters-in-it"

var challenge = func() string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}()

// relying registers an app. Its settings are the usual ones but for those given; a setting that is nil is left out.
func (s *site) relying(id string, settings map[string]any, change ...func(*app.App)) *relying {
	s.t.Helper()
	c := &relying{s: s, id: id}
	c.web = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "<title>app</title>the app") }))
	s.t.Cleanup(c.web.Close)
	all := map[string]any{"redirect_uris": []string{c.callback()}, "post_logout_redirect_uris": []string{c.web.URL + "/bye"},
		"grants": []string{"authorization_code", "refresh_token"}}
	maps.Copy(all, settings)
	raw, err := json.Marshal(all)
	if err != nil {
		s.t.Fatal(err)
	}
	a := &app.App{ID: id, Name: "Kit store", Protocol: oidc.Name, Settings: raw}
	for _, f := range change {
		f(a)
	}
	if err := (*oidc.Provider)(nil).Read(a); err != nil {
		s.t.Fatal(err)
	}
	s.tx(func(tx *db.Tx) (err error) {
		if err = app.Put(tx, "system", a); err != nil || settings["token_auth"] == "none" || settings["token_auth"] == "private_key_jwt" {
			return err
		}
		c.secret, err = oidc.NewSecret(tx, s.keys, "system", id)
		return err
	})
	s.forgetApps()
	return c
}

func (s *site) forgetApps() {
	for _, n := range s.nodes {
		n.server.Apps().Catalogue.Forget()
	}
}

func (c *relying) callback() string { return c.web.URL + "/callback" }

// question is the address of the authorization endpoint with a usual question, changed by pairs of a name and a value. An
// empty value leaves the parameter out.
func (c *relying) question(pairs ...string) string {
	return "/oidc/authorize?" + c.params(pairs...).Encode()
}

func (c *relying) params(pairs ...string) url.Values {
	values := url.Values{"client_id": {c.id}, "redirect_uri": {c.callback()}, "response_type": {"code"}, "scope": {"openid profile email"},
		"state": {"a state"}, "nonce": {"a-nonce"}, "code_challenge": {challenge}, "code_challenge_method": {"S256"}}
	for i := 0; i+1 < len(pairs); i += 2 {
		if values.Set(pairs[i], pairs[i+1]); pairs[i+1] == "" {
			values.Del(pairs[i])
		}
	}
	return values
}

// bring follows the browser to the app, and gives what it brings there; nil where it does not arrive.
func (c *relying) bring(b *browser) url.Values {
	c.s.t.Helper()
	for _, form := range b.page.Forms {
		if strings.HasPrefix(form.Action, c.web.URL) {
			return form.Values
		}
	}
	if refresh := b.page.Header.Get("Refresh"); refresh != "" {
		b.open(strings.TrimPrefix(refresh, "0; url="))
	}
	if !strings.HasPrefix(b.page.URL.String(), c.web.URL) {
		return nil
	}
	if b.page.URL.Fragment != "" {
		values, _ := url.ParseQuery(b.page.URL.Fragment)
		return values
	}
	return b.page.URL.Query()
}

// ask asks in the browser, and gives what it brings back to the app.
func (c *relying) ask(b *browser, pairs ...string) url.Values {
	c.s.t.Helper()
	return c.bring(b.open(c.question(pairs...)))
}

// code asks and demands a code.
func (c *relying) code(b *browser, pairs ...string) string {
	c.s.t.Helper()
	back := c.ask(b, pairs...)
	if back.Get("code") == "" {
		c.s.t.Fatalf("no code came back: %v, on %s (status %d): %.300s", back, b.page.URL, b.page.Status, b.page.Text)
	}
	return back.Get("code")
}

// answer is what a machine's question got.
type answer struct {
	status int
	header http.Header
	body   map[string]any
	raw    string
}

func (a answer) str(name string) string { text, _ := a.body[name].(string); return text }

// post sends a form to an endpoint, with the secret in the header unless the form has one of its own.
func (c *relying) post(path string, pairs ...string) answer {
	c.s.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	request, err := http.NewRequest(http.MethodPost, c.s.nodes[c.node].web.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		c.s.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if c.secret != "" && !form.Has("client_secret") && !form.Has("client_assertion") && !form.Has("anonymous") {
		request.SetBasicAuth(c.id, c.secret)
	} else if c.secret == "" && !form.Has("client_id") && !form.Has("client_assertion") {
		form.Set("client_id", c.id)
		request.Body = io.NopCloser(strings.NewReader(form.Encode()))
		request.ContentLength = int64(len(form.Encode()))
	}
	return do(c.s.t, request)
}

func do(t *testing.T, request *http.Request) answer {
	t.Helper()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{status: response.StatusCode, header: response.Header, raw: string(raw)}
	json.Unmarshal(raw, &a.body)
	return a
}

// exchange redeems a code.
func (c *relying) exchange(code string, pairs ...string) answer {
	return c.post("/oidc/token", append([]string{"grant_type", "authorization_code", "code", code, "redirect_uri", c.callback(), "code_verifier", verifier}, pairs...)...)
}

// tokens asks, and redeems the code.
func (c *relying) tokens(b *browser, pairs ...string) answer {
	c.s.t.Helper()
	a := c.exchange(c.code(b, pairs...))
	if a.status != http.StatusOK {
		c.s.t.Fatalf("the code is not redeemed: %d %s", a.status, a.raw)
	}
	return a
}

func (c *relying) refresh(token string, pairs ...string) answer {
	return c.post("/oidc/token", append([]string{"grant_type", "refresh_token", "refresh_token", token}, pairs...)...)
}

// userinfo asks with an access token.
func (c *relying) userinfo(token string) answer {
	c.s.t.Helper()
	request, err := http.NewRequest(http.MethodGet, c.s.nodes[c.node].web.URL+"/oidc/userinfo", nil)
	if err != nil {
		c.s.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	return do(c.s.t, request)
}

// active asks what a token is worth.
func (c *relying) active(token string) bool {
	c.s.t.Helper()
	a := c.post("/oidc/introspect", "token", token)
	if a.status != http.StatusOK {
		c.s.t.Fatalf("introspection: %d %s", a.status, a.raw)
	}
	return a.body["active"] == true
}

// claims verifies an ID token with another people's library, and reads it.
func (c *relying) claims(idToken string) map[string]any {
	c.s.t.Helper()
	provider, err := coreos.NewProvider(context.Background(), c.s.nodes[c.node].web.URL)
	if err != nil {
		c.s.t.Fatal(err)
	}
	verified, err := provider.Verifier(&coreos.Config{ClientID: c.id, Now: c.s.clock.Now}).Verify(context.Background(), idToken)
	if err != nil {
		c.s.t.Fatal(err)
	}
	claims := map[string]any{}
	if err := verified.Claims(&claims); err != nil {
		c.s.t.Fatal(err)
	}
	return claims
}

// enters is a browser in which the person is signed in with both factors.
func (s *site) enters(user directory.User) *browser { return s.entersAt(0, user) }

func (s *site) entersAt(node int, user directory.User) *browser {
	s.t.Helper()
	manager := &session.Manager{DB: s.db, Keys: s.keys, Stay: 30 * 24 * time.Hour}
	var token string
	s.tx(func(tx *db.Tx) (err error) {
		fresh, err := directory.ByID(tx, user.ID)
		if err != nil {
			return err
		}
		token, _, err = manager.Start(tx, fresh, bothFactors(tx.Now), false, session.Origin{Address: "127.0.0.1"})
		return err
	})
	b := s.browserAt(node)
	base, err := url.Parse(b.Base)
	if err != nil {
		s.t.Fatal(err)
	}
	b.Client.Jar.SetCookies(base, []*http.Cookie{{Name: manager.CookieName(), Value: token, Path: "/"}})
	return b
}

func bothFactors(at time.Time) []session.Proof {
	return []session.Proof{{Kind: "password", Factor: session.Knowledge, AMR: []string{"pwd"}, At: at},
		{Kind: "phone", Factor: session.Possession, AMR: []string{"sms"}, At: at}}
}

// onSQLite runs a story where the engine does not matter.
func onSQLite(t *testing.T, story func(s *site)) {
	d, clock := dbtest.Open(t)
	story(newSite(t, d, clock, 1))
}

// secondsOf reads a claim that is a time.
func secondsOf(claim any) int64 { number, _ := claim.(float64); return int64(number) }

func hasAll(list any, want ...string) bool {
	all, _ := list.([]any)
	for _, w := range want {
		if !slices.Contains(all, any(w)) {
			return false
		}
	}
	return true
}
