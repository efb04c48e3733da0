// Reading the settings file: TOML without sections, in which an unknown name is an error.
package main

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// parse takes what the file sets and nobody before it did. file is its name, for people.
func (s *Settings) parse(file, text string, origins Origins) (found []Finding) {
	values := map[string]any{}
	if _, err := toml.Decode(text, &values); err != nil {
		var at toml.ParseError
		where := file
		if errors.As(err, &at) {
			where, err = fmt.Sprintf("%s:%d", file, at.Position.Line), errors.New(at.Message)
		}
		return []Finding{{Where: where, Wrong: "this cannot be read: " + err.Error(),
			Do: `write one setting on each line: name = "value"`}}
	}
	fields := map[string]reflect.Value{}
	for _, field := range s.settings() {
		fields[field.name] = field.value
	}
	delete(fields, "settings") // a file cannot name another
	for _, name := range inOrder(text, values) {
		where := fmt.Sprintf("%s:%d", file, lineOf(text, name))
		field, known := fields[name]
		switch {
		case !known:
			found = append(found, s.unknown(where, name, values[name]))
		case origins[name] == "":
			origins[name] = where
			if err := assign(field, values[name]); err != nil {
				found = append(found, Finding{Where: where, Wrong: name + " " + err.Error()})
			}
		}
	}
	return found
}

func (s *Settings) unknown(where, name string, value any) Finding {
	f := Finding{Where: where, Wrong: "there is no setting " + name}
	if _, section := value.(map[string]any); section {
		f.Do = "the settings have no sections: write smtp_from = …, not [smtp] from = …"
	} else if name == "smtp_password" {
		f.Do = "a password does not stand in the settings: put it into a file and name that as smtp_password_file, or set " + passwordVariable
	} else if near := s.nearest(name); near != "" {
		f.Do = "did you mean " + near + "?"
	} else {
		f.Do = "take the line out; woggle serve --help lists the settings"
	}
	return f
}

// assign sets a field from a TOML value.
func assign(field reflect.Value, value any) error {
	switch typed := value.(type) {
	case string:
		if field.Kind() == reflect.String {
			field.SetString(typed)
			return nil
		}
	case bool:
		if field.Kind() == reflect.Bool {
			field.SetBool(typed)
			return nil
		}
	case int64:
		if field.Kind() == reflect.Int {
			field.SetInt(typed)
			return nil
		}
	case []any:
		texts := make([]string, 0, len(typed))
		for _, part := range typed {
			if text, ok := part.(string); ok {
				texts = append(texts, text)
			}
		}
		if field.Kind() == reflect.Slice && len(texts) == len(typed) {
			field.Set(reflect.ValueOf(texts))
			return nil
		}
	}
	return fmt.Errorf("must be %s", map[reflect.Kind]string{reflect.String: `a text in quotes, "like this"`, reflect.Bool: "true or false",
		reflect.Int: "a whole number without quotes", reflect.Slice: `a list of texts, ["like", "this"]`}[field.Kind()])
}

// lineOf is the line on which the name is set. The library tells names, not their places.
func lineOf(text, name string) int {
	quoted := regexp.QuoteMeta(name)
	set := regexp.MustCompile(`(?m)^[ \t]*(?:\[+[ \t]*)?["']?` + quoted + `["']?[ \t]*[=.\]]`)
	at := set.FindStringIndex(text)
	if at == nil {
		return 1 // written with an escape
	}
	return 1 + strings.Count(text[:at[0]], "\n")
}

// inOrder are the names of the values in the order of their lines.
func inOrder(text string, values map[string]any) []string {
	names := make([]string, 0, len(values))
	lines := make(map[string]int, len(values))
	for name := range values {
		names, lines[name] = append(names, name), lineOf(text, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if lines[a] != lines[b] {
			return lines[a] - lines[b]
		}
		return strings.Compare(a, b)
	})
	return names
}

// nearest is the setting that was probably meant, or empty.
func (s *Settings) nearest(name string) string {
	names := []string{}
	for _, field := range s.settings() {
		names = append(names, field.name)
	}
	return nearestOf(name, names)
}

// nearestOf is the one of the names that was probably meant, or empty.
func nearestOf(name string, names []string) (near string) {
	if len(name) > 50 {
		return ""
	}
	least := 1 + min(3, len(name)/2)
	for _, known := range names {
		if d := distance(strings.ReplaceAll(strings.ToLower(name), "_", ""), strings.ReplaceAll(known, "_", "")); d < least {
			least, near = d, known
		}
	}
	return near
}

// distance counts the letters to change, add or take away to make b of a (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := last
			if a[i] != b[j] {
				change++
			}
			last = row[j+1]
			row[j+1] = min(change, row[j]+1, last+1)
		}
	}
	return row[len(b)]
}
