// Package documents_test keeps the documents true where a program can: links lead somewhere, tests that are named exist,
// lists are whole.
package documents_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// documents are all Markdown files of the project, by their path from its root.
func documents(t *testing.T) (names []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := entry.Name()
		if entry.IsDir() && name != root && (strings.HasPrefix(base, ".") || base == "node_modules" || base == "testdata") {
			return fs.SkipDir
		}
		if filepath.Ext(name) == ".md" {
			inside, err := filepath.Rel(root, name)
			names = append(names, filepath.ToSlash(inside))
			return err
		}
		return nil
	})
	if err != nil || len(names) < 40 {
		t.Fatalf("%d documents, %v", len(names), err)
	}
	return names
}

var (
	fences = regexp.MustCompile("(?ms)^```.*?^```")
	links  = regexp.MustCompile(`!?\[[^\]]*\]\(([^)\s]+)\)`)
	titles = regexp.MustCompile(`(?m)^#+ (.+)$`)
	marks  = regexp.MustCompile(`[^\p{L}\p{N}\p{M}_ -]`)
)

// anchor is the id that a reader on the web gives a heading.
func anchor(title string) string {
	return strings.ReplaceAll(marks.ReplaceAllString(strings.ToLower(title), ""), " ", "-")
}

func TestLinksLeadSomewhere(t *testing.T) {
	followed := 0
	for _, name := range documents(t) {
		for _, match := range links.FindAllStringSubmatch(fences.ReplaceAllString(read(t, name), ""), -1) {
			target, part, _ := strings.Cut(match[1], "#")
			if strings.Contains(target, "://") || strings.HasSuffix(target, ".png") { // pictures have a test beside them
				continue
			}
			place := name
			if target != "" {
				place = filepath.ToSlash(filepath.Join(filepath.Dir(name), target))
			}
			followed++
			if _, err := os.Stat(filepath.Join(root, place)); err != nil {
				t.Errorf("%s links to %s, which is not there", name, match[1])
				continue
			}
			if part == "" {
				continue
			}
			if !slices.ContainsFunc(titles.FindAllStringSubmatch(read(t, place), -1), func(title []string) bool { return anchor(title[1]) == part }) {
				t.Errorf("%s links to %s, which has no such part", name, match[1])
			}
		}
	}
	if followed < 60 {
		t.Errorf("only %d links were found", followed)
	}
}

// A file that a document names in a code span is there. A path with a word in capitals stands for many.
func TestFilesThatAreNamedExist(t *testing.T) {
	path := regexp.MustCompile("`((?:cmd|internal|docs|test|packaging)/[A-Za-z0-9_./-]+)`")
	for _, name := range documents(t) {
		for _, match := range path.FindAllStringSubmatch(read(t, name), -1) {
			if _, err := os.Stat(filepath.Join(root, match[1])); err != nil && !soon[match[1]] {
				t.Errorf("%s names %s, which is not there", name, match[1])
			}
		}
	}
}

// soon are chapters that documents say are still to come.
var soon = map[string]bool{"internal/app/oidc": true, "internal/admin": true}

// Every test that the table of threats names exists under that name in that file, and every threat has one line.
func TestTheThreatsNameRealTests(t *testing.T) {
	table := read(t, "docs/operator/threats.md")
	named := 0
	for _, match := range regexp.MustCompile("`([a-z0-9_/]+_test\\.go):((?:Test|Fuzz)[A-Za-z0-9_]+)`").FindAllStringSubmatch(table, -1) {
		named++
		if !regexp.MustCompile(`(?m)^func ` + match[2] + `\(`).MatchString(read(t, match[1])) {
			t.Errorf("there is no %s in %s", match[2], match[1])
		}
	}
	if named < 40 {
		t.Errorf("only %d tests are named", named)
	}
	seen := map[string]bool{}
	for _, match := range regexp.MustCompile(`(?m)^\| (T[0-9]{2}) \|`).FindAllStringSubmatch(table, -1) {
		if seen[match[1]] {
			t.Errorf("%s stands twice", match[1])
		}
		seen[match[1]] = true
	}
	// A threat that the code speaks of is in the table.
	for _, folder := range []string{"internal", "cmd"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(name string, entry fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(name) != ".go" {
				return err
			}
			text, err := os.ReadFile(name)
			for _, match := range regexp.MustCompile(`[tT]hreats? ((?:T[0-9]{2}(?:, | and )?)+)`).FindAllSubmatch(text, -1) {
				for _, id := range regexp.MustCompile(`T[0-9]{2}`).FindAllString(string(match[1]), -1) {
					if !seen[id] {
						t.Errorf("%s speaks of threat %s, which the table lacks", name, id)
					}
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// structs finds the tags of every struct of a file.
func structs(t *testing.T, name string) (tags []reflect.StructTag) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, name), nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if field, is := n.(*ast.Field); is && field.Tag != nil {
			tags = append(tags, reflect.StructTag(strings.Trim(field.Tag.Value, "`")))
		}
		return true
	})
	return tags
}

// The operator's table has every setting, and no other.
func TestTheSettingsAreAllDescribed(t *testing.T) {
	described := map[string]bool{}
	for _, match := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|").FindAllStringSubmatch(read(t, "docs/operator/settings.md"), -1) {
		described[match[1]] = true
	}
	found := 0
	for _, tag := range structs(t, "cmd/woggle/settings.go") {
		name := strings.ReplaceAll(tag.Get("name"), "-", "_")
		if name == "" || name == "settings" {
			continue
		}
		if found++; !described[name] {
			t.Errorf("the setting %s is not described", name)
		}
		delete(described, name)
	}
	for name := range described {
		t.Errorf("%s is described, and is no setting", name)
	}
	if found < 20 {
		t.Errorf("only %d settings were found", found)
	}
}

// Each module that the program or its tests import, and each package of the authenticator, has a line that says why.
func TestEveryDependencyHasAReason(t *testing.T) {
	page := read(t, "docs/decisions/dependencies.md")
	described := map[string]bool{}
	for _, match := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(page, -1) {
		described[match[1]] = true
	}
	used := map[string]bool{}
	for _, folder := range []string{"cmd", "internal", "docs", "test"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(name string, entry fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(name) != ".go" {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
			if err != nil {
				return err
			}
			for _, spec := range file.Imports {
				imported := strings.Trim(spec.Path.Value, `"`)
				if host, _, _ := strings.Cut(imported, "/"); !strings.Contains(host, ".") {
					continue
				}
				module := ""
				for candidate := range described {
					if imported == candidate || strings.HasPrefix(imported, candidate+"/") {
						module = candidate
					}
				}
				if module == "" {
					t.Errorf("%s imports %s, for which no reason is given", name, imported)
				}
				used[module] = true
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var app struct{ DevDependencies map[string]string }
	if err := json.Unmarshal([]byte(read(t, "authenticator/package.json")), &app); err != nil {
		t.Fatal(err)
	}
	for name := range app.DevDependencies {
		used[name] = true
		if !described[name] {
			t.Errorf("the authenticator uses %s, for which no reason is given", name)
		}
	}
	for module := range described {
		if !used[module] {
			t.Errorf("a reason is given for %s, which nothing imports", module)
		}
	}
}

// The bounds that operators read about are those of the rules: one that is added or changed must be told.
func TestEveryLimitIsDescribed(t *testing.T) {
	page := read(t, "docs/operator/limits.md")
	windows := map[string]string{"quarter": "90 days", "10 * time.Minute": "10 minutes", "time.Hour": "hour", "day": "day",
		"20 * time.Second": "20 seconds", "15 * time.Minute": "15 minutes", "24 * time.Hour": "day"}
	rule := regexp.MustCompile(`limit\.Rule\{Name: "([a-z-]+)", Max: ([0-9]+), Window: ([^,}]+)`)
	found := 0
	err := filepath.WalkDir(filepath.Join(root, "internal"), func(name string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := os.ReadFile(name)
		for _, match := range rule.FindAllStringSubmatch(string(text), -1) {
			found++
			row := regexp.MustCompile("(?m)^\\|[^|]*\\| `" + match[1] + "` \\| " + match[2] + " [a-z ]*" + windows[match[3]] + "\\b")
			if windows[match[3]] == "" || !row.MatchString(page) {
				t.Errorf("docs/operator/limits.md does not tell the rule %s of %s: %s in %s", match[1], filepath.Base(name), match[2], match[3])
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if found < 14 {
		t.Errorf("only %d rules were found", found)
	}
}
