package server_test

import (
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/keys"
	"woggle/internal/message"
	"woggle/internal/method/phone"
	"woggle/internal/page"
	"woggle/internal/server"
	"woggle/internal/session"
	"woggle/internal/signin"
	"woggle/test/softkey"
)

// eachNamed runs a story on every engine, at a site that has a name, as passkeys need. Two nodes answer in turn.
func eachNamed(t *testing.T, story func(s *site)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) { story(namedSite(t, d, clock, keys.Random())) })
}

func namedSite(t *testing.T, d *db.DB, clock *dbtest.Clock, ring *keys.Ring, change ...func(*server.Options)) *site {
	s := &site{t: t, db: d, clock: clock, keys: ring, post: &post{}}
	web := httptest.NewUnstartedServer(nil)
	base := &url.URL{Scheme: "http", Host: "localhost:" + web.Listener.Addr().String()[len("127.0.0.1:"):]}
	var handlers []http.Handler
	for range 2 {
		o := server.Options{DB: d, Keys: ring, Base: base, Plan: phone.Plan{Default: "GB", Drama: true},
			Brand:  page.Brand{Name: "Northwold County", Colour: "#0b5d57", Help: "the county office"},
			Routes: carriedBy(s.post), Log: slog.New(slog.DiscardHandler), Stay: 30 * 24 * time.Hour}
		for _, c := range change {
			c(&o)
		}
		srv, err := server.New(o)
		if err != nil {
			t.Fatal(err)
		}
		s.nodes, handlers = append(s.nodes, &node{srv, web}), append(handlers, srv.Handler())
	}
	var turn atomic.Int64
	web.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handlers[turn.Add(1)%2].ServeHTTP(w, r)
	})
	web.Start()
	t.Cleanup(web.Close)
	web.URL = base.String()
	return s
}

func softKey(t *testing.T, algorithm int) *softkey.Key {
	t.Helper()
	key, err := softkey.New(algorithm)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// options are what the script of the page asks the browser with.
func (b *browser) options(path string) string {
	b.s.t.Helper()
	p, err := b.Open(path)
	if err != nil {
		b.s.t.Fatal(err)
	}
	return p.Body
}

// attempt is the id of the sign-in that the browser is at.
func (b *browser) attempt() string { return b.page.URL.Query().Get("a") }

// sendKey sends what a key says by the form with the action.
func (b *browser) sendKey(action, credential string) *browser {
	b.s.t.Helper()
	form, err := b.page.Form(action)
	if err != nil {
		b.s.t.Fatal(err)
	}
	if b.page, err = b.Send(form.Set("credential", credential), nil); err != nil {
		b.s.t.Fatal(err)
	}
	return b
}

// touch uses the key on the page that the browser is at.
func (b *browser) touch(key *softkey.Key, change ...func(*softkey.Answer)) *browser {
	b.s.t.Helper()
	credential, err := key.Get(b.options("/signin/passkey/options?a="+b.attempt()), b.Base, change...)
	if err != nil {
		b.s.t.Fatal(err)
	}
	return b.sendKey("/signin/passkey", credential)
}

// make makes the passkey on the page that the browser is at.
func (b *browser) make(key *softkey.Key, change ...func(*softkey.Answer)) *browser {
	b.s.t.Helper()
	credential, err := key.Create(b.options("/signin/enrol/passkey/options?a="+b.attempt()), b.Base, change...)
	if err != nil {
		b.s.t.Fatal(err)
	}
	return b.sendKey("/signin/enrol/passkey", credential)
}

// holder is somebody who has set the key up at their first sign-in.
func (s *site) holder(username string, key *softkey.Key) directory.User {
	s.t.Helper()
	user := s.member(username, firstUse)
	s.browser().password(username, passphrase).press("Use a passkey instead").sees("Make a passkey").make(key).sees("You’re all set")
	return user
}

func (s *site) passkeyOf(user directory.User) (found signin.Enrolled) {
	s.t.Helper()
	s.tx(func(tx *db.Tx) error {
		all, err := signin.Methods(tx, user.ID)
		for _, e := range all {
			if e.Kind == signin.Passkey {
				found = e
			}
		}
		return err
	})
	return found
}

func (s *site) proofs(user directory.User) (proofs []session.Proof) {
	s.t.Helper()
	s.tx(func(tx *db.Tx) error {
		all, err := (&session.Manager{DB: s.db, Keys: s.keys}).List(tx, user.ID)
		if err == nil && len(all) > 0 {
			proofs = all[0].Proofs
		}
		return err
	})
	return proofs
}

// A passkey is the first method, and from then on all that a sign-in asks for: by itself, on the page of the password, and as the
// second step, with each of the algorithms.
func TestAPasskeySignsIn(t *testing.T) {
	for name, algorithm := range map[string]int{"ES256": softkey.ES256, "EdDSA": softkey.EdDSA, "RS256": softkey.RS256} {
		t.Run(name, func(t *testing.T) {
			eachNamed(t, func(s *site) {
				key := softKey(t, algorithm)
				user := s.holder("aisha", key)
				if row := s.passkeyOf(user); row.Name != "My device" || !row.Preferred || len(row.Secret) > 0 {
					t.Errorf("the passkey is stored as %+v", row)
				}
				s.clock.Advance(time.Hour)

				b := s.browser().open("/signin?to=/details").sees("Sign in with a passkey").touch(key)
				if b.page.URL.Path != "/details" {
					t.Fatalf("one touch led to %s: %s", b.page.URL, b.page.Text)
				}
				if proofs := s.proofs(user); len(proofs) != 1 || !proofs[0].Verified || strings.Join(session.AMR(proofs), " ") != "swk user mfa" {
					t.Errorf("one touch proved %+v", proofs)
				}
				if used := s.passkeyOf(user).UsedAt; !used.Equal(s.clock.Now().Truncate(time.Millisecond)) {
					t.Errorf("it was last used at %s", used)
				}
				if b := s.browser().name("aisha").sees("Enter your password").touch(key); !b.signedIn() {
					t.Error("no session came of a touch in place of the password")
				}
				if b := s.browser().password("aisha", passphrase).sees("Use your passkey").touch(key); !b.signedIn() {
					t.Error("no session came of the second step")
				}
			})
		})
	}
}

// A security key without a PIN is a second step, and nothing more.
func TestAKeyThatChecksNobodyIsTheSecondStepOnly(t *testing.T) {
	eachNamed(t, func(s *site) {
		key := softKey(t, softkey.ES256)
		key.Flags, key.Attachment, key.Transports, key.Counter = softkey.Present, "cross-platform", []string{"usb", "nfc", "<script>"}, 1
		user := s.holder("bryn", key)
		row := s.passkeyOf(user)
		if row.Name != "Security key" || strings.Contains(row.Data, "script") || row.Counter != 1 {
			t.Errorf("the key is stored as %+v", row)
		}
		if b := s.browser().open("/signin").touch(key).sees("it is your second step only"); b.signedIn() {
			t.Error("a key without a PIN was enough")
		}
		if b := s.browser().name("bryn").touch(key).sees("it is your second step only"); b.signedIn() {
			t.Error("a key without a PIN was enough in place of a password")
		}
		b := s.browser().password("bryn", passphrase)
		var asked struct {
			Allow []struct {
				ID         string
				Transports []string
			} `json:"allowCredentials"`
			UserVerification string
		}
		if err := json.Unmarshal([]byte(b.options("/signin/passkey/options?a="+b.attempt())), &asked); err != nil || len(asked.Allow) != 1 ||
			asked.Allow[0].ID != base64.RawURLEncoding.EncodeToString(key.ID) || strings.Join(asked.Allow[0].Transports, " ") != "usb nfc" || asked.UserVerification != "preferred" {
			t.Errorf("as a second step is asked %+v %v", asked, err)
		}
		// Keys whose passkey is not kept by themselves name nobody.
		b.touch(key, func(a *softkey.Answer) { a.Handle = nil })
		if !b.signedIn() {
			t.Fatalf("the key was not enough as the second step")
		}
		if proofs := s.proofs(user); strings.Join(session.AMR(proofs), " ") != "pwd hwk user mfa" || proofs[len(proofs)-1].Verified {
			t.Errorf("it proved %+v", proofs)
		}
	})
}

// A member adds a second passkey, and what the browser is told of both.
func TestMorePasskeys(t *testing.T) {
	eachNamed(t, func(s *site) {
		key, second := softKey(t, softkey.ES256), softKey(t, softkey.EdDSA)
		second.Flags, second.Model = softkey.Present|softkey.Verified, [16]byte{0x08, 0x98, 0x70, 0x58, 0xca, 0xdc, 0x4b, 0x81, 0xb6, 0xe1, 0x30, 0xde, 0x50, 0xdc, 0xbe, 0x96}
		user := s.holder("aisha", key)
		b := s.browser().open("/signin").touch(key)
		b.open("/security/add").press("Passkey").sees("Make a passkey")
		var asked struct {
			Exclude []struct{ ID string } `json:"excludeCredentials"`
			User    struct{ ID, Name, DisplayName string }
		}
		if err := json.Unmarshal([]byte(b.options("/signin/enrol/passkey/options?a="+b.attempt())), &asked); err != nil || len(asked.Exclude) != 1 ||
			asked.User.Name != "aisha" || asked.User.DisplayName != "Aisha Khan" || strings.Contains(asked.User.ID, user.ID) {
			t.Errorf("asked for %+v: %v", asked, err)
		}
		b.make(second).sees("It is added", "Windows Hello · On one device only", "My device · Synced to your devices")
		if string(key.Handle) != string(second.Handle) {
			t.Error("one person has two handles")
		}
		var told struct {
			RPID     string   `json:"rpId"`
			User     string   `json:"userId"`
			Accepted []string `json:"allAcceptedCredentialIds"`
		}
		if err := json.Unmarshal([]byte(b.options("/security/passkeys")), &told); err != nil || told.RPID != "localhost" || len(told.Accepted) != 2 || told.User != asked.User.ID {
			t.Errorf("the browser is told %+v: %v", told, err)
		}
		if p, err := s.browser().Open("/security/passkeys"); err != nil || p.Status != http.StatusGone {
			t.Errorf("a stranger is told: %v %v", p, err)
		}
		var endpoints struct{ Enroll, Manage string }
		p, err := s.browser().Open("/.well-known/passkey-endpoints")
		if err != nil || json.Unmarshal([]byte(p.Body), &endpoints) != nil || endpoints.Manage != b.Base+"/security" || endpoints.Enroll != b.Base+"/security/add" || len(p.Header.Values("Set-Cookie")) > 0 {
			t.Errorf("the endpoints are %+v: %v", endpoints, err)
		}
	})
}

// A passkey stops to be found by an old key of the file once it is used: that key may go then.
func TestPasskeysMoveToTheNewKey(t *testing.T) {
	old, newer := make([]byte, 32), append(make([]byte, 31), 1)
	ring := func(ids []string, secrets ...[]byte) *keys.Ring {
		r, err := keys.New(ids, secrets)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		key := softKey(t, softkey.ES256)
		user := namedSite(t, d, clock, ring([]string{"a"}, old)).holder("aisha", key)
		for _, r := range []*keys.Ring{ring([]string{"b", "a"}, newer, old), ring([]string{"b"}, newer)} {
			s := namedSite(t, d, clock, r)
			if b := s.browser().open("/signin").touch(key); !b.signedIn() {
				t.Fatalf("the passkey of %s is not found: %s", user.Username, b.page.Text)
			}
		}
	})
}

// Who may not use passkeys gets none in by a script.
func TestThePolicyMayHaveNoPasskeys(t *testing.T) {
	eachNamed(t, func(s *site) {
		key := softKey(t, softkey.ES256)
		user := s.holder("aisha", key)
		s.phoneOf(user, mobile, phone.Mobile, message.SMS)
		b := s.browser().open("/signin")
		asked := b.options("/signin/passkey/options?a=")
		s.tx(func(tx *db.Tx) error {
			return signin.SetPolicy(tx, "system", signin.Policy{Allowed: []signin.Kind{signin.Phone}})
		})
		credential, err := key.Get(asked, b.Base)
		if err != nil {
			t.Fatal(err)
		}
		if b.sendKey("/signin/passkey", credential); b.page.Status != http.StatusGone || b.signedIn() {
			t.Errorf("the policy is passed by: %s", b.page.Text)
		}
		b = s.browser().name("aisha").notSees("passkey")
		if p, err := b.Open("/signin/passkey/options?a=" + b.attempt()); err != nil || p.Status != http.StatusGone {
			t.Errorf("a passkey is asked for all the same: %v", err)
		}
		b.open("/signin?a="+b.attempt()).fill("Next", "current-password", passphrase).sees("Enter the code we sent").notSees("passkey")
	})
}

// An address in numbers can't have passkeys, so nobody is offered one.
func TestNoPasskeysAtAnAddressInNumbers(t *testing.T) {
	each(t, func(s *site) {
		s.member("aisha", firstUse)
		s.browser().open("/signin").notSees("passkey")
		s.browser().password("aisha", passphrase).notSees("passkey")
	})
}
