package words

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// The lists have as many words as they must, in order, plain and short, and a slip of one letter makes no other word.
func TestTheLists(t *testing.T) {
	for _, language := range Languages {
		all := list[language]()
		if len(all) != each || !slices.IsSorted(all) || len(slices.Compact(slices.Clone(all))) != each {
			t.Fatalf("%s: %d words, sorted %t", language, len(all), slices.IsSorted(all))
		}
		slips := map[string]string{} // a word with a letter missing, and whose it is
		for _, word := range all {
			if len(word) < 4 || len(word) > 9 || strings.ContainsFunc(word, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsLower(r) }) {
				t.Errorf("%s: %q", language, word)
			}
			mine := map[string]bool{word: true}
			for i := range word {
				mine[word[:i]+word[i+1:]] = true     // a letter too few
				mine[word[:i]+"?"+word[i+1:]] = true // another letter
				if i > 0 {
					mine[word[:i-1]+word[i:i+1]+word[i-1:i]+word[i+1:]] = true // two in the wrong order
				}
			}
			for slip := range mine {
				if other, taken := slips[slip]; taken && slip != word && slip != other && strings.Contains(slip, "?") {
					t.Errorf("%s: %q and %q are one letter apart", language, word, other)
				}
				slips[slip] = word
			}
			for slip := range mine {
				if slip != word && slices.Contains(all, slip) {
					t.Errorf("%s: %q is a slip of %q", language, slip, word)
				}
			}
		}
	}
}

// What is said is read again, however it is typed; every number is said in words of its own.
func TestThereAndBack(t *testing.T) {
	seen := map[string]bool{}
	for _, bits := range []uint32{0, 3, 4, 1 << 2, 1 << 11, 1 << 12, 1 << 21, 1 << 22, 1 << 31, 1<<32 - 1, 0xdeadbeef} {
		seed := binary.BigEndian.AppendUint32(nil, bits)
		for _, language := range []string{"en", "cy", "xx"} {
			said := Of(language, seed)
			for _, between := range []string{" ", ", ", "-", "\n", " – ", "/"} {
				read, strange := Read(" " + strings.ToUpper(strings.Join(said, between)) + ".")
				if !slices.Equal(read, said) {
					t.Errorf("%q with %q is read as %q, strange %q", said, between, read, strange)
				}
			}
			seen[language+strings.Join(said, " ")] = true
		}
	}
	if len(seen) != 3*9 { // the last two bits say nothing: 0 and 3 are the same, 4 twice
		t.Errorf("%d different sets of words", len(seen))
	}
	for typed, want := range map[string]string{"": "", "acorn": "", "acorn acorn acorn acorn": "", "acorn qwertz acorn": "qwertz", strings.Repeat("acorn ", 100): "", "\x00": "\x00", "<b>": "<b>"} {
		if read, strange := Read(typed); read != nil || strange != want {
			t.Errorf("%.20q: %q, strange %q", typed, read, strange)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("acorn lantern puddle")
	f.Add("afal, bara; cath")
	f.Fuzz(func(t *testing.T, typed string) {
		if read, _ := Read(typed); read != nil && len(read) != Count {
			t.Errorf("%q", read)
		}
	})
}
