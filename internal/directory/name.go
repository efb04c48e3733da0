// What names and addresses may look like, and the form in which two of them are the same.
package directory

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"woggle/internal/problem"
)

// The bounds. A user name is at most what Entra allows in a user principal name: 64 characters, and with a domain 48 after
// the @. An address is at most what fits into a mail's path (RFC 5321 section 4.5.3.1).
const (
	usernameMax = 64
	domainMax   = 48
	emailMax    = 254
	localMax    = 64
	nameMax     = 100 // code points
)

// Canonical is the form under which a user name or an e-mail address is looked up and counted: without what stands
// around it unseen, compatibility forms (full width) made plain, case folded. Whatever is typed, the result is text that
// both databases take.
func Canonical(typed string) string {
	// A database refuses NUL and broken UTF-8 with an error, which would tell a stranger that this name is special.
	s := strings.ReplaceAll(strings.ToValidUTF8(typed, "\uFFFD"), "\x00", "\uFFFD")
	// Copying out of a message often takes invisible marks along; within the name they are left, and match nobody.
	s = strings.TrimFunc(norm.NFKC.String(s), func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) })
	return norm.NFKC.String(cases.Fold().String(s))
}

// Tidy is typed text in the form in which it is stored: no space around it, composed (NFC), so that what looks the same
// is the same.
func Tidy(typed string) string { return norm.NFC.String(strings.TrimSpace(typed)) }

// CheckUsername tells why s cannot be a user name. Only the ASCII characters of a user principal name are taken, so that
// no name can look like another that is written in other letters. A name may have a domain, as name@example.org.
// Its errors are Invalid problems of the field username.
func CheckUsername(s string) error {
	local, domain, hasDomain := strings.Cut(s, "@")
	switch {
	case s == "":
		return problem.Field("username", "directory.username.required")
	case len(local) > usernameMax || len(domain) > domainMax:
		return problem.Field("username", "directory.username.long", problem.Args{"max": usernameMax, "domain": domainMax})
	case !only(local, "'.-_!#^~"), hasDomain && !isDomain(domain):
		return problem.Field("username", "directory.username.characters")
	case !dotsApart(local):
		return problem.Field("username", "directory.username.dots")
	}
	return nil
}

// CheckEmail tells why s cannot be an e-mail address: a mailbox of RFC 5321 section 4.1.2, without quotes, routes and
// numeric hosts, which people do not have. An international domain is written in its ASCII form (xn--). Its errors are
// Invalid problems of the field email.
func CheckEmail(s string) error {
	at := strings.LastIndexByte(s, '@')
	switch {
	case s == "":
		return problem.Field("email", "directory.email.required")
	case len(s) > emailMax:
		return problem.Field("email", "directory.email.long", problem.Args{"max": emailMax})
	case at < 1 || at > localMax || !isDomain(s[at+1:]) || !strings.Contains(s[at+1:], "."):
		return problem.Field("email", "directory.email.form")
	case !only(s[:at], "!#$%&'*+-/=?^_`{|}~."):
		return problem.Field("email", "directory.email.characters")
	case !dotsApart(s[:at]):
		return problem.Field("email", "directory.email.form")
	}
	return nil
}

// CheckPersonName tells why s cannot be a given or family name. Every script is welcome, so are apostrophes, emoji and
// what looks like markup. Control characters are not, nor are marks that turn the text after them around: a name stands
// in mails, logs and lists beside other words. An empty name is no error here. Its errors are Invalid problems of the
// field name.
func CheckPersonName(s string) error { return checkName(s, nameMax) }

func checkName(s string, max int) error {
	if s == "" {
		return nil
	}
	if err := checkText("name", s, max); err != nil {
		return err
	}
	seen := func(r rune) bool { return unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S) }
	if !strings.ContainsFunc(s, seen) {
		return problem.Field("name", "directory.name.unseen")
	}
	return nil
}

// checkText is the rule for all free text that people give: plain characters, at most so many code points.
func checkText(field, s string, max int) error {
	switch {
	case utf8.RuneCountInString(s) > max:
		return problem.Field(field, "directory.text.long", problem.Args{"max": max})
	case !utf8.ValidString(s) || strings.ContainsFunc(s, disturbs):
		return problem.Field(field, "directory.text.characters")
	}
	return nil
}

// disturbs tells whether a character acts on what stands around it: controls, line and paragraph separators, and the
// embeddings, overrides and isolates of the bidirectional algorithm (UAX 9 section 2). Joiners stay: emoji and Persian
// need them.
func disturbs(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp) || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069
}

// only tells whether s is not empty and has only ASCII letters, digits and the others.
func only(s, others string) bool {
	strange := func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(others, r))
	}
	return s != "" && !strings.ContainsFunc(s, strange)
}

// dotsApart tells whether every dot of s stands between two other characters.
func dotsApart(s string) bool {
	return !strings.HasPrefix(s, ".") && !strings.HasSuffix(s, ".") && !strings.Contains(s, "..")
}

// isDomain tells whether s is a host name (RFC 1123 section 2.1).
func isDomain(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if len(label) > 63 || !only(label, "-") || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
			return false
		}
	}
	return true
}
