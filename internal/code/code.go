// Reading a code as people type it.

package code

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxTyped is the longest input looked at, in bytes. Six full-width digits with a wide space after each
// take 36, so whatever is longer is not a code, and reading it would only cost us time.
const maxTyped = 64

// Clean reads a code as it was typed and gives exactly that many ASCII digits. Space around the code, and
// spaces, dashes and dots between its digits, do not matter; nor does the keyboard (see Digit). Anything
// else, in particular a missing digit, an extra one or nothing at all, is not a code and gives "", false.
func Clean(typed string, digits int) (string, bool) {
	if digits < 1 || len(typed) > maxTyped || !utf8.ValidString(typed) {
		return "", false
	}
	typed = strings.TrimSpace(typed)
	last, _ := utf8.DecodeLastRuneInString(typed)
	if _, ok := Digit(last); !ok {
		return "", false
	}
	clean := make([]byte, 0, digits)
	for _, r := range typed {
		digit, ok := Digit(r)
		switch {
		case ok && len(clean) < digits:
			clean = append(clean, digit)
		case !ok && len(clean) > 0 && isSeparator(r): // between digits only: "-12345" is not a code
		default:
			return "", false
		}
	}
	return string(clean), len(clean) == digits
}

// zeros are the first of each run of ten digits found on the keyboards that members use: ASCII,
// Arabic-Indic, its Persian and Urdu form, and full-width.
var zeros = [...]rune{'0', '\u0660', '\u06F0', '\uFF10'}

// Digit folds a digit of any of those keyboards to ASCII, and tells whether r is one.
func Digit(r rune) (ascii byte, ok bool) {
	for _, zero := range zeros {
		if zero <= r && r <= zero+9 {
			return '0' + byte(r-zero), true
		}
	}
	return 0, false
}

func isSeparator(r rune) bool {
	switch r {
	case '.', '\u00B7', '\uFF0E', '\u2212': // full stop, middle dot, full-width stop, minus sign
		return true
	}
	return unicode.IsSpace(r) || unicode.Is(unicode.Pd, r)
}
