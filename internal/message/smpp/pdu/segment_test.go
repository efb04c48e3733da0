package pdu

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"woggle/internal/message"
)

// Who composes a text counts with message.Septets; who sends it must come to the same count.
func TestTheAlphabetIsTheOneThatTextsAreComposedIn(t *testing.T) {
	for r := rune(0); r < 0x11000; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		n, ok := message.Septets(string(r))
		coding, octets := Encode(string(r))
		if ok != (coding == CodingDefault) || ok && len(octets) != n {
			t.Errorf("%U: %d septets (%t) by message.Septets, %d octets in coding %d here", r, n, ok, len(octets), coding)
		}
		if got := Decode(coding, octets); got != string(r) {
			t.Errorf("%U comes back as %q", r, got)
		}
	}
}

// Some codes of the table of 3GPP TS 23.038 section 6.2.1, looked up by hand.
func TestCodesOfTheAlphabet(t *testing.T) {
	for text, want := range map[string]string{"@": "00", "£": "01", "Ç": "09", "\n": "0a", "Δ": "10", "Ξ": "1a", "É": "1f", " ": "20",
		"¤": "24", "0": "30", "?": "3f", "¡": "40", "A": "41", "§": "5f", "¿": "60", "z": "7a", "à": "7f", "€": "1b65", "[": "1b3c", "~": "1b3d"} {
		if _, octets := Encode(text); hex.EncodeToString(octets) != want {
			t.Errorf("%q is %x, want %s", text, octets, want)
		}
	}
	if coding, octets := Encode("ŵ😀"); coding != CodingUCS2 || hex.EncodeToString(octets) != "0175d83dde00" {
		t.Errorf("ŵ😀 is %x in coding %d", octets, coding)
	}
	if _, octets := Encode("ŵ\xff"); hex.EncodeToString(octets) != "0175fffd" {
		t.Errorf("a broken octet is written as %x", octets)
	}
}

func TestSplitting(t *testing.T) {
	for _, c := range []struct {
		name, text string
		lengths    []int // of the parts in octets, with their headers
	}{
		{"nothing", "", []int{0}},
		{"one", strings.Repeat("a", 160), []int{160}},
		{"one more", strings.Repeat("a", 161), []int{159, 14}},
		{"two full", strings.Repeat("a", 306), []int{159, 159}},
		{"an escape at the cut", strings.Repeat("a", 152) + "€" + strings.Repeat("a", 20), []int{158, 28}},
		{"an escape before the cut", strings.Repeat("a", 151) + "€" + strings.Repeat("a", 20), []int{159, 26}},
		{"escapes only", strings.Repeat("€", 81), []int{158, 16}},
		{"Welsh", strings.Repeat("ŵ", 70), []int{140}},
		{"more Welsh", strings.Repeat("ŵ", 71), []int{140, 14}},
		{"a pair at the cut", strings.Repeat("ŵ", 66) + "😀" + strings.Repeat("ŵ", 10), []int{138, 30}},
		{"emoji only", strings.Repeat("😀", 36), []int{138, 18}},
	} {
		coding, parts := Split(c.text, 0xAB)
		var lengths []int
		var whole strings.Builder
		for i, part := range parts {
			lengths = append(lengths, len(part))
			if len(parts) > 1 {
				want := []byte{5, 0, 3, 0xAB, byte(len(parts)), byte(i + 1)}
				if !slices.Equal(part[:6], want) {
					t.Errorf("%s: part %d begins with %x, want %x", c.name, i+1, part[:6], want)
				}
				part = part[6:]
			}
			text := Decode(coding, part) // a character that was cut is none
			if strings.ContainsRune(text, utf8.RuneError) {
				t.Errorf("%s: part %d has a character cut in two: %q", c.name, i+1, text)
			}
			whole.WriteString(text)
		}
		if !slices.Equal(lengths, c.lengths) {
			t.Errorf("%s: parts of %d octets, want %d", c.name, lengths, c.lengths)
		}
		if whole.String() != c.text {
			t.Errorf("%s: joined again it says %q", c.name, whole.String())
		}
	}
	if _, parts := Split(strings.Repeat("a", 153*255), 1); len(parts) != 255 {
		t.Errorf("the longest text has %d parts", len(parts))
	}
	if _, parts := Split(strings.Repeat("a", 153*255+1), 1); parts != nil {
		t.Errorf("a text longer than any has %d parts", len(parts))
	}
}

func FuzzSplit(f *testing.F) {
	f.Add("Your code is 123456.", byte(1))
	f.Add(strings.Repeat("€", 200), byte(2))
	f.Add(strings.Repeat("ŵ😀", 200), byte(3))
	f.Fuzz(func(t *testing.T, text string, reference byte) {
		coding, parts := Split(text, reference)
		var whole strings.Builder
		for _, part := range parts {
			if len(parts) > 1 {
				part = part[6:]
			}
			whole.WriteString(Decode(coding, part))
		}
		if want := strings.ToValidUTF8(string([]rune(text)), "\uFFFD"); parts != nil && whole.String() != want {
			t.Errorf("%q comes back as %q", want, whole.String())
		}
	})
}
