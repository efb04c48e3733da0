package browser_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// listener is a story that only listens to what is complained of.
type listener struct {
	testing.TB
	heard []string
}

func (l *listener) Errorf(format string, arguments ...any) {
	l.heard = append(l.heard, fmt.Sprintf(format, arguments...))
}

// bad is a page with one fault of each sort that pages are looked at for.
const bad = `<!doctype html><html lang="xx"><head><title>Bad</title><link rel="stylesheet" href="/static/bad.css"><link rel="icon" href="data:,">
<script src="/static/throws.js"></script><script src="/static/missing.js"></script><script>console.log("inline")</script></head>
<body><main class="card"><p>No heading. <span class="pale">Too pale.</span> <span class="tiny">Too small.</span></p>
<p style="color: red">Styled here.</p><button class="low">Low</button><p class="wide">Wide</p>
<input name="nameless"><img src="http://somebody.example/pixel.png"><img src="/static/heavy.svg" alt=""></main></body></html>`

const badStyle = `.pale { color: #ccc } .tiny { font-size: 9px } .low { height: 20px; width: 20px; padding: 0 } .wide { width: 1200px; text-align: right }
body { font-size: 17px } @media (prefers-color-scheme: dark) { body { background: #000; color: #fff } .pale { color: #fff } p { color: #222 } }`

// Looking at a page finds each fault that a page may have: a check that finds nothing would be no check.
func TestLookingFindsFaults(t *testing.T) {
	t.Parallel()
	files := map[string]string{"/static/bad.css": badStyle, "/static/throws.js": `throw new Error("thrown")`,
		"/static/heavy.svg": `<svg xmlns="http://www.w3.org/2000/svg"><!--` + strings.Repeat("heavy ", 10_000) + `--></svg>`}
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'; img-src *")
		switch text, found := files[r.URL.Path]; {
		case r.URL.Path == "/":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprint(w, bad)
		case strings.HasSuffix(r.URL.Path, ".css"):
			w.Header().Set("Content-Type", "text/css")
			fmt.Fprint(w, text)
		case strings.HasSuffix(r.URL.Path, ".svg"):
			w.Header().Set("Content-Type", "image/svg+xml")
			fmt.Fprint(w, text)
		case found:
			w.Header().Set("Content-Type", "text/javascript")
			fmt.Fprint(w, text)
		default:
			http.NotFound(w, r)
		}
	}))
	defer site.Close()
	l := &listener{TB: t}
	w := suite.Window(l, site.URL).Open("/")
	heard := strings.Join(append(l.heard, w.Troubles()...), "\n")
	for _, fault := range []string{
		"it has 0 headings of the first level", "its title is “Bad”", "its language is “xx”", "it has style or script inside",
		"1000 wide, dark false: it is 12", "360 wide, dark true: it is 12", "“Wide” reaches over the edge", "“Too small.” is 9 pixels small",
		"button “Low” is 20 pixels high", "button “Low” is 20 pixels wide", "the field nameless has no autocomplete token",
		"the keyboard is not at nameless", "it weighs 6",
		"1000 wide, dark false: color-contrast", "360 wide, dark false: color-contrast", "dark true: color-contrast", "image-alt", "label: ",
		"a request to somebody else: http://somebody.example/pixel.png", "Content Security Policy", "/static/missing.js", "exception",
	} {
		if !strings.Contains(heard, fault) {
			t.Errorf("nobody complains: %s", fault)
		}
	}
	if t.Failed() {
		t.Log(heard)
	}
}
