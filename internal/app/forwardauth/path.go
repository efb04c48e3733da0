// The path that a rule is found by. What opens is read narrowly, and what closes broadly: a site may read a path in more
// ways than we do (threat T78).
package forwardauth

import (
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// readPath decodes the path of a target, once. It is false where sites differ about what is meant: dot segments, encoded
// slashes, backslashes, what is encoded twice, and what is no text. A proxy may have resolved them for the site, or not.
func readPath(target string) (path string, ok bool) {
	raw, _, _ := strings.Cut(target, "?")
	path, err := url.PathUnescape(raw)
	if err != nil || !utf8.ValidString(path) || strings.Count(path, "/") != strings.Count(raw, "/") {
		return "", false
	}
	for i := range len(path) {
		if path[i] < ' ' || path[i] == 0x7f {
			return "", false
		}
	}
	plain := compatible(path)
	if strings.Count(plain, "/") != strings.Count(path, "/") || strings.Contains(plain, `\`) || encodedTwice.MatchString(plain) {
		return "", false
	}
	for segment := range strings.SplitSeq(plain, "/") {
		// Some cut off the parameters (RFC 3986 section 3.3) before they resolve dots.
		if name := strings.TrimSpace(bare(segment)); name == "." || name == ".." {
			return "", false
		}
	}
	return path, true
}

// encodedTwice is what decoding once more would change. Some write a character as %u0041.
var encodedTwice = regexp.MustCompile(`(?i)%([0-9a-f]{2}|u[0-9a-f]{4})`)

// compatible turns wide and other forms of letters and marks into the plain ones (Unicode Standard Annex 15), as file
// systems of some sites do.
func compatible(path string) string { return norm.NFKC.String(path) }

// bare is a segment without its parameters.
func bare(segment string) string {
	name, _, _ := strings.Cut(segment, ";")
	return name
}

// broad is a path as the most generous site would read it: no empty segments, no parameters, no case, no dots or spaces at
// the end of a segment.
func broad(path string) string {
	var b strings.Builder
	for segment := range strings.SplitSeq(compatible(path), "/") {
		if name := strings.TrimRight(bare(segment), ". "); name != "" {
			b.WriteByte('/')
			b.WriteString(strings.ToLower(name))
		}
	}
	if b.Len() == 0 || strings.HasSuffix(path, "/") {
		b.WriteByte('/')
	}
	return b.String()
}

// isPlain tells whether every site reads the path alike.
func isPlain(path string) bool {
	return !strings.ContainsAny(path, "%;?#") && !strings.Contains(path, "//")
}

// opens tells whether an open rule is about the path: within the folder, to the letter.
func (r *rule) opens(path string) bool {
	rest, found := strings.CutPrefix(path, r.prefix)
	return found && (rest == "" || strings.HasSuffix(r.prefix, "/") || rest[0] == '/') && isPlain(path)
}

// closes tells whether a rule that asks for more is about the path, which is read broadly.
func (r *rule) closes(broadly string) bool { return strings.HasPrefix(broadly, r.broad) }

// ruleOf finds the rule of a path: the longest that is about it. What no rule is about takes what the app takes.
func (s *site) ruleOf(path string) *rule {
	found, broadly := &s.whole, ""
	for i := range s.rules { // the longest first
		r := &s.rules[i]
		if r.open {
			if r.opens(path) {
				return r
			}
			continue
		}
		if broadly == "" {
			broadly = broad(path)
		}
		if r.closes(broadly) {
			return r
		}
	}
	return found
}
