// The log: ids, routes and figures. No path, no query, no name, no number, no address of a person.
package server

import (
	"log/slog"
	"net/http"
	"time"

	"woggle/internal/page"
)

// logRequest is the line of one request.
func (s *Server) logRequest(r *http.Request, a *answer, took time.Duration) {
	level := slog.LevelInfo
	switch {
	case a.status >= 500:
		level = slog.LevelError
	case a.pattern == "GET /healthz", a.pattern == "GET /readyz", a.pattern == staticPattern:
		level = slog.LevelDebug
	}
	if !s.log.Enabled(r.Context(), level) {
		return
	}
	s.log.LogAttrs(r.Context(), level, "request", slog.String("id", page.VisitOf(r).ID), slog.String("method", method(r)),
		slog.String("route", a.pattern), slog.Int("status", a.status), slog.Duration("took", took.Round(10*time.Microsecond)),
		slog.Int("bytes", a.bytes))
}

// logFailure is the line of a request that could not be answered as it should.
func (s *Server) logFailure(r *http.Request, err error) {
	s.log.LogAttrs(r.Context(), slog.LevelError, "failure", slog.String("id", page.VisitOf(r).ID), slog.String("error", err.Error()))
}

// method is the request's method; one that is not in RFC 9110 may be any text.
func method(r *http.Request) string {
	switch r.Method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE":
		return r.Method
	}
	return "other"
}
