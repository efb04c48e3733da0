package passkey

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"woggle/internal/keys"
	"woggle/internal/page"
	"woggle/internal/signin"
	"woggle/test/softkey"
)

// The test vectors of the standard, made by its editors (WebAuthn level 3, section 16): each is a passkey that was made at
// https://example.org and an answer of it. Those with curves that we don't ask for, and those in a frame, are to be refused.
func TestTheVectorsOfTheStandard(t *testing.T) {
	unhex := func(text string) []byte { return unhex(t, text) }
	here := site{"example.org", "https://example.org"}
	faults := map[string]error{"": nil, "cross": faultCrossOrigin, "key": faultKey}
	for _, v := range vectors(t) {
		judge := func() error {
			seen, err := here.client(unhex(v.Created), creating)
			if err != nil {
				return err
			}
			made, err := readAttestation(unhex(v.Object))
			if err != nil {
				return err
			}
			if err := made.check(here, false); err != nil {
				return err
			}
			right, err := readKey(made.key)
			if err != nil {
				return err
			}
			if !slices.Equal(made.id, unhex(v.ID)) || !slices.Equal(seen.challenge, unhex(v.Made)) {
				t.Errorf("%s: it has the id %x, and answers %x", v.Name, made.id, seen.challenge)
			}
			if seen, err = here.client(unhex(v.Client), getting); err != nil {
				return err
			}
			said, err := readStatement(unhex(v.Data))
			if err != nil {
				return err
			}
			if err := said.check(here, false); err != nil {
				return err
			}
			if !right(append(unhex(v.Data), seen.hash[:]...), unhex(v.Signature)) {
				return faultSignature
			}
			return nil
		}
		if err := judge(); !errors.Is(err, faults[v.Fault]) {
			t.Errorf("%s: %v", v.Name, err)
		}
	}
}

// vector is one of them; what is bytes is in hexadecimal.
type vector struct{ Name, Fault, Object, Created, ID, Made, Data, Client, Signature, Asked string }

func vectors(t *testing.T) (all []vector) {
	t.Helper()
	file, err := os.ReadFile("testdata/vectors.json")
	if err == nil {
		err = json.Unmarshal(file, &all)
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Both sides mean the same by the lock of the authenticator app.
func TestTheLockOfTheAuthenticator(t *testing.T) {
	source, err := os.ReadFile("../../../authenticator/src/vault/passkey.ts")
	if err != nil || !strings.Contains(string(source), "lockHandle = '"+lockHandle+"'") {
		t.Errorf("the app has another handle than %q: %v", lockHandle, err)
	}
}

func TestWhereBrowsersDoIt(t *testing.T) {
	for address, able := range map[string]bool{
		"https://signin.northwold.example":      true,
		"https://signin.northwold.example:8443": true,
		"http://localhost:8080":                 true,
		"https://localhost":                     true,
		"http://127.0.0.1:8080":                 false,
		"https://192.0.2.1":                     false,
		"https://[2001:db8::1]":                 false,
		"http://signin.northwold.example":       false,
	} {
		base, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		m := &Method{Deps: Deps{Base: base}, here: site{id: base.Hostname()}}
		if m.Able() != able {
			t.Errorf("%s: %t", address, !able)
		}
	}
}

func TestNamesOfPasskeys(t *testing.T) {
	locales, err := page.LoadLocales(nil)
	if err != nil {
		t.Fatal(err)
	}
	form := regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	for model, name := range keepers {
		if _, p := signin.MethodName(name); p != nil || !form.MatchString(model) {
			t.Errorf("%s %q", model, name)
		}
	}
	var yubi [16]byte
	raw, _ := hex.DecodeString("fa2b99dc9e3942578f924a30d23c4118")
	copy(yubi[:], raw)
	for _, c := range []struct {
		credential credential
		name       string
		place      signin.Place
	}{
		{credential{Model: modelOf(yubi), Attachment: crossPlatform}, "YubiKey 5 NFC", signin.Token},
		{credential{Model: modelOf([16]byte{}), Attachment: crossPlatform}, "Security key", signin.Token},
		{credential{Model: modelOf([16]byte{}), Attachment: platform}, "My device", signin.Handset},
		{credential{Model: modelOf([16]byte{1}), Attachment: crossPlatform, Eligible: true}, "My device", signin.Account}, // a phone, scanned
		{credential{Model: "fbfc3007-154e-4ecc-8c0b-6e020557d7bd", Eligible: true}, "Apple Passwords", signin.Account},
	} {
		if name := c.credential.called(locales.Find("en")); name != c.name || c.credential.place() != c.place {
			t.Errorf("%+v is called %s, at %s", c.credential, name, c.credential.place())
		}
	}
}

// A new key in front of the ring: passkeys are found still, and their owner's next one gets the same handle.
func TestPasskeysOutliveTheKeyOfTheirFingerprint(t *testing.T) {
	old := keys.Random()
	c := credential{ID: []byte("id"), Handle: old.MAC("passkey user", "aisha"), Key: []byte{1}}
	row, err := c.row(old, "aisha", "Pixel", 3, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	m := &Method{Deps: Deps{Keys: keys.Random()}}
	handle, err := m.handle("aisha", []signin.Enrolled{{Kind: signin.Phone}, row})
	if err != nil || !slices.Equal(handle, c.Handle) {
		t.Errorf("the handle is %x: %v", handle, err)
	}
	first, err := m.handle("aisha", nil)
	if err != nil || len(first) != 32 || slices.Equal(first, c.Handle) {
		t.Errorf("the first handle is %x: %v", first, err)
	}
	if other, _ := m.handle("bryn", nil); slices.Equal(first, other) {
		t.Error("two people have one handle")
	}
}

// What a stranger sends is read without harm, and what is read as a key is one.
func FuzzAttestation(f *testing.F) {
	key, err := softkey.New(softkey.ES256)
	if err != nil {
		f.Fatal(err)
	}
	made, err := key.Create(`{"challenge":"AAAA","rp":{"id":"localhost"},"user":{"id":"AAAA"}}`, "http://localhost")
	if err != nil {
		f.Fatal(err)
	}
	given, err := readAttestationForm(made)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(given.object, given.client)
	f.Add([]byte{0xa3, 0x63, 'f', 'm', 't', 0x5f, 0xff}, []byte(`{"type":"webauthn.create","challenge":"!"}`))
	f.Fuzz(func(t *testing.T, object, seen []byte) {
		said, err := readAttestation(object)
		if err == nil && (len(said.id) == 0 || len(said.id) > longestID) {
			t.Errorf("an id of %d bytes", len(said.id))
		}
		if right, err := readKey(said.key); err == nil && right(object, seen) {
			t.Error("a signature that nobody made")
		}
		readStatement(object)
		site{"localhost", "http://localhost"}.client(seen, creating)
	})
}

func FuzzAnswer(f *testing.F) {
	f.Add(`{"rawId":"AAAA","type":"public-key","response":{"userHandle":null,"signature":"AA"}}`)
	f.Add(`{"rawId":"AAAA==","type":"public-key","response":{"userHandle":""}}`)
	f.Add(`{`)
	f.Fuzz(func(t *testing.T, text string) {
		if a, err := readAssertion(text); err == nil && (len(a.id) == 0 || a.handle != nil && len(a.handle) == 0) {
			t.Errorf("%q is read as %+v", text, a)
		}
		if len(text) > 0 {
			readAttestationForm(text)
		}
	})
}

func TestRawIsWrittenAsBrowsersWantIt(t *testing.T) {
	text, err := json.Marshal(descriptor{publicKey, raw{0xfb, 0xff}, nil})
	if err != nil || string(text) != `{"type":"public-key","id":"`+base64.RawURLEncoding.EncodeToString([]byte{0xfb, 0xff})+`"}` {
		t.Errorf("%s %v", text, err)
	}
}
