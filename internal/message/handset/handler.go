// This file owns the addresses under /handset.

package handset

import (
	"bytes"
	"embed"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"woggle/internal/page"
	"woggle/internal/problem"
)

//go:embed pages/*.html
var pages embed.FS

type site struct {
	exchange *Exchange
	pages    *page.Renderer
	lines    func() []Line
}

// Handler serves /handset and everything below it. People gives the sample accounts as people.json shows
// them, lines the numbers that are shown before anything came. The caller mounts it where strangers cannot
// reach it, behind the check that every form is our own.
func (e *Exchange) Handler(r *page.Renderer, people func() any, lines func() []Line) (http.Handler, error) {
	if err := r.Add("handset", pages); err != nil {
		return nil, err
	}
	s := site{exchange: e, pages: r, lines: lines}
	mux := http.NewServeMux()
	for pattern, h := range map[string]page.Handler{
		"GET /handset":                     s.board,
		"GET /handset/messages":            s.messages,
		"GET /handset/changes":             s.changes,
		"GET /handset/people.json":         func(w http.ResponseWriter, _ *http.Request) error { return answer(w, 200, people()) },
		"POST /handset/calls/{id}/answer":  s.act(func(*http.Request) string { return "answer" }),
		"POST /handset/calls/{id}/hangup":  s.act(func(*http.Request) string { return "hangup" }),
		"POST /handset/calls/{id}/key":     s.act(func(r *http.Request) string { return "key " + r.PostFormValue("key") }),
		"GET /handset/calls/{id}/{speech}": s.speech,
		"/handset/":                        notFound,
	} {
		mux.Handle(pattern, r.Handle(h))
	}
	return mux, nil
}

func notFound(http.ResponseWriter, *http.Request) error {
	return problem.New(problem.NotFound, "error.not-found")
}

// board shows all phones, or the one that is asked for.
func (s site) board(w http.ResponseWriter, r *http.Request) error {
	if !r.URL.Query().Has("to") {
		return s.pages.Show(w, r, "handset/board", s.exchange.board(s.lines()))
	}
	number, ok := numberOf(r)
	if !ok {
		return problem.New(problem.Invalid, "handset.which-number")
	}
	return s.pages.Show(w, r, "handset/board", s.exchange.only(number, s.lines()))
}

// messages lists what a number got, newest first, for tests and for whoever has no eyes for the page.
func (s site) messages(w http.ResponseWriter, r *http.Request) error {
	number, ok := numberOf(r)
	if !ok {
		sentence := page.VisitOf(r).Locale.Text("handset.which-number")
		return answer(w, http.StatusBadRequest, map[string]string{"error": sentence})
	}
	return answer(w, http.StatusOK, s.exchange.Messages(number))
}

// changes tells the page's script whether to look again.
func (s site) changes(w http.ResponseWriter, _ *http.Request) error {
	return answer(w, http.StatusOK, map[string]uint64{"changes": s.exchange.Changes()})
}

// act does what a button of a phone says, and shows that phone.
func (s site) act(action func(*http.Request) string) page.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		number, ok := s.exchange.act(r.Context(), r.PathValue("id"), action(r))
		if !ok {
			return problem.New(problem.NotFound, "handset.no-call")
		}
		http.Redirect(w, r, "/handset?to="+url.QueryEscape(number), http.StatusSeeOther)
		return nil
	}
}

// speech plays what a call is saying, such as greeting.wav or reading.wav, each in its own step only.
func (s site) speech(w http.ResponseWriter, r *http.Request) error {
	name, isWAV := strings.CutSuffix(r.PathValue("speech"), ".wav")
	script, heard := s.exchange.hear(r.PathValue("id"), name)
	if !isWAV || !heard {
		return notFound(w, r)
	}
	wav, err := s.exchange.Speech.WAV(script)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "audio/wav")
	w.Header().Set("Cache-Control", "no-store") // it may hold a code
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(wav))
	return nil
}

// numberOf reads the parameter "to". A "+" that was not escaped arrives as a space, and people paste numbers
// with spaces in them.
func numberOf(r *http.Request) (string, bool) {
	number := "+" + strings.TrimPrefix(strings.ReplaceAll(r.URL.Query().Get("to"), " ", ""), "+")
	return number, e164.MatchString(number)
}

func answer(w http.ResponseWriter, status int, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, err = w.Write(append(body, '\n'))
	return err
}
