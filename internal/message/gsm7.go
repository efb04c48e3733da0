// The alphabet of texts (3GPP TS 23.038 section 6.2.1), and how other letters are brought into it.

package message

import (
	"strings"
	"unicode"
	"unicode/utf16"

	"golang.org/x/text/unicode/norm"
)

// Segment is how much one SMS holds, in septets. One character outside of the alphabet would cut that to 70
// characters, and the text would be paid twice.
const Segment = 160

// alphabet is the basic set in the order of its codes, without the escape to the extension.
const alphabet = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ" +
	" !\"#¤%&'()*+,-./0123456789:;<=>?" +
	"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§" +
	"¿abcdefghijklmnopqrstuvwxyzäöñüà"

// extension holds what takes two septets.
const extension = "\f^{}\\[~]|€"

// Septets is the length of the text in the alphabet. ok is false if a character is not in it.
func Septets(text string) (n int, ok bool) {
	for _, r := range text {
		switch {
		case strings.ContainsRune(alphabet, r):
			n++
		case strings.ContainsRune(extension, r):
			n += 2
		default:
			return n, false
		}
	}
	return n, true
}

// Segments is how many SMS the text takes, each of which is paid: 160 septets or 70 UTF-16 units in one, and in several
// 153 or 67 each, because they begin with how they belong together (3GPP TS 23.040 section 9.2.3.24).
func Segments(text string) int {
	n, gsm := Septets(text)
	one, each := Segment, 153
	if !gsm {
		n, one, each = len(utf16.Encode([]rune(text))), 70, 67
	}
	if n <= one {
		return 1
	}
	return (n + each - 1) / each
}

// likeness are characters that have no base letter to fall back to.
var likeness = map[rune]string{
	'‘': "'", '’': "'", '‚': "'", '‛': "'", '`': "'", '´': "'", 'ʼ': "'", '′': "'", '“': `"`, '”': `"`, '„': `"`, '«': `"`, '»': `"`, '″': `"`,
	'‐': "-", '‑': "-", '‒': "-", '–': "-", '—': "-", '―': "-", '−': "-", '·': ".", '•': "*", '…': "...", '×': "x", '÷': "/", '⁄': "/",
	'ł': "l", 'Ł': "L", 'đ': "d", 'Đ': "D", 'ð': "d", 'Ð': "D", 'þ': "th", 'Þ': "Th", 'ı': "i", 'œ': "oe", 'Œ': "OE",
	'ħ': "h", 'Ħ': "H", 'ŋ': "ng", 'Ŋ': "Ng", 'ŧ': "t", 'Ŧ': "T", 'ẞ': "SS", '©': "(c)", '®': "(R)", '™': "TM", '№': "No",
	'\t': " ", '\r': "", '\f': "", '\u2028': "\n", '\u2029': "\n",
}

// Fold brings text into the alphabet: what is not in it becomes the nearest that is (ŵ is w, ’ is '), or a question
// mark; what has no sound of its own, such as emoji, goes.
func Fold(text string) string {
	var folded strings.Builder
	for _, r := range norm.NFC.String(text) {
		fold(&folded, r)
	}
	return folded.String()
}

func fold(folded *strings.Builder, r rune) {
	if like, ok := likeness[r]; ok {
		folded.WriteString(like)
		return
	}
	if strings.ContainsRune(alphabet, r) || strings.ContainsRune(extension, r) {
		folded.WriteRune(r)
		return
	}
	if unicode.IsSpace(r) {
		folded.WriteByte(' ')
		return
	}
	if parts := norm.NFKD.String(string(r)); parts != string(r) {
		for _, part := range parts {
			fold(folded, part)
		}
		return
	}
	if unicode.IsLetter(r) || unicode.IsPunct(r) || unicode.IsNumber(r) {
		folded.WriteByte('?')
	}
}
