// Text as PowerShell reads it.
package microsoft365

import "strings"

// quote writes a value as a verbatim string of PowerShell ("about_Quoting_Rules"): nothing in it is expanded, and only a quote
// ends it. PowerShell takes four more characters for a single quote than other languages do, and a doubled one of any of
// them for itself.
func quote(value string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for _, r := range value {
		if isQuote(r) {
			b.WriteRune(r)
		}
		b.WriteRune(r)
	}
	b.WriteByte('\'')
	return b.String()
}

func isQuote(r rune) bool { return r == '\'' || r >= '\u2018' && r <= '\u201B' }

// comment makes a value fit for the rest of a line after #, where a line break would begin a command.
func comment(value string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == '\u0085' || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, value)
}
