// What went wrong, in the standard's words (RFC 7644 section 3.12).
package scim

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	scimerrors "github.com/elimity-com/scim/errors"

	"woggle/internal/db"
	"woggle/internal/directory"
	pages "woggle/internal/page"
	"woggle/internal/problem"
)

// tx runs work in a writing transaction. What goes wrong is put into the standard's words.
func (s *Server) tx(r *http.Request, work func(tx *db.Tx) error) error {
	return s.told(r, s.db.Tx(r.Context(), work))
}

func (s *Server) view(r *http.Request, work func(tx *db.Tx) error) error {
	return s.told(r, s.db.View(r.Context(), work))
}

// told is an error for the library, which writes the text of every error that it does not know: those stay here.
func (s *Server) told(r *http.Request, err error) error {
	if err == nil {
		return nil
	}
	known, is := s.inWords(err)
	if !is {
		visitOf(r).failure = err
		return scimerrors.ScimErrorInternal
	}
	return known
}

// inWords is an error of ours as the standard tells it (RFC 7644 section 3.12). Administrators of the other system read it.
func (s *Server) inWords(err error) (e scimerrors.ScimError, known bool) {
	var pointer *scimerrors.ScimError
	if errors.As(err, &e) {
		return e, true
	}
	if errors.As(err, &pointer) {
		return *pointer, true
	}
	var p *problem.Problem
	if !errors.As(err, &p) {
		return e, false
	}
	e.Detail = s.sentence(err)
	switch {
	case p.Key == "directory.username.taken", p.Key == "directory.group.taken":
		e.Status, e.ScimType = http.StatusConflict, scimerrors.ScimTypeUniqueness
	case p.Kind == problem.Invalid:
		e.Status, e.ScimType = http.StatusBadRequest, scimerrors.ScimTypeInvalidValue
	case p.Kind == problem.NotFound:
		e.Status = http.StatusNotFound
	case p.Kind == problem.Forbidden:
		e.Status = http.StatusForbidden
	default:
		return e, false
	}
	return e, true
}

// sentence says what is wrong, in English, the first thing of each field.
func (s *Server) sentence(err error) string {
	var several directory.Problems
	var one *problem.Problem
	if !errors.As(err, &several) && errors.As(err, &one) {
		several = directory.Problems{one}
	}
	var said []string
	for _, p := range several {
		args := []any{}
		for name, value := range p.Args {
			args = append(args, name, value)
		}
		text := s.locales.Text("en", p.Key, args...)
		if p.Field != "" {
			text = p.Field + ": " + text
		}
		said = append(said, text)
	}
	return strings.Join(said, " ")
}

// fail answers with an error that the library is not asked about.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	if known, is := s.inWords(err); is {
		s.write(w, known)
		return
	}
	if errors.Is(err, context.Canceled) {
		return // nobody waits any more
	}
	s.log.Error("failure", "id", pages.VisitOf(r).ID, "error", err)
	if errors.Is(err, db.ErrUnavailable) {
		s.refuse(w, http.StatusServiceUnavailable, "The database does not answer. Try again.", 10*time.Second)
		return
	}
	s.write(w, scimerrors.ScimErrorInternal)
}

func (s *Server) refuse(w http.ResponseWriter, status int, detail string, wait time.Duration) {
	if wait > 0 {
		w.Header().Set("Retry-After", seconds(wait))
	}
	s.write(w, scimerrors.ScimError{Status: status, Detail: detail})
}

func (s *Server) write(w http.ResponseWriter, e scimerrors.ScimError) {
	text, err := json.Marshal(e)
	if err != nil {
		s.log.Error("an error could not be written", "error", err)
	}
	w.WriteHeader(e.Status)
	w.Write(text)
}
