// How an e-mail looks: a plain letter, and the same as HTML.

package message

import (
	_ "embed"
	htmltemplate "html/template"
	"strings"
	texttemplate "text/template"
)

//go:embed letter.html
var letterHTML string

//go:embed letter.txt
var letterText string

var (
	asHTML = htmltemplate.Must(htmltemplate.New("letter").Parse(letterHTML))
	asText = texttemplate.Must(texttemplate.New("letter").Parse(letterText))
)

// letter is what the templates show. Every part of it is one line of plain text.
type letter struct {
	Locale, Direction, Organisation, Subject string
	Hello                                    string
	Paragraphs                               []string
	Button                                   *Button
	Copy, Automatic                          string // sentences below the button and below all
}

// render writes both forms of the message as a letter. text gives the sentences that every letter has.
func render(m Message, organisation string, text func(locale, key string, args ...any) string) (plain, html string, err error) {
	l := letter{Locale: m.Locale, Direction: text(m.Locale, "language.direction"), Organisation: line(organisation),
		Subject: line(m.Subject), Hello: text(m.Locale, "message.email.hello-nobody"),
		Copy:      text(m.Locale, "message.email.button-not-working"),
		Automatic: text(m.Locale, "message.email.automatic", "organisation", line(organisation))}
	if name := line(m.Name); name != "" {
		l.Hello = text(m.Locale, "message.email.hello", "name", name)
	}
	if m.Button != nil {
		l.Button = &Button{Label: line(m.Button.Label), URL: line(m.Button.URL)}
	}
	for _, paragraph := range m.Paragraphs {
		l.Paragraphs = append(l.Paragraphs, line(paragraph))
	}
	var p, h strings.Builder
	if err := asText.Execute(&p, l); err != nil {
		return "", "", err
	}
	if err := asHTML.Execute(&h, l); err != nil {
		return "", "", err
	}
	return p.String(), h.String(), nil
}
