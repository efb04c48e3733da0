// Serving the guide.
package guide

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"woggle/internal/page"
	"woggle/internal/problem"
)

//go:embed served pages/*.html pictures
var files embed.FS

// first is the page that stands at /help itself.
const first = "index"

// Guide serves the user guide.
type Guide struct {
	pages *page.Renderer
	books map[string]func() (map[string]sheet, error) // by language
}

// sheet is one page of the guide, rendered.
type sheet struct {
	Title string
	Body  template.HTML
	First bool // it is the page of contents
}

// New makes the guide. Its errors are faults in its page.
func New(pages *page.Renderer) (*Guide, error) {
	g := &Guide{pages: pages, books: map[string]func() (map[string]sheet, error){}}
	for _, locale := range pages.Locales.All() {
		g.books[locale.Code] = sync.OnceValues(func() (map[string]sheet, error) { return g.render(locale) })
	}
	return g, pages.Add("guide", files)
}

// Mount adds the routes of the guide. Nobody has to be signed in for them.
func (g *Guide) Mount(handle func(pattern string, h page.Handler)) {
	handle("GET /help", func(w http.ResponseWriter, r *http.Request) error { return g.show(w, r, first) })
	handle("GET /help/{page}", func(w http.ResponseWriter, r *http.Request) error { return g.show(w, r, r.PathValue("page")) })
	handle("GET /help/pictures/{name}", g.picture)
}

func (g *Guide) show(w http.ResponseWriter, r *http.Request, name string) error {
	book, err := g.books[page.VisitOf(r).Locale.Code]()
	if err != nil {
		return err
	}
	shown, found := book[name]
	if !found {
		return notFound()
	}
	return g.pages.Show(w, r, "guide/page", shown)
}

// picture serves a screenshot. Unlike a page it holds nothing of the visitor's, and may be kept for a while.
func (g *Guide) picture(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	body, err := files.ReadFile("pictures/" + name)
	if err != nil || path.Ext(name) != ".png" {
		return notFound()
	}
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(body))
	return nil
}

func notFound() error { return problem.New(problem.NotFound, "error.not-found") }

// render fills every page of a language with what is the organisation's.
func (g *Guide) render(locale *page.Locale) (map[string]sheet, error) {
	entries, err := files.ReadDir(path.Join("served", locale.Code))
	if err != nil {
		return nil, fmt.Errorf("the guide in %s: %w", locale.Code, err)
	}
	book := make(map[string]sheet, len(entries))
	for _, entry := range entries {
		page, err := files.ReadFile(path.Join("served", locale.Code, entry.Name()))
		if err != nil {
			return nil, err
		}
		title, body, _ := strings.Cut(string(page), "\n")
		name := strings.TrimSuffix(entry.Name(), ".html")
		book[name] = sheet{Title: title, Body: template.HTML(g.fill(body, locale)), First: name == first}
	}
	return book, nil
}

// fill puts in what differs from one organisation to another. It does so in the finished page and escaped, so that no
// name can become markup.
func (g *Guide) fill(body string, locale *page.Locale) string {
	brand := g.pages.Brand()
	help := brand.Help
	if help == "" {
		help = locale.Text("guide.help")
	}
	return strings.NewReplacer("{organisation}", template.HTMLEscapeString(brand.Name),
		"{help}", template.HTMLEscapeString(help)).Replace(body)
}
