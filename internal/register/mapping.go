// A mapping: which column of a file is what.
package register

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"woggle/internal/directory"
	"woggle/internal/problem"
)

// Mapping says what the columns of a file are.
type Mapping struct {
	Signature string   `json:"signature"` // of the headings
	Headings  []string `json:"headings"`
	Columns   []string `json:"columns"`             // what each is; empty: not used
	Separator string   `json:"separator,omitempty"` // between several groups in a cell; empty: ; and |
	Path      string   `json:"path,omitempty"`      // between a group and the one within it; empty: >
}

// signature is a fingerprint of headings, so that the file of next month is known again.
func signature(headings []string) string {
	var text strings.Builder
	for _, h := range headings {
		text.WriteString(plain(h) + "\x1f")
	}
	sum := sha256.Sum256([]byte(text.String()))
	return hex.EncodeToString(sum[:])
}

// once are what only one column can be. Groups can stand in several.
func once(what string) bool { return what != Groups }

// guessed is the mapping that the headings suggest.
func guessed(headings []string, fields []directory.Field) Mapping {
	m := Mapping{Signature: signature(headings), Headings: headings, Columns: make([]string, len(headings))}
	for i, heading := range headings {
		if what := guess(heading, fields); !once(what) || !slices.Contains(m.Columns, what) {
			m.Columns[i] = what
		}
	}
	// A column Name beside one for the family name holds the given name.
	if i := slices.Index(m.Columns, FullName); i >= 0 && slices.Contains(m.Columns, Family) {
		m.Columns[i] = ""
		if !slices.Contains(m.Columns, Given) {
			m.Columns[i] = Given
		}
	}
	return m
}

// Override changes what columns are, or how groups are written: "Heading=what", also "#3=what", "separator=," and "path=/". Its errors
// are Invalid problems.
func (m *Mapping) Override(fields []directory.Field, all ...string) error {
	for _, one := range all {
		i := strings.LastIndexByte(one, '=')
		if i < 0 {
			return problem.New(problem.Invalid, "register.map.form", problem.Args{"text": one})
		}
		name, what := strings.TrimSpace(one[:i]), strings.TrimSpace(one[i+1:])
		if name == "separator" || name == "path" {
			*map[string]*string{"separator": &m.Separator, "path": &m.Path}[name] = what
			continue
		}
		column := m.column(name)
		if column < 0 {
			return problem.New(problem.Invalid, "register.map.column", problem.Args{"name": name, "list": strings.Join(m.Headings, ", ")})
		}
		if !can(what, fields) {
			return problem.New(problem.Invalid, "register.map.what", problem.Args{"name": what, "list": strings.Join(choices(fields), ", ")})
		}
		if what == ignored {
			what = ""
		}
		for i := range m.Columns {
			if once(what) && m.Columns[i] == what {
				m.Columns[i] = ""
			}
		}
		m.Columns[column] = what
	}
	return nil
}

// column is the number of the column with the heading, or that which "#" and a number name, or -1.
func (m *Mapping) column(name string) int {
	if n, err := strconv.Atoi(strings.TrimPrefix(name, "#")); strings.HasPrefix(name, "#") && err == nil && n >= 1 && n <= len(m.Columns) {
		return n - 1
	}
	return slices.IndexFunc(m.Headings, func(h string) bool { return plain(h) == plain(name) })
}

// choices are what a column can be.
func choices(fields []directory.Field) []string {
	all := []string{Number, Username, Given, Family, FullName, Email, Phone, Groups, Started, Leaves, ignored}
	for _, f := range fields {
		if f.ID != directory.GivenNameField && f.ID != directory.FamilyNameField {
			all = append(all, inField+f.ID)
		}
	}
	return all
}

func can(what string, fields []directory.Field) bool { return slices.Contains(choices(fields), what) }

// settle drops what a remembered mapping has that is not there any more.
func (m *Mapping) settle(fields []directory.Field) {
	for i, what := range m.Columns {
		if what != "" && !can(what, fields) {
			m.Columns[i] = ""
		}
	}
}

// has tells whether a column is what.
func (m Mapping) has(what string) bool { return slices.Contains(m.Columns, what) }

// key is what people are known again by: the membership number, else the user name, else the e-mail address. Empty: there is nothing.
func (m Mapping) key() string {
	for _, what := range []string{Number, Username, Email} {
		if m.has(what) {
			return what
		}
	}
	return ""
}

// paths are the groups of a cell, each from the outermost inwards.
func (m Mapping) paths(cell string) (all [][]string) {
	between := func(r rune) bool { return r == ';' || r == '|' || r == '\n' }
	if m.Separator != "" {
		between = func(r rune) bool { return strings.ContainsRune(m.Separator, r) }
	}
	inwards := m.Path
	if inwards == "" {
		inwards = ">"
	}
	for one := range strings.FieldsFuncSeq(cell, between) {
		var path []string
		for name := range strings.SplitSeq(one, inwards) {
			if name = directory.Tidy(name); name != "" {
				path = append(path, name)
			}
		}
		if len(path) > 0 {
			all = append(all, path)
		}
	}
	return all
}
