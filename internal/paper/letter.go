// A letter with a code: one page, whose address shows in the window of a long envelope.
package paper

import (
	"fmt"
	"strings"
)

// Letter is one letter. Empty parts are left out.
type Letter struct {
	Language   string   // of this letter, if it is not the document's
	To         []string // the name, and the lines of the address if there is one: at most eight
	Group      string   // for whoever hands letters out
	Date       string   // in words
	Heading    string
	Paragraphs []string
	CodeLabel  string // "Your access pass"
	Code       string // in groups: "abcd-efgh-jkmn"
	Spelt      string // the same as it is read aloud
	Link       string // what the QR code says
	LinkLabel  string // what is written below it: "Scan me with your phone"
	LinkSays   string // what is read aloud in its place: "QR code of the sign-in page"
	Steps      []string
	Help       string // whom to ask
	Footer     string
}

// Where things stand. Both long windows in use show what is from 61 to 85 mm down and from 20 to 91 mm across, wherever in the
// envelope a letter lies that is folded at the marks: DL (110 x 220) and C5/C6 (114 x 229), window 35 x 90 mm, 20 mm from the
// left and 18 to 20 from below. The next line begins below the fold, so nothing but the address can be seen from outside.
const (
	left, right         = 22.0, 188.0
	windowTop           = 61.0
	windowBottom        = 85.0
	windowRight         = 91.0
	fold, secondFold    = 105.0, 210.0
	bodyTop, bodyBottom = 117.0, 272.0
	readable            = 152.0 // how wide paragraphs are: about 80 letters
)

var (
	bodyStyle  = style{size: 11}
	quietStyle = style{size: 9.5, colour: grey}
)

// Letters makes one document of all letters, in their order, a page each. It fails if the text of one is longer than its page.
func Letters(about About, letters []Letter) ([]byte, error) {
	d, err := newDocument(about)
	if err != nil {
		return nil, err
	}
	for i, l := range letters {
		if err := d.letter(l); err != nil {
			return nil, fmt.Errorf("letter %d of %d: %w", i+1, len(letters), err)
		}
	}
	return d.finish(), nil
}

// letter adds a letter in the largest type in which it fits on its page.
func (d *document) letter(l Letter) error {
	objects, kids := len(d.objects), len(d.root.kids)
	for _, scale := range []float64{1, 0.93, 0.86, 0.8} {
		s := d.page(d.within(d.root, "Sect", d.language(l.Language)))
		end, err := s.letter(l, scale)
		if err != nil {
			return err
		}
		if end <= bodyBottom {
			d.done(s)
			return nil
		}
		d.objects, d.root.kids = d.objects[:objects], d.root.kids[:kids]
	}
	return fmt.Errorf("paper: the text is longer than a page")
}

// letter draws a letter and gives how far down it reaches.
func (s *sheet) letter(l Letter, scale float64) (float64, error) {
	s.head()
	s.decorate(func() {
		s.rule(4, fold, 9, fold, 0.1, grey)
		s.rule(4, secondFold, 8, secondFold, 0.1, grey)
	})
	s.addressee(l.To)
	y := s.text("P", 126, windowTop+3.5, right-126, quietStyle, l.Date)
	s.text("P", 126, y+0.6, right-126, quietStyle, l.Group)

	body := bodyStyle.scaled(scale)
	gap := body.leading() * 0.5
	y = s.text("H1", left, bodyTop, right-left, style{bold: true, size: 17 * scale}, l.Heading)
	y += gap / 2
	for _, paragraph := range l.Paragraphs {
		y = s.text("P", left, y, readable, body, paragraph) + gap
	}
	y, err := s.key(l, y-body.leading()*0.6, scale)
	if err != nil {
		return 0, err
	}
	y = s.steps(l.Steps, y+body.leading()*1.6, body)
	y = s.text("P", left, y+gap/2, readable, style{bold: true, size: body.size}, l.Help)
	s.foot(l.Footer)
	return y - body.leading(), nil
}

// head is the organisation, with its line.
func (s *sheet) head() {
	ink := s.doc.about.ink()
	s.part("P", func() { s.fit(left, 22, right-left, style{bold: true, size: 15, colour: ink}, s.doc.about.Author) })
	s.decorate(func() { s.rule(left, 27, right, 27, 0.6, ink) })
}

// foot is small print, in two lines at most.
func (s *sheet) foot(text string) {
	st := style{size: 8.5, colour: grey}
	lines := s.wrap(right-left, st, text)
	if text == "" {
		return
	}
	s.decorate(func() { s.rule(left, 277, right, 277, 0.15, pale) })
	s.part("P", func() {
		if len(lines) > 2 {
			s.fit(left, 282, right-left, st, text)
			return
		}
		s.lines(left, 282, st.leading(), st, lines)
	})
}

// addressee is written into the window. A name alone is large: such a letter is handed over.
func (s *sheet) addressee(to []string) {
	to = strings.FieldsFunc(strings.Join(to, "\n"), func(r rune) bool { return r == '\n' || r == '\r' })
	if len(to) == 0 {
		return
	}
	if len(to) > 8 {
		to = append(to[:7:7], strings.Join(to[7:], ", "))
	}
	st := style{size: 11}
	if len(to) == 1 {
		st = style{size: 14, bold: true}
	}
	// The first stands so that its accents are inside, the last so that its tails are.
	first, last := windowTop+1+st.size*perPoint, windowBottom-1-st.size*perPoint*0.3
	leading := st.leading()
	if room := (last - first) / float64(max(1, len(to)-1)); room < leading {
		leading = room
		st.size = min(st.size, room/perPoint/1.15) // closer first, smaller then
	}
	s.part("P", func() {
		for i, line := range to {
			if i < len(to)-1 {
				line += " "
			}
			s.fit(left, first+float64(i)*leading, windowRight-left, st, line)
		}
	})
}

// key is the frame with the code and the QR code, from top on. It gives where it ends.
func (s *sheet) key(l Letter, top, scale float64) (float64, error) {
	if l.Code == "" && l.Link == "" {
		return top, nil
	}
	const pad, size = 7.0, 38.0 // a version 6 code has 41 modules: the padding is more than four of them
	x, wide := left+pad, right-left-2*pad
	y := top + pad
	if l.Link != "" {
		wide -= size + 2*pad
	}
	quiet := quietStyle.scaled(scale)
	y = s.text("P", x, y+3, wide, quiet, l.CodeLabel) + 5
	if l.Code != "" {
		s.part("P", func() { s.code(x, y+1, wide, style{bold: true, size: 25}, l.Code) })
		y = s.text("P", x, y+8, wide, quiet, l.Spelt)
	}
	end := y - quiet.leading() + pad
	if l.Link != "" {
		squareX := right - pad - size
		if err := s.square(squareX, top+pad, size, l.Link, l.LinkSays); err != nil {
			return 0, err
		}
		y = s.text("P", squareX, top+pad+size+5.5, size, quiet.scaled(0.9), l.LinkLabel)
		end = max(end, y-quiet.leading()+pad-1)
	}
	s.decorate(func() { s.frame(left, top, right-left, end-top, 4, 0.4, s.doc.about.ink()) })
	return end, nil
}

// steps are numbered.
func (s *sheet) steps(steps []string, y float64, st style) float64 {
	if len(steps) == 0 {
		return y
	}
	s.within("L", func() {
		for i, step := range steps {
			s.within("LI", func() {
				s.part("Lbl", func() { s.line(left, y, style{bold: true, size: st.size}, fmt.Sprintf("%d.", i+1)) })
				y = s.text("LBody", left+8, y, readable-8, st, step) + st.leading()*0.3
			})
		}
	})
	return y
}
