// One call's sound, in both directions.

package rtp

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	pion "github.com/pion/rtp"
)

// Event is the payload type that we want telephone events in. It is the one that nearly everybody uses.
const Event = 101

// Peer is the other end, as its SDP describes it.
type Peer struct {
	Addr  netip.AddrPort // where it listens
	Near  netip.Addr     // where its signalling comes from
	Codec *Codec         // that it wants
	Event uint8          // payload type that it wants telephone events in; 0 if it knows none
	Held  bool           // it wants to hear nothing now
}

// Session is the sound of one call. It is safe for many goroutines.
type Session struct {
	media, control *net.UDPConn
	keys           chan rune
	done           chan struct{}
	running        sync.WaitGroup

	mu        sync.Mutex
	peer      Peer
	send      *sender
	source    source
	events    events
	tones     tones
	strangers int
	closed    bool

	// The key that was told last, and how: some gateways tell each key in two ways.
	key rune
	way way
	at  time.Time
}

// way is how a key is told.
type way string

const (
	byEvent  way = "event"
	byTone   way = "tone"
	bySignal way = "signalling"
)

// twice is how far apart the two tellings of one press can be.
const twice = time.Second

// Open takes two ports for a call. Close gives them back.
func Open(ip netip.Addr, ports Ports) (*Session, error) {
	media, control, err := ports.open(ip)
	if err != nil {
		return nil, err
	}
	// Keys that are pressed faster than anybody asks for them are lost. Nobody's are.
	s := &Session{media: media, control: control, keys: make(chan rune, 16), done: make(chan struct{}), send: newSender()}
	s.running.Add(1)
	go s.listen() // from now on, so that what is sent before the call is answered does not wait to be heard
	return s, nil
}

// Port is the port where we listen.
func (s *Session) Port() int { return s.media.LocalAddr().(*net.UDPAddr).Port }

// Connect arranges the sound with the other end, and begins to send silence. Later it changes what was arranged.
func (s *Session) Connect(peer Peer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := s.peer.Codec == nil
	if s.closed {
		return
	}
	peer.Addr = netip.AddrPortFrom(peer.Addr.Addr().Unmap(), peer.Addr.Port())
	peer.Near = peer.Near.Unmap()
	if s.source.named != peer.Addr {
		s.source = source{named: peer.Addr, near: peer.Near, heard: time.Time{}}
	}
	s.peer = peer
	s.send.codec, s.send.event, s.send.held = peer.Codec, peer.Event, peer.Held
	if first {
		s.running.Add(1)
		go func() {
			defer s.running.Done()
			pace(s.done, s.tick)
		}()
	}
}

// Play plays mu-law at 8 kHz, instead of what is playing. The channel is closed when it was heard to its end, or when
// something else is played. On hold the sound waits.
func (s *Session) Play(sound []byte) (played <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.send.play(sound)
}

// Dial presses keys, of 0 to 9, * and #, as telephone events or, where the other end knows none, as tones. The channel
// is closed after the last.
func (s *Session) Dial(keys string) (dialled <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.send.dial(strings.Map(func(r rune) rune {
		if strings.ContainsRune(keypad, r) {
			return r
		}
		return -1
	}, keys))
}

// Keys are the keys that are pressed at the other end, each once.
func (s *Session) Keys() <-chan rune { return s.keys }

// Signal is told of a key that the signalling of the call told. It counts unless the sound told it too.
func (s *Session) Signal(key rune) {
	if strings.ContainsRune(keypad, key) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.press(key, bySignal, time.Now())
	}
}

// Heard is when the last packet of the other end came; zero if none did.
func (s *Session) Heard() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.source.heard
}

// Strangers is how many packets came that were not the other end's.
func (s *Session) Strangers() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.strangers
}

// Close ends sending and listening, and gives the ports back.
func (s *Session) Close() {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.closed = true
	close(s.done)
	s.media.Close()
	s.control.Close()
	finish(&s.send.played)
	finish(&s.send.dialled)
	s.mu.Unlock()
	s.running.Wait()
}

// tick sends one packet.
func (s *Session) tick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if packet := s.send.next(); packet != nil && !s.closed {
		// One that is not sent is one that is lost on the way: the next comes in 20 ms.
		_, _ = s.media.WriteToUDPAddrPort(packet, s.source.to())
	}
}

// listen takes packets until the session is closed.
func (s *Session) listen() {
	defer s.running.Done()
	var buffer [1500]byte
	for {
		n, from, err := s.media.ReadFromUDPAddrPort(buffer[:])
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // such as the other end's port being closed, which ICMP tells
		}
		var packet pion.Packet
		if packet.Unmarshal(buffer[:n]) == nil && packet.Version == 2 {
			s.receive(netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), &packet, time.Now())
		}
	}
}

// receive hears one packet.
func (s *Session) receive(from netip.AddrPort, p *pion.Packet, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.peer.Codec == nil {
		return
	}
	stream, before, known := s.source.stream, s.source.last, !s.source.heard.IsZero()
	if !s.source.admit(from, &p.Header, now) {
		s.strangers++
		return
	}
	if known && stream != p.SSRC {
		s.events, s.tones = events{}, tones{}
	}
	switch {
	case p.PayloadType == Event || s.peer.Event != 0 && p.PayloadType == s.peer.Event:
		if key, fresh := s.events.receive(p.Timestamp, p.Payload); fresh {
			s.press(key, byEvent, now)
		}
	case s.peer.Event != 0 || known && stream == p.SSRC && int16(p.SequenceNumber-before) <= 0:
		// Where events are agreed on, tones are not looked for: there nobody's voice can press a key. And what comes
		// twice or late was heard, or is not worth it.
	case p.PayloadType == PCMU.Payload, p.PayloadType == PCMA.Payload:
		codec := PCMU
		if p.PayloadType == PCMA.Payload {
			codec = PCMA
		}
		for _, key := range s.tones.receive(codec, p.Payload) {
			s.press(key, byTone, now)
		}
	}
}

// press passes a key on, unless it was told in another way just now.
func (s *Session) press(key rune, told way, now time.Time) {
	if key == s.key && told != s.way && now.Sub(s.at) < twice {
		return
	}
	s.key, s.way, s.at = key, told, now
	select {
	case s.keys <- key:
	default:
	}
}
