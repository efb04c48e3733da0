// The lists, and the way from numbers to words and back.
package words

import (
	"embed"
	"encoding/binary"
	"slices"
	"strings"
	"sync"
)

//go:embed lists/*.txt
var lists embed.FS

const (
	each = 1024 // words of a language: 10 bits
	// Count is how many words are read aloud.
	Count = 3
)

// Languages are those with a list.
var Languages = [...]string{"en", "cy"}

var list = map[string]func() []string{"en": once("en"), "cy": once("cy")}

// once reads a list when it is first asked for.
func once(language string) func() []string {
	return sync.OnceValue(func() []string {
		text, err := lists.ReadFile("lists/" + language + ".txt")
		if err != nil {
			panic(err) // unreachable: it is embedded
		}
		return strings.Fields(string(text))
	})
}

// Of are three words of the language for the first 30 bits of seed, which holds four bytes at least. A language without a list
// says them in English.
func Of(language string, seed []byte) []string {
	words, known := list[language]
	if !known {
		words = list["en"]
	}
	all, bits := words(), binary.BigEndian.Uint32(seed)
	said := make([]string, Count)
	for i := range said {
		said[i] = all[bits>>(32-10*(i+1))%each]
	}
	return said
}

// Read finds the three words in what somebody typed, in any case, with anything between them, and in any order of languages. If
// they are not three words of the lists, strange is the first that is none, or empty where there are too few or too many.
func Read(typed string) (words []string, strange string) {
	if len(typed) > 200 {
		return nil, ""
	}
	words = strings.FieldsFunc(strings.ToLower(typed), func(r rune) bool { return strings.ContainsRune(" \t\r\n,.;-–/\u00a0", r) })
	for _, word := range words {
		if !slices.ContainsFunc(Languages[:], func(l string) bool { _, in := slices.BinarySearch(list[l](), word); return in }) {
			return nil, word
		}
	}
	if len(words) != Count {
		return nil, ""
	}
	return words, ""
}
