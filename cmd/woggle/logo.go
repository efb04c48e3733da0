// The organisation's logo: an SVG that becomes part of every page, and must therefore be nothing but a drawing.
package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"html/template"
	"io"
	"os"
	"slices"
	"strings"
)

// maxLogo is the size of a logo in bytes: it is in every page.
const maxLogo = 32 << 10

// What a drawing is made of. Everything else is refused: script, style, text in foreign fonts, links, animation that
// changes attributes, and whatever browsers learn to do next.
var (
	drawingElements = strings.Fields(`svg g defs title desc path rect circle ellipse line polyline polygon
		linearGradient radialGradient stop clipPath mask symbol use`)
	drawingAttributes = strings.Fields(`xmlns version id viewBox width height x y x1 y1 x2 y2 cx cy r rx ry fx fy d points
		transform fill fill-rule fill-opacity stroke stroke-width stroke-linecap stroke-linejoin stroke-miterlimit
		stroke-dasharray stroke-dashoffset stroke-opacity opacity color offset stop-color stop-opacity gradientUnits
		gradientTransform spreadMethod clip-path clip-rule clipPathUnits mask maskUnits maskContentUnits
		preserveAspectRatio role aria-label aria-hidden aria-labelledby href`)
)

func readLogo(path string) (template.HTML, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("the logo cannot be read: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxLogo+1))
	if err != nil {
		return "", fmt.Errorf("the logo cannot be read: %w", err)
	}
	if len(text) > maxLogo {
		return "", fmt.Errorf("the logo is larger than %d KiB", maxLogo>>10)
	}
	return cleanLogo(string(text))
}

const svg = "http://www.w3.org/2000/svg"

// cleanLogo writes the drawing anew out of what is allowed in it, so that what a browser reads is what was judged here.
func cleanLogo(text string) (template.HTML, error) {
	decoder := xml.NewDecoder(strings.NewReader(text))
	var out strings.Builder
	depth, roots := 0, 0
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", fmt.Errorf("the logo is not an SVG: %w", err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			if t.Name.Local == "metadata" || t.Name.Space != "" && t.Name.Space != svg {
				if err := decoder.Skip(); err != nil { // editors leave notes of their own, which draw nothing
					return "", fmt.Errorf("the logo is not an SVG: %w", err)
				}
				continue
			}
			if depth == 0 {
				roots++
			}
			depth++
			if err := writeElement(&out, t, depth == 1); err != nil {
				return "", err
			}
		case xml.EndElement:
			depth--
			out.WriteString("</" + t.Name.Local + ">")
		case xml.CharData:
			if err := xml.EscapeText(&out, []byte(strings.TrimSpace(string(t)))); err != nil {
				return "", err
			}
		case xml.Directive:
			if strings.Contains(string(t), "ENTITY") {
				return "", errors.New("the logo defines entities")
			}
		}
	}
	if roots != 1 || depth != 0 {
		return "", errors.New("the logo is not one drawing")
	}
	return template.HTML(out.String()), nil
}

func writeElement(out *strings.Builder, t xml.StartElement, first bool) error {
	if first != (t.Name.Local == "svg") || !slices.Contains(drawingElements, t.Name.Local) {
		return fmt.Errorf("the logo has a <%s> in it", t.Name.Local)
	}
	out.WriteString("<" + t.Name.Local)
	for _, a := range t.Attr {
		name := a.Name.Local
		switch {
		case strings.HasPrefix(strings.ToLower(name), "on") || name == "style" || name == "class":
			return fmt.Errorf("the logo has the attribute %s in it", name)
		case name == "href" && !strings.HasPrefix(a.Value, "#"),
			strings.Contains(strings.ToLower(a.Value), "url(") && !strings.HasPrefix(strings.ReplaceAll(a.Value, " ", ""), "url(#"),
			strings.Count(a.Value, "(") > 1 && strings.Contains(strings.ToLower(a.Value), "url"):
			return fmt.Errorf("the logo refers to something outside of it: %s", name)
		case a.Name.Space == "xmlns", !slices.Contains(drawingAttributes, name):
			continue
		case a.Name.Space != "" && a.Name.Space != "http://www.w3.org/1999/xlink":
			continue
		}
		out.WriteString(" " + name + `="`)
		if err := xml.EscapeText(out, []byte(a.Value)); err != nil {
			return err
		}
		out.WriteString(`"`)
	}
	out.WriteString(">")
	return nil
}
