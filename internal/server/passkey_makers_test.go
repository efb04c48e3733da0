package server_test

import (
	"encoding/json"
	"strings"
	"testing"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/message"
	"woggle/internal/method/phone"
	"woggle/internal/signin"
	"woggle/test/softkey"
)

// acmeModel is the model that the organisation hands out.
var acmeModel = [16]byte{0xac, 0x3e, 1}

func maker(t *testing.T, name string) *softkey.Maker {
	t.Helper()
	m, err := softkey.NewMaker(name)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// handedOut is a security key of the maker's.
func handedOut(t *testing.T, m *softkey.Maker) *softkey.Key {
	t.Helper()
	key := softKey(t, softkey.ES256)
	key.Model, key.Attachment, key.Transports = acmeModel, "cross-platform", []string{"usb"}
	key.Flags = softkey.Present | softkey.Verified
	var err error
	if key.Batch, err = m.Batch(softkey.ES256, acmeModel); err != nil {
		t.Fatal(err)
	}
	return key
}

// wanted are the parts of creation options that say what key is wanted.
type wanted struct {
	Attestation string
	Hints       []string
	Selection   struct{ AuthenticatorAttachment string } `json:"authenticatorSelection"`
}

func (b *browser) wanted() (w wanted) {
	b.s.t.Helper()
	if err := json.Unmarshal([]byte(b.options("/signin/enrol/passkey/options?a="+b.attempt())), &w); err != nil {
		b.s.t.Fatal(err)
	}
	return w
}

// An organisation hands out keys, and takes no others from then on. What people have already stays good; who has no such key sets up
// another way.
func TestOnlyKeysThatWereHandedOut(t *testing.T) {
	const unvouched, notOurs = "We weren’t told who made that key.", "That isn’t one of the keys that your organisation gave out"
	eachNamed(t, func(s *site) {
		acme, other := maker(t, "Acme"), maker(t, "Other")
		s.decides(signin.Policy{})
		earlier := softKey(t, softkey.ES256)
		bryn := s.holder("bryn", earlier)
		if w := s.atEnrolment("carys").wanted(); w.Attestation != "none" || w.Hints != nil || w.Selection.AuthenticatorAttachment != "" {
			t.Errorf("without a policy is asked %+v", w)
		}
		open := s.atEnrolment("dafydd")
		before := open.options("/signin/enrol/passkey/options?a=" + open.attempt())

		s.decides(signin.Policy{Makers: signin.Makers{Roots: [][]byte{acme.Root.Raw}}})
		aisha := s.member("aisha", firstUse)
		b := s.browser().password("aisha", passphrase).press("Use a passkey instead")
		b.sees("you can only add a security key that your organisation gave you").notSees("your password manager")
		if w := b.wanted(); w.Attestation != "direct" || strings.Join(w.Hints, " ") != "security-key" ||
			w.Selection.AuthenticatorAttachment != "cross-platform" {
			t.Errorf("of who has to bring a key is asked %+v", w)
		}
		again := func() *browser { return b.open("/signin?a=" + attemptOf(b)).sees("Make a passkey") }
		b.make(softKey(t, softkey.ES256)).sees(unvouched)
		again().make(handedOut(t, other)).sees(notOurs)
		again().make(handedOut(t, acme), func(a *softkey.Answer) { a.Batch = nil }).sees(unvouched) // the person told the browser not to say
		again().make(handedOut(t, acme), func(a *softkey.Answer) {
			a.Vouch = func(st *softkey.Statement) { st.Parts["sig"] = []byte{1} }
		}).sees(notOurs)
		again().press("Cymraeg").sees("Yma dim ond allwedd ddiogelwch a roddodd eich sefydliad")
		b.make(softKey(t, softkey.ES256)).sees("Ni ddywedwyd wrthym pwy wnaeth yr allwedd honno.")
		b.open("/signin?a=" + attemptOf(b)).make(handedOut(t, other)).sees("Nid yw honno’n un o’r allweddi")
		b.press("English")
		if kinds := s.methods(aisha); len(kinds) != 1 {
			t.Fatalf("there are %v", kinds)
		}
		key := handedOut(t, acme)
		b.open("/signin?a=" + attemptOf(b)).make(key).sees("You’re all set")
		if b := s.browser().open("/signin").touch(key); !b.signedIn() {
			t.Error("the key that was handed out doesn't sign in")
		}

		// A page that was open when the policy changed.
		credential, err := softKey(t, softkey.ES256).Create(before, open.Base)
		if err != nil {
			t.Fatal(err)
		}
		open.sendKey("/signin/enrol/passkey", credential).sees(unvouched)
		// Who has none goes another way.
		open.press("Use a phone instead").sees("Add a phone")

		// What was set up before stays good; another of the kind isn't taken, and may be left.
		b = s.browser().open("/signin").touch(earlier)
		if !b.signedIn() {
			t.Fatal("a passkey of before doesn't sign in")
		}
		b.open("/security/add").press("Passkey").make(softKey(t, softkey.EdDSA)).sees(unvouched).press("Not now").sees("Security info")

		// Some models only; then anybody's again, of whom nothing is read.
		s.decides(signin.Policy{Makers: signin.Makers{Roots: [][]byte{acme.Root.Raw}, Models: []string{"2fc0579f-8113-47ea-b116-bb5a8db9202a"}}})
		b.open("/security/add").press("Passkey").make(handedOut(t, acme)).sees(notOurs)
		s.decides(signin.Policy{})
		b.open("/security/add").press("Passkey").make(softKey(t, softkey.EdDSA), func(a *softkey.Answer) {
			a.Vouch = func(st *softkey.Statement) {
				*st = softkey.Statement{Format: "packed", Parts: map[string]any{"x5c": "nothing"}}
			}
		}).sees("It is added")
		if kinds := s.methods(bryn); len(kinds) != 3 {
			t.Errorf("there are %v", kinds)
		}
		s.policyTrail(acme)
	})
}

// atEnrolment is a new member who is about to make a passkey.
func (s *site) atEnrolment(username string) *browser {
	s.t.Helper()
	s.member(username, firstUse)
	return s.browser().password(username, passphrase).press("Use a passkey instead").sees("Make a passkey")
}

// policyTrail finds the change to the maker's keys in the audit trail, and what held before it.
func (s *site) policyTrail(m *softkey.Maker) {
	s.t.Helper()
	root, err := json.Marshal(m.Root.Raw)
	if err != nil {
		s.t.Fatal(err)
	}
	began, ended := 0, 0
	s.tx(func(tx *db.Tx) error {
		return tx.Each("SELECT detail FROM audit_events WHERE type = $1", []any{string(audit.PolicyChanged)}, func(scan func(...any) error) error {
			var raw string
			var detail struct{ Before, After string }
			if err := scan(&raw); err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(raw), &detail); err != nil {
				return err
			}
			before, after := strings.Contains(detail.Before, string(root)), strings.Contains(detail.After, string(root))
			if !before && after {
				began++
			}
			if before && !after {
				ended++
			}
			return nil
		})
	})
	if began != 1 || ended != 1 {
		s.t.Errorf("the audit trail says %d times that the makers were demanded, and %d times that they were not any more", began, ended)
	}
}

// Where nothing else may be set up, who has no such key is told whom to ask, and gets on as soon as they have one.
func TestOnlyKeysAndNothingElse(t *testing.T) {
	eachNamed(t, func(s *site) {
		acme := maker(t, "Acme")
		s.decides(signin.Policy{Allowed: []signin.Kind{signin.Passkey}, Makers: signin.Makers{Roots: [][]byte{acme.Root.Raw}}})
		grace := s.member("grace")
		s.phoneOf(grace, mobile, phone.Mobile, message.SMS)
		b := s.browser().password("grace", passphrase).sees("Enter the code we sent")
		b.fill("Verify", "code", s.code(mobile)).sees("Make a passkey", "I can’t do this", "Ask a helper")
		b.make(softKey(t, softkey.ES256)).sees("We weren’t told who made that key.", "I can’t do this")
		b.open("/signin?a=" + attemptOf(b)).make(handedOut(t, acme))
		if !b.signedIn() {
			t.Errorf("a key that was handed out doesn't lead on: %s", b.page.Text)
		}
	})
}
