// Reading the routes file: tables of TOML, in which an unknown key is an error that is told with its line.
package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/BurntSushi/toml"
)

// tablesFile is a file of tables while it is read: the routes, the apps.
type tablesFile struct {
	name      string            // for people
	folder    string            // files that it names are looked for from here
	lines     map[string]int    // of keys, by their path: "route.0.name"
	variables map[string]string // WOGGLE_ROUTE_…, each taken out when it is read
	found     []Finding
}

// table is one table of the file. Keys are marked when they are read; those that nobody read are unknown.
type table struct {
	*tablesFile
	path   string // "" or "limits." or "route.0."
	name   string // of the route, or empty
	values map[string]any
	known  map[string]bool
	wrong  map[string]bool // keys of which something is told already
}

// readRoutes reads the file into its top table. Without a table, why is among the findings.
func readRoutes(name string, variables map[string]string) (*tablesFile, *table) {
	return readTables(name, "routes", "[[route]] before each route", variables)
}

// readTables reads a file of tables. What it is and how it is written are words for people.
func readTables(name, what, written string, variables map[string]string) (*tablesFile, *table) {
	f := &tablesFile{name: name, folder: filepath.Dir(name), variables: variables}
	values, err := map[string]any{}, error(nil)
	text, err := readBounded(name, maxFile)
	if err != nil {
		f.find(name, "the "+what+" file cannot be read: "+err.Error(), "")
		return f, nil
	}
	if _, err := toml.Decode(text, &values); err != nil {
		var at toml.ParseError
		where := name
		if errors.As(err, &at) {
			where, err = fmt.Sprintf("%s:%d", name, at.Position.Line), errors.New(at.Message)
		}
		f.find(where, "this cannot be read: "+err.Error(), `write name = "value" on each line, and `+written)
		return f, nil
	}
	f.lines = linesOf(text)
	return f, f.table("", "", values)
}

// readBounded reads a text file that is not larger than that.
func readBounded(path string, most int64) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, most+1))
	if err == nil && int64(len(text)) > most {
		err = errors.New("it is too large")
	}
	return string(text), err
}

var (
	headers = regexp.MustCompile(`^\s*(\[\[?)\s*([^\]]+?)\s*\]`)
	keyed   = regexp.MustCompile(`^\s*["']?([A-Za-z0-9_+-]+)["']?\s*[.=]`)
	fence   = regexp.MustCompile(`"""|'''`)
)

// linesOf finds the line of each key, by its path. The library tells values, not their places.
func linesOf(text string) map[string]int {
	lines, counts, path, within := map[string]int{}, map[string]int{}, "", false
	note := func(at string, line int) {
		if _, twice := lines[at]; !twice {
			lines[at] = line + 1
		}
	}
	for i, line := range strings.Split(text, "\n") {
		inside := within
		within = within != (len(fence.FindAllString(line, -1))%2 == 1)
		if inside {
			continue // of a text of several lines
		}
		if header := headers.FindStringSubmatch(line); header != nil {
			first, rest, _ := strings.Cut(strings.ReplaceAll(header[2], `"`, ""), ".")
			path = first + "."
			if header[1] == "[[" && rest == "" {
				counts[first]++
			}
			if n := counts[first]; n > 0 {
				path += strconv.Itoa(n-1) + "."
			}
			note(path, i)
			if rest != "" {
				rest, _, _ = strings.Cut(rest, ".")
				note(path+rest, i)
				path += rest + "."
			}
		} else if key := keyed.FindStringSubmatch(line); key != nil {
			note(path+key[1], i)
		}
	}
	return lines
}

func (f *tablesFile) table(path, name string, values map[string]any) *table {
	return &table{tablesFile: f, path: path, name: name, values: values, known: map[string]bool{}, wrong: map[string]bool{}}
}

func (f *tablesFile) find(where, wrong, do string) {
	f.found = append(f.found, Finding{Where: where, Wrong: wrong, Do: do})
}

// where is the place of a key, or of the table if the key stands nowhere.
func (t *table) where(key string) string {
	line := cmp.Or(t.lines[t.path+key], t.lines[t.path], 1)
	return fmt.Sprintf("%s:%d", t.tablesFile.name, line)
}

// say tells what is wrong with a key; of each, once.
func (t *table) say(key, wrong, do string) {
	if !t.wrong[key] {
		t.wrong[key] = true
		t.find(t.where(key), wrong, do)
	}
}

func (t *table) warn(key, wrong, do string) {
	t.found = append(t.found, Finding{Where: t.where(key), Wrong: wrong, Do: do, Warning: true})
}

// fill sets the fields of a struct from the keys of the table. A field ServerName has the key server_name. Those that
// are named as secrets stand in files, or in the environment. A field that cannot be written in a file is not filled.
func (t *table) fill(pointer any, secrets ...string) {
	v := reflect.ValueOf(pointer).Elem()
	for i := range v.NumField() {
		field, key := v.Field(i), keyOf(v.Type().Field(i).Name)
		switch {
		case !v.Type().Field(i).IsExported() || !writable(field) || slices.Contains(derived[:], key):
		case slices.Contains(secrets, key):
			field.SetString(t.secret(key))
		default:
			t.known[key] = true
			if value, set := t.values[key]; set {
				if err := assignValue(field, value); err != nil {
					t.say(key, key+" "+err.Error(), "")
				}
			}
		}
	}
}

// derived are the fields of a provider's configuration that follow from other settings.
var derived = [...]string{"callback", "organisation", "ca", "currency"}

// writable tells whether the field is of a kind that a file can hold.
func writable(field reflect.Value) bool {
	switch field.Kind() {
	case reflect.Func, reflect.Pointer, reflect.Chan, reflect.Struct:
		return false
	case reflect.Interface:
		return field.NumMethod() == 0
	}
	return true
}

// keyOf is the key of a field: system_id of SystemID.
func keyOf(field string) string {
	var key strings.Builder
	letters := []rune(field)
	for i, r := range letters {
		starts := unicode.IsUpper(r) && i > 0 && (!unicode.IsUpper(letters[i-1]) || i+1 < len(letters) && unicode.IsLower(letters[i+1]))
		if starts {
			key.WriteByte('_')
		}
		key.WriteRune(unicode.ToLower(r))
	}
	return key.String()
}

// assignValue sets a field from a TOML value.
func assignValue(field reflect.Value, value any) error {
	if field.Type() == reflect.TypeFor[time.Duration]() {
		text, is := value.(string)
		d, err := time.ParseDuration(text)
		if !is || err != nil || d < 0 {
			return errors.New(`must be a time in quotes, "30s"`)
		}
		field.SetInt(int64(d))
		return nil
	}
	switch typed := value.(type) {
	case int64:
		if field.CanInt() && !field.OverflowInt(typed) {
			field.SetInt(typed)
			return nil
		} else if field.CanFloat() {
			field.SetFloat(float64(typed))
			return nil
		} else if field.CanUint() && typed >= 0 && !field.OverflowUint(uint64(typed)) {
			field.SetUint(uint64(typed))
			return nil
		}
	case float64:
		if field.CanFloat() {
			field.SetFloat(typed)
			return nil
		}
	case map[string]any:
		if field.Kind() == reflect.Map {
			return assignMap(field, typed)
		}
	}
	switch field.Kind() {
	case reflect.Interface:
		field.Set(reflect.ValueOf(value))
		return nil
	case reflect.Float32, reflect.Float64:
		return errors.New("must be a number without quotes")
	case reflect.Map:
		return errors.New(`must be a table of texts, { "+44" = "like", "+353" = "this" }`)
	case reflect.String:
		if text, is := value.(string); is {
			field.SetString(text) // of a named type too
			return nil
		}
	case reflect.Slice:
		if field.Type() == reflect.TypeFor[[]int]() {
			return assignNumbers(field, value)
		}
		return assign(field, value)
	}
	if field.CanInt() || field.CanUint() {
		return errors.New("must be a whole number without quotes, not below zero")
	}
	return assign(field, value)
}

func assignNumbers(field reflect.Value, value any) error {
	list, is := value.([]any)
	var numbers []int
	for _, one := range list {
		number, whole := one.(int64)
		is = is && whole
		numbers = append(numbers, int(number))
	}
	if !is {
		return errors.New("must be a list of whole numbers, [200, 202]")
	}
	field.Set(reflect.ValueOf(numbers))
	return nil
}

func assignMap(field reflect.Value, values map[string]any) error {
	texts := make(map[string]string, len(values))
	for key, value := range values {
		text, is := value.(string)
		if !is {
			return errors.New(`must be a table of texts, { "+44" = "like", "+353" = "this" }`)
		}
		texts[key] = text
	}
	if field.Type() != reflect.TypeOf(texts) {
		return errors.New("cannot be written as a table")
	}
	field.Set(reflect.ValueOf(texts))
	return nil
}

// secret reads what is not to stand in the file: from the environment, or from a file that others cannot read.
func (t *table) secret(key string) (secret string) {
	variable := "WOGGLE_ROUTE_" + strings.ToUpper(strings.ReplaceAll(t.name, "-", "_")+"_"+key)
	file := key + "_file"
	t.known[file] = true
	if _, open := t.values[key]; open {
		t.known[key] = true
		t.say(key, "a secret does not stand in the settings", "put it into a file and name that as "+file+", or set "+variable)
	}
	secret, set := t.variables[variable]
	delete(t.variables, variable)
	value, named := t.values[file]
	if !named || set {
		return secret
	}
	path, is := value.(string)
	if !is {
		t.say(file, file+` must be a text in quotes, "like this"`, "")
		return ""
	}
	secret, err := readPassword(t.beside(path))
	if err != nil {
		t.say(file, err.Error(), "")
	}
	return secret
}

// beside is the path of a file that the routes file names.
func (f *tablesFile) beside(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(f.folder, path)
}

// strangers tells of the keys that nobody knows. place is what has them, for people.
func (t *table) strangers(place string) {
	for _, key := range byLine(t) {
		if t.known[key] {
			continue
		}
		do := "take the line out; " + place + " can have " + strings.Join(slices.Sorted(maps.Keys(t.known)), ", ")
		if near := nearestOf(key, slices.Sorted(maps.Keys(t.known))); near != "" {
			do = "did you mean " + near + "?"
		}
		t.say(key, "there is no "+key+" in "+place, do)
	}
}

// byLine are the keys of the table in the order of their lines.
func byLine(t *table) []string {
	keys := slices.Sorted(maps.Keys(t.values))
	slices.SortStableFunc(keys, func(a, b string) int { return t.lines[t.path+a] - t.lines[t.path+b] })
	return keys
}
