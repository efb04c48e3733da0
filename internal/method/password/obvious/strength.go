// The estimate of guesses: the cheapest way to put a password together from what guessers try.
package obvious

import (
	"math"
	"slices"
	"strings"
	"unicode"
)

// All costs are in bits: the binary logarithm of a number of guesses.
var plainBits = math.Log2(10) // one character of no pattern; low, because such characters are rarely random

const (
	joinBits  = 1   // to come upon the next piece
	leastBits = 5.5 // of a word that is only a part; the place of a part is never quite free to guess
	leastRun  = 4   // characters that make a run on the keyboard
	leastStep = 3   // characters that make a run of the alphabet or of numbers
)

// piece is one way to guess the characters from where it is filed up to end.
type piece struct {
	end  int
	bits float64
}

// puzzle is a password with all pieces found in it, by where they start.
type puzzle struct {
	typed, folded []rune
	pieces        [][]piece
}

// Bits estimates the binary logarithm of the number of guesses that a patient guesser needs for the password: 10
// for a common one, 27 for a hundred million guesses. Its time grows with the square of the length at worst; callers
// bound that (256 characters take at most 1 ms, an ordinary password 10 µs).
func Bits(password string) float64 {
	p := &puzzle{typed: []rune(password), folded: Fold(password)}
	p.pieces = make([][]piece, len(p.typed))
	p.addWords()
	for i := range p.folded {
		p.addSteps(i)
		p.addKeyboard(i)
		p.addRepeats(i)
		p.addDates(i)
	}
	return p.cheapest()
}

func (p *puzzle) add(start, end int, bits float64) {
	p.pieces[start] = append(p.pieces[start], piece{end, bits})
}

// cheapest is the shortest path from the first character to the last.
func (p *puzzle) cheapest() float64 {
	best := slices.Repeat([]float64{math.Inf(1)}, len(p.typed)+1)
	best[0] = 0
	for i, pieces := range p.pieces {
		best[i+1] = min(best[i+1], best[i]+plainBits)
		for _, one := range pieces {
			bits := best[i] + one.bits
			if i > 0 {
				bits += joinBits
			}
			best[one.end] = min(best[one.end], bits)
		}
	}
	return best[len(p.typed)]
}

// addWords finds the words of the list, written forwards or backwards.
func (p *puzzle) addWords() {
	l, n := words(), len(p.folded)
	backwards := slices.Clone(p.folded)
	slices.Reverse(backwards)
	for i := range n {
		l.search(p.folded, i, func(end int, bits float64) { p.addWord(i, end, bits) })
		l.search(backwards, i, func(end int, bits float64) { p.addWord(n-end, n-i, bits+1) })
	}
}

func (p *puzzle) addWord(start, end int, bits float64) {
	if end-start < len(p.typed) {
		bits = max(bits, leastBits)
	}
	p.add(start, end, bits+caseBits(p.typed[start:end]))
}

// swaps are the signs that people write for letters, most of them guessed by every cracking program.
var swaps = map[rune]string{'4': "a", '@': "a", '8': "b", '(': "c", '3': "e", '6': "g", '9': "g", '1': "il", '!': "i",
	'|': "il", '0': "o", '$': "s", '5': "s", '7': "t", '+': "t", '2': "z"}

// search calls found for each word that text has at i, with signs taken for letters at the cost of 1 bit in all.
func (l *list) search(text []rune, i int, found func(end int, bits float64)) {
	var walk func(lo, hi, depth, i int, swapped float64)
	walk = func(lo, hi, depth, i int, swapped float64) {
		if len(l.word(lo)) == depth {
			found(i, float64(l.rank[lo])+0.5+swapped)
		}
		if i == len(text) {
			return
		}
		if lo, hi, depth := l.narrow(lo, hi, depth, text[i]); lo < hi {
			walk(lo, hi, depth, i+1, swapped)
		}
		for _, letter := range swaps[text[i]] {
			if lo, hi, depth := l.narrow(lo, hi, depth, letter); lo < hi {
				walk(lo, hi, depth, i+1, 1)
			}
		}
	}
	walk(0, len(l.rank), 0, i, 0)
}

// Contains tells whether the word stands anywhere in the password, whatever its case and accents, and with signs
// written for letters.
func Contains(password, word string) bool {
	text, want := Fold(password), Fold(word)
	for i := range len(text) - len(want) + 1 {
		k := 0
		for k < len(want) && (text[i+k] == want[k] || strings.ContainsRune(swaps[text[i+k]], want[k])) {
			k++
		}
		if k == len(want) {
			return true
		}
	}
	return false
}

// caseBits is what capitals add to a word: 1 for the usual ones (first, last, all), more for each odd one.
func caseBits(word []rune) float64 {
	upper, lower := 0, 0
	for _, r := range word {
		if unicode.IsUpper(r) {
			upper++
		} else if unicode.IsLower(r) {
			lower++
		}
	}
	switch {
	case upper == 0:
		return 0
	case lower == 0, upper == 1 && (unicode.IsUpper(word[0]) || unicode.IsUpper(word[len(word)-1])):
		return 1
	}
	return 1 + float64(min(upper, lower))
}

// addSteps finds abcd, 9876 and the like.
func (p *puzzle) addSteps(i int) {
	text := p.folded
	if i+1 >= len(text) || !unicode.IsLetter(text[i]) && !unicode.IsDigit(text[i]) {
		return
	}
	step := text[i+1] - text[i]
	if step != 1 && step != -1 {
		return
	}
	bits := 4.7
	if strings.ContainsRune("az019", text[i]) {
		bits = 2
	} else if unicode.IsDigit(text[i]) {
		bits = plainBits
	}
	if step < 0 {
		bits++
	}
	for end := i + 2; end <= len(text) && text[end-1]-text[end-2] == step; end++ {
		if end-i >= leastStep {
			p.add(i, end, bits+math.Log2(float64(end-i)))
		}
	}
}

// rows are the keys of a British or American keyboard, each row half a key to the right of the one above; shifted
// has the signs above the same keys.
var rows = [...]string{"`1234567890-=", " qwertyuiop[]", " asdfghjkl;'", " zxcvbnm,./"}
var shifted = [...]string{"~!@#$%^&*()_+", "          {}", "         :\"", "       <>?"}

// key gives the row of a character's key and its place in half keys, or false.
func key(r rune) (row, x int, ok bool) {
	if r == ' ' {
		return 0, 0, false
	}
	for row := range rows {
		column := strings.IndexRune(rows[row], r)
		if column < 0 {
			column = strings.IndexRune(shifted[row], r)
		}
		if column >= 0 {
			return row, 2*column + row, true
		}
	}
	return 0, 0, false
}

// addKeyboard finds walks over neighbouring keys, such as qwert or 1qaz: where they start, and each turn, is a guess.
func (p *puzzle) addKeyboard(i int) {
	row, x, ok := key(p.folded[i])
	if !ok {
		return
	}
	bits, lastDown, lastRight := 5.5, 0, 0
	for end := i + 1; end < len(p.folded); end++ {
		nextRow, nextX, ok := key(p.folded[end])
		down, right := nextRow-row, nextX-x
		beside := down == 0 && (right == 2 || right == -2)
		across := (down == 1 || down == -1) && (right == 1 || right == -1)
		if !ok || !beside && !across {
			return
		}
		if down != lastDown || right != lastRight {
			bits += 2.3
		}
		row, x, lastDown, lastRight = nextRow, nextX, down, right
		if end+1-i >= leastRun {
			p.add(i, end+1, bits+math.Log2(float64(end+1-i))/2)
		}
	}
}

// addRepeats finds where the characters before i are written again, once or more: abcabcabc.
func (p *puzzle) addRepeats(i int) {
	text := p.folded
	period, length := 0, 0
	for try := 1; try <= i && i+length < len(text); try++ { // no period reaches further than the end
		same := 0
		for i+same < len(text) && text[i+same] == text[i+same-try] {
			same++
		}
		if same >= max(try, 2) && same > length {
			period, length = try, same
		}
	}
	for end := period; period > 0 && end <= length; end += period {
		p.add(i, i+end, math.Log2(float64(end/period+1)))
	}
	if period > 0 && length%period > 0 { // the last one broken off
		p.add(i, i+length, math.Log2(float64(length/period+2)))
	}
}

// addDates finds years from 1900 to 2049, days of a year and whole dates, with or without signs between.
func (p *puzzle) addDates(i int) {
	var digits []byte
	signs := 0.0
	for end := i; end < len(p.folded) && len(digits) < 8; end++ {
		switch r := p.folded[end]; {
		case r >= '0' && r <= '9':
			digits = append(digits, byte(r-'0'))
		case strings.ContainsRune("-/. _", r) && len(digits) > 0 && len(digits)%2 == 0 && signs < 2:
			signs++
			continue
		default:
			return
		}
		if bits := dateBits(digits); bits > 0 {
			p.add(i, end+1, bits+signs)
		}
	}
}

// dateBits is what a guess of these 4, 6 or 8 digits costs as a date, or 0 if they are none.
func dateBits(d []byte) float64 {
	const yearBits, centuryBits, dayBits, monthBits = 7.2, 6.6, 8.5, 3.6
	year := func(d []byte) bool { return d[0] == 1 && d[1] == 9 || d[0] == 2 && d[1] == 0 && d[2] < 5 }
	month := func(d []byte) bool { m := 10*d[0] + d[1]; return m >= 1 && m <= 12 }
	day := func(d []byte) bool {
		a, b := 10*d[0]+d[1], 10*d[2]+d[3]
		return month(d[2:]) && a >= 1 && a <= 31 || month(d) && b >= 1 && b <= 31
	}
	switch {
	case len(d) == 4 && year(d):
		return yearBits
	case len(d) == 4 && day(d):
		return dayBits
	case len(d) == 6 && (year(d) && month(d[4:]) || month(d) && year(d[2:])):
		return yearBits + monthBits
	case len(d) == 6 && (day(d) || day(d[2:])):
		return dayBits + centuryBits
	case len(d) == 8 && (day(d) && year(d[4:]) || year(d) && day(d[4:])):
		return dayBits + yearBits
	}
	return 0
}
