// Names: a whole name taken apart, and a user name made of one.
package register

import (
	"strings"

	"woggle/internal/directory"
)

// particles belong to the family name that they stand before.
var particles = []string{"ap", "ab", "ferch", "van", "von", "der", "den", "de", "del", "della", "da", "di", "du", "dos", "la", "le", "mac", "mc",
	"st", "st.", "o", "bin", "bint", "ibn", "al", "el", "ter", "ten"}

// split takes a whole name apart: at the comma of "Khan, Aisha", else before the last word and the particles before that.
func split(full string) (given, family string) {
	if family, given, comma := strings.Cut(full, ","); comma && strings.TrimSpace(given) != "" {
		return directory.Tidy(given), directory.Tidy(family)
	}
	words := strings.Fields(strings.Trim(full, ", "))
	if len(words) < 2 {
		return strings.Join(words, " "), ""
	}
	from := len(words) - 1
	for from > 1 && contains(particles, strings.ToLower(words[from-1])) {
		from--
	}
	return strings.Join(words[:from], " "), strings.Join(words[from:], " ")
}

// latin are letters that do not come apart into a plain one and an accent.
var latin = strings.NewReplacer("ß", "ss", "æ", "ae", "œ", "oe", "ø", "o", "ł", "l", "đ", "d", "ð", "d", "þ", "th", "ı", "i", "ħ", "h", "ŧ", "t")

// letters are the plain small letters and digits of a name; of a name in another script, nothing.
func letters(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return -1
	}, latin.Replace(strings.ToLower(fold(name))))
}

// partMax bounds each part of a user name that is made here, so that a number fits behind it.
const partMax = 28

// usernameOf is a user name for somebody who has none: given.family, else what stands before the @ of the address, else the number.
func usernameOf(given, family, email, number string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(given), " ")
	var parts []string
	for _, part := range []string{first, family} {
		if plain := strings.Trim(letters(part), "-"); plain != "" {
			parts = append(parts, plain[:min(len(plain), partMax)])
		}
	}
	if len(parts) == 2 || len(parts) == 1 && (given == "" || family == "") {
		return strings.Join(parts, ".")
	}
	local, _, _ := strings.Cut(email, "@")
	if name := strings.ToLower(local); name != "" && directory.CheckUsername(name) == nil {
		return name[:min(len(name), 2*partMax)]
	}
	return "member." + strings.Trim(letters(number), "-")
}

// skeleton is a user name with those signs made one that people take for each other.
func skeleton(username string) string {
	return alike.Replace(strings.ToLower(fold(directory.Canonical(username))))
}

var alike = strings.NewReplacer("rn", "m", "vv", "w", "0", "o", "1", "l", "i", "l", "ı", "l", "|", "l", "5", "s", ".", "", "-", "", "_", "", "'", "",
	"а", "a", "е", "e", "о", "o", "р", "p", "с", "c", "х", "x", "у", "y", "і", "l", "ѕ", "s", "ԁ", "d", "ո", "n", "ο", "o", "α", "a", "ν", "v")
