package page

import (
	"html/template"
	"strings"
	"testing"

	"woggle/internal/problem"
)

// A page with everything that settling touches, in every place in which pages have it.
const settled = `{{define "title"}}{{.T "page.home"}}{{end}}
{{define "body"}}<h1 title="{{.T "page.home"}}">{{.T "page.home"}} {{.Brand.Name}}</h1>{{.H "error.title"}}
{{if .Brand.Help}}{{.T "error.ask" "help" .Brand.Help}}{{else}}nobody helps{{end}}
{{with .Errors.Of "name"}}<p>{{$.Say .}} {{$.T "page.home"}}{{$.Brand.Name}}</p>{{else}}no fault in {{.Brand.Name}}{{end}}
<input{{if .Errors.Of "name"}} aria-invalid="true"{{end}} value="{{.Data.Name}}">
{{if .Notice}}good{{else}}{{if .Errors}}bad{{end}}{{end}}
{{with .Data.Inner}}{{.Notice}}{{if .Demo}}its own demo{{end}}{{$.T "page.home"}}{{if $.Demo}}demo{{end}}{{icon "phone"}}{{end}}
{{range .Data.Rows}}{{.Errors}}{{.Locale.Code}}{{$.Locale.Code}}{{else}}no rows for {{.Brand.Name}}{{end}}
{{with .Brand.Name}}{{.}}{{end}}{{with .Brand.Logo}}logo{{end}}{{$view := .}}{{range .Data.Rows}}{{$view.T "page.home"}}{{end}}
{{or .Data.Name ($.T "page.home")}}{{template "code" .}}{{end}}
{{template "sheet" .}}`

type settledInner struct {
	Notice, Errors string
	Demo           bool
	Locale         struct{ Code string }
}

// What is settled must read as if it were not.
func TestASettledPageReadsTheSame(t *testing.T) {
	for _, brand := range []Brand{
		{Name: `Tom & Jerry's "Scouts" <b>`, Colour: "#000000", Help: "Ann <ann@example.org>"},
		{Name: "Northwold", Colour: "#000000", Logo: "<svg></svg>"},
	} {
		for _, demo := range []bool{true, false} {
			r, err := New(Config{Brand: brand, Demo: demo})
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range r.Locales.All() {
				for _, problems := range []Problems{nil, One(problem.Field("name", "error.title"))} {
					for _, notice := range []string{"", "page.home"} {
						view := &View{Locale: l, Token: "t", Brand: brand, Demo: demo, Path: "/", Errors: problems, Notice: notice,
							Data: map[string]any{"Name": "Siân", "Inner": settledInner{Notice: "own <notice>", Demo: true},
								"Rows": []settledInner{{Errors: "own errors"}}}}
						want, _ := show(t, r, view, nil)
						got, nodes := show(t, r, view, &settler{renderer: r, locale: l, plain: problems == nil && notice == ""})
						if got != want {
							t.Errorf("%s, demo %t: settled\n%s\nand not\n%s", l.Code, demo, got, want)
						}
						if nodes {
							t.Error("sentences were left to be looked up")
						}
					}
				}
			}
		}
	}
}

func show(t *testing.T, r *Renderer, view *View, s *settler) (text string, asks bool) {
	t.Helper()
	page, err := r.base.Clone()
	if err == nil {
		page, err = page.New("test").Parse(settled)
	}
	if err == nil && s != nil {
		err = s.settle(page)
		asks = strings.Contains(page.Tree.Root.String()+page.Lookup("sheet").Tree.Root.String(), `.T "`)
	}
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := page.Execute(&out, view); err != nil {
		t.Fatal(err)
	}
	return out.String(), asks
}

func TestAPageThatNamesNoIconDoesNotParse(t *testing.T) {
	r, err := New(Config{Brand: Brand{Name: "Northwold", Colour: "#000000"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []string{`{{icon "nothing"}}`, `{{asset "nothing.css"}}`} {
		if err := (&settler{renderer: r, locale: r.Locales.All()[0]}).settle(template.Must(template.Must(r.base.Clone()).New("x").Parse(wrong))); err == nil {
			t.Errorf("%s was taken", wrong)
		}
	}
}

func TestPlaceholdersAreFilled(t *testing.T) {
	l := &Locale{texts: map[string]string{"k": "{a}{b} {c} {a {", "one": "{a"}}
	for _, try := range []struct {
		key  string
		args []any
		want string
	}{
		{"k", nil, "{a}{b} {c} {a {"},
		{"k", []any{"a", "1", "b", 2}, "12 {c} {a {"},
		{"k", []any{"a", "{b}", "b", "{a}"}, "{b}{a} {c} {a {"}, // a value is not looked at again
		{"k", []any{"c", ""}, "{a}{b}  {a {"},
		{"one", []any{"a", "1"}, "{a"},
	} {
		if got := l.Text(try.key, try.args...); got != try.want {
			t.Errorf("%v: %q, want %q", try.args, got, try.want)
		}
	}
	if got := l.HTML("k", "a", "<b>", "b", template.HTML("<i>")); got != "&lt;b&gt;<i> {c} {a {" {
		t.Errorf("markup: %q", got)
	}
}

func TestOnlySoManyLanguagesAreRemembered(t *testing.T) {
	l, err := LoadLocales(nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 * mostMatched {
		l.Match("cy;q=0." + strings.Repeat("1", 1+i%150) + strings.Repeat(" ", i/150))
		if len(l.matched) > mostMatched {
			t.Fatalf("%d headers are remembered", len(l.matched))
		}
	}
	for range 2 {
		if got := l.Match("cy-GB, en;q=0.5").Code; got != "cy" {
			t.Errorf("a Welsh browser gets %s", got)
		}
	}
}
