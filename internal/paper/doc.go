// Package paper owns what is printed: letters with a code and a QR code for window envelopes, cards of numbered codes, and the
// list of a person's recovery codes, as PDF.
//
// It is given plain values and sentences and gives bytes: it knows no database, no clock and no language. The same values give
// the same bytes. What it makes is a tagged PDF (ISO 32000-1 section 14.8), which screen readers read in order and in the right
// language; its fonts are inside; everything is drawn so that a printer without colours loses nothing.
//
// From the top down: letter.go, card.go and list.go each lay out one kind of page; sheet.go draws on a page in millimetres;
// document.go joins pages and tags; file.go writes the objects of a PDF; font.go measures letters.
//
// The bytes hold secrets that are stored nowhere else: the caller sends them once, and keeps none.
package paper
