package server

import (
	"context"

	"woggle/internal/keys/signing"
)

// Drain sends all that is due, now.
func (s *Server) Drain(ctx context.Context) error { return s.outbox.Drain(ctx) }

// TellApps does at once what the background does every few seconds.
func (s *Server) TellApps(ctx context.Context) error {
	s.tendApps(ctx)
	return s.apps.oidc.TellApps(ctx)
}

// TendTrail does at once what the background does with the audit trail every few seconds, and every hour.
func (s *Server) TendTrail(ctx context.Context) {
	s.sealTrail(ctx)
	s.sweepTrail(ctx)
}

// Keys are the signing keys.
func (s *Server) Keys() *signing.Store { return s.apps.keys }
