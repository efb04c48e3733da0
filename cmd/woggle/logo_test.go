package main

import (
	"strings"
	"testing"
)

func TestALogoIsADrawingAndNothingElse(t *testing.T) {
	const open = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9">`
	for name, drawing := range map[string]string{
		"a script":                  open + `<script>alert(1)</script></svg>`,
		"an event":                  open + `<rect onclick="alert(1)"/></svg>`,
		"an event in capitals":      open + `<rect ONLOAD="alert(1)"/></svg>`,
		"a style":                   open + `<rect style="fill:red"/></svg>`,
		"a style sheet":             open + `<style>*{fill:red}</style></svg>`,
		"HTML":                      open + `<foreignObject><b xmlns="http://www.w3.org/2000/svg">x</b></foreignObject></svg>`,
		"a picture from elsewhere":  open + `<image href="https://evil.example/x.png"/></svg>`,
		"a use of another document": open + `<use href="https://evil.example/x.svg#a"/></svg>`,
		"an old use of another":     open + `<use xlink:href="data:image/svg+xml,x"/></svg>`,
		"a fill from elsewhere":     open + `<rect fill="url(https://evil.example/x)"/></svg>`,
		"a second fill":             open + `<rect fill="url(#a) url(//evil.example)"/></svg>`,
		"a link":                    open + `<a href="#x"><rect/></a></svg>`,
		"an animation":              open + `<rect><set attributeName="href" to="x"/></rect></svg>`,
		"an entity":                 `<!DOCTYPE svg [<!ENTITY a "b">]>` + open + `</svg>`,
		"two drawings":              open + `</svg>` + open + `</svg>`,
		"no drawing":                `<html xmlns="http://www.w3.org/2000/svg"></html>`,
		"nothing":                   ``,
		"half a drawing":            open + `<g>`,
	} {
		if html, err := cleanLogo(drawing); err == nil {
			t.Errorf("%s is taken: %s", name, html)
		}
	}
	html, err := cleanLogo(`<?xml version="1.0"?><!-- drawn by hand -->` + open +
		`<metadata><rdf:RDF xmlns:rdf="http://r.example/"><x/></rdf:RDF></metadata><title>A &lt;b&gt; knot</title>
		<defs><linearGradient id="a"><stop offset="0" stop-color="#fff"/></linearGradient></defs>
		<path d="M0 0h9" fill="url(#a)" data-note="&quot;x&quot;"/><use xlink:href="#a"/></svg>`)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`<svg xmlns=`, `viewBox="0 0 9 9"`, `<title>A &lt;b&gt; knot</title>`, `fill="url(#a)"`, `<use href="#a">`} {
		if !strings.Contains(string(html), want) {
			t.Errorf("%s is not in %s", want, html)
		}
	}
	for _, not := range []string{"drawn by hand", "metadata", "rdf", "data-note"} {
		if strings.Contains(string(html), not) {
			t.Errorf("%s is still in %s", not, html)
		}
	}
}
