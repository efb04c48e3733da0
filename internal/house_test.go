// The rules of the house, read from the sources: who may import whom, and that every package says what it owns.
package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	root   = ".."
	module = "woggle/"
)

// floor is how high a chapter stands: it may import those of lower floors, and the ground floor. Ways in (method/x,
// app/x) stand beside each other, so none imports another. A chapter that is not here has no place in the house yet.
var floor = map[string]int{
	"test": 8,
	"cmd":  7, "server": 6,
	"portal": 5, "helping": 5, "admin": 5, "docs/user": 5, "method/*": 5, "app/*": 5,
	"app": 4, "signin": 3, "session": 2, "copies": 2, "register": 2, "directory": 1,
	"message": ground, "keys": ground, "page": ground, "problem": ground, "audit": ground, "db": ground, "limit": ground,
	"code": ground, "words": ground, "authenticator": ground, "outgoing": ground, "signedxml": ground, "samltoken": ground,
	"paper": ground, "backup": ground,
}

// The ground floor carries the chapters and knows none of them.
const ground = 0

// bedrock imports nothing of ours.
var bedrock = []string{"db", "problem"}

// allowed tells whether a file of one package may import another package, both without the module's name.
func allowed(from, to string) bool {
	a, b := chapter(from), chapter(to)
	switch {
	case to == "internal/db/dbtest":
		return from == to || a == "test" // and tests, which are not asked
	case a == b:
		return true
	case slices.Contains(bedrock, a):
		return false
	}
	return height(b) == ground || height(a) > height(b)
}

// chapter is the part of the house that a package belongs to: a folder below belongs to the chapter above it.
func chapter(pkg string) string {
	inner := strings.TrimPrefix(pkg, "internal/")
	parts := strings.Split(inner, "/")
	if len(parts) > 1 && slices.Contains([]string{"method", "app", "docs"}, parts[0]) {
		return path.Join(parts[:2]...)
	}
	return parts[0]
}

func height(chapter string) int {
	if h, known := floor[chapter]; known {
		return h
	}
	if h, known := floor[path.Join(path.Dir(chapter), "*")]; known {
		return h
	}
	return -1
}

func TestTheRulesThemselves(t *testing.T) {
	for _, rule := range []struct {
		from, to string
		allowed  bool
	}{
		{"cmd/woggle", "internal/server", true},
		{"internal/server", "internal/method/phone", true},
		{"internal/server", "internal/app/oidc", true},
		{"internal/portal", "internal/directory", true},
		{"internal/app/oidc", "internal/app", true},
		{"internal/app", "internal/signin", true},
		{"internal/signin", "internal/session", true},
		{"internal/session", "internal/directory", true},
		{"internal/directory", "internal/audit", true},
		{"internal/message", "internal/keys", true},
		{"internal/message/handset", "internal/message/speech", true},
		{"internal/method/password", "internal/method/password/obvious", true},
		{"test/browser", "internal/server", true},

		{"internal/method/phone", "internal/method/passkey", false},
		{"internal/app/oidc", "internal/app/saml", false},
		{"internal/signin", "internal/method/phone", false},
		{"internal/signin", "internal/app", false},
		{"internal/portal", "internal/method/phone", false},
		{"internal/portal", "internal/admin", false},
		{"internal/portal", "internal/server", false},
		{"internal/directory", "internal/session", false},
		{"internal/session", "internal/signin", false},
		{"internal/app", "internal/app/oidc", false},
		{"internal/page", "internal/session", false},
		{"internal/message/handset", "internal/directory", false},
		{"internal/db", "internal/problem", false},
		{"internal/problem", "internal/db", false},
		{"internal/signin", "internal/db/dbtest", false},
		{"internal/db", "internal/db/dbtest", false},
		{"internal/signin", "cmd/woggle", false},
	} {
		if allowed(rule.from, rule.to) != rule.allowed {
			t.Errorf("%s -> %s: want allowed %t", rule.from, rule.to, rule.allowed)
		}
	}
}

func TestImports(t *testing.T) {
	for pkg, files := range sources(t) {
		if pkg != "internal" && height(chapter(pkg)) < 0 {
			t.Errorf("%s has no place in the house: decide which floor it is on", pkg)
		}
		for name, file := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			for _, spec := range file.Imports {
				imported, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					t.Fatal(err)
				}
				if to, ours := strings.CutPrefix(imported, module); ours && !allowed(pkg, to) {
					t.Errorf("%s imports %s", path.Join(pkg, name), to)
				}
			}
		}
	}
}

// Every package opens with what it owns: in doc.go, or at the head of a program.
func TestEveryPackageSaysWhatItOwns(t *testing.T) {
	for pkg, files := range sources(t) {
		documented, onlyTests := false, true
		for name, file := range files {
			onlyTests = onlyTests && strings.HasSuffix(name, "_test.go")
			if name == "doc.go" && !strings.HasPrefix(file.Doc.Text(), "Package "+file.Name.Name+" ") && file.Name.Name != "main" {
				t.Errorf("%s/doc.go does not begin with: Package %s", pkg, file.Name.Name)
			}
			documented = documented || file.Doc != nil && (name == "doc.go" || file.Name.Name == "main")
		}
		if !documented && !onlyTests {
			t.Errorf("%s has no doc.go that says what it owns", pkg)
		}
		if base := path.Base(pkg); slices.Contains([]string{"util", "utils", "common", "helpers", "misc"}, base) {
			t.Errorf("%s is named for nothing that it owns", pkg)
		}
	}
}

// A test that sleeps is slow on a fast machine and fails on a slow one. In a bubble of synctest time costs nothing.
func TestNoTestSleeps(t *testing.T) {
	for pkg, files := range sources(t) {
		for name, file := range files {
			bubble := func(spec *ast.ImportSpec) bool { return spec.Path.Value == `"testing/synctest"` }
			if !strings.HasSuffix(name, "_test.go") || slices.ContainsFunc(file.Imports, bubble) {
				continue
			}
			ast.Inspect(file, func(n ast.Node) bool {
				call, is := n.(*ast.SelectorExpr)
				if !is || call.Sel.Name != "Sleep" {
					return true
				}
				if in, is := call.X.(*ast.Ident); is && in.Name == "time" {
					t.Errorf("%s sleeps", path.Join(pkg, name))
				}
				return true
			})
		}
	}
}

// sources reads all Go files of the project, by package and file name.
func sources(t *testing.T) map[string]map[string]*ast.File {
	t.Helper()
	all := map[string]map[string]*ast.File{}
	set := token.NewFileSet()
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := entry.Name()
		if entry.IsDir() {
			if name != root && (strings.HasPrefix(base, ".") || base == "node_modules" || base == "testdata") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(base, ".go") {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(set, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(name))
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(folder)
		if all[pkg] == nil {
			all[pkg] = map[string]*ast.File{}
		}
		all[pkg][base] = file
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if known := slices.Collect(maps.Keys(all)); !slices.Contains(known, "internal/db") {
		t.Fatalf("the sources are not where they are looked for: %s", known)
	}
	return all
}
