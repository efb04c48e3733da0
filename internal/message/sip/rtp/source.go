// Whose packets are heard. The port of a call is open to the world, and a stranger who is heard could press keys.

package rtp

import (
	"net/netip"
	"time"

	pion "github.com/pion/rtp"
)

const (
	settled = 300 * time.Millisecond // without a packet, until another stream of the other end is believed
	moved   = 2 * time.Second        // without a packet, until another port of its host is
)

// source is the other end as far as it was heard. Addresses are unmapped.
type source struct {
	named netip.AddrPort // where its SDP says that it is
	near  netip.Addr     // where its signalling comes from: that is where the sound comes from too if named is behind NAT

	from   netip.AddrPort // where it turned out to be, as soon as it was heard
	heard  time.Time
	stream uint32 // SSRC
	last   uint16 // sequence number
}

// admit tells whether the packet is the other end's. The first packet from its host decides the port: behind NAT it is
// not the one in the SDP. From then on a packet has to come from there, and belong to the stream that is heard: who
// fakes the address of the host does not know the number of the stream, and cannot begin another while this one goes on.
func (s *source) admit(from netip.AddrPort, p *pion.Header, now time.Time) bool {
	silent := now.Sub(s.heard)
	switch {
	case !s.heard.IsZero() && from != s.from && (silent < moved || !s.host(from)),
		s.heard.IsZero() && !s.host(from),
		!s.heard.IsZero() && p.SSRC != s.stream && silent < settled:
		return false
	}
	s.from, s.heard, s.stream, s.last = from, now, p.SSRC, p.SequenceNumber
	return true
}

// host tells whether that is an address that the other end may speak from.
func (s *source) host(from netip.AddrPort) bool {
	if from.Addr() == s.named.Addr() {
		return true
	}
	private := s.named.Addr().IsPrivate() || s.named.Addr().IsUnspecified()
	return private && s.near.IsValid() && from.Addr() == s.near
}

// to is where packets are sent: where the other end speaks from, or else where it says that it listens.
func (s *source) to() netip.AddrPort {
	if !s.heard.IsZero() {
		return s.from
	}
	return s.named
}
