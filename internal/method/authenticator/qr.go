// The QR code as inline SVG: sharp at any size, and free of styles and scripts, so that it passes a strict
// content security policy.

package authenticator

import (
	"fmt"
	"html/template"
	"strings"

	"rsc.io/qr"
)

// quiet is the white margin that scanners need, in modules (ISO/IEC 18004 section 9.1).
const quiet = 4

// QR draws text as a QR code of error correction level M, with label as its name for screen readers. It has
// its own white ground, since most scanners cannot read a light code on a dark page. The size on the page is
// left to the style sheet (class "qr"). It fails only if text is longer than a QR code can hold.
func QR(text, label string) (template.HTML, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return "", fmt.Errorf("authenticator: draw a QR code of %d bytes: %w", len(text), err)
	}
	size := code.Size + 2*quiet
	svg := fmt.Sprintf(`<svg class="qr" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="%s">`+
		`<rect width="%d" height="%d" fill="#fff"/>`+
		`<path stroke="#000" shape-rendering="crispEdges" d="%s"/></svg>`,
		size, size, template.HTMLEscapeString(label), size, size, darkRuns(code))
	return template.HTML(svg), nil
}

// darkRuns is the path of a QR code: a horizontal stroke, one module thick, for each run of dark modules.
// Moves are relative, which makes the path about a third of the size of one square a module.
func darkRuns(code *qr.Code) string {
	var path strings.Builder
	for y := range code.Size {
		fmt.Fprintf(&path, "M%d %d.5", quiet, quiet+y) // the stroke runs through the middle of the row
		pen := 0                                       // where the path has got to in this row
		for x := 0; x < code.Size; x++ {
			start := x
			for code.Black(x, y) {
				x++
			}
			if x == start {
				continue
			}
			if start > pen {
				fmt.Fprintf(&path, "m%d 0", start-pen)
			}
			fmt.Fprintf(&path, "h%d", x-start)
			pen = x
		}
	}
	return path.String()
}
