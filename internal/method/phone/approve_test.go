package phone

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/keys"
	"woggle/internal/message"
	"woggle/internal/message/bill"
	"woggle/internal/problem"
)

func ring(t *testing.T, ids ...string) *keys.Ring {
	t.Helper()
	var secrets [][]byte
	for _, id := range ids {
		secrets = append(secrets, bytes.Repeat([]byte(id[:1]), 32))
	}
	r, err := keys.New(ids, secrets)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The digits are spread over all pairs that begin with 1 to 8, belong to their challenge, and are none of the digits of
// its code.
func TestTheDigitsOfACall(t *testing.T) {
	m := &Method{Deps{Keys: ring(t, "a")}}
	seen, likeTheCode := map[string]int{}, 0
	const challenges = 16000
	for range challenges {
		id := db.NewID()
		digits := m.shown(id)
		seen[digits]++
		if len(digits) != 2 || digits[0] < '1' || digits[0] > '8' || digits[1] < '0' || digits[1] > '9' {
			t.Fatalf("digits %q", digits)
		}
		if !m.pressed(digits, id) || m.shown(id) != digits {
			t.Fatal("the digits of a challenge are not its own")
		}
		if m.Keys.Code(6, id)[4:] == digits {
			likeTheCode++
		}
	}
	if len(seen) != 80 {
		t.Errorf("%d pairs", len(seen))
	}
	for digits, n := range seen {
		if n < challenges/80/2 || n > challenges/80*2 {
			t.Errorf("%s came %d times", digits, n)
		}
	}
	if likeTheCode > challenges/100*2 {
		t.Errorf("%d times the digits were those of the code", likeTheCode)
	}
}

func TestKeysThatWerePressed(t *testing.T) {
	m := &Method{Deps{Keys: ring(t, "a")}}
	digits := m.shown("challenge")
	for first := '0'; first <= '9'; first++ {
		for second := '0'; second <= '9'; second++ {
			if keys := string([]rune{first, second}); m.pressed(keys, "challenge") != (keys == digits) {
				t.Errorf("%s against %s", keys, digits)
			}
		}
	}
	for _, keys := range []string{"", digits[:1], digits + "1", " " + digits, digits + "\x00", "１２", "**", "##", digits[:1] + "\n"} {
		if m.pressed(keys, "challenge") {
			t.Errorf("%q was taken for %s", keys, digits)
		}
	}
	// The page was made before a new key came to the ring.
	newer := &Method{Deps{Keys: ring(t, "b", "a")}}
	if !newer.pressed(digits, "challenge") || !newer.pressed(newer.shown("challenge"), "challenge") {
		t.Error("a new key makes the digits on a page wrong")
	}
}

func TestWaitsGrow(t *testing.T) {
	for sends, want := range map[int64]time.Duration{0: 30, 1: 30, 2: 60, 3: 120, 4: 120, 1000: 120} {
		if got := waitAfter(sends); got != want*time.Second {
			t.Errorf("after %d: %s", sends, got)
		}
	}
}

func TestWhoIsOneCustomer(t *testing.T) {
	for address, want := range map[string]string{"198.51.100.7": "198.51.100.7", "::ffff:198.51.100.7": "198.51.100.7",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64"} {
		if got := customer(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s is counted as %s", address, got)
		}
	}
}

// Every refusal has a sentence, which names a wait only where it has one.
func TestRefusalsInWords(t *testing.T) {
	for _, row := range []struct {
		why  message.Refused
		key  string
		kind problem.Kind
	}{
		{message.Refused{Reason: message.NoRoute}, "phone.no-route.sms", problem.Invalid},
		{message.Refused{Reason: message.OverLimit, Scope: bill.All}, "phone.over-limit", problem.Limited},
		{message.Refused{Reason: message.OverLimit, Scope: bill.User, Wait: 9 * time.Hour}, "phone.over-limit", problem.Limited},
		{message.Refused{Reason: message.OverLimit, Scope: bill.User, Wait: 9 * time.Minute}, "phone.limited", problem.Limited},
		{message.Refused{Reason: message.RangeClosed, Wait: time.Hour}, "phone.range-closed", problem.Limited},
		{message.Refused{Reason: message.OriginClosed}, "phone.origin-closed", problem.Limited},
		{message.Refused{Reason: "something new"}, "phone.over-limit", problem.Limited},
	} {
		if p := whyNot(&row.why, message.SMS); p.Key != row.key || p.Kind != row.kind || p.Field != "" {
			t.Errorf("%v: %+v", row.why, p)
		}
	}
}

// A phone is found by its number and nothing else, under the newest key and those before it.
func TestLookups(t *testing.T) {
	old, now := ring(t, "a"), ring(t, "b", "a")
	written := Lookups(old, "+447700900123")
	if len(written) != 1 || len(written[0]) != 32 {
		t.Fatalf("%q", written)
	}
	if all := Lookups(now, "+447700900123"); len(all) != 2 || all[1] != written[0] || all[0] == all[1] {
		t.Errorf("%q, written as %q", all, written)
	}
	if Lookups(old, "+447700900124")[0] == written[0] || Lookups(old, "+44770090012")[0] == written[0] {
		t.Error("another number has the same fingerprint")
	}
	row, err := Row(old, "ann", Number{E164: "+447700900123", Extension: "12", Kind: Landline}, message.Voice)
	if err != nil || row.Lookup != written[0] {
		t.Errorf("the row has %q: %v", row.Lookup, err)
	}
	if fmt.Sprintf("%x", old.MAC("number", "+447700900123")[:16]) == written[0] {
		t.Error("what stands with the limits can be matched with the phones of people")
	}
}
