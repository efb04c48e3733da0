// The error value: its kind, what the visitor reads, what the log keeps.
package problem

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Kind says what went wrong in the way that callers and HTTP clients need to tell apart.
type Kind int

// The kinds. Internal is the zero value, so that an error nobody classified is never taken for a harmless one.
const (
	Internal    Kind = iota // our fault: 500
	Invalid                 // what was typed cannot be used: 422
	NotFound                // no such page or thing: 404
	Forbidden               // known who you are, and it is not allowed: 403
	Proof                   // a stronger or fresher proof is needed first: 403
	Gone                    // it was there, and is used or too old: 410
	Busy                    // too many at once; try again: 503
	Limited                 // too many tries; wait: 429
	Unavailable             // a part that we need (the database) does not answer: 503
	TooLarge                // more was sent than any honest form holds: 413
	Misdirected             // asked for under a host name that is not ours: 421
	Malformed               // what was sent is no form at all: 400
	Method                  // the page is there, but not for this method: 405
)

var statuses = map[Kind]int{
	Internal: http.StatusInternalServerError, Invalid: http.StatusUnprocessableEntity, NotFound: http.StatusNotFound,
	Forbidden: http.StatusForbidden, Proof: http.StatusForbidden, Gone: http.StatusGone,
	Busy: http.StatusServiceUnavailable, Limited: http.StatusTooManyRequests,
	Unavailable: http.StatusServiceUnavailable, TooLarge: http.StatusRequestEntityTooLarge,
	Misdirected: http.StatusMisdirectedRequest, Malformed: http.StatusBadRequest, Method: http.StatusMethodNotAllowed,
}

// Status is the HTTP status of the kind (RFC 9110 section 15).
func (k Kind) Status() int { return statuses[k] }

// Args are the named values of a sentence's placeholders.
type Args map[string]any

// Problem is an error that a person can be told about.
type Problem struct {
	Kind  Kind
	Key   string        // locale key of what happened and what to do
	Args  Args          // values for the sentence's placeholders
	Field string        // the form field it is about, or empty
	Wait  time.Duration // for Limited and Busy: how long until another try makes sense
	cause error
}

// New makes a problem that the visitor reads as the sentence of key.
func New(kind Kind, key string, args ...Args) *Problem {
	p := &Problem{Kind: kind, Key: key}
	for _, a := range args {
		p.Args = a
	}
	return p
}

// Field makes an Invalid problem about one field of a form.
func Field(field, key string, args ...Args) *Problem {
	p := New(Invalid, key, args...)
	p.Field = field
	return p
}

// Because keeps the cause for the log.
func (p *Problem) Because(cause error) *Problem {
	p.cause = cause
	return p
}

// After says how long to wait before another try.
func (p *Problem) After(wait time.Duration) *Problem {
	p.Wait = wait
	return p
}

// Error is what the log reads.
func (p *Problem) Error() string {
	if p.cause != nil {
		return fmt.Sprintf("%s: %v", p.Key, p.cause)
	}
	return p.Key
}

// Unwrap gives the hidden cause.
func (p *Problem) Unwrap() error { return p.cause }

// Of finds the Problem in err. An error that has none is an Internal one, with err as its cause.
func Of(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	return New(Internal, "error.internal").Because(err)
}

// Is tells whether err is a problem of the kind.
func Is(err error, kind Kind) bool {
	var p *Problem
	return errors.As(err, &p) && p.Kind == kind
}
