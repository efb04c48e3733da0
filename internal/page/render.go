// Making a page from a template and a typed value.
package page

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"embed"
)

//go:embed layouts/*.html
var layoutFiles embed.FS

// Renderer makes every page of the program.
type Renderer struct {
	Locales         *Locales
	brand           Brand
	demo            bool
	base            *template.Template
	pages           map[pageKey]func() (*template.Template, error)
	assets          map[string]asset
	assetsByAddress map[string]asset
	buffers         sync.Pool
	log             func(r *http.Request, err error)
}

// pageKey names a page in a language. Most visits are plain: there is nothing to say about a form.
type pageKey struct {
	name, language string
	plain          bool
}

// Config is what a Renderer needs.
type Config struct {
	Brand Brand
	Demo  bool           // says on every page that it is a demonstration
	Zone  *time.Location // in which times are told; nil is UTC
	Log   func(r *http.Request, err error)
}

// New makes a renderer without pages.
func New(c Config) (*Renderer, error) {
	if err := c.Brand.Check(); err != nil {
		return nil, err
	}
	r := &Renderer{brand: c.Brand, demo: c.Demo, log: c.Log, pages: map[pageKey]func() (*template.Template, error){}}
	r.buffers.New = func() any { return new(bytes.Buffer) }
	var err error
	if r.Locales, err = LoadLocales(c.Zone); err != nil {
		return nil, err
	}
	if r.assets, r.assetsByAddress, err = loadAssets(); err != nil {
		return nil, err
	}
	r.base = template.New("").Funcs(template.FuncMap{"asset": r.asset, "icon": icon, "args": func(pairs ...any) []any { return pairs }})
	if r.base, err = r.base.ParseFS(layoutFiles, "layouts/*.html"); err != nil {
		return nil, err
	}
	return r, r.Add("page", layoutFiles)
}

// Add reads the pages of a chapter: files, pages/*.html, become "chapter/name". A page defines "body", and the
// template "layout" by using the one it wants. A page is parsed when it is first shown, because all of them at once
// would take half the time of a start; a test parses them all.
func (r *Renderer) Add(chapter string, files fs.FS) error {
	names, err := fs.Glob(files, "pages/*.html")
	if err != nil {
		return err
	}
	if chapter == "page" {
		names = []string{"layouts/error.html"}
	}
	for _, name := range names {
		source, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		short := chapter + "/" + strings.TrimSuffix(path.Base(name), ".html")
		for _, l := range r.Locales.All() {
			for _, plain := range []bool{true, false} {
				r.pages[pageKey{short, l.Code, plain}] = sync.OnceValues(func() (*template.Template, error) {
					return r.parse(short, source, settler{renderer: r, locale: l, plain: plain})
				})
			}
		}
	}
	return nil
}

func (r *Renderer) parse(name string, source []byte, s settler) (*template.Template, error) {
	t, err := r.base.Clone()
	if err != nil {
		return nil, err
	}
	if t, err = t.New(name).Parse(string(source)); err != nil {
		return nil, err
	}
	return t, s.settle(t)
}

// Parse parses every page, for a test: a fault in one would otherwise wait for its first visitor.
func (r *Renderer) Parse() error {
	var faults []error
	for key, parse := range r.pages {
		if _, err := parse(); err != nil {
			faults = append(faults, fmt.Errorf("page %s in %s: %w", key.name, key.language, err))
		}
	}
	return errors.Join(faults...)
}

// View is what a template sees. What of it is the same for all visitors is settled when the page is parsed.
type View struct {
	Locale *Locale
	Token  string  // of the forms
	Person *Person // who is signed in, or nil
	Brand  Brand
	Demo   bool
	Path   string   // of the page, for the language switch and the navigation
	Errors Problems // what was wrong with the form
	Notice string   // locale key of good news, or empty
	Data   any
}

// T is the sentence of key.
func (v *View) T(key string, args ...any) string { return v.Locale.Text(key, args...) }

// H is the sentence of key that holds markup.
func (v *View) H(key string, args ...any) template.HTML { return v.Locale.HTML(key, args...) }

// At tells whether the page is the one with the address, whatever news its own address names.
func (v *View) At(path string) bool { return strings.HasPrefix(v.Path+"?", path+"?") }

// In tells whether the page is the one with the address, or one below it.
func (v *View) In(path string) bool { return v.At(path) || strings.HasPrefix(v.Path, path+"/") }

// Option changes how a page is shown.
type Option func(*View, *int)

// Status sets the HTTP status, which is 200 otherwise.
func Status(code int) Option { return func(_ *View, status *int) { *status = code } }

// Wrong shows problems of the form that was sent, with status 422, or that of the first problem.
func Wrong(problems Problems) Option {
	return func(v *View, status *int) {
		if len(problems) > 0 {
			v.Errors, *status = problems, problems[0].Kind.Status()
		}
	}
}

// Notice shows good news above the page.
func Notice(key string) Option { return func(v *View, _ *int) { v.Notice = key } }

// Show writes the page. Nothing is written before the whole page is made, so that a fault never leaves half a page.
func (r *Renderer) Show(w http.ResponseWriter, req *http.Request, name string, data any, options ...Option) error {
	visit := VisitOf(req)
	view := &View{Locale: visit.Locale, Token: visit.Token, Person: visit.Person, Brand: r.brand, Demo: r.demo,
		Path: req.URL.RequestURI(), Data: data}
	status := http.StatusOK
	for _, o := range options {
		o(view, &status)
	}
	if req.Method != http.MethodGet && req.Method != http.MethodHead {
		view.Path = backOf(req)
	}
	parse, ok := r.pages[pageKey{name, view.Locale.Code, len(view.Errors) == 0 && view.Notice == ""}]
	if !ok {
		return fmt.Errorf("no page %s", name)
	}
	t, err := parse()
	if err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	buffer := r.buffers.Get().(*bytes.Buffer)
	buffer.Reset()
	defer r.buffers.Put(buffer)
	if err := t.ExecuteTemplate(buffer, name, view); err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Language", view.Locale.Code)
	// Nothing that a person sees is to be left in a cache, their own browser's included: the next person at a shared
	// computer could press Back.
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, err = w.Write(buffer.Bytes())
	return err
}

// Redirect sends the browser on with a GET, so that neither Refresh nor Back sends a form again (RFC 9110 section
// 15.4.4).
func Redirect(w http.ResponseWriter, req *http.Request, to string) error {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, req, to, http.StatusSeeOther)
	return nil
}

// backOf is where the language switch of a page that answers a POST leads: the page with the form, which the browser
// names in the Referer header; only its path is used.
func backOf(req *http.Request) string {
	if a := req.PostFormValue("a"); a != "" {
		return "/signin?a=" + template.URLQueryEscaper(a)
	}
	return req.URL.Path
}

func (r *Renderer) asset(name string) (string, error) {
	a, ok := r.assets[name]
	if !ok {
		return "", fmt.Errorf("no static file %s", name)
	}
	return a.address, nil
}
