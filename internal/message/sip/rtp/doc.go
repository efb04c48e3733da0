// Package rtp is the sound of a telephone call: RTP over UDP (RFC 3550) in the two codecs of the telephone network, and
// the keys that are pressed at the other end.
//
// A Session is one call's. It sends a packet every 20 ms from the moment that it is connected, of what is played or of
// silence, except on hold. It hears only the other end that the call was arranged with (source.go), and finds keys as
// telephone events (RFC 4733, event.go) or, where those were not agreed, as tones (dtmf.go). What a person says is
// thrown away as it comes.
//
//	opened ──Connect──> connected ──Close──> closed
//	                      └──Connect, on hold or elsewhere──┘
//
//	ports.go    a pair of UDP ports
//	g711.go     the codecs
//	session.go  both directions of a call
//	sender.go   what is in the next packet
//	pace.go     when it goes
//
// It imports none of our packages. Its neighbour is sip, which arranges calls.
package rtp
