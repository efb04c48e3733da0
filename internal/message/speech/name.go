// This file owns how a person's name is said: from a recording, letter by letter, or not at all.

package speech

import (
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Bounds on a name, so that a long or strange one cannot stretch a call beyond its minute (threats T24).
const (
	maxNameRunes = 64 // of the name as written; the rest is not looked at
	maxWords     = 3
	maxLetters   = 20 // spelled in all
)

// letterGap is the silence between two letters of a spelled name.
const letterGap = 250 * time.Millisecond

// sounds says each word of the name. What we cannot fold to a-z makes no sound.
func (n Name) sounds(lang string) []sound {
	var all []sound
	letters := 0
	for _, word := range n.words() {
		key := fold(word)
		if clip := "names/" + key; recorded(clip) {
			all = append(all, sound{clip: clip, words: word})
			continue
		}
		for _, r := range key {
			if letters++; letters > maxLetters {
				return all
			}
			if len(all) > 0 {
				all = append(all, sound{silence: letterGap})
			}
			all = append(all, sound{clip: lang + "/letter-" + string(r), words: strings.ToUpper(string(r))})
		}
	}
	return all
}

// words splits the name at whatever is no Latin letter. Digits and signs are no part of a name here: in a
// written call the code must be the only number.
func (n Name) words() []string {
	runes := []rune(norm.NFKC.String(string(n)))
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
