package server

import (
	"net/http"
	"net/netip"

	"woggle/internal/page"
)

// Patterns are all routes: those that are bare or take other sites' forms, and those that are guarded.
func (s *Server) Patterns() (bare, guarded []string, err error) {
	err = s.table(func(pattern string, _ http.HandlerFunc) { bare = append(bare, pattern) },
		func(pattern string, _ page.Handler) { guarded = append(guarded, pattern) },
		func(pattern string, _ page.Handler) { bare = append(bare, pattern) })
	return bare, guarded, err
}

// Enter passes a request to next as the server would.
func (s *Server) Enter(next http.HandlerFunc) http.Handler { return s.enter(next) }

// Client is whom the server takes for the client.
func (s *Server) Client(r *http.Request) netip.Addr { return s.client(r) }

// Parse parses every page.
func (s *Server) Parse() error { return s.pages.Parse() }
