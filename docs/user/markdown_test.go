// From Markdown to the page that is served: made here, and kept in served/, so that the program need not make it.
package guide

import (
	"bytes"
	"errors"
	"flag"
	"image/png"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

var update = flag.Bool("update", false, "make the pages that are served anew, of the files as they are")

// What is served is what is written.
func TestPagesAreServedAsTheyAreWritten(t *testing.T) {
	if *update {
		if err := os.RemoveAll("served"); err != nil {
			t.Fatal(err)
		}
	}
	made := 0
	for _, language := range languages(t) {
		for _, name := range names(t, language) {
			source, err := os.ReadFile(filepath.Join(language, name+".md"))
			if err != nil {
				t.Fatal(err)
			}
			title, body, err := convert(source)
			if err != nil {
				t.Errorf("%s/%s.md: %v", language, name, err)
				continue
			}
			made++
			want, file := title+"\n"+body, filepath.Join("served", language, name+".html")
			if *update {
				if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(want), 0o644)); err != nil {
					t.Fatal(err)
				}
				continue
			}
			if got, err := os.ReadFile(file); err != nil || string(got) != want {
				t.Errorf("%s is not what %s/%s.md says (%v): go test ./docs/user -update makes it anew", file, language, name, err)
			}
		}
	}
	if kept, err := filepath.Glob("served/*/*.html"); err != nil || len(kept) != made {
		t.Errorf("%d pages are served, and %d are written: go test ./docs/user -update", len(kept), made)
	}
}

// markdown drops raw HTML, which is its default; headings get an id, so that a page can link to one of its parts.
var markdown = goldmark.New(goldmark.WithParserOptions(parser.WithAutoHeadingID()))

// anchors makes the ids of headings as GitHub does, where the same files are read; the library's own drop what is not
// ASCII, and with it half of some Welsh words.
type anchors map[string]bool

func (a anchors) Generate(heading []byte, _ ast.NodeKind) []byte {
	id := strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case unicode.IsLetter(r), unicode.IsMark(r), unicode.IsDigit(r), r == '-', r == '_':
			return unicode.ToLower(r)
		}
		return -1
	}, string(heading))
	unique := id
	for n := 1; a[unique]; n++ {
		unique = id + "-" + strconv.Itoa(n)
	}
	a[unique] = true
	return []byte(unique)
}

// Put notes an id that a page gives by itself.
func (a anchors) Put(id []byte) { a[string(id)] = true }

// convert renders one page. Its title is its one heading of the first level, which a page must begin with.
func convert(source []byte) (title, body string, err error) {
	document := markdown.Parser().Parse(text.NewReader(source), parser.WithContext(parser.NewContext(parser.WithIDs(anchors{}))))
	heading, ok := document.FirstChild().(*ast.Heading)
	if !ok || heading.Level != 1 {
		return "", "", errors.New("it does not begin with a heading")
	}
	title = string(heading.Lines().Value(source))
	if err := adapt(document); err != nil {
		return "", "", err
	}
	var html bytes.Buffer
	err = markdown.Renderer().Render(&html, source, document)
	return title, html.String(), err
}

// adapt changes what is written for a reader of the files into what a browser is served.
func adapt(document ast.Node) error {
	var images []*ast.Image
	err := ast.Walk(document, func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := node.(type) {
		case *ast.Link:
			if entering {
				n.Destination = []byte(served(string(n.Destination)))
			}
			if entering && n.PreviousSibling() == nil && n.Parent().Parent().Kind() == ast.KindListItem {
				n.SetAttributeString("class", []byte("leads")) // a list of where to go next
			}
		case *ast.Image:
			if entering {
				images = append(images, n)
			}
		}
		return ast.WalkContinue, nil
	})
	for _, image := range images { // afterwards, because a walk does not see what is removed under it
		adaptImage(image)
	}
	return err
}

// served is the address of a page that another one links to by its file.
func served(link string) string {
	name, part, _ := strings.Cut(link, "#")
	name, isPage := strings.CutSuffix(name, ".md")
	if !isPage || strings.Contains(name, "/") {
		return link
	}
	address := "/help"
	if name != first {
		address += "/" + name
	}
	if part != "" {
		address += "#" + part
	}
	return address
}

// density is how many pixels of a picture make one of the page, so that it is sharp on good screens.
const density = 2

// adaptImage points an image to where it is served, and tells its size, so that the text does not jump when it comes.
// One that does not exist is left out, and with it the paragraph that holds nothing else.
func adaptImage(image *ast.Image) {
	name := path.Base(string(image.Destination))
	file, err := files.Open("pictures/" + name)
	if err != nil {
		parent := image.Parent()
		parent.RemoveChild(parent, image)
		if parent.ChildCount() == 0 {
			parent.Parent().RemoveChild(parent.Parent(), parent)
		}
		return
	}
	defer file.Close()
	image.Destination = []byte("/help/pictures/" + name)
	image.SetAttributeString("loading", []byte("lazy"))
	if size, err := png.DecodeConfig(file); err == nil {
		image.SetAttributeString("width", []byte(strconv.Itoa(size.Width/density)))
		image.SetAttributeString("height", []byte(strconv.Itoa(size.Height/density)))
	}
}
