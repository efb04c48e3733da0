// How far a person is on the way to signing in safely, and the words by which people are found.
package directory

import (
	"bytes"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Standing is how far a person is. Everybody has one: the last of the list that is true of them.
type Standing string

// The standings.
const (
	Protected Standing = "protected" // has signed in, and has a method that proves possession
	ToDo      Standing = "to-do"     // has signed in, and has none
	Never     Standing = "never"     // has never signed in
	Halted    Standing = "frozen"    // said "this wasn't me"
	LockedOut Standing = "locked"
	Closed    Standing = "disabled"
)

// Standings are all of them.
var Standings = [...]Standing{Protected, ToDo, Never, Halted, LockedOut, Closed}

// Counts are how many people are of each standing.
type Counts map[Standing]int64

// All is how many people there are who have not left.
func (c Counts) All() (all int64) {
	for standing, n := range c {
		if standing != Closed {
			all += n
		}
	}
	return all
}

// wordMax bounds a stored word, in bytes. Longer ones are found by their beginning.
const wordMax = 64

// wordsOf are the words by which the person is found: those of the name and the user name, those of the address before the @, and
// names with an @ as a whole.
func wordsOf(u User) (words [][]byte) {
	email := fold(u.Email)
	local, _, _ := strings.Cut(email, "@")
	name, _, hasDomain := strings.Cut(fold(u.Username), "@")
	texts := append(parts(u.GivenName+" "+u.FamilyName+" "+name+" "+local), email)
	if hasDomain {
		texts = append(texts, fold(u.Username))
	}
	for _, text := range texts {
		if text != "" {
			words = append(words, cut(text))
		}
	}
	slices.SortFunc(words, bytes.Compare)
	return slices.CompactFunc(words, bytes.Equal)
}

// terms are the beginnings of words that somebody typed to find a person, six at most.
func terms(typed string) (all [][]byte) {
	for _, field := range strings.Fields(fold(typed)) {
		texts := []string{field}
		if !strings.Contains(strings.Trim(field, "@"), "@") {
			texts = parts(field)
		}
		for _, text := range texts {
			all = append(all, cut(text))
		}
	}
	return all[:min(len(all), 6)]
}

func cut(text string) []byte { return []byte(text)[:min(len(text), wordMax)] }

// parts are the words of a text: letters and digits that stand together.
func parts(text string) []string {
	return strings.FieldsFunc(fold(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// fold is Canonical without accents: who looks for somebody types what is on their keyboard.
func fold(text string) string {
	plain := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFKD.String(Canonical(text)))
	return norm.NFC.String(plain)
}
