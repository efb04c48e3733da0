package server_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/keys"
	"woggle/internal/server"
	"woggle/internal/signin"
	"woggle/test/softkey"
)

// formerHost is where the site was before it moved.
const formerHost = "signin.old.example"

// moved runs a story on every engine, at a site whose passkeys are of a former host.
func moved(t *testing.T, story func(s *site)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		story(namedSite(t, d, clock, keys.Random(), func(o *server.Options) { o.PasskeyHost = formerHost }))
	})
}

// hear asks the site by another name, and follows nothing.
func (s *site) hear(method, host, path string) (*http.Response, string) {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), method, path, nil)
	if r.Host = strings.TrimPrefix(s.nodes[0].web.URL, "http://"); host != "" {
		r.Host = host
	}
	w := httptest.NewRecorder()
	s.nodes[0].server.Handler().ServeHTTP(w, r)
	return w.Result(), w.Body.String()
}

// The steps of WebAuthn section 5.11.1: what browsers ask the former host leads them to the address, and to nothing else.
func TestTheFormerHostNamesTheAddress(t *testing.T) {
	const path = "/.well-known/webauthn"
	moved(t, func(s *site) {
		base := s.nodes[0].web.URL
		for _, host := range []string{formerHost, formerHost + ":443", "", "elsewhere.example"} {
			response, body := s.hear("GET", host, path)
			var said map[string][]string
			if err := json.Unmarshal([]byte(body), &said); err != nil || len(said) != 1 || len(said["origins"]) != 1 || said["origins"][0] != base {
				t.Errorf("at %q: %s, %v", host, body, err)
			}
			h := response.Header
			if response.StatusCode != 200 || h.Get("Content-Type") != "application/json" || h.Get("Set-Cookie") != "" ||
				h.Get("Cross-Origin-Resource-Policy") != "cross-origin" {
				t.Errorf("at %q: %s %v", host, response.Status, h)
			}
		}
		if _, body := s.hear("GET", "", "/.well-known/passkey-endpoints"); !strings.Contains(body, base+"/security/add") {
			t.Errorf("passkeys are made at %s", body)
		}
	})
	eachNamed(t, func(s *site) {
		if response, _ := s.hear("GET", "", path); response.StatusCode != http.StatusNotFound {
			t.Errorf("a site that never moved answers %s", response.Status)
		}
		if response, _ := s.hear("GET", formerHost, path); response.StatusCode != http.StatusMisdirectedRequest {
			t.Errorf("a site that never moved answers %s by another name", response.Status)
		}
	})
}

// Who opens a page by its old name is led to the new one; what is sent there isn't, nor is the app, and there is no way to elsewhere.
func TestOldLinksLeadToTheAddress(t *testing.T) {
	moved(t, func(s *site) {
		base := s.nodes[0].web.URL
		for _, c := range []struct{ method, host, path, to string }{
			{"GET", formerHost, "/", "/"},
			{"HEAD", formerHost, "/", "/"},
			{"GET", "Signin.OLD.example:443", "/signin?to=/security%2Fadd&x=%20", "/signin?to=/security%2Fadd&x=%20"},
			{"GET", formerHost, "//evil.example/%2e", "//evil.example/%2e"},
			{"GET", formerHost, "/authenticator/", ""},
			{"POST", formerHost, "/signin", ""},
			{"GET", "evil.example", "/", ""},
			{"GET", "x." + formerHost, "/", ""},
		} {
			response, _ := s.hear(c.method, c.host, c.path)
			status, to := http.StatusFound, base+c.to
			if c.to == "" {
				status, to = http.StatusMisdirectedRequest, ""
			}
			if got := response.Header.Get("Location"); response.StatusCode != status || got != to || response.Header.Get("Set-Cookie") != "" {
				t.Errorf("%s %s%s: %s %q", c.method, c.host, c.path, response.Status, got)
			}
		}
	})
}

// Passkeys that were made at the former address sign in at the new one, and new ones are of the same host; but what is signed at any other
// address is refused, the former one included.
func TestPasskeysOutliveAMove(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		ring, of := keys.Random(), func(o *server.Options) { o.PasskeyHost = formerHost }
		before, key := namedSite(t, d, clock, ring, of), softKey(t, softkey.ES256)
		aisha := before.holder("aisha", key)
		s := namedSite(t, d, clock, ring, of) // at another port, which is another origin

		for name, origin := range map[string]string{
			"the former address": before.nodes[0].web.URL,
			"the former host":    "https://" + formerHost,
			"another site":       "https://evil.example",
		} {
			b := s.browser().open("/signin").touch(key, func(a *softkey.Answer) { a.Client["origin"] = origin }).sees("couldn’t be checked")
			if b.signedIn() {
				t.Errorf("signed at %s, somebody is signed in", name)
			}
		}
		if b := s.browser().open("/signin").touch(key, func(a *softkey.Answer) { a.Site = "localhost" }).sees("couldn’t be checked"); b.signedIn() {
			t.Error("a passkey of the address' own host is taken")
		}

		b := s.browser().open("/signin").touch(key)
		if !b.signedIn() {
			t.Fatalf("the passkey of before doesn't sign in: %s", b.page.Text)
		}
		b.open("/security/add").press("Passkey").sees("Make a passkey")
		var made struct{ RP struct{ ID string } }
		var asked, told struct{ RPID string }
		for path, into := range map[string]any{"/signin/enrol/passkey/options?a=" + b.attempt(): &made, "/signin/passkey/options?a=": &asked,
			"/security/passkeys": &told} {
			if err := json.Unmarshal([]byte(b.options(path)), into); err != nil {
				t.Fatal(err)
			}
		}
		if made.RP.ID != formerHost || asked.RPID != formerHost || told.RPID != formerHost {
			t.Errorf("made for %q, asked for %q, told of %q", made.RP.ID, asked.RPID, told.RPID)
		}
		second := softKey(t, softkey.EdDSA)
		b.make(second).sees("It is added")
		if string(second.Handle) != string(key.Handle) {
			t.Error("after the move, a person has another handle")
		}
		if b := s.browser().password("aisha", passphrase).touch(second); !b.signedIn() {
			t.Error("the passkey of after the move isn't the second step")
		}
		passkeys := 0
		for _, kind := range s.methods(aisha) {
			if kind == string(signin.Passkey) {
				passkeys++
			}
		}
		if passkeys != 2 {
			t.Errorf("there are %d passkeys", passkeys)
		}
	})
}
