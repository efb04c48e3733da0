// Which passwords are good enough: long, not known to guessers, not about the person. Nothing else is asked.
package password

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"woggle/internal/method/password/obvious"
)

// The length of a password in code points after normalisation. SP 800-63B-4 section 3.1.1.2 asks for at least 8
// where a second factor is always asked for, and for 64 at least to be allowed.
const (
	MinLength = 10
	MaxLength = 256
)

// leastGuessBits is how hard a password must be to guess: 10⁸ guesses. The limits on tries allow a stranger a few
// hundred; the rest is for the day when a copy of the hashes and of the sealing key is lost together.
const leastGuessBits = 26.5

// leastAbout is the shortest word about a person, in code points, that a password may not contain. Shorter ones
// (Ann, Lee, UK) stand in the middle of innocent words.
const leastAbout = 4

// The reasons for which a password is refused.
const (
	Short     = "short"     // fewer than MinLength code points
	Long      = "long"      // more than MaxLength code points
	Obvious   = "obvious"   // in the list of passwords, words and names that guessers try first
	AboutYou  = "about-you" // contains a name of the person or the organisation
	Guessable = "guessable" // put together from parts that guessers try
)

// Weak says why a password is refused.
type Weak struct{ Reason string }

// Key is the locale key of the sentence that says so and what to do instead.
func (w *Weak) Key() string { return "password.weak." + w.Reason }

// Check judges a password that somebody wants to set; nil means that it is good enough. about holds what a stranger
// would try for this person: their names, user name and e-mail address, the organisation's name. The rules are those
// of SP 800-63B-4 section 3.1.1.2: length, a blocklist that the whole password is compared with, no rules of
// composition, never a cut. That is as it is typed: the caller does not trim it either.
func Check(password string, about []string) *Weak {
	normal, fits := normalise(password)
	if !fits {
		return &Weak{Long}
	}
	if utf8.RuneCountInString(normal) < MinLength {
		return &Weak{Short}
	}
	for _, text := range about {
		if containsAbout(normal, text) {
			return &Weak{AboutYou}
		}
	}
	if obvious.Listed(normal) {
		return &Weak{Obvious}
	}
	if obvious.Bits(normal) < leastGuessBits {
		return &Weak{Guessable}
	}
	return nil
}

// containsAbout looks for each word of text in the password, and for all of them written as one.
func containsAbout(password, text string) bool {
	words := strings.FieldsFunc(text, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	})
	for _, word := range append(words, strings.Join(words, "")) {
		if utf8.RuneCountInString(word) >= leastAbout && obvious.Contains(password, word) {
			return true
		}
	}
	return false
}
