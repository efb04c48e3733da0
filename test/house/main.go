// House prints how large the files, functions and packages are, and which of them have outgrown the sizes that keep the
// house pleasant. They are signs, not walls, so it never fails: whoever passes one says why, there.
package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The sizes that keep it pleasant.
const (
	fileLines     = 400
	functionLines = 80
	packageFiles  = 25
)

type house struct {
	files, lines, functions int
	packages                map[string]int
	large                   []string
}

func main() {
	h := house{packages: map[string]int{}}
	if err := fs.WalkDir(os.DirFS("."), ".", h.visit); err != nil {
		log.Fatal(err)
	}
	for folder, files := range h.packages {
		if files > packageFiles {
			h.note("%s: %d Go files", folder, files)
		}
	}
	fmt.Printf("sizes: %d packages, %d files, %d lines, %d functions\n", len(h.packages), h.files, h.lines, h.functions)
	slices.Sort(h.large)
	for _, line := range h.large {
		fmt.Println("  large:", line)
	}
}

func (h *house) note(format string, args ...any) {
	h.large = append(h.large, fmt.Sprintf(format, args...))
}

func (h *house) visit(name string, entry fs.DirEntry, err error) error {
	base := entry.Name()
	if err != nil || entry.IsDir() {
		if err == nil && name != "." && (strings.HasPrefix(base, ".") || base == "node_modules" || base == "testdata") {
			return fs.SkipDir
		}
		return err
	}
	switch filepath.Ext(name) {
	case ".go", ".css", ".js", ".ts", ".html", ".sql", ".sh":
	default:
		return nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	lines := bytes.Count(text, []byte("\n"))
	h.files, h.lines = h.files+1, h.lines+lines
	if lines > fileLines {
		h.note("%s: %d lines", name, lines)
	}
	if filepath.Ext(name) != ".go" {
		return nil
	}
	h.packages[filepath.Dir(name)]++
	return h.measure(name, text)
}

// measure counts the functions of a Go file.
func (h *house) measure(name string, text []byte) error {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, text, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	for _, declaration := range file.Decls {
		function, is := declaration.(*ast.FuncDecl)
		if !is {
			continue
		}
		h.functions++
		from, to := set.Position(function.Pos()).Line, set.Position(function.End()).Line
		if lines := to - from + 1; lines > functionLines {
			h.note("%s:%d: %s has %d lines", name, from, function.Name.Name, lines)
		}
	}
	return nil
}
