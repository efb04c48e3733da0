// The way back to the app: a redirect, or a form that sends itself.
package app

import (
	"html/template"
	"net/http"
	"net/url"

	"woggle/internal/page"
)

type onwardPage struct {
	App    string
	To     template.URL // proven to be the app's: it may be of a scheme of its own, as those of phone apps are
	Fields []Field
}

// Field is one hidden field of a form.
type Field struct{ Name, Value string }

// Onward sends the browser to the app. A request that was kept may be answered right after a form of our own, and Chromium
// holds every redirect that follows a form against the form-action of the page that it was on: there, a page with a
// refresh goes in between.
func (d *Desk) Onward(w http.ResponseWriter, r *http.Request, q *Request, to string) error {
	if q.ID == "" {
		return page.Redirect(w, r, to)
	}
	w.Header().Set("Refresh", "0; url="+to)
	return d.Pages.Show(w, r, "app/onward", onwardPage{App: q.App.Name, To: template.URL(to)})
}

// Post shows the page whose form brings the fields to the action, by itself or by its button.
func (d *Desk) Post(w http.ResponseWriter, r *http.Request, app, action string, fields []Field) error {
	// The app may send the browser on to anywhere, as Microsoft's does, and Chromium holds that against this page. Its form
	// has one fixed action, and nothing on it was written by a stranger.
	actions := "https:"
	if u, err := url.Parse(action); err == nil && u.Scheme == "http" {
		actions += " http:"
	}
	w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "+
		"form-action "+actions+"; base-uri 'none'; frame-ancestors 'none'")
	return d.Pages.Show(w, r, "app/post", onwardPage{App: app, To: template.URL(action), Fields: fields})
}
