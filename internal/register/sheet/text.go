// The characters of a CSV: which encoding it is in.
package sheet

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// decode is the text of a file, and the name of its encoding. A byte order mark decides; without one, what every second byte being
// zero gives away; else it is UTF-8 if it can be, and what Windows programs of Western Europe save if not.
func decode(raw []byte) (text, encoding string, err error) {
	switch {
	case bytes.HasPrefix(raw, []byte{0xEF, 0xBB, 0xBF}):
		return notZero(strings.ToValidUTF8(string(raw[3:]), "\uFFFD"), "UTF-8")
	case bytes.HasPrefix(raw, []byte{0xFF, 0xFE}):
		return notZero(wide(raw[2:], binary.LittleEndian), "UTF-16")
	case bytes.HasPrefix(raw, []byte{0xFE, 0xFF}):
		return notZero(wide(raw[2:], binary.BigEndian), "UTF-16")
	}
	if order := unmarked(raw); order != nil {
		return notZero(wide(raw, order), "UTF-16")
	}
	good, bad := letters(raw)
	if good >= bad {
		// Some bytes of a text that is UTF-8 otherwise: the file was cut, or put together of two.
		return notZero(strings.ToValidUTF8(string(raw), "\uFFFD"), "UTF-8")
	}
	return notZero(windows(raw), "Windows-1252")
}

// notZero refuses what no text has: a file of another kind, which databases would refuse as well.
func notZero(text, encoding string) (string, string, error) {
	if strings.ContainsRune(text, 0) {
		return "", "", invalid("unknown")
	}
	return text, encoding, nil
}

// wide reads UTF-16. Half a unit at the end is left out.
func wide(raw []byte, order binary.ByteOrder) string {
	units := make([]uint16, len(raw)/2)
	for i := range units {
		units[i] = order.Uint16(raw[2*i:])
	}
	return string(utf16.Decode(units))
}

// unmarked is the byte order of UTF-16 without its mark: most of the first characters of a table are ASCII.
func unmarked(raw []byte) binary.ByteOrder {
	head := raw[:min(len(raw), 1024)]
	var zeros [2]int
	for i, b := range head {
		if b == 0 {
			zeros[i%2]++
		}
	}
	enough := len(head) / 4
	switch {
	case zeros[1] > enough && zeros[0] == 0:
		return binary.LittleEndian
	case zeros[0] > enough && zeros[1] == 0:
		return binary.BigEndian
	}
	return nil
}

// letters counts the characters of UTF-8 beyond ASCII, and the bytes that are none.
func letters(raw []byte) (good, bad int) {
	for len(raw) > 0 {
		r, size := utf8.DecodeRune(raw)
		switch {
		case r == utf8.RuneError && size == 1:
			bad++
		case size > 1:
			good++
		}
		raw = raw[size:]
	}
	return good, bad
}

// high are the characters of Windows-1252 from 0x80 to 0x9F; the others are those of Unicode (WHATWG Encoding, index windows-1252).
var high = []rune("€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008DŽ\u008F\u0090‘’“”•–—˜™š›œ\u009DžŸ")

func windows(raw []byte) string {
	var text strings.Builder
	text.Grow(len(raw) + len(raw)/16)
	for _, b := range raw {
		switch {
		case b < 0x80:
			text.WriteByte(b)
		case b < 0xA0:
			text.WriteRune(high[b-0x80])
		default:
			text.WriteRune(rune(b))
		}
	}
	return text.String()
}
