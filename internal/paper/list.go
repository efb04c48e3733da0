// A person's recovery codes on one page, with a box to tick for each.
package paper

import (
	"fmt"
	"strconv"
)

// List is the page. Empty parts are left out.
type List struct {
	Person     string
	Date       string // on which they were made, in words
	Heading    string
	Paragraphs []string
	Codes      []string // in groups: "abcd-efgh-jkmn-pqrs"
	Notes      []string // what to do with them, below
	Help       string   // whom to ask
	Footer     string
}

// Codes makes the page. It fails if the text is longer than that.
func Codes(about About, l List) ([]byte, error) {
	d, err := newDocument(about)
	if err != nil {
		return nil, err
	}
	s := d.page(d.within(d.root, "Sect", about.Language))
	s.head()
	y := s.text("H1", left, 44, right-left, style{bold: true, size: 20}, l.Heading)
	s.oneLine("P", left, y, right-left, style{bold: true, size: 12}, l.Person)
	s.oneLine("P", left, y+6, right-left, quietStyle, l.Date)
	y += 16
	for _, paragraph := range l.Paragraphs {
		y = s.text("P", left, y, readable, bodyStyle, paragraph) + bodyStyle.leading()*0.5
	}
	y = s.ticks(l.Codes, y) + 12
	for _, note := range l.Notes {
		y = s.text("P", left, y, readable, bodyStyle, note) + bodyStyle.leading()*0.5
	}
	y = s.text("P", left, y, readable, style{bold: true, size: bodyStyle.size}, l.Help)
	if y-bodyStyle.leading() > bodyBottom {
		return nil, fmt.Errorf("paper: the text is longer than a page")
	}
	s.foot(l.Footer)
	d.done(s)
	return d.finish(), nil
}

// ticks are the codes in two columns, read down, within a frame that ends where it gives.
func (s *sheet) ticks(codes []string, top float64) float64 {
	if len(codes) == 0 {
		return top
	}
	const row, column, pad, box = 13.0, (right - left) / 2, 6.0, 5.0
	rows := (len(codes) + 1) / 2
	s.within("L", func() {
		for i, code := range codes {
			x, y := left+pad+float64(i/rows)*(column-2), top+11+float64(i%rows)*row
			s.decorate(func() { s.frame(x, y-box+0.6, box, box, 0.8, 0.35, black) })
			s.within("LI", func() {
				s.part("Lbl", func() { s.fitRight(x+13, y, 7, quietStyle, strconv.Itoa(i+1)+".") })
				s.part("LBody", func() { s.code(x+15, y, column-pad-19, style{bold: true, size: 14}, code) })
			})
		}
	})
	end := top + float64(rows)*row + 5
	s.decorate(func() { s.frame(left, top, right-left, end-top, 4, 0.4, s.doc.about.ink()) })
	return end
}
