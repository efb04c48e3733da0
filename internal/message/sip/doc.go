// Package sip is the provider that makes calls through a SIP trunk, which is a telephone line over the internet
// (RFC 3261). It owns the registration, the calls that are under way, and what the trunk's answers mean; package rtp owns
// the sound of them, package call what is said and what keys do.
//
// Run keeps the line:
//
//	down ──found, registered──> up ──refused, silent──> down
//	  └──a pause with jitter, 1 s doubling to 1 min──┘   (from 1 to 15 min where the password is refused)
//
// A trunk that knows us by our address is up as soon as it answers OPTIONS. While the line is down Send says so at once,
// so that the next route has the code's time.
//
// A call goes
//
//	placing ──ringing, or picked up──> taken ──200──> answered ──BYE, from either end──> ended
//	   │                                └──busy, no answer, an error──────────────────────^
//	   └──an error, no answer at all──> not taken
//
// Send returns when the call is taken. If the context ends sooner, what counts is whether the trunk answered anything: a
// telephone network may take seconds to ring, and a trunk that says 100 Trying is at it, so the call goes on; a trunk
// that says nothing does not have the call, and should it turn out to, the call is cancelled before anybody hears it.
// A call is bounded by the time that it rings and by call.Longest. What becomes of it the Desk is told, in order.
//
//	config.go    the settings        number.go    how numbers are written
//	provider.go  Send, Run           trunk.go     keeping the line up
//	line.go      sockets             resolve.go   servers by DNS
//	dialog.go    requests in a call  digest.go    who we are
//	leg.go       one call            status.go    what answers mean
//	talk.go      what is said in it  incoming.go  what the trunk asks in it
//	sdp.go       offer and answer    timer.go     session timers
//
// Strangers: packets from hosts that are not the trunk's are dropped before they are read, a call that the trunk wants
// made elsewhere is not made, nobody can call us, and requests in a call count only with both of its tags.
package sip
