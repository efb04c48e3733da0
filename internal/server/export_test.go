package server

import "context"

// Drain sends all that is due, now.
func (s *Server) Drain(ctx context.Context) error { return s.outbox.Drain(ctx) }
