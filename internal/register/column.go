// Columns: what each of them is, guessed from its heading.
package register

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"woggle/internal/directory"
	"woggle/internal/register/sheet"
)

// What a column can be, besides what an edit can be about: nothing, or what becomes several of those.
const (
	ignored  = "ignore"
	FullName = "full_name"
	Groups   = "groups"
)

// headings are the words that membership systems and people write above a column, in English and in Welsh, as plain makes them. A
// column that has several things to choose from is given the first that no other column has.
var headings = map[string][]string{
	Number: {"membership number", "member number", "membership no", "member no", "mem no", "membership id", "member id", "memberid", "number",
		"membership ref", "membership reference", "member reference", "membership", "register number", "registration number", "person id",
		"contact id", "record id", "unique id", "id number", "id", "no", "nr", "ref", "urn", "scout id", "scout number",
		"rhif aelodaeth", "rhif aelod", "rhif y gofrestr", "rhif"},
	Username: {"user name", "username", "login", "login name", "user id", "userid", "user principal name", "upn", "account", "sign in name",
		"enw defnyddiwr"},
	Given: {"first name", "firstname", "given name", "givenname", "forename", "forenames", "first names", "given names", "christian name",
		"known as", "preferred name", "preferred first name", "enw cyntaf", "enwau cyntaf", "enw bedydd"},
	Family: {"last name", "lastname", "surname", "family name", "familyname", "second name", "cyfenw", "enw olaf", "enw teuluol"},
	FullName: {"name", "full name", "fullname", "display name", "member name", "member", "person", "enw", "enw llawn", "enw aelod",
		"enw yr aelod", "aelod"},
	Email: {"e mail", "email", "mail", "e mail address", "email address", "mail address", "e mail 1", "email 1", "email1",
		"contact email", "e bost", "ebost", "cyfeiriad e bost", "cyfeiriad ebost"},
	Phone: {"mobile", "mobile phone", "mobile number", "mobile tel", "mobile telephone", "cell", "cell phone", "phone", "phone number", "phone 1",
		"phone1", "telephone", "telephone number", "tel", "tel no", "contact number", "home phone", "home telephone", "landline",
		"ffon symudol", "rhif symudol", "symudol", "ffon", "rhif ffon", "rhif ffon symudol", "ffon gartref"},
	Groups: {"group", "groups", "group name", "section", "sections", "section name", "district", "unit", "units", "unit name", "team", "teams",
		"branch", "patrol", "location", "class", "department", "grwp", "grwpiau", "enw r grwp", "adran", "adrannau", "rhanbarth", "ardal", "uned",
		"tim", "timau", "cangen"},
	Started: {"start date", "started", "start", "date joined", "joined", "join date", "joining date", "joined date", "member since",
		"membership start", "membership start date", "date of joining", "dyddiad ymuno", "ymunodd", "dyddiad dechrau", "dechreuodd"},
	Leaves: {"leave date", "left", "leaving date", "date left", "end date", "ended", "end", "date of leaving", "membership end",
		"membership end date", "resigned", "dyddiad gadael", "gadawodd", "dyddiad gorffen", "dyddiad diwedd"},
}

// extras are words that say which of several it is, and not what it is.
var extras = []string{"primary", "main", "personal", "member", "members", "own", "preferred", "your", "prif", "personol"}

// plain is a heading without what is written differently each time: case, accents, signs, and what stands in brackets.
func plain(heading string) string {
	if before, _, found := strings.Cut(heading, "("); found && strings.TrimSpace(before) != "" {
		heading = before
	}
	words := strings.FieldsFunc(strings.ToLower(fold(heading)), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	words = slices.DeleteFunc(words, func(word string) bool { return word == "s" }) // a member's number
	return strings.Join(words, " ")
}

// fold is text without the accents of its letters.
func fold(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(text))
}

// guess is what the column under the heading is, or empty.
func guess(heading string, fields []directory.Field) string {
	name := plain(heading)
	if name == "" {
		return ""
	}
	if what := guessWord(name, fields); what != "" {
		return what
	}
	var kept []string
	for word := range strings.FieldsSeq(name) {
		if !contains(extras, word) {
			kept = append(kept, word)
		}
	}
	return guessWord(strings.Join(kept, " "), fields)
}

func guessWord(name string, fields []directory.Field) string {
	for what, words := range headings {
		if contains(words, name) {
			return what
		}
	}
	for _, f := range fields {
		if f.ID == directory.GivenNameField || f.ID == directory.FamilyNameField {
			continue
		}
		if plain(f.ID) == name {
			return inField + f.ID
		}
		for _, label := range f.Labels {
			if plain(label) == name {
				return inField + f.ID
			}
		}
	}
	return ""
}

func contains(words []string, word string) bool {
	for _, w := range words {
		if w == word {
			return true
		}
	}
	return false
}

// headingWithin is how many rows may stand above the heading: a title, a date, an empty line.
const headingWithin = 20

// heading is the index of the row with the headings: that of the first rows in which most are known, or named in what was asked for. Where
// none is, it is the first row that is about as wide as the others: above it stand titles.
func heading(t *sheet.Table, fields []directory.Field, asked []string) int {
	first := t.Rows[:min(len(t.Rows)-1, headingWithin)]
	best, most, widest := -1, 1, 0 // one word that is known may be anything
	for i, row := range first {
		known := 0
		for _, cell := range row.Cells {
			named := func(one string) bool { return cell != "" && strings.HasPrefix(plain(one), plain(cell)) }
			if guess(cell, fields) != "" || slices.ContainsFunc(asked, named) {
				known++
			}
		}
		if known > most {
			best, most = i, known
		}
		widest = max(widest, filled(row))
	}
	if best >= 0 {
		return best
	}
	return slices.IndexFunc(first, func(row sheet.Row) bool { return 2*filled(row) >= widest })
}

func filled(row sheet.Row) (n int) {
	for _, cell := range row.Cells {
		if cell != "" {
			n++
		}
	}
	return n
}
