// What the packets to the other end say.

package rtp

import (
	"math/rand/v2"

	pion "github.com/pion/rtp"
)

// sender makes a packet for every 20 ms. It is not safe for many goroutines.
type sender struct {
	codec *Codec
	event uint8 // payload type of telephone events, or 0
	held  bool  // nothing is sent

	head   pion.Header
	buffer [12 + frame]byte

	playing []byte // mu-law
	played  chan struct{}

	dialling []tick
	dialled  chan struct{}
	began    uint32 // timestamp of the press that is being sent
}

// tick is 20 ms of dialling: an event, or a pause.
type tick struct {
	event  []byte
	begins bool
}

// newSender begins a stream at random places, as RFC 3550 section 5.1 wants, so that nobody guesses them.
func newSender() *sender {
	return &sender{head: pion.Header{Version: 2, Marker: true,
		SSRC: rand.Uint32(), SequenceNumber: uint16(rand.Uint32()), Timestamp: rand.Uint32()}}
}

// play begins to play, instead of what is playing.
func (s *sender) play(sound []byte) (played <-chan struct{}) {
	finish(&s.played)
	s.playing, s.played = sound, make(chan struct{})
	return s.played
}

// dial begins to press keys, instead of what is playing.
func (s *sender) dial(keys string) (dialled <-chan struct{}) {
	var sound []byte
	for _, key := range keys {
		if s.event == 0 {
			sound = append(append(sound, tone(key)...), silence(gapFrames)...)
			continue
		}
		for i, event := range press(key) {
			s.dialling = append(s.dialling, tick{event, i == 0})
		}
		for range gapFrames {
			s.dialling = append(s.dialling, tick{})
		}
	}
	if s.event == 0 {
		return s.play(sound)
	}
	s.dialled = make(chan struct{})
	return s.dialled
}

// next returns the packet of the next 20 ms, or nil if there is to be none. It is good until the next call.
func (s *sender) next() []byte {
	packet := s.packet()
	s.head.Timestamp += frame
	if packet == nil {
		s.head.Marker = true // a pause in the stream ends with a mark (RFC 3551 section 4.1)
		return nil
	}
	s.head.SequenceNumber++
	return packet
}

func (s *sender) packet() []byte {
	if s.held || s.codec == nil {
		return nil
	}
	if len(s.dialling) > 0 {
		now := s.dialling[0]
		if s.dialling = s.dialling[1:]; len(s.dialling) == 0 {
			defer finish(&s.dialled)
		}
		if now.event != nil {
			return s.marshalEvent(now)
		}
		return s.marshal(silence(1))
	}
	sound := silence(1)
	n := copy(sound, s.playing)
	if s.playing = s.playing[n:]; len(s.playing) == 0 {
		finish(&s.played)
	}
	return s.marshal(sound)
}

// marshal writes 20 ms of mu-law in the codec of the call.
func (s *sender) marshal(sound []byte) []byte {
	s.head.PayloadType = s.codec.Payload
	n, err := s.head.MarshalTo(s.buffer[:])
	if err != nil {
		return nil // cannot be: the buffer holds a header without extensions
	}
	for i, octet := range sound {
		s.buffer[n+i] = s.codec.mu[octet]
	}
	s.head.Marker = false
	return s.buffer[:n+len(sound)]
}

func (s *sender) marshalEvent(now tick) []byte {
	if now.begins {
		s.began = s.head.Timestamp
	}
	head := s.head
	head.PayloadType, head.Timestamp, head.Marker = s.event, s.began, now.begins
	n, err := head.MarshalTo(s.buffer[:])
	if err != nil {
		return nil
	}
	s.head.Marker = true // what is heard next begins anew
	return s.buffer[:n+copy(s.buffer[n:], now.event)]
}

func silence(frames int) []byte {
	sound := make([]byte, frames*frame)
	for i := range sound {
		sound[i] = quiet
	}
	return sound
}

// finish closes the channel, once.
func finish(c *chan struct{}) {
	if *c != nil {
		close(*c)
		*c = nil
	}
}
