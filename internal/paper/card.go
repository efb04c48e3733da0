// Cards of numbered codes, ten on a page to be cut out, each as large as a bank card (ISO/IEC 7810, ID-1).
package paper

import (
	"fmt"
	"strconv"
)

// Card is one card. Empty parts are left out.
type Card struct {
	Language string   // of this card, if it is not the document's
	Number   string   // "Card 7K"
	Person   string   // whose it is
	Valid    string   // "Works from 1 August to 14 August 2027"
	Codes    []string // at most twelve, in the order of their numbers: "482 913"
	Note     string   // "Cross out what you have used. Lost it? …"
}

// MostCodes is how many codes a card has room for.
const MostCodes = 12

const (
	cardWide, cardHigh = 85.6, 53.98
	across, down       = 2, 5
	cardsLeft          = (210 - across*cardWide) / 2
	cardsTop           = (height - down*cardHigh) / 2
)

// Cards makes one document of all cards, in their order, ten a page, with marks to cut at. It fails if one has too many codes.
func Cards(about About, cards []Card) ([]byte, error) {
	d, err := newDocument(about)
	if err != nil {
		return nil, err
	}
	var s *sheet
	for i, c := range cards {
		if len(c.Codes) > MostCodes {
			return nil, fmt.Errorf("paper: card %d of %d has %d codes, and there is room for %d", i+1, len(cards), len(c.Codes), MostCodes)
		}
		place := i % (across * down)
		if place == 0 {
			if s != nil {
				d.done(s)
			}
			s = d.page(d.root)
			s.cuts(min(len(cards)-i, across*down))
		}
		s.in = d.within(d.root, "Sect", d.language(c.Language))
		s.card(c, cardsLeft+float64(place%across)*cardWide, cardsTop+float64(place/across)*cardHigh)
	}
	if s != nil {
		d.done(s)
	}
	return d.finish(), nil
}

// cuts are marks outside of the cards for a guillotine, and a faint dashed line between them for scissors.
func (s *sheet) cuts(cards int) {
	rows := (cards + across - 1) / across
	bottom := cardsTop + float64(rows)*cardHigh
	const end = cardsLeft + across*cardWide
	s.decorate(func() {
		s.out.WriteString("[1 2] 0 d\n")
		for i := range across + 1 {
			x := cardsLeft + float64(i)*cardWide
			s.rule(x, cardsTop, x, bottom, 0.1, pale)
		}
		for i := range rows + 1 {
			y := cardsTop + float64(i)*cardHigh
			s.rule(cardsLeft, y, end, y, 0.1, pale)
		}
		s.out.WriteString("[] 0 d\n")
		for i := range across + 1 {
			x := cardsLeft + float64(i)*cardWide
			s.rule(x, cardsTop-7, x, cardsTop-2, 0.2, grey)
			s.rule(x, bottom+2, x, bottom+7, 0.2, grey)
		}
		for i := range rows + 1 {
			y := cardsTop + float64(i)*cardHigh
			s.rule(cardsLeft-7, y, cardsLeft-2, y, 0.2, grey)
			s.rule(end+2, y, end+7, y, 0.2, grey)
		}
	})
}

func (s *sheet) card(c Card, x, y float64) {
	const pad = 5.0
	wide := cardWide - 2*pad
	x += pad
	ink := s.doc.about.ink()
	s.part("P", func() { s.fit(x, y+7.6, wide*0.7, style{bold: true, size: 8.5, colour: ink}, s.doc.about.Author) })
	if c.Number != "" {
		s.part("P", func() { s.fitRight(x+wide, y+7.6, wide*0.27, style{bold: true, size: 8.5}, c.Number) })
	}
	s.decorate(func() { s.rule(x, y+9.8, x+wide, y+9.8, 0.4, ink) })
	s.oneLine("H1", x, y+15.2, wide, style{bold: true, size: 11}, c.Person)
	s.oneLine("P", x, y+19.5, wide, style{size: 8, colour: grey}, c.Valid)
	if len(c.Codes) > 0 {
		s.within("L", func() {
			for i, code := range c.Codes {
				s.numbered(i+1, code, x+float64(i/4)*(wide+1)/3, y+27+float64(i%4)*6)
			}
		})
	}
	s.oneLine("P", x, y+50.4, wide, style{size: 7, colour: grey}, c.Note)
}

// numbered is a code with its number, which the page asks for.
func (s *sheet) numbered(n int, code string, x, y float64) {
	s.within("LI", func() {
		s.part("Lbl", func() { s.fitRight(x+3.6, y, 3.6, style{size: 8, colour: grey}, strconv.Itoa(n)) })
		s.part("LBody", func() { s.code(x+5, y, 19, style{bold: true, size: 12}, code) })
	})
}

func (s *sheet) oneLine(role string, x, y, wide float64, st style, text string) {
	if text != "" {
		s.part(role, func() { s.fit(x, y, wide, st, text) })
	}
}
