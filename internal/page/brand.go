// The organisation as pages show it: name, logo, one colour, where to get help.
package page

import (
	"fmt"
	"html/template"
	"math"
	"regexp"
	"strconv"
)

// Brand is how the organisation looks.
type Brand struct {
	Name    string        // the organisation's name
	Colour  string        // #rrggbb
	Logo    template.HTML // an SVG that was checked at start, or empty for Woggle's mark
	Help    string        // whom to ask, in words: a name, an address, a telephone number
	Privacy string        // address of the privacy notice, or empty
}

var hexColour = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

// Check tells what is wrong with the brand.
func (b Brand) Check() error {
	if b.Name == "" {
		return fmt.Errorf("the organisation has no name")
	}
	if !hexColour.MatchString(b.Colour) {
		return fmt.Errorf("the colour %q is not written as #rrggbb", b.Colour)
	}
	return nil
}

// onColour is black or white, whichever reads better on the brand's colour (WCAG 2.2 success criterion 1.4.3).
func (b Brand) onColour() string {
	l := luminance(b.Colour)
	if 1.05/(l+0.05) >= (l+0.05)/0.05 {
		return "#fff"
	}
	return "#000"
}

// luminance is the relative luminance of a colour, 0 to 1 (WCAG 2.2, definitions).
func luminance(colour string) float64 {
	weights := [3]float64{0.2126, 0.7152, 0.0722}
	total := 0.0
	for i, weight := range weights {
		n, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		if err != nil {
			return 0 // unreachable after Check
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		total += weight * c
	}
	return total
}

// Brand is the organisation as the renderer shows it.
func (r *Renderer) Brand() Brand { return r.brand }
