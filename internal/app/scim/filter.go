// Filters (RFC 7644 section 3.4.2.2), read within bounds.
package scim

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	filter "github.com/scim2/filter-parser/v2"
)

// Bounds of a filter and of a path (threat T83): the parser calls itself for each level.
const (
	filterBytes = 2 << 10
	filterDepth = 20
)

// errFilter says that a filter cannot be used. Its text is the client's to read.
type errFilter string

func (e errFilter) Error() string { return string(e) }

// parseFilter reads a filter. The parser does not know escapes in strings, more than one "and" in a value filter, and a
// condition on one part of what a value filter selects, as in emails[type eq "work"].value eq "x", which Entra sends. So
// strings and value filters are taken out before, and put back after.
func parseFilter(text string) (filter.Expression, error) {
	tokens, values, err := tokenise(text)
	if err != nil {
		return nil, err
	}
	return parseTokens(tokens, values)
}

func parseTokens(tokens, values []string) (filter.Expression, error) {
	tokens, selected, err := takeOut(tokens, values)
	if err != nil {
		return nil, err
	}
	parsed, err := filter.ParseFilter([]byte(join(tokens)))
	if err != nil {
		return nil, errUnreadable
	}
	return putBack(parsed, values, selected)
}

const errUnreadable = errFilter("The filter could not be understood.")

// checkDepth tells why a filter or a path is not to be given to a parser.
func checkDepth(text string) error {
	_, _, err := tokenise(text)
	return err
}

const brackets = "()[]"

// tokenise splits a filter into brackets, words and strings. A string becomes "N", the place of its value.
func tokenise(text string) (tokens []string, values []string, err error) {
	if len(text) > filterBytes {
		return nil, nil, errFilter("The filter is longer than 2048 bytes.")
	}
	depth := 0
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == ' ' || c == '\t':
			i++
			tokens = append(tokens, " ")
		case c == '"':
			end := closing(text, i)
			var value string
			if end < 0 || json.Unmarshal([]byte(text[i:end+1]), &value) != nil {
				return nil, nil, errFilter("A string of the filter has no end, or an escape that is none.")
			}
			tokens = append(tokens, `"`+strconv.Itoa(len(values))+`"`)
			values = append(values, value)
			i = end + 1
		case strings.IndexByte(brackets, c) >= 0:
			if depth += map[byte]int{'(': 1, '[': 1, ')': -1, ']': -1}[c]; depth < 0 || depth > filterDepth {
				return nil, nil, errFilter("The brackets of the filter do not match, or are more than 20 deep.")
			}
			tokens = append(tokens, string(c))
			i++
		default:
			end := i
			for end < len(text) && !strings.ContainsRune(" \t\""+brackets, rune(text[end])) {
				end++
			}
			tokens = append(tokens, text[i:end])
			i = end
		}
	}
	if depth != 0 {
		return nil, nil, errFilter("The brackets of the filter do not match.")
	}
	return tokens, values, nil
}

// closing is where the string that begins at i ends, or -1.
func closing(text string, i int) int {
	for j := i + 1; j < len(text); j++ {
		switch text[j] {
		case '\\':
			j++
		case '"':
			return j
		}
	}
	return -1
}

// takeOut puts a word in the place of each value filter a[F], or a[F].b op v, which becomes a[(F) and b op v].
func takeOut(tokens, values []string) (out []string, selected []*filter.ValuePath, err error) {
	for i := 0; i < len(tokens); i++ {
		if tokens[i] != "[" {
			out = append(out, tokens[i])
			continue
		}
		end := i + slices.Index(tokens[i:], "]")
		if end < i || len(out) == 0 || slices.Contains(tokens[i+1:end], "[") { // value filters have none within them
			return nil, nil, errUnreadable
		}
		path, err := filter.ParsePath([]byte(out[len(out)-1]))
		if err != nil || path.AttributePath.SubAttribute != nil {
			return nil, nil, errUnreadable
		}
		inner, err := parseTokens(tokens[i+1:end], values)
		if err != nil {
			return nil, nil, err
		}
		if end+1 < len(tokens) && strings.HasPrefix(tokens[end+1], ".") {
			condition, next := words(tokens, end+1)
			if condition == nil {
				return nil, nil, errUnreadable
			}
			condition[0] = strings.TrimPrefix(condition[0], ".")
			also, err := parseTokens(condition, values)
			if err != nil {
				return nil, nil, err
			}
			inner, end = &filter.LogicalExpression{Left: inner, Right: also, Operator: filter.AND}, next-1
		}
		out = append(out[:len(out)-1], selectedWord+strconv.Itoa(len(selected)), " ", "pr")
		selected = append(selected, &filter.ValuePath{AttributePath: path.AttributePath, ValueFilter: inner})
		i = end
	}
	return out, selected, nil
}

// selectedWord and a number stand for a value filter. A client that writes it itself names one of its own, or nothing.
const selectedWord = "value-filter-"

// words are the next words of a comparison: attribute, operator and value, or attribute and pr.
func words(tokens []string, from int) (found []string, next int) {
	for next = from; next < len(tokens); next++ {
		if tokens[next] == " " {
			continue
		}
		if len(found) > 0 {
			found = append(found, " ")
		}
		found = append(found, tokens[next])
		if len(found) == 5 || len(found) == 3 && strings.EqualFold(found[2], "pr") {
			return found, next + 1
		}
	}
	return nil, next
}

// join writes tokens with one space between words, as the parser's grammar wants it.
func join(tokens []string) string {
	var text strings.Builder
	spaced := false
	for _, token := range tokens {
		if token == " " {
			spaced = text.Len() > 0
			continue
		}
		written := text.String()
		if spaced && !strings.HasSuffix(written, "(") && !strings.HasSuffix(written, "[") && token != ")" && token != "]" {
			text.WriteByte(' ')
		}
		spaced = false
		text.WriteString(token)
	}
	return text.String()
}

// putBack puts the strings and the value filters back.
func putBack(e filter.Expression, values []string, selected []*filter.ValuePath) (filter.Expression, error) {
	var err error
	switch e := e.(type) {
	case *filter.AttributeExpression:
		if number, is := strings.CutPrefix(e.AttributePath.AttributeName, selectedWord); is {
			if n, err := strconv.Atoi(number); err == nil && n >= 0 && n < len(selected) {
				return selected[n], nil
			}
		}
		if place, is := e.CompareValue.(string); is {
			n, err := strconv.Atoi(place)
			if err != nil || n < 0 || n >= len(values) {
				return nil, errUnreadable
			}
			e.CompareValue = values[n]
		}
	case *filter.NotExpression:
		e.Expression, err = putBack(e.Expression, values, selected)
	case *filter.LogicalExpression:
		if e.Left, err = putBack(e.Left, values, selected); err == nil {
			e.Right, err = putBack(e.Right, values, selected)
		}
	default:
		return nil, errUnreadable
	}
	return e, err
}
