// Reports that a gateway brings back. What protects them is that nobody else knows their address.

package gateway

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"woggle/internal/message"
)

// ServeHTTP takes a report at /TOKEN, as a query, a form or JSON.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	given, wanted := sha256.Sum256([]byte(strings.TrimPrefix(r.URL.Path, "/"))), sha256.Sum256([]byte(g.Token))
	if g.Token == "" || subtle.ConstantTimeCompare(given[:], wanted[:]) != 1 {
		http.Error(w, "there is nothing here", http.StatusNotFound)
		return
	}
	id, status, err := g.readReport(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var event message.Event
	switch {
	case slices.Contains(g.Delivered, status):
		event = message.Delivered
	case slices.Contains(g.Undelivered, status):
		event = message.Undelivered
	default: // on its way
		w.WriteHeader(http.StatusNoContent)
		return
	}
	// The id is ours if the gateway was told it, else its own.
	err = g.desk.Report(r.Context(), message.Report{Message: id, Event: event, Cause: status})
	if errors.Is(err, message.ErrUnknown) {
		err = g.desk.Report(r.Context(), message.Report{Receipt: id, Event: event, Cause: status})
	}
	switch {
	case errors.Is(err, message.ErrUnknown): // of no use to ask again
		w.WriteHeader(http.StatusNoContent)
	case err != nil:
		http.Error(w, "not now: please try again", http.StatusServiceUnavailable)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

func (g *Gateway) readReport(r *http.Request) (id, status string, err error) {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		body, err := io.ReadAll(r.Body)
		if err != nil || !json.Valid(body) {
			return "", "", errors.New("this is no JSON")
		}
		id, _ = lookUp(body, strings.Split(g.IDField, "."))
		status, _ = lookUp(body, strings.Split(g.StatusField, "."))
	} else {
		if err := r.ParseForm(); err != nil {
			return "", "", errors.New("this is no form")
		}
		id, status = r.Form.Get(g.IDField), r.Form.Get(g.StatusField)
	}
	if id == "" || status == "" {
		return "", "", fmt.Errorf("%s or %s is missing", g.IDField, g.StatusField)
	}
	return id, status, nil
}
