// The pages of the apps: what a visitor sees, and what went wrong.
package sampleapps

import (
	"bytes"
	"html/template"
	"net/http"
	"time"
)

// about is an app in its own words.
type about struct{ ID, Name, Line string }

// view is what a page is made of.
type view struct {
	App          about
	SignIn       string // address of Woggle
	Organisation string
	Told         *told  // of who is signed in, or nil
	Last         string // user name of who was signed in before, or empty
	Note         string // what just happened, or empty
	Data         any
}

func parsePages() (*template.Template, error) {
	t := template.New("").Funcs(template.FuncMap{
		"moment":  func(at time.Time) string { return at.Local().Format("2 January 2006, 15:04:05") },
		"machine": func(at time.Time) string { return at.UTC().Format(time.RFC3339) },
	})
	return t.ParseFS(pages, "pages/*.html")
}

func (a *Apps) show(w http.ResponseWriter, r *http.Request, status int, page string, v view) {
	v.SignIn, v.Organisation = a.SignIn, a.Organisation
	var body bytes.Buffer
	if err := a.pages.ExecuteTemplate(&body, page, v); err != nil {
		a.Log.ErrorContext(r.Context(), "a page of a sample app could not be made", "page", page, "error", err)
		http.Error(w, "This page could not be made. Please try again.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(body.Bytes())
}

// showHome is an app's own page: for who is signed in, or for nobody.
func (a *Apps) showHome(w http.ResponseWriter, r *http.Request, app about, data any) {
	browser := browserOf(r)
	s, in := a.people.seat(app.ID, browser)
	if !in {
		a.show(w, r, http.StatusOK, "out", view{App: app, Last: a.people.last(app.ID, browser), Note: notes[r.URL.Query().Get("note")]})
		return
	}
	a.show(w, r, http.StatusOK, app.ID, view{App: app, Told: &s.told, Note: notes[r.URL.Query().Get("note")], Data: data})
}

// notes are what a page says of what just happened, by the name in its address.
var notes = map[string]string{
	"out":       "You are signed out here. You may still be signed in with the organisation.",
	"out-all":   "You are signed out here and everywhere else.",
	"out-part":  "You are signed out here, but not everywhere. Close the browser to be sure.",
	"refreshed": "We asked again, and show what we were told just now.",
	"stale":     "We could not ask again, because that sign-in is over. Sign in to go on.",
}

// no is the app's own page when nobody came: why, in words, and in the sign-in's own.
type no struct{ Words, Code string }

// The words of an app that was told no.
const (
	wordsDenied = "You turned back, or this app is not open to you."
	wordsLost   = "This sign-in is too old, was begun in another browser, or was used before. Please begin again."
	wordsBad    = "We got an answer that we could not believe. Please begin again."
	wordsAway   = "We could not reach the sign-in. Please try again in a moment."
	wordsOther  = "The sign-in did not let you through."
)

func (a *Apps) refuse(w http.ResponseWriter, r *http.Request, app about, words, code string) {
	a.show(w, r, http.StatusForbidden, "no", view{App: app, Data: no{words, code}})
}

// fail shows the page for what is not the person's doing, and logs why.
func (a *Apps) fail(w http.ResponseWriter, r *http.Request, app about, words string, err error) {
	a.Log.WarnContext(r.Context(), "a sample app could not let somebody in", "app", app.ID, "error", err)
	a.refuse(w, r, app, words, "")
}
