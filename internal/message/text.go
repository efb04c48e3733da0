// The words of texts, so that they fit.

package message

import (
	"net"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Composer writes texts in the name of the organisation.
type Composer struct {
	// Text is the sentence of a locale key, with args as name, value pairs (page.Locales has it).
	Text         func(locale, key string, args ...any) string
	Organisation string
	Host         string // of the site's public address: a code is good there and nowhere else
}

// Code is the text that brings a code: one segment in any language. Its last line binds the code to the site, so that
// a browser offers it there and on no imitation (WICG "Origin-bound one-time codes delivered via SMS").
func (c Composer) Code(locale, code string) string {
	binding := "\n\n@" + c.host() + " #" + code
	name := line(Fold(c.Organisation))
	if strings.Trim(name, "? ") == "" { // of another script, all of it
		name = ""
	}
	for ; name != ""; name = shorter(name) {
		text := Fold(c.Text(locale, "message.sms.code", "code", code, "organisation", name)) + binding
		if n, _ := Septets(text); n <= Segment {
			return text
		}
	}
	text := Fold(c.Text(locale, "message.sms.code-only", "code", code)) + binding
	if n, _ := Septets(text); n <= Segment {
		return text
	}
	return strings.TrimLeft(binding, "\n") // a very long host
}

// Notice is the text of the locale key, which belongs to the caller's chapter, with args as name, value pairs; it may
// use {organisation} besides. Long ones take several segments. No value can begin a new line, because a line of its
// own could bind a code to another site.
func (c Composer) Notice(locale, key string, args ...any) string {
	clean := make([]any, 0, len(args)+2)
	for _, arg := range args {
		if text, ok := arg.(string); ok {
			arg = line(text)
		}
		clean = append(clean, arg)
	}
	return Fold(c.Text(locale, key, append(clean, "organisation", line(c.Organisation))...))
}

// host has no port: the binding names a domain.
func (c Composer) host() string {
	if host, _, err := net.SplitHostPort(c.Host); err == nil {
		return host
	}
	return c.Host
}

// shorter cuts the last word off, or the last letter if there is only one word.
func shorter(name string) string {
	if space := strings.LastIndexByte(name, ' '); space > 0 {
		return strings.TrimRight(name[:space], " ,-–—&")
	}
	_, size := utf8.DecodeLastRuneInString(name)
	return name[:len(name)-size]
}

// line makes one line of a text: control characters become spaces (threat T87).
func line(text string) string {
	spaced := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	return strings.Join(strings.Fields(spaced), " ")
}
