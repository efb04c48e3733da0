// The list: sorted, so that a search can narrow it down character by character.
package obvious

import (
	"bytes"
	"compress/flate"
	_ "embed"
	"encoding/binary"
	"io"
	"sort"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

//go:embed words.bin
var packed []byte

// list is the sorted list of folded words. They lie in one string, because 100,000 small ones would cost the
// garbage collector more than the words themselves.
type list struct {
	text  string
	start []uint32 // where each word starts in text, and at last the end of text
	rank  []byte   // log2 of a word's place in the order of guessing, rounded down
}

// words is the list, unpacked when first asked for.
var words = sync.OnceValue(func() *list {
	l, err := unpack(packed)
	if err != nil {
		panic("obvious: words.bin does not fit this program; run generate.go: " + err.Error())
	}
	return l
})

// unpack reads what generate.go writes: compressed, the number of words and the size of all tails in 4 bytes each,
// then three columns: how many bytes a word shares with the one before it, its other bytes up to a line end, its rank.
func unpack(packed []byte) (*list, error) {
	raw, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	if err != nil || len(raw) < 8 {
		return nil, io.ErrUnexpectedEOF
	}
	n, size := int(binary.BigEndian.Uint32(raw)), int(binary.BigEndian.Uint32(raw[4:]))
	if len(raw) != 8+n+size+n {
		return nil, io.ErrUnexpectedEOF
	}
	shared, tails := raw[8:8+n], raw[8+n:8+n+size]
	l := &list{start: make([]uint32, 0, n+1), rank: bytes.Clone(raw[8+n+size:])}
	var text strings.Builder
	var word []byte
	for i := range n {
		tail, rest, ok := bytes.Cut(tails, []byte{'\n'})
		if !ok || int(shared[i]) > len(word) {
			return nil, io.ErrUnexpectedEOF
		}
		word, tails = append(word[:shared[i]], tail...), rest
		l.start = append(l.start, uint32(text.Len()))
		text.Write(word)
	}
	l.text, l.start = text.String(), append(l.start, uint32(text.Len()))
	return l, nil
}

func (l *list) word(i int) string { return l.text[l.start[i]:l.start[i+1]] }

// narrow gives, of the words lo to hi that share their first bytes with each other, depth many, those that go on
// with the bytes of r.
func (l *list) narrow(lo, hi, depth int, r rune) (int, int, int) {
	var buffer [utf8.UTFMax]byte
	for _, b := range buffer[:utf8.EncodeRune(buffer[:], r)] {
		from := func(b int) int {
			return lo + sort.Search(hi-lo, func(i int) bool {
				word := l.word(lo + i)
				return len(word) > depth && int(word[depth]) >= b
			})
		}
		lo, hi = from(int(b)), from(int(b)+1)
		depth++
	}
	return lo, hi, depth
}

// Listed tells whether the whole password, whatever its case and accents, stands in the list.
func Listed(password string) bool {
	l := words()
	lo, hi, depth := 0, len(l.rank), 0
	for _, r := range Fold(password) {
		if lo, hi, depth = l.narrow(lo, hi, depth, r); lo == hi {
			return false
		}
	}
	return lo < hi && len(l.word(lo)) == depth
}

// Fold gives the characters of a text in lower case and without accents, one for each, as a guesser would try them.
func Fold(text string) []rune {
	out := []rune(text)
	for i, r := range out {
		if r >= utf8.RuneSelf {
			r, _ = utf8.DecodeRuneInString(norm.NFKD.String(string(r)))
		}
		out[i] = unicode.ToLower(r)
	}
	return out
}
