// A field: one detail that the organisation asks of people, and the rule for its value.
package directory

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"woggle/internal/problem"
)

// Kind says what the value of a field is.
type Kind string

// The kinds, and what their values are.
const (
	Text   Kind = "text"
	Email  Kind = "email"
	Phone  Kind = "phone"  // as people write it down; a number to sign in with is a method, not a field
	Date   Kind = "date"   // 2006-01-02
	Choice Kind = "choice" // one of Options
	YesNo  Kind = "yes-no" // "yes" or "no"
)

var kinds = [...]Kind{Text, Email, Phone, Date, Choice, YesNo}

// The ids of the fields whose values stand with the user.
const (
	GivenNameField  = "given_name"
	FamilyNameField = "family_name"
)

// Bounds of a field.
const (
	valueMax   = 500 // code points
	patternMax = 500 // bytes
	optionsMax = 200
)

// Field is the definition of one detail.
type Field struct {
	ID       string            // such as "second_email": the name of the form field, never shown
	Kind     Kind              // what a value is
	Required bool              // a sign-in stops to ask for it
	Labels   map[string]string // by language: "en", "cy"
	Help     map[string]string // by language; may be empty
	Options  []string          // the values of a choice, in the order in which they are shown
	Pattern  string            // regular expression (RE2) that the whole value must match, or empty
	Position int64             // fields are asked in this order; 0 in AddField: after all others
}

// Label is the field's name in the language, else in English, else in any it has.
func (f Field) Label(lang string) string { return inLanguage(f.Labels, lang) }

// HelpText explains the field in the language, else in English, else in any it has. It may be empty.
func (f Field) HelpText(lang string) string { return inLanguage(f.Help, lang) }

func inLanguage(texts map[string]string, lang string) string {
	for _, code := range []string{lang, "en"} {
		if texts[code] != "" {
			return texts[code]
		}
	}
	first := "" // by code, so that it is the same one each time
	for code, text := range texts {
		if text != "" && (first == "" || code < first) {
			first = code
		}
	}
	return texts[first]
}

var fieldID = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// check tells everything that is wrong with the definition.
func (f Field) check() error {
	var wrong Problems
	if !fieldID.MatchString(f.ID) {
		wrong.add("id", problem.Field("id", "directory.field.id"))
	}
	builtIn := f.ID == GivenNameField || f.ID == FamilyNameField
	if !slices.Contains(kinds[:], f.Kind) || builtIn && f.Kind != Text {
		wrong.add("kind", problem.Field("kind", "directory.field.kind"))
	}
	if f.Label("en") == "" {
		wrong.add("labels", problem.Field("labels", "directory.field.label"))
	}
	for _, texts := range []map[string]string{f.Labels, f.Help} {
		for _, text := range texts {
			wrong.add("labels", checkText("labels", text, valueMax))
		}
	}
	if _, err := f.pattern(); err != nil || len(f.Pattern) > patternMax {
		wrong.add("pattern", problem.Field("pattern", "directory.field.pattern").Because(err))
	}
	wrong.add("options", f.checkOptions())
	return wrong.err()
}

func (f Field) checkOptions() error {
	if f.Kind != Choice {
		return nil
	}
	for i, option := range f.Options {
		// An option that Tidy alters could never be chosen.
		if option == "" || option != Tidy(option) || slices.Contains(f.Options[:i], option) {
			return problem.Field("options", "directory.field.options", problem.Args{"max": optionsMax})
		}
		if err := checkText("options", option, valueMax); err != nil {
			return err
		}
	}
	if len(f.Options) == 0 || len(f.Options) > optionsMax {
		return problem.Field("options", "directory.field.options", problem.Args{"max": optionsMax})
	}
	return nil
}

// pattern is the expression that the whole value must match.
func (f Field) pattern() (*regexp.Regexp, error) {
	if _, err := regexp.Compile(f.Pattern); err != nil { // alone, so that "a)(b" does not pass within the brackets
		return nil, err
	}
	return regexp.Compile(`^(?:` + f.Pattern + `)$`)
}

// Tidy is a typed value in the form in which it is stored.
func (f Field) Tidy(typed string) string {
	if f.Kind == Choice || f.Kind == Text && f.Pattern == "" {
		return Tidy(typed)
	}
	return Tidy(norm.NFKC.String(typed)) // a value with a form may be typed in full-width digits and letters
}

// Check tells why a tidy value cannot be stored. An empty value is wrong only if the field is required. Its errors are
// Invalid problems; SetValues gives them the id of the field.
func (f Field) Check(value string) error {
	if value == "" {
		if f.Required {
			return problem.Field(f.ID, "directory.value.required")
		}
		return nil
	}
	if err := f.checkKind(value); err != nil || f.Pattern == "" {
		return err
	}
	pattern, err := f.pattern()
	if err != nil {
		return err
	}
	if !pattern.MatchString(value) {
		return problem.Field(f.ID, "directory.value.pattern")
	}
	return nil
}

func (f Field) checkKind(value string) error {
	if f.ID == GivenNameField || f.ID == FamilyNameField {
		return CheckPersonName(value)
	}
	if err := checkText(f.ID, value, valueMax); err != nil {
		return err
	}
	switch f.Kind {
	case Email:
		return CheckEmail(value)
	case Phone:
		return checkPhone(value)
	case Date:
		if _, err := time.Parse(time.DateOnly, value); err != nil {
			return problem.Field(f.ID, "directory.value.date")
		}
	case Choice:
		if !slices.Contains(f.Options, value) {
			return problem.Field(f.ID, "directory.value.choice")
		}
	case YesNo:
		if value != "yes" && value != "no" {
			return problem.Field(f.ID, "directory.value.choice")
		}
	}
	return nil
}

// checkPhone is mild, because the number is for people to read and nothing is ever sent to it.
func checkPhone(value string) error {
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, value)
	strange := strings.Trim(value, "0123456789+()-./ ext#")
	if strange != "" || len(digits) < 5 || utf8.RuneCountInString(value) > 40 {
		return problem.Field("phone", "directory.value.phone")
	}
	return nil
}
