// Printed cards: made and ended by others, told to the person in the same transaction, and printed.
package server

import (
	"time"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/method/card"
	"woggle/internal/paper"
)

// GiveCard makes a card for the person that works from one moment until another, and tells them so. What is to be printed is shown
// once, in their language. Its errors are those of card.Issue.
func (s *Server) GiveCard(tx *db.Tx, actor string, user directory.User, from, until time.Time, codes int) (printed paper.Card, err error) {
	if user, err = directory.Hold(tx, user.ID); err != nil {
		return printed, err
	}
	made, err := card.Issue(tx, s.keys, actor, user, from, until, codes)
	if err != nil {
		return printed, err
	}
	l := s.pages.Locales.Match("", user.Locale)
	first, last := l.Day(from, time.Time{}), l.Day(until.Add(-time.Second), time.Time{}) // the last day, not the midnight that ends it
	printed = paper.Card{Language: l.Code, Number: l.Text("card.print.number", "card", made.Number), Person: user.Name(),
		Valid: l.Text("card.print.valid", "from", first, "until", last), Note: l.Text("card.print.note")}
	for _, one := range made.Codes {
		printed.Codes = append(printed.Codes, one[:3]+" "+one[3:])
	}
	return printed, s.flow.Tell(tx, user, "card.notice.issued", nil, "card", made.Number, "from", first, "until", last)
}

// PrintCards makes a PDF of cards.
func (s *Server) PrintCards(cards []paper.Card, language string, now time.Time) ([]byte, error) {
	l, brand := s.pages.Locales.Match("", language), s.pages.Brand()
	return paper.Cards(paper.About{Title: l.Text("card.print.title"), Author: brand.Name, Colour: brand.Colour, Language: l.Code, Made: now}, cards)
}

// EndCard ends the person's card with the number, and every session, because one may have been made with it. It tells them so.
func (s *Server) EndCard(tx *db.Tx, actor string, user directory.User, number string) (err error) {
	if user, err = directory.Hold(tx, user.ID); err != nil {
		return err
	}
	e, err := card.Find(tx, user.ID, number)
	if err != nil {
		return err
	}
	if err := s.flow.Tell(tx, user, "card.notice.revoked", nil, "card", number); err != nil {
		return err
	}
	if err := card.Revoke(tx, actor, user, e); err != nil {
		return err
	}
	return s.sessions.EndOthers(tx, user.ID, "", actor)
}
