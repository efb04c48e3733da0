package keys_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"regexp"
	"strings"
	"testing"

	"woggle/internal/keys"
)

var (
	old   = bytes.Repeat([]byte{1}, 32)
	young = bytes.Repeat([]byte{2}, 32)
)

func ring(t *testing.T, ids string, secrets ...[]byte) *keys.Ring {
	t.Helper()
	r, err := keys.New(strings.Fields(ids), secrets)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestASealedSecretOpensOnlyInItsPlace(t *testing.T) {
	r := ring(t, "k1", old)
	secret := []byte("the seed of Ann's authenticator")
	sealed := r.Seal(secret, "methods", "secret", "row-of-ann")
	if bytes.Contains(sealed, secret[:8]) {
		t.Fatal("the secret can be read in what is stored")
	}
	if got, err := r.Open(sealed, "methods", "secret", "row-of-ann"); err != nil || !bytes.Equal(got, secret) {
		t.Fatalf("opened: %q, %v", got, err)
	}
	altered := bytes.Clone(sealed)
	altered[len(altered)-1] ^= 1
	thefts := []struct {
		what   string
		ring   *keys.Ring
		sealed []byte
		place  []string
	}{
		{"moved to another row", r, sealed, []string{"methods", "secret", "row-of-bob"}},
		{"moved to another column", r, sealed, []string{"methods", "data", "row-of-ann"}},
		{"moved to a place that only reads the same", r, sealed, []string{"methods", "secretrow-of-ann"}},
		{"moved to no place", r, sealed, nil},
		{"altered", r, altered, []string{"methods", "secret", "row-of-ann"}},
		{"cut", r, sealed[:len(sealed)-1], []string{"methods", "secret", "row-of-ann"}},
		{"with its head only", r, []byte("v1.k1."), []string{"methods", "secret", "row-of-ann"}},
		{"empty", r, nil, []string{"methods", "secret", "row-of-ann"}},
		{"of a version to come", r, append([]byte("v2"), sealed[2:]...), []string{"methods", "secret", "row-of-ann"}},
		{"read with another installation's key", ring(t, "k1", young), sealed, []string{"methods", "secret", "row-of-ann"}},
		{"read without its key", ring(t, "k2", young), sealed, []string{"methods", "secret", "row-of-ann"}},
	}
	for _, theft := range thefts {
		if got, err := theft.ring.Open(theft.sealed, theft.place...); !errors.Is(err, keys.ErrSealed) || got != nil {
			t.Errorf("a secret %s: %q, %v", theft.what, got, err)
		}
	}
}

func TestTheSameSecretNeverLooksTheSame(t *testing.T) {
	r := keys.Random()
	if bytes.Equal(r.Seal([]byte("same"), "row"), r.Seal([]byte("same"), "row")) {
		t.Error("two sealings of one secret are equal, which tells that two people share it")
	}
}

// An administrator puts a new key in front. What the old one made must go on working, and nothing new may use it.
func TestANewKeyInFront(t *testing.T) {
	before, after := ring(t, "k1", old), ring(t, "k2 k1", young, old)
	without := ring(t, "k2", young)

	sealed := before.Seal([]byte("secret"), "row")
	if got, err := after.Open(sealed, "row"); err != nil || string(got) != "secret" {
		t.Errorf("what the old key sealed: %q, %v", got, err)
	}
	if got, err := without.Open(after.Seal([]byte("secret"), "row"), "row"); err != nil || string(got) != "secret" {
		t.Errorf("what the ring seals now needs the old key: %q, %v", got, err)
	}

	if !after.CheckMAC(before.MAC("cookie", "ann"), "cookie", "ann") {
		t.Error("the old key's fingerprint is refused")
	}
	if !without.CheckMAC(after.MAC("cookie", "ann"), "cookie", "ann") {
		t.Error("a new fingerprint was made with the old key")
	}
	if without.CheckMAC(before.MAC("cookie", "ann"), "cookie", "ann") {
		t.Error("the fingerprint of a key that was taken away is accepted")
	}
	found := after.Lookups("number", "+441632960001")
	if len(found) != 2 || !bytes.Equal(found[0], after.MAC("number", "+441632960001")) ||
		!bytes.Equal(found[1], before.MAC("number", "+441632960001")) {
		t.Error("a lookup must find what the new key wrote, and then what the old one did")
	}

	if !after.CheckCode(before.Code(6, "challenge"), 6, "challenge") {
		t.Error("a code on its way when the key was changed is refused")
	}
	if after.Code(6, "challenge") != without.Code(6, "challenge") {
		t.Error("a new code was made with the old key")
	}
}

func TestWhatIsMadeForOnePurposeIsWorthlessForAnother(t *testing.T) {
	r := keys.Random()
	mac := r.MAC("cookie", "ab", "c")
	for what, right := range map[string]bool{
		"another purpose":                   r.CheckMAC(mac, "number", "ab", "c"),
		"parts that only read the same":     r.CheckMAC(mac, "cookie", "a", "bc"),
		"a purpose that swallowed a part":   r.CheckMAC(mac, "cookieab", "c"),
		"one part less":                     r.CheckMAC(mac, "cookie", "abc"),
		"another installation":              keys.Random().CheckMAC(mac, "cookie", "ab", "c"),
		"half the fingerprint":              r.CheckMAC(mac[:16], "cookie", "ab", "c"),
		"no fingerprint":                    r.CheckMAC(nil, "cookie", "ab", "c"),
		"the code of what is fingerprinted": r.CheckMAC([]byte(r.Code(6, "ab")), "cookie", "ab", "c"),
	} {
		if right {
			t.Errorf("accepted for %s", what)
		}
	}
	if !r.CheckMAC(mac, "cookie", "ab", "c") {
		t.Error("the right fingerprint is refused")
	}
}

func TestCodes(t *testing.T) {
	r := keys.Random()
	seen := map[string]bool{}
	for i := range 200 {
		id := string(rune('a' + i))
		code := r.Code(6, id)
		if !regexp.MustCompile(`^[0-9]{6}$`).MatchString(code) {
			t.Fatalf("the code of %q is %q", id, code)
		}
		if !r.CheckCode(code, 6, id) {
			t.Errorf("the code of %q is refused", id)
		}
		if r.CheckCode(code, 6, id+"x") || r.CheckCode(code[:5], 6, id) || r.CheckCode("", 6, id) || r.CheckCode("0"+code, 6, id) {
			t.Errorf("something else than the code of %q is accepted", id)
		}
		seen[code] = true
	}
	// Two of 200 meet with 2 %, four of them with one in a million.
	if len(seen) < 197 {
		t.Errorf("200 ids have only %d codes", len(seen))
	}
	if keys.Random().CheckCode(r.Code(6, "a"), 6, "a") && keys.Random().CheckCode(r.Code(6, "b"), 6, "b") {
		t.Error("another installation makes the same codes")
	}
}

// What these values are made with stands in people's databases: a change of derivation locks everybody out.
const (
	wantCode   = "368583"
	wantMAC    = "d4ff3d4114cefb4cb7275bd58cd7500be6c3f43bb352b6b25f6978f5d4538708"
	wantSealed = "76312e6b312edfc4dff991c5172a24be14d6461492be91b3cdd678149279dfec88ee9ece079082c5"
)

func TestTheDerivationNeverChanges(t *testing.T) {
	r := ring(t, "k1", old)
	if got := r.Code(6, "challenge"); got != wantCode {
		t.Errorf("the code is %s", got)
	}
	if got := hex.EncodeToString(r.MAC("cookie", "ann")); got != wantMAC {
		t.Errorf("the fingerprint is %s", got)
	}
	sealed, err := hex.DecodeString(wantSealed)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := r.Open(sealed, "row"); err != nil || string(got) != "secret" {
		t.Errorf("a secret of an old database: %q, %v; a new one is %x", got, err, r.Seal([]byte("secret"), "row"))
	}
}

func TestARingThatIsNone(t *testing.T) {
	rules := []struct {
		what    string
		ids     []string
		secrets [][]byte
	}{
		{"no keys", nil, nil},
		{"a key without a name", []string{""}, [][]byte{old}},
		{"a name with a dot", []string{"k.1"}, [][]byte{old}},
		{"a short key", []string{"k1"}, [][]byte{old[:31]}},
		{"a name without a key", []string{"k1", "k2"}, [][]byte{old}},
	}
	for _, rule := range rules {
		if _, err := keys.New(rule.ids, rule.secrets); err == nil {
			t.Errorf("%s: made a ring", rule.what)
		}
	}
}
