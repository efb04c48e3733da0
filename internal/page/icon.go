// The icons, drawn in the stroke of the text around them.
package page

import (
	"fmt"
	"html/template"
)

var icons = map[string]string{
	"authenticator": `<rect x="6" y="2.5" width="12" height="19" rx="3"/><path d="M9.5 12.5l2 2 3.5-4"/>`,
	"phone":         `<path d="M5 3h3l2 5-2.5 1.5a12 12 0 0 0 6 6L15 13l5 2v4a2 2 0 0 1-2 2A16 16 0 0 1 3 5a2 2 0 0 1 2-2z"/>`,
	"passkey":       `<circle cx="8" cy="15" r="4.5"/><path d="M11.5 11.5L20 3m-4 4 3 3"/>`,
	"password":      `<rect x="4" y="10" width="16" height="11" rx="3"/><path d="M8 10V7a4 4 0 0 1 8 0v3"/>`,
	"accesspass":    `<rect x="3" y="6" width="18" height="12" rx="3"/><path d="M7 12h4m3 0h3"/>`,
	"recovery":      `<rect x="5" y="2.5" width="14" height="19" rx="2"/><path d="M9 8h6M9 12h6M9 16h3"/>`,
	"card":          `<rect x="2.5" y="5" width="19" height="14" rx="2.5"/><path d="M6.5 10h5M6.5 14h3M15 10h2.5M15 14h2.5"/>`,
	"device":        `<rect x="3" y="4" width="18" height="12" rx="2"/><path d="M8 20h8"/>`,
	"done":          `<path d="M4 12.5l5 5L20 6.5"/>`,
}

const mark = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" fill="none" stroke="currentColor" stroke-width="3.2" stroke-linecap="round" aria-hidden="true"><path d="M6 4c1 6 5 8.5 10 12.2S25 23 26 28"/><path d="M26 4c-1 6-5 8.5-10 12.2S7 23 6 28"/><rect class="knot" x="10.6" y="10.4" width="10.8" height="10.8" rx="3.4"/></svg>`

func icon(name string) (template.HTML, error) {
	if name == "mark" {
		return mark, nil
	}
	paths, ok := icons[name]
	if !ok {
		return "", fmt.Errorf("no icon %s", name)
	}
	return template.HTML(`<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">` + paths + `</svg>`), nil
}
