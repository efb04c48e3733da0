// Drawing on a page: lengths are millimetres from its upper left corner, sizes of letters are points.
package paper

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"rsc.io/qr"
)

const (
	perPoint = 25.4 / 72 // millimetres
	height   = 297.0     // of A4
)

type colour [3]float64

var (
	black = colour{}
	grey  = colour{0.34, 0.34, 0.34} // 7 to 1 on white, so that it is read when toner runs low
	pale  = colour{0.72, 0.72, 0.72} // lines only
)

// style is how text looks.
type style struct {
	bold   bool
	size   float64
	colour colour
}

// leading is from one line to the next.
func (st style) leading() float64 { return st.size * 1.42 * perPoint }

// scaled is the style in another size.
func (st style) scaled(by float64) style { st.size *= by; return st }

// sheet is one page being drawn.
type sheet struct {
	doc    *document
	object int
	in     *element // to which new parts belong
	out    bytes.Buffer
	marks  []int // the element of each marked part
}

// within draws a part that has parts of its own.
func (s *sheet) within(role string, draw func()) {
	outer := s.in
	s.in = s.doc.within(outer, role, "")
	draw()
	s.in = outer
}

// part draws a part that is read as a whole: a paragraph, a heading, the label of a row.
func (s *sheet) part(role string, draw func()) *element {
	e := s.doc.within(s.in, role, "")
	e.kids = append(e.kids, kid{page: s.object, mark: len(s.marks)})
	fmt.Fprintf(&s.out, "/%s << /MCID %d >> BDC\n", role, len(s.marks))
	s.marks = append(s.marks, e.object)
	draw()
	s.out.WriteString("EMC\n")
	return e
}

// decorate draws what is not read aloud: lines, boxes, marks to cut at.
func (s *sheet) decorate(draw func()) {
	s.out.WriteString("/Artifact BMC\n")
	draw()
	s.out.WriteString("EMC\n")
}

func (s *sheet) font(st style) *font {
	if st.bold {
		return s.doc.bold
	}
	return s.doc.regular
}

// width is how wide printed text is.
func (s *sheet) width(st style, text string) float64 {
	return s.font(st).width(text) * st.size * perPoint
}

// line writes text as it is, from x on, standing on y.
func (s *sheet) line(x, y float64, st style, text string) {
	s.show(x, y, st, func(f *font) { s.glyphs(f, text) })
}

func (s *sheet) show(x, y float64, st style, glyphs func(*font)) {
	name := 0
	if st.bold {
		name = 1
	}
	fmt.Fprintf(&s.out, "BT /F%d %s Tf %s rg %s %s Td [", name, number(st.size), st.colour, number(x/perPoint), number((height-y)/perPoint))
	glyphs(s.font(st))
	s.out.WriteString("] TJ ET\n")
}

func (s *sheet) glyphs(f *font, text string) {
	s.out.WriteByte('<')
	for _, r := range text {
		fmt.Fprintf(&s.out, "%04X", f.glyphs[r])
	}
	s.out.WriteByte('>')
}

// fit writes one line that is at most wide: in smaller letters, and at last shortened.
func (s *sheet) fit(x, y, wide float64, st style, text string) {
	text, st = s.fitted(wide, st, text)
	s.line(x, y, st, text)
}

// fitRight is fit, ending at x.
func (s *sheet) fitRight(x, y, wide float64, st style, text string) {
	text, st = s.fitted(wide, st, text)
	s.line(x-s.width(st, text), y, st, text)
}

// smallest is how far letters shrink before text is shortened.
const smallest = 0.72

func (s *sheet) fitted(wide float64, st style, text string) (string, style) {
	text = s.font(st).printed(text)
	full := s.width(st, text)
	if full <= wide {
		return text, st
	}
	st = st.scaled(max(wide/full, smallest))
	for s.width(st, text) > wide+0.01 {
		_, last := utf8.DecodeLastRuneInString(strings.TrimSuffix(text, "…"))
		text = strings.TrimRight(strings.TrimSuffix(text, "…")[:len(strings.TrimSuffix(text, "…"))-last], " ") + "…"
		if text == "…" {
			break
		}
	}
	return text, st
}

// wrap breaks text into lines that are at most wide. A word that is longer than a line, such as an address, is broken where it must be.
func (s *sheet) wrap(wide float64, st style, text string) []string {
	f := s.font(st)
	var lines []string
	var line string
	for _, word := range strings.FieldsFunc(f.printed(text), func(r rune) bool { return r == ' ' }) { // not at no-break spaces
		if joined := strings.TrimPrefix(line+" "+word, " "); s.width(st, joined) <= wide {
			line = joined
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		line = word
		for s.width(st, line) > wide {
			cut := s.most(wide, st, line)
			lines, line = append(lines, line[:cut]), line[cut:]
		}
	}
	return append(lines, line)
}

// most is how many bytes of a word go into one line; at least one letter, so that it comes to an end.
func (s *sheet) most(wide float64, st style, word string) int {
	total := 0.0
	for i, r := range word {
		total += s.width(st, string(r))
		if total > wide && i > 0 {
			return i
		}
	}
	return len(word)
}

// lines writes wrapped lines, the first standing on y, and gives where the next would stand.
func (s *sheet) lines(x, y, leading float64, st style, lines []string) float64 {
	for i, line := range lines {
		if i < len(lines)-1 {
			line += " " // so that what is copied or read aloud does not join two words
		}
		s.line(x, y, st, line)
		y += leading
	}
	return y
}

// text is a part of wrapped lines: it begins on y, and the next one would stand on what it gives.
func (s *sheet) text(role string, x, y, wide float64, st style, text string) float64 {
	if text == "" {
		return y
	}
	s.part(role, func() { y = s.lines(x, y, st.leading(), st, s.wrap(wide, st, text)) })
	return y
}

// code writes a code so that its signs stand apart, as people read them one by one, and digits under digits; all of it at most
// wide.
func (s *sheet) code(x, y, wide float64, st style, code string) {
	f := s.font(st)
	code = f.printed(code)
	full := 0.0
	for _, r := range code {
		full += f.cell(r)
	}
	st = st.scaled(min(1, wide/(full*st.size*perPoint)))
	// Spread out it looks like many words: the span says what it is when it is read aloud or copied (section 14.9.4).
	fmt.Fprintf(&s.out, "/Span << /ActualText %s >> BDC\n", quoted(code))
	s.show(x, y, st, func(f *font) {
		before := 0.0
		for _, r := range code {
			side := (f.cell(r) - f.width(string(r))) / 2
			fmt.Fprintf(&s.out, "%s ", number(-1000*(before+side)))
			s.glyphs(f, string(r))
			before = side
		}
	})
	s.out.WriteString("EMC\n")
}

// cell is how wide the place of one sign of a code is, for a size of one.
func (f *font) cell(r rune) float64 {
	switch {
	case '0' <= r && r <= '9':
		return 0.68
	case r == ' ' || r == '-':
		return 0.48
	}
	return f.width(string(r)) + 0.12
}

// rule is a line from one point to another.
func (s *sheet) rule(x1, y1, x2, y2, thick float64, c colour) {
	fmt.Fprintf(&s.out, "%s RG %s w %s %s m %s %s l S\n", c, number(thick/perPoint),
		number(x1/perPoint), number((height-y1)/perPoint), number(x2/perPoint), number((height-y2)/perPoint))
}

// frame is the outline of a box with round corners.
func (s *sheet) frame(x, y, wide, high, round, thick float64, c colour) {
	left, right, top, bottom, r := x/perPoint, (x+wide)/perPoint, (height-y)/perPoint, (height-y-high)/perPoint, round/perPoint
	k := r * (1 - 0.5523) // where the handles of a curve lie that is nearly a quarter of a circle
	path := []float64{left + r, top,
		right - r, top, right - k, top, right, top - k, right, top - r,
		right, bottom + r, right, bottom + k, right - k, bottom, right - r, bottom,
		left + r, bottom, left + k, bottom, left, bottom + k, left, bottom + r,
		left, top - r, left, top - k, left + k, top, left + r, top}
	fmt.Fprintf(&s.out, "%s RG %s w %s %s m\n", c, number(thick/perPoint), number(path[0]), number(path[1]))
	for i := 2; i < len(path); i += 8 {
		for j := i; j < i+8; j += 2 {
			fmt.Fprintf(&s.out, "%s %s ", number(path[j]), number(path[j+1]))
			if j == i {
				s.out.WriteString("l ")
			}
		}
		s.out.WriteString("c\n")
	}
	s.out.WriteString("s\n")
}

// square is a QR code as wide and high as size, without the white margin that it needs around it (four of its modules).
func (s *sheet) square(x, y, size float64, text, alternate string) error {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return fmt.Errorf("paper: draw a QR code of %d bytes: %w", len(text), err)
	}
	module := size / float64(code.Size) / perPoint
	e := s.part("Figure", func() {
		// One unit is one module, and y grows downwards, until the state is restored.
		fmt.Fprintf(&s.out, "q 0 g %.5f 0 0 %.5f %s %s cm\n", module, -module, number(x/perPoint), number((height-y)/perPoint))
		for row := range code.Size {
			for column := 0; column < code.Size; column++ {
				start := column
				for code.Black(column, row) {
					column++
				}
				if column > start {
					fmt.Fprintf(&s.out, "%d %d %d 1 re\n", start, row, column-start)
				}
			}
		}
		s.out.WriteString("f Q\n")
	})
	e.alternate = alternate
	return nil
}

// number is a length as the format takes it, to the hundredth of a point.
func number(n float64) string {
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(n, 'f', 2, 64), "0"), ".")
}

// String is the colour as the format takes it.
func (c colour) String() string {
	return number(c[0]) + " " + number(c[1]) + " " + number(c[2])
}
