// Talking to machines: their forms, and errors in the words of RFC 6749 section 5.2.
package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"net/url"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"woggle/internal/db"
)

// Bounds of a machine's form (threat T81).
const (
	formBytes = 64 << 10
	formKeys  = 100
)

// machine is an endpoint that takes a form and answers JSON.
func (p *Provider) machine(answer func(r *http.Request, form url.Values) (any, error)) http.HandlerFunc {
	return p.open(func(w http.ResponseWriter, r *http.Request) error {
		form, err := readForm(w, r)
		if err != nil {
			return err
		}
		data, err := answer(r, form)
		if err != nil {
			return err
		}
		return writeJSON(w, http.StatusOK, data)
	})
}

// open lets pages of all origins read the answer (CORS): apps that run in a browser talk to these endpoints, which look at no
// cookie. The authorization endpoint is not among them (RFC 9700 section 2.6).
func (p *Provider) open(h func(w http.ResponseWriter, r *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Access-Control-Allow-Origin", "*")
		header.Set("Cache-Control", "no-store")
		header.Set("Pragma", "no-cache") // RFC 6749 section 5.1 wants it, too
		if err := h(w, r); err != nil {
			p.fail(w, r, err)
		}
	}
}

func preflight(w http.ResponseWriter, _ *http.Request) error {
	header := w.Header()
	header.Set("Access-Control-Allow-Methods", "GET, POST")
	header.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
	header.Set("Access-Control-Max-Age", "3600")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// readForm reads what was sent in the body. What stands in the address is not looked at: addresses are kept in logs (RFC 6749
// section 2.3.1, RFC 9700 section 4.3.2).
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, oidc.ErrInvalidRequest().WithDescription("send the parameters as application/x-www-form-urlencoded")
	}
	r.Body = http.MaxBytesReader(w, r.Body, formBytes)
	if err := r.ParseForm(); err != nil || len(r.PostForm) > formKeys {
		return nil, oidc.ErrInvalidRequest().WithDescription("the form cannot be read, or is too long").WithParent(err)
	}
	for name, values := range r.PostForm {
		if len(values) > 1 { // RFC 6749 section 3.2
			return nil, oidc.ErrInvalidRequest().WithDescription("the parameter %.40q was sent twice", name)
		}
	}
	return r.PostForm, nil
}

func writeJSON(w http.ResponseWriter, status int, data any) error {
	body, err := json.Marshal(data)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, err = w.Write(body)
	return err
}

// fault is an error of the library with the status that the standards give it.
func (p *Provider) fail(w http.ResponseWriter, r *http.Request, err error) {
	var fault *oidc.Error
	status := http.StatusBadRequest
	switch {
	case errors.Is(err, context.Canceled) && r.Context().Err() != nil:
		return // the app has gone
	case errors.As(err, &fault):
		if fault.ErrorType == oidc.InvalidClient {
			status = http.StatusUnauthorized
			w.Header().Set("WWW-Authenticate", `Basic realm="client"`) // RFC 6749 section 5.2
		}
	case errors.Is(err, db.ErrUnavailable):
		status = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", "5")
		fault = &oidc.Error{ErrorType: "temporarily_unavailable", Description: "try again in a moment"}
	default:
		status, fault = http.StatusInternalServerError, oidc.ErrServerError().WithDescription("the fault is ours, and stands in the log")
	}
	if status >= http.StatusInternalServerError {
		p.Log.ErrorContext(r.Context(), "an app could not be answered", "path", r.URL.Path, "error", err)
	}
	writeJSON(w, status, fault)
}
