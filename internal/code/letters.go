// Codes of letters and digits, that are kept for long: made, and read as people type them.

package code

import (
	"crypto/rand"
	"math/big"
	"strings"
	"unicode/utf8"
)

// letters has no two signs that are mistaken for each other, written or read aloud: no 0 and o, no 1, i and l. Each is worth
// nearly five bits.
const letters = "23456789abcdefghjkmnpqrstuvwxyz"

// Letters makes a random code of that many letters and digits.
func Letters(count int) string {
	made := make([]byte, count)
	for i := range made {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(letters))))
		if err != nil {
			panic(err) // unreachable: crypto/rand ends the program instead
		}
		made[i] = letters[n.Int64()]
	}
	return string(made)
}

// Grouped is a code in groups of four, as it is written: "abcd-efgh".
func Grouped(made string) string {
	var groups []string
	for len(made) > 4 {
		groups, made = append(groups, made[:4]), made[4:]
	}
	return strings.Join(append(groups, made), "-")
}

// CleanLetters reads a code of Letters as it was typed: in any case, with spaces and dashes wherever they are. Anything else is
// no such code, and gives "", false.
func CleanLetters(typed string, count int) (string, bool) {
	if len(typed) > maxTyped || !utf8.ValidString(typed) {
		return "", false
	}
	clean := make([]byte, 0, count)
	for _, r := range strings.ToLower(typed) {
		if digit, ok := Digit(r); ok {
			r = rune(digit)
		}
		switch {
		case isSeparator(r):
		case strings.ContainsRune(letters, r) && len(clean) < count:
			clean = append(clean, byte(r))
		default:
			return "", false
		}
	}
	return string(clean), count > 0 && len(clean) == count
}
