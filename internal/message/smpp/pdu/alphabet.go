// How characters stand in a text: GSM 03.38 with one septet an octet, or UCS-2.

package pdu

import (
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

const escape = 0x1B

// basic is the default alphabet in the order of its codes (3GPP TS 23.038 section 6.2.1).
const basic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ" +
	" !\"#¤%&'()*+,-./0123456789:;<=>?" +
	"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§" +
	"¿abcdefghijklmnopqrstuvwxyzäöñüà"

// extended is what follows an escape (section 6.2.1.1).
var extended = map[rune]byte{'\f': 0x0A, '^': 0x14, '{': 0x28, '}': 0x29, '\\': 0x2F, '[': 0x3C, '~': 0x3D, ']': 0x3E, '|': 0x40, '€': 0x65}

// The tables in both directions. They are written once, here.
var (
	septets    = map[rune]byte{}
	characters = map[byte]rune{}
	escaped    = map[byte]rune{}
)

func init() {
	code := byte(0)
	for _, r := range basic {
		if r != escape {
			septets[r], characters[code] = code, r
		}
		code++
	}
	for r, code := range extended {
		escaped[code] = r
	}
}

// gsm appends the character in the alphabet, an escape and its code taken together. ok is false if it is not in it.
func gsm(dst []byte, r rune) (_ []byte, ok bool) {
	if code, ok := septets[r]; ok {
		return append(dst, code), true
	}
	if code, ok := extended[r]; ok {
		return append(dst, escape, code), true
	}
	return dst, false
}

// ucs2 appends the character as one or two units of UTF-16.
func ucs2(dst []byte, r rune) (_ []byte, ok bool) {
	if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
		return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(dst, uint16(high)), uint16(low)), true
	}
	return binary.BigEndian.AppendUint16(dst, uint16(r)), true
}

// Decode reads a text in one of the two codings. What is not in the alphabet becomes U+FFFD.
func Decode(coding byte, text []byte) string {
	if coding == CodingUCS2 {
		units := make([]uint16, len(text)/2)
		for i := range units {
			units[i] = binary.BigEndian.Uint16(text[2*i:])
		}
		return string(utf16.Decode(units))
	}
	var out []rune
	for i := 0; i < len(text); i++ {
		r, ok := characters[text[i]]
		if text[i] == escape && i+1 < len(text) {
			i++
			r, ok = escaped[text[i]]
		}
		if !ok {
			r = utf8.RuneError
		}
		out = append(out, r)
	}
	return string(out)
}
