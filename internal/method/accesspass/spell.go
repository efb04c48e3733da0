// A pass said aloud, over a telephone.
package accesspass

import (
	"strings"

	"woggle/internal/code"
	"woggle/internal/page"
)

// Spell is the pass as it is read aloud in the language, in groups of four: each letter as a word that begins with it, because
// b, d, e and p sound alike on a telephone; each digit as its name.
func Spell(l *page.Locale, pass string) []string {
	words := map[rune]string{}
	for _, word := range strings.Fields(l.Text("accesspass.letters")) {
		words[rune(word[0])] = word
	}
	digits := strings.Fields(l.Text("accesspass.digits"))
	var groups []string
	for _, group := range strings.Split(code.Grouped(clean(pass)), "-") {
		var said []string
		for _, sign := range group {
			if sign >= '2' && sign <= '9' {
				said = append(said, digits[sign-'2'])
			} else {
				said = append(said, words[sign])
			}
		}
		groups = append(groups, strings.Join(said, " "))
	}
	return groups
}
