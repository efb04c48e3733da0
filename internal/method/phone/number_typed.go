// Reading a number as people type or paste it, before any numbering plan is asked: which digits, which
// extension, and whether it is one number at all. It is strict where the parsing library guesses: the
// library turns letters into digits and drops a second number without a word.

package phone

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"woggle/internal/code"
)

const (
	// maxTyped is the longest input looked at, in bytes: two spaced numbers in full-width digits fit, so
	// that the sentence can still say what is wrong.
	maxTyped = 128
	// maxDialled is the most digits of a number as dialled: 15 of ITU-T E.164 and a prefix to dial abroad.
	maxDialled = 20
	// maxExtension is the most digits of an extension (threat T27).
	maxExtension = 7
)

// readTyped gives the digits of a number, with a plus in front if it is written for callers from abroad,
// and the extension written after it, if any. It returns a reason if it refuses.
func readTyped(raw string) (digits, extension string, refused Reason) {
	if len(raw) > maxTyped {
		return "", "", TooLong
	}
	folded, ok := fold(raw)
	if !ok {
		return "", "", NotANumber
	}
	folded = strings.Trim(strings.TrimPrefix(folded, "tel:"), " ,;.")
	if folded == "" {
		return "", "", Empty
	}
	if twoNumbers(folded) {
		return "", "", TwoNumbers
	}
	main, tail := folded, ""
	if i := strings.IndexFunc(folded, startsTail); i >= 0 {
		main, tail = folded[:i], folded[i:]
	}
	digits, ok = dialled(main)
	if !ok {
		return "", "", NotANumber
	}
	if tail != "" {
		if extension, refused = readTail(tail); refused != "" {
			return "", "", refused
		}
	}
	if len(digits) > maxDialled {
		return "", "", TooLong
	}
	return digits, extension, ""
}

// fold writes what was typed in lower-case ASCII, whatever keyboard, dash or space was used. Text-direction
// marks and other invisible signs, which come along when a number is copied from a contact, are dropped. A
// control character, above all a line break, never belongs to a number, and could split a header or a log line.
func fold(raw string) (folded string, ok bool) {
	if !utf8.ValidString(raw) {
		return "", false
	}
	var ascii strings.Builder
	for _, r := range raw {
		if '\uFF01' <= r && r <= '\uFF5E' { // the full-width forms of ASCII
			r -= '\uFF01' - '!'
		}
		digit, isDigit := code.Digit(r)
		switch {
		case isDigit:
			ascii.WriteByte(digit)
		case r == '\t' || unicode.Is(unicode.Zs, r):
			ascii.WriteByte(' ')
		case unicode.Is(unicode.Pd, r) || r == '\u2212':
			ascii.WriteByte('-')
		case unicode.Is(unicode.Cf, r):
		case '!' <= r && r <= '~':
			ascii.WriteRune(unicode.ToLower(r))
		default:
			return "", false
		}
	}
	return ascii.String(), true
}

// between are the words that people put between two numbers, English and Welsh.
var between = strings.NewReplacer(" or ", "|", " and ", "|", " neu ", "|", " a ", "|", " ac ", "|")

// twoNumbers tells whether there are two stretches of digits too long for an extension, with more between
// them than the punctuation inside one number.
func twoNumbers(folded string) bool {
	long := 0
	for part := range strings.FieldsFuncSeq(between.Replace(folded), func(r rune) bool { return strings.ContainsRune("+/,;|&", r) }) {
		digits := strings.Map(onlyDigits, part)
		if len(digits) > maxExtension && !strings.ContainsFunc(part, unicode.IsLetter) {
			long++
		}
	}
	return long > 1
}

// startsTail tells whether r ends the number proper: the rest must be an extension.
func startsTail(r rune) bool { return strings.ContainsRune(",;#", r) || unicode.IsLetter(r) }

// dialled takes the punctuation out of a number. A plus stands in front or not at all.
func dialled(main string) (digits string, ok bool) {
	if strings.Trim(main, "+0123456789 ().-/[]~") != "" {
		return "", false
	}
	digits = strings.Map(onlyDigits, main)
	before, _, hasPlus := strings.Cut(main, "+")
	if hasPlus {
		if strings.Count(main, "+") > 1 || strings.Map(onlyDigits, before) != "" {
			return "", false
		}
		digits = strings.TrimPrefix(digits, "00") // "+0044": both ways at once
		return "+" + digits, digits != ""
	}
	// 00 is how most of the world dials abroad, and no national number starts so: it means a plus whatever
	// country was chosen. The prefixes of other countries, such as 011, are left to the library.
	if abroad, ok := strings.CutPrefix(digits, "00"); ok && len(abroad) > 6 { // fewer may be an emergency number, 000
		return "+" + abroad, true
	}
	return digits, digits != ""
}

// extensionMarks are the ways to write "extension", each before any that it starts with: RFC 3966 section 5.1.1
// (";ext="), words in English and Welsh, and the pauses of a dialling sequence.
var extensionMarks = []string{";ext=", "extension", "estyniad", "extn", "ext", "est", ",", ";", "#", "x"}

// readTail reads what stands after the number: an extension, or nothing we know.
func readTail(tail string) (extension string, refused Reason) {
	for _, mark := range extensionMarks {
		if rest, ok := strings.CutPrefix(tail, mark); ok {
			extension = strings.TrimLeft(rest, " ,.:=")
			if strings.ContainsFunc(extension, unicode.IsLetter) {
				break
			}
			return readExtension(extension)
		}
	}
	return "", NotANumber
}

// readExtension reads an extension that is known to be meant as one.
func readExtension(typed string) (extension string, refused Reason) {
	extension = strings.Map(onlyDigits, typed)
	if strings.Trim(typed, "0123456789 ") != "" || extension == "" || len(extension) > maxExtension {
		return "", ExtensionBad
	}
	return extension, ""
}

// onlyDigits is for strings.Map.
func onlyDigits(r rune) rune {
	if '0' <= r && r <= '9' {
		return r
	}
	return -1
}
