// This file owns how a person's name is said: from a recording, letter by letter, or not at all.

package speech

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Bounds on a name, before its time in a call bounds it (threats T24).
const (
	maxNameRunes = 64 // of the name as written; the rest is not looked at
	maxWords     = 3
)

// letterGap is the silence between two letters of a spelled name.
const letterGap = 250 * time.Millisecond

// name says each word of the name, as far as there is time: from a recording, else letter by letter. What we cannot
// fold to a-z makes no sound.
func (v voice) name(given string, most time.Duration) (all []sound) {
	for _, word := range wordsOf(given) {
		for _, part := range v.word(word) {
			longer := append(slices.Clip(all), part...)
			if len(all) == 0 {
				longer = part[len(part)-1:] // no silence before the first letter
			}
			if v.duration(longer) > most {
				return all
			}
			all = longer
		}
	}
	return all
}

// word is a recording, or letters with a silence before each.
func (v voice) word(word string) (all [][]sound) {
	key := fold(word)
	if clip := "names/" + key; v.has(clip) {
		return [][]sound{{{clip: clip, words: word}}}
	}
	for _, r := range key {
		letter := sound{clip: v.lang + "/letter-" + string(r), words: strings.ToUpper(string(r))}
		all = append(all, []sound{{silence: letterGap}, letter})
	}
	return all
}

// wordsOf splits the name at whatever is no Latin letter. Digits and signs are no part of a name here: in a
// written call the code must be the only number.
func wordsOf(name string) []string {
	runes := []rune(norm.NFKC.String(name))
	words := strings.FieldsFunc(string(runes[:min(len(runes), maxNameRunes)]), func(r rune) bool {
		return !unicode.Is(unicode.Latin, r) && !unicode.IsMark(r) && r != '\'' && r != '’'
	})
	return words[:min(len(words), maxWords)]
}

// unmarked are Latin letters that keep their sign when accents are taken off.
var unmarked = strings.NewReplacer("ß", "ss", "æ", "ae", "œ", "oe", "ø", "o", "ł", "l", "đ", "d", "ð", "d",
	"þ", "th", "ħ", "h", "ı", "i")

// fold brings a word to the letters a to z, as "Siân" to "sian"; letters of other scripts fall away.
func fold(word string) string {
	return strings.Map(func(r rune) rune {
		if r < 'a' || r > 'z' {
			return -1
		}
		return r
	}, unmarked.Replace(norm.NFD.String(strings.ToLower(word))))
}
