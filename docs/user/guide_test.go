package guide

import (
	"bytes"
	"encoding/json"
	"html"
	"image/png"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"

	"woggle/internal/page"
)

// organisation and contact are as awkward as settings allow.
const (
	organisation = `Scouts <b>&</b> *Guides*`
	contact      = `Jo "the bell" <jo@county.example>`
)

// serve is the guide behind the real route patterns, for a visitor who reads the language.
func serve(t *testing.T, help string) http.Handler {
	t.Helper()
	pages, err := page.New(page.Config{Brand: page.Brand{Name: organisation, Colour: "#0b5d57", Help: help},
		Log: func(_ *http.Request, err error) { t.Error(err) }})
	if err != nil {
		t.Fatal(err)
	}
	guide, err := New(pages)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	guide.Mount(func(pattern string, h page.Handler) { mux.Handle(pattern, pages.Handle(h)) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, page.WithVisit(r, &page.Visit{ID: "x", Token: "t", Locale: pages.Locales.Find(r.Header.Get("Accept-Language"))}))
	})
}

func get(t *testing.T, site http.Handler, language, address string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest("GET", address, nil)
	r.Header.Set("Accept-Language", language)
	w := httptest.NewRecorder()
	site.ServeHTTP(w, r)
	return w
}

func languages(t *testing.T) []string {
	t.Helper()
	locales, err := page.LoadLocales(nil)
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, l := range locales.All() {
		codes = append(codes, l.Code)
	}
	return codes
}

// names are the pages of a language, without .md.
func names(t *testing.T, language string) []string {
	t.Helper()
	found, err := filepath.Glob(language + "/*.md")
	if err != nil || len(found) < 7 {
		t.Fatalf("%s has %d pages, %v", language, len(found), err)
	}
	for i := range found {
		found[i] = strings.TrimSuffix(path.Base(found[i]), ".md")
	}
	return found
}

var (
	hrefs = regexp.MustCompile(`href="([^"]*)"`)
	ids   = regexp.MustCompile(` id="([^"]*)"`)
)

// A reader who follows every link of the guide, in every language, never meets a page or a part that is not there.
func TestEveryLinkLeadsSomewhere(t *testing.T) {
	site := serve(t, contact)
	elsewhere := regexp.MustCompile(`^/(signin)?$|^/static/|^/brand\.css$`) // served by others
	for _, language := range languages(t) {
		todo, seen, followed := []string{"/help"}, map[string]bool{}, 0
		bodies := map[string]string{}
		for len(todo) > 0 {
			address := todo[0]
			todo = todo[1:]
			if seen[address] {
				continue
			}
			seen[address] = true
			w := get(t, site, language, address)
			if w.Code != http.StatusOK {
				t.Errorf("%s %s: status %d", language, address, w.Code)
				continue
			}
			bodies[address] = w.Body.String()
			for _, match := range hrefs.FindAllStringSubmatch(w.Body.String(), -1) {
				link := html.UnescapeString(match[1])
				place, _, _ := strings.Cut(link, "#")
				if !strings.HasPrefix(place, "/help") && !elsewhere.MatchString(place) {
					t.Errorf("%s %s links to %s", language, address, link)
				} else if strings.HasPrefix(place, "/help") {
					todo = append(todo, place)
				}
			}
		}
		for address, body := range bodies {
			for _, match := range hrefs.FindAllStringSubmatch(body, -1) {
				place, part, hasPart := strings.Cut(html.UnescapeString(match[1]), "#")
				if !hasPart {
					continue
				}
				followed++
				part, err := url.PathUnescape(part)
				if err != nil || !slices.ContainsFunc(ids.FindAllStringSubmatch(bodies[place], -1),
					func(id []string) bool { return html.UnescapeString(id[1]) == part }) {
					t.Errorf("%s %s links to %s#%s, which is not there", language, address, place, part)
				}
			}
		}
		if len(bodies) != len(names(t, language)) || followed == 0 {
			t.Errorf("%s: %d pages of %d can be reached, %d links to parts", language, len(bodies), len(names(t, language)), followed)
		}
	}
}

// outline is the shape of a page: headings, lists, links and pictures in their order, without the words.
func outline(t *testing.T, language, name string) (shape []string) {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(language, name+".md"))
	if err != nil {
		t.Fatal(err)
	}
	document := markdown.Parser().Parse(text.NewReader(source))
	err = ast.Walk(document, func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := node.(type) {
		case *ast.Heading:
			shape = append(shape, strings.Repeat("#", n.Level))
		case *ast.ListItem:
			shape = append(shape, "item "+string(n.Parent().(*ast.List).Marker))
		case *ast.Blockquote:
			shape = append(shape, "quote")
		case *ast.Link:
			page, _, part := strings.Cut(string(n.Destination), "#")
			if part {
				page += "#"
			}
			shape = append(shape, "link "+page)
		case *ast.Image:
			picture := strings.TrimSuffix(string(n.Destination), "."+language+".png")
			if picture == string(n.Destination) || n.ChildCount() == 0 {
				t.Errorf("%s/%s.md: the picture %s is not ../pictures/NAME.%s.png, or has no words", language, name, n.Destination, language)
			}
			shape = append(shape, "picture "+picture)
		case *ast.RawHTML, *ast.HTMLBlock:
			t.Errorf("%s/%s.md has HTML in it, which is left out", language, name)
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return shape
}

// Every language has every page, and says the same things in the same order.
func TestLanguagesHaveTheSamePages(t *testing.T) {
	all := languages(t)
	for _, language := range all[1:] {
		if got, want := names(t, language), names(t, all[0]); !slices.Equal(got, want) {
			t.Fatalf("%s has the pages %v, %s has %v", language, got, all[0], want)
		}
		for _, name := range names(t, language) {
			got, want := outline(t, language, name), outline(t, all[0], name)
			for i := range min(len(got), len(want)) {
				if got[i] != want[i] {
					t.Errorf("%s.md: part %d is %q in %s and %q in %s", name, i, got[i], language, want[i], all[0])
					break
				}
			}
			if len(got) != len(want) {
				t.Errorf("%s.md has %d parts in %s, %d in %s", name, len(got), language, len(want), all[0])
			}
		}
	}
}

// The list of pictures says what each must show; the guide uses all of them and no other, and no file is left over.
func TestPicturesAreThoseOfTheList(t *testing.T) {
	list, err := os.ReadFile("pictures/README.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, match := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\|").FindAllStringSubmatch(string(list), -1) {
		listed[match[1]] = true
	}
	used := map[string]bool{}
	for _, language := range languages(t) {
		for _, name := range names(t, language) {
			for _, part := range outline(t, language, name) {
				if picture, isPicture := strings.CutPrefix(part, "picture ../pictures/"); isPicture {
					if used[picture] = true; !listed[picture] {
						t.Errorf("%s/%s.md shows %s, which pictures/README.md does not list", language, name, picture)
					}
				}
			}
		}
	}
	for picture := range listed {
		if !used[picture] {
			t.Errorf("pictures/README.md lists %s, which no page shows", picture)
		}
	}
	made, err := filepath.Glob("pictures/*.png")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range made {
		base, _, _ := strings.Cut(filepath.Base(file), ".")
		if !listed[base] {
			t.Errorf("%s belongs to no page", file)
		}
	}
}

// appWords are bold words of the guide that stand on no page of ours: those of other people's apps, and keys of a telephone.
var appWords = []string{"+", "1", "9", "Add", "Scan", "Work or school account", "Scan a QR code", "Other account (Google, Facebook, etc.)",
	"Microsoft Authenticator", "Google Authenticator"}

// What the guide prints in bold is a word that a page shows, letter for letter: so it cannot say Press Continue where the
// button says Next.
func TestBoldWordsAreThoseOfThePages(t *testing.T) {
	tags := regexp.MustCompile(`<[^>]*>`)
	checked := 0
	for _, language := range languages(t) {
		shown := map[string]bool{}
		sources, err := filepath.Glob("../../internal/page/locales/" + language + "/*.json")
		if err != nil {
			t.Fatal(err)
		}
		for _, source := range sources {
			raw, err := os.ReadFile(source)
			if err != nil {
				t.Fatal(err)
			}
			var texts map[string]string
			if err := json.Unmarshal(raw, &texts); err != nil {
				t.Fatal(err)
			}
			for _, sentence := range texts {
				shown[tags.ReplaceAllString(sentence, "")] = true
			}
		}
		for _, name := range names(t, language) {
			source, err := os.ReadFile(filepath.Join(language, name+".md"))
			if err != nil {
				t.Fatal(err)
			}
			for _, match := range regexp.MustCompile(`\*\*([^*]+)\*\*`).FindAllSubmatch(source, -1) {
				words := strings.Join(strings.Fields(string(match[1])), " ")
				if checked++; !shown[words] && !slices.Contains(appWords, words) {
					t.Errorf("%s/%s.md: no page says %q", language, name, words)
				}
			}
		}
	}
	if checked < 100 {
		t.Errorf("only %d bold words were found", checked)
	}
}

// The guide speaks in the organisation's name, and no name or contact can become markup.
func TestTheGuideIsTheOrganisations(t *testing.T) {
	site := serve(t, contact)
	for _, language := range languages(t) {
		body := get(t, site, language, "/help").Body.String()
		for _, want := range []string{"Scouts &lt;b&gt;&amp;&lt;/b&gt; *Guides*", "Jo &#34;the bell&#34; &lt;jo@county.example&gt;",
			`<html lang="` + language + `"`} {
			if !strings.Contains(body, want) {
				t.Errorf("%s: the first page lacks %s", language, want)
			}
		}
		if strings.Contains(body, "{organisation}") || strings.Contains(body, "{help}") {
			t.Errorf("%s: a placeholder is left", language)
		}
	}
	if body := get(t, serve(t, ""), "en", "/help").Body.String(); !strings.Contains(body, "Ask: the people who look after sign-in.") {
		t.Error("without a contact, nobody is named")
	}
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	site := serve(t, contact)
	for _, address := range []string{"/help/none", "/help/index.md", "/help/pictures/README.md", "/help/pictures/none.png",
		"/help/..%2fguide", "/help/pictures/..%2fen%2findex.md", "/help/pictures/..%2f..%2fguide.png", "/help/%00", "/help/pictures/%00.png"} {
		if w := get(t, site, "en", address); w.Code != http.StatusNotFound {
			t.Errorf("%s: status %d", address, w.Code)
		}
	}
}

// A picture that does not exist is left out, and its paragraph with it; one that does is served with its size.
func TestPictures(t *testing.T) {
	source := []byte("# Title\n\nBefore.\n\n![Words](../pictures/not-there.en.png)\n\nAfter ![Words](../pictures/not-there.en.png) it.\n")
	title, body, err := convert(source)
	if err != nil || title != "Title" {
		t.Fatal(title, err)
	}
	if strings.Contains(body, "<img") || strings.Count(body, "<p>") != 2 {
		t.Errorf("a missing picture leaves a trace: %s", body)
	}
	pictures, err := fs.Glob(files, "pictures/*.png")
	if err != nil {
		t.Fatal(err)
	}
	site := serve(t, contact)
	for _, picture := range pictures {
		w := get(t, site, "en", "/help/"+picture)
		size, err := png.DecodeConfig(bytes.NewReader(w.Body.Bytes()))
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "image/png" || err != nil {
			t.Errorf("%s: status %d, %s, %v", picture, w.Code, w.Header().Get("Content-Type"), err)
		}
		if size.Width > 1600 || w.Body.Len() > 200<<10 {
			t.Errorf("%s is %d pixels wide and %d bytes long: too much for a slow phone", picture, size.Width, w.Body.Len())
		}
		_, body, err := convert([]byte("# T\n\n![Words](../" + picture + ")\n"))
		if err != nil || !strings.Contains(body, `src="/help/`+picture+`" alt="Words" loading="lazy" width="`) {
			t.Errorf("%s is shown as %s, %v", picture, body, err)
		}
	}
}

func TestPagesWithoutATitleAreAFault(t *testing.T) {
	for _, source := range []string{"", "Text.\n", "## Second\n", "Text.\n\n# Title\n"} {
		if _, _, err := convert([]byte(source)); err == nil {
			t.Errorf("%q was taken", source)
		}
	}
}

func TestRawHTMLIsLeftOut(t *testing.T) {
	_, body, err := convert([]byte("# Title\n\n<script>alert(1)</script>\n\nA <b onclick=x>word</b> [link](javascript:alert(1)).\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<script", "onclick", "javascript:"} {
		if strings.Contains(body, bad) {
			t.Errorf("%s is in %s", bad, body)
		}
	}
}
