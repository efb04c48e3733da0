// PowerShell's tokens, as far as quoting goes (the language specification, section 2.3.5).
package microsoft365_test

import (
	"errors"
	"fmt"
	"strings"
)

// token is a piece of a script: a string with its value, or code.
type token struct {
	text   bool // it is a string that is taken as it stands
	value  string
	dollar bool // it is a string in which variables are expanded
}

func single(r rune) bool { return r == '\'' || r >= '\u2018' && r <= '\u201B' }
func double(r rune) bool { return r == '"' || r >= '\u201C' && r <= '\u201E' }

// tokens splits a script. Comments are left out; code is split at spaces and brackets.
func tokens(script string) (all []token, err error) {
	runes := []rune(script)
	var code strings.Builder
	end := func() {
		if code.Len() > 0 {
			all = append(all, token{value: code.String()})
			code.Reset()
		}
	}
	depth := []rune{}
	for i := 0; i < len(runes); i++ {
		r := runes[i]
		switch {
		case single(r):
			end()
			value, next, closed := quoted(runes, i+1, single)
			if !closed {
				return nil, fmt.Errorf("a string does not end: %.40q", string(runes[i:]))
			}
			all, i = append(all, token{text: true, value: value}), next
		case double(r):
			end()
			value, next, closed := quoted(runes, i+1, double)
			if !closed || strings.ContainsAny(value, "$`") {
				return nil, fmt.Errorf("a string expands something, or does not end: %.40q", value)
			}
			all, i = append(all, token{dollar: true, value: value}), next
		case r == '#' && code.Len() == 0: // at the beginning of a token only
			for i < len(runes) && runes[i] != '\n' && runes[i] != '\r' {
				i++
			}
		case strings.ContainsRune("({[", r):
			end()
			depth, all = append(depth, r), append(all, token{value: string(r)})
		case strings.ContainsRune(")}]", r):
			end()
			if len(depth) == 0 || strings.IndexRune("({[", depth[len(depth)-1]) != strings.IndexRune(")}]", r) {
				return nil, fmt.Errorf("a bracket too many at %.40q", string(runes[i:]))
			}
			depth, all = depth[:len(depth)-1], append(all, token{value: string(r)})
		case r == '`':
			return nil, errors.New("there is a back-tick in code")
		case r == ' ' || r == '\n' || r == '\t' || r == '\r':
			end()
		default:
			code.WriteRune(r)
		}
	}
	end()
	if len(depth) > 0 {
		return nil, errors.New("a bracket is not closed")
	}
	return all, nil
}

// quoted reads a string up to its end; a doubled quote stands for the second of the two.
func quoted(runes []rune, from int, quote func(rune) bool) (value string, last int, closed bool) {
	var b strings.Builder
	for i := from; i < len(runes); i++ {
		if !quote(runes[i]) {
			b.WriteRune(runes[i])
			continue
		}
		if i+1 == len(runes) || !quote(runes[i+1]) {
			return b.String(), i, true
		}
		i++
		b.WriteRune(runes[i])
	}
	return "", 0, false
}
