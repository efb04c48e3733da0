package portal

import (
	"net/http"
	"regexp"
	"strings"

	"golang.org/x/net/html"

	"woggle/test/visitor"
)

var rawKey = regexp.MustCompile(`\b(portal|activity|page|signin|password|error|date)\.[a-z][a-z.-]*[a-z]\b|\{[a-z]+\}`)

// sound checks what must hold for every page: no raw key, no inline style or script, every form has the token, ids
// and the names of what can be pressed are unique, every input has a label, headings go down one step at a time.
func (b *browser) sound(p *visitor.Page) {
	b.Helper()
	if p.Status == http.StatusSeeOther || strings.HasPrefix(p.Body, "<form") { // a page of a made-up method
		return
	}
	if key := rawKey.FindString(p.Text); key != "" {
		b.Errorf("%s shows %q", p.URL, key)
	}
	if got := p.Header.Get("Cache-Control"); got != "no-store" {
		b.Errorf("%s: Cache-Control %q", p.URL, got)
	}
	root, err := html.Parse(strings.NewReader(p.Body))
	b.must(err)
	ids, names, labels, level := map[string]bool{}, map[string]bool{}, map[string]bool{}, 0
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if id := attr(n, "id"); id != "" {
			if ids[id] {
				b.Errorf("%s: two elements with the id %s", p.URL, id)
			}
			ids[id] = true
		}
		switch n.Data {
		case "style":
			b.Errorf("%s: inline style", p.URL)
		case "script":
			if attr(n, "src") == "" {
				b.Errorf("%s: inline script", p.URL)
			}
		case "label":
			labels[attr(n, "for")] = true
		case "a", "button":
			name := text(n) + " " + attr(n, "href")
			if n.Data == "button" && names[name] {
				b.Errorf("%s: two buttons say %q", p.URL, name)
			}
			names[name] = true
		case "h1", "h2", "h3":
			if next := int(n.Data[1] - '0'); next > level+1 {
				b.Errorf("%s: %s after h%d", p.URL, n.Data, level)
			} else {
				level = next
			}
		case "form":
			if strings.EqualFold(attr(n, "method"), "post") && !strings.Contains(render(n), `name="t" value="form-token"`) {
				b.Errorf("%s: the form to %q has no token", p.URL, attr(n, "action"))
			}
		}
		if attr(n, "style") != "" || attr(n, "onclick") != "" {
			b.Errorf("%s: inline style or script on %s", p.URL, n.Data)
		}
	}
	for n := range root.Descendants() {
		kind := attr(n, "type")
		if (n.Data == "input" || n.Data == "select") && kind != "hidden" && kind != "radio" && !labels[attr(n, "id")] && attr(n, "aria-label") == "" {
			b.Errorf("%s: the input %s has no label", p.URL, attr(n, "name"))
		}
		for id := range strings.FieldsSeq(attr(n, "aria-describedby") + " " + attr(n, "aria-labelledby")) {
			if !ids[id] {
				b.Errorf("%s: %s is described by %s, which is not there", p.URL, attr(n, "name"), id)
			}
		}
	}
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func text(n *html.Node) string {
	var words []string
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			words = append(words, strings.Fields(d.Data)...)
		}
	}
	return strings.Join(words, " ")
}

func render(n *html.Node) string {
	var b strings.Builder
	if html.Render(&b, n) != nil {
		return ""
	}
	return b.String()
}
