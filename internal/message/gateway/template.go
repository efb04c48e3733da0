// Templates: texts of the settings with places for the message, each value escaped for where it stands.

package gateway

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// placeholders are what can stand in a template.
var placeholders = []string{"to", "to_digits", "text", "sender", "id", "secret"}

var placeholder = regexp.MustCompile(`\{([a-z_]+)\}`)

// template is a text with placeholders.
type template struct {
	text   string
	escape func(string) string
}

// newTemplate checks a text. Braces that hold no name, as in JSON, are left alone.
func newTemplate(where, text string, escape func(string) string) (template, error) {
	for _, found := range placeholder.FindAllStringSubmatch(text, -1) {
		known := false
		for _, name := range placeholders {
			known = known || name == found[1]
		}
		if !known {
			return template{}, fmt.Errorf("%s has {%s} in it, which is nothing: there are {%s}", where, found[1], strings.Join(placeholders, "}, {"))
		}
	}
	return template{text, escape}, nil
}

// fill puts the values in their places. A value that looks like a placeholder stays what it is.
func (t template) fill(values map[string]string) string {
	return placeholder.ReplaceAllStringFunc(t.text, func(found string) string { return t.escape(values[found[1:len(found)-1]]) })
}

func (t template) has(name string) bool { return strings.Contains(t.text, "{"+name+"}") }

// escapes are how values are written in a body, by its content type.
var escapes = map[string]func(string) string{
	"application/x-www-form-urlencoded": url.QueryEscape,
	"application/json":                  inJSON,
	"application/xml":                   inXML,
	"text/xml":                          inXML,
	"text/plain":                        oneLine,
}

// inJSON is the inside of a JSON string.
func inJSON(value string) string {
	quoted, err := json.Marshal(value)
	if err != nil {
		return "" // a string can always be written
	}
	return string(quoted[1 : len(quoted)-1])
}

func inXML(value string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(value)) // a builder takes everything
	return b.String()
}

// oneLine is for headers and plain bodies, where a line break would begin something new (threat T87).
func oneLine(value string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, value)
}
