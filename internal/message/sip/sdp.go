// Offering and answering sound (SDP, RFC 8866; offer and answer, RFC 3264).

package sip

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"woggle/internal/message/sip/rtp"
)

// description is what one end says of the sound.
type description struct {
	addr      netip.Addr // invalid if it is a name
	port      uint16     // 0 refuses the sound
	codecs    []*rtp.Codec
	event     uint8 // payload type of telephone events, or 0
	direction string

	streams []stream // all of it, in order, for an answer
	audio   int      // which of them this is
}

// stream is an m= line.
type stream struct {
	kind, proto, format string
}

// The directions (RFC 8866 section 6.7).
const (
	both     = "sendrecv"
	sending  = "sendonly"
	hearing  = "recvonly"
	inactive = "inactive"
)

// mostSDP is far more than a call needs.
const mostSDP = 16 << 10

var errNoSound = errors.New("the other end offers no telephone sound (PCMA or PCMU over plain RTP)")

// parseSDP reads what the other end says. It takes what gateways write rather than what the standard wants, and looks at
// nothing but the first stream of sound.
func parseSDP(text []byte) (*description, error) {
	if len(text) > mostSDP {
		return nil, errors.New("the other end's description is too long")
	}
	d := &description{direction: both, audio: -1}
	reading := true // the session's lines, or those of our stream
	for line := range strings.Lines(string(text)) {
		kind, value, found := strings.Cut(strings.TrimRight(line, "\r\n"), "=")
		switch {
		case !found:
		case kind == "m":
			reading = d.media(value)
		case !reading:
		case kind == "c":
			d.connection(value)
		case kind == "a":
			d.attribute(value)
		}
	}
	if d.audio < 0 || d.port == 0 || len(d.codecs) == 0 {
		return d, errNoSound
	}
	return d, nil
}

// media reads an m= line, and tells whether it is the one that we want.
func (d *description) media(value string) bool {
	field := strings.Fields(value)
	if len(field) < 4 || len(d.streams) >= 16 {
		return false
	}
	d.streams = append(d.streams, stream{field[0], field[2], field[3]})
	port, _, _ := strings.Cut(field[1], "/")
	number, err := strconv.ParseUint(port, 10, 16)
	if field[0] != "audio" || err != nil || number == 0 || d.audio >= 0 || field[2] != "RTP/AVP" && field[2] != "RTP/AVPF" {
		return false
	}
	d.audio, d.port = len(d.streams)-1, uint16(number)
	for _, format := range field[3:] {
		for _, codec := range []*rtp.Codec{rtp.PCMA, rtp.PCMU} {
			if format == strconv.Itoa(int(codec.Payload)) && !slices.Contains(d.codecs, codec) {
				d.codecs = append(d.codecs, codec)
			}
		}
	}
	return true
}

// connection reads a c= line; that of the stream comes after that of the session, and counts.
func (d *description) connection(value string) {
	field := strings.Fields(value)
	if len(field) != 3 {
		return
	}
	addr, _, _ := strings.Cut(field[2], "/")
	d.addr, _ = netip.ParseAddr(addr)
	d.addr = d.addr.Unmap().WithZone("")
}

func (d *description) attribute(value string) {
	name, value, _ := strings.Cut(value, ":")
	switch name {
	case both, sending, hearing, inactive:
		d.direction = name
	case "rtpmap":
		payload, encoding, _ := strings.Cut(value, " ")
		number, err := strconv.ParseUint(payload, 10, 7)
		if err == nil && number >= 96 && strings.EqualFold(strings.TrimSpace(encoding), "telephone-event/8000") {
			d.event = uint8(number)
		}
	}
}

// held tells whether the other end wants to hear nothing now; 0.0.0.0 is how it was said in RFC 2543.
func (d *description) held() bool {
	return d.direction == sending || d.direction == inactive || d.addr.IsUnspecified()
}

// peer is the other end. near is where its signalling comes from, which is also where a host name is taken to be.
func (d *description) peer(near netip.Addr) rtp.Peer {
	addr := d.addr
	if !addr.IsValid() {
		addr = near
	}
	return rtp.Peer{Addr: netip.AddrPortFrom(addr, d.port), Near: near, Codec: d.codecs[0], Event: d.event, Held: d.held()}
}

// local is our end.
type local struct {
	addr    netip.Addr // as the other end reaches it
	port    int
	id      uint64
	version uint64
}

// offer offers all that we can. PCMA comes first: it is what telephone networks outside America and Japan speak.
func (l local) offer() []byte {
	return l.describe([]*rtp.Codec{rtp.PCMA, rtp.PCMU}, rtp.Event, both, []stream{{kind: "audio", proto: "RTP/AVP"}}, 0)
}

// answer answers an offer, with the one codec that is spoken from now on.
func (l local) answer(d *description) []byte {
	direction := map[string]string{sending: hearing, hearing: sending, inactive: inactive}[d.direction]
	if direction == "" {
		direction = both
	}
	return l.describe(d.codecs[:1], d.event, direction, d.streams, d.audio)
}

// describe writes a description in which all streams but the one of sound are refused (RFC 3264 section 6).
func (l local) describe(codecs []*rtp.Codec, event uint8, direction string, streams []stream, audio int) []byte {
	family := "IP4"
	if l.addr.Is6() {
		family = "IP6"
	}
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	line("v=0")
	line("o=- %d %d IN %s %s", l.id, l.version, family, l.addr)
	line("s=-")
	line("c=IN %s %s", family, l.addr)
	line("t=0 0")
	for i, s := range streams {
		if i != audio {
			line("m=%s 0 %s %s", s.kind, s.proto, s.format)
			continue
		}
		formats := ""
		for _, codec := range codecs {
			formats += fmt.Sprintf(" %d", codec.Payload)
		}
		if event != 0 {
			formats += fmt.Sprintf(" %d", event)
		}
		line("m=audio %d %s%s", l.port, s.proto, formats)
		for _, codec := range codecs {
			line("a=rtpmap:%d %s/8000", codec.Payload, codec.Name)
		}
		if event != 0 {
			line("a=rtpmap:%d telephone-event/8000", event)
			line("a=fmtp:%d 0-11", event)
		}
		line("a=ptime:20")
		line("a=%s", direction)
	}
	return []byte(b.String())
}
