// The one writer of errors, and the problems of a form.
package page

import (
	"context"
	"errors"
	"html/template"
	"net/http"
	"strconv"
	"time"

	"woggle/internal/db"
	"woggle/internal/problem"
)

// Problems are what was wrong with a form, in the order in which to show it.
type Problems []*problem.Problem

// One is a list with one problem, or the empty list for none.
func One(p *problem.Problem) Problems {
	if p == nil {
		return nil
	}
	return Problems{p}
}

// Of is the problem of the field, or nil. The field "" has what is about the form as a whole.
func (ps Problems) Of(field string) *problem.Problem {
	for _, p := range ps {
		if p.Field == field {
			return p
		}
	}
	return nil
}

// Say is a problem as a sentence in the visitor's language.
func (v *View) Say(p *problem.Problem) template.HTML {
	args := make([]any, 0, 2*len(p.Args)+2)
	for name, value := range p.Args {
		args = append(args, name, value)
	}
	if p.Wait > 0 {
		args = append(args, "wait", v.Locale.Wait(p.Wait))
	}
	return v.Locale.HTML(p.Key, args...)
}

// Handler is an HTTP handler that returns what went wrong instead of writing it.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Handle makes a Handler an http.Handler: what it returns is written by Fail.
func (r *Renderer) Handle(h Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if err := h(w, req); err != nil {
			r.Fail(w, req, err)
		}
	})
}

type errorPage struct {
	Problem *problem.Problem
	Again   string // where the one button leads
	Request string
}

// Fail shows the page of an error, and logs the cause of those that are ours to mend.
func (r *Renderer) Fail(w http.ResponseWriter, req *http.Request, err error) {
	if errors.Is(err, context.Canceled) && req.Context().Err() != nil {
		return // the visitor has gone
	}
	p := asProblem(err)
	if p.Kind == problem.Internal || p.Kind == problem.Unavailable {
		r.log(req, err)
	}
	if p.Wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((p.Wait+time.Second-1)/time.Second)))
	}
	data := errorPage{Problem: p, Again: "/", Request: VisitOf(req).ID}
	if shown := r.Show(w, req, "page/error", data, Status(p.Kind.Status())); shown != nil {
		r.log(req, shown)
		http.Error(w, "Something went wrong. Please try again.", http.StatusInternalServerError)
	}
}

func asProblem(err error) *problem.Problem {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return problem.New(problem.TooLarge, "error.too-large").Because(err)
	case errors.Is(err, db.ErrBusy):
		return problem.New(problem.Busy, "error.busy").After(5 * time.Second).Because(err)
	case errors.Is(err, db.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		return problem.New(problem.Unavailable, "error.unavailable").After(10 * time.Second).Because(err)
	}
	return problem.Of(err)
}
