package rtp

import (
	"bytes"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	pion "github.com/pion/rtp"
)

// take returns the next packets, as the other end reads them.
func take(t *testing.T, s *sender, n int) (packets []*pion.Packet) {
	t.Helper()
	for range n {
		octets := s.next()
		if octets == nil {
			packets = append(packets, nil)
			continue
		}
		p := &pion.Packet{}
		if err := p.Unmarshal(bytes.Clone(octets)); err != nil {
			t.Fatal(err)
		}
		packets = append(packets, p)
	}
	return packets
}

func ready(codec *Codec, event uint8) *sender {
	s := newSender()
	s.codec, s.event = codec, event
	return s
}

func TestWhatIsPlayedIsSent(t *testing.T) {
	sound := make([]byte, 2*frame+10)
	for i := range sound {
		sound[i] = byte(i)
	}
	for _, codec := range []*Codec{PCMU, PCMA} {
		s := ready(codec, Event)
		take(t, s, 1)
		played := s.play(sound)
		first := s.head
		packets := take(t, s, 4)
		var heard []byte
		for i, p := range packets {
			if p.PayloadType != codec.Payload || p.SSRC != first.SSRC || p.SequenceNumber != first.SequenceNumber+uint16(i) ||
				p.Timestamp != first.Timestamp+uint32(i)*frame || p.Marker || len(p.Payload) != frame {
				t.Errorf("%s: packet %d is %s", codec.Name, i, p)
			}
			heard = append(heard, p.Payload...)
		}
		for i, octet := range append(sound, silence(4)...)[:len(heard)] {
			if heard[i] != codec.mu[octet] {
				t.Fatalf("%s: sample %d is %#02x, not %#02x", codec.Name, i, heard[i], codec.mu[octet])
			}
		}
		select {
		case <-played:
		default:
			t.Error("nobody is told that it was played")
		}
	}
}

func TestTheStreamIsMarkedWhereItBegins(t *testing.T) {
	s := ready(PCMU, Event)
	before := take(t, s, 2)
	s.held = true
	pause := take(t, s, 3)
	s.held = false
	after := take(t, s, 2)
	if !before[0].Marker || before[1].Marker || !after[0].Marker || after[1].Marker {
		t.Error("the marks are elsewhere than after a pause")
	}
	if pause[0] != nil || pause[2] != nil {
		t.Error("something is sent on hold")
	}
	if after[0].SequenceNumber != before[1].SequenceNumber+1 || after[0].Timestamp != before[1].Timestamp+4*frame {
		t.Error("hold is counted as packets, or not as time")
	}
}

// A person who is put on hold for a moment misses nothing of the code.
func TestSoundWaitsOnHold(t *testing.T) {
	s := ready(PCMU, Event)
	played := s.play(bytes.Repeat([]byte{1}, frame))
	s.held = true
	take(t, s, 10)
	select {
	case <-played:
		t.Fatal("the sound was played to nobody")
	default:
	}
	s.held = false
	if p := take(t, s, 1)[0]; p.Payload[0] != 1 {
		t.Error("the sound is lost")
	}
	<-played
}

func TestAnotherSoundReplacesTheFirst(t *testing.T) {
	s := ready(PCMU, Event)
	first := s.play(bytes.Repeat([]byte{1}, 10*frame))
	take(t, s, 2)
	s.play(bytes.Repeat([]byte{2}, frame))
	<-first
	if p := take(t, s, 1)[0]; p.Payload[0] != 2 {
		t.Error("the first sound goes on")
	}
}

func TestDialling(t *testing.T) {
	s := ready(PCMA, 96)
	take(t, s, 1)
	dialled := s.dial("1#")
	began := s.head.Timestamp
	var e events
	var keys string
	for i, p := range take(t, s, 2*(pressFrames+endPackets-1+gapFrames)) {
		if p.PayloadType != 96 {
			if p.PayloadType != PCMA.Payload || p.Payload[0] != PCMA.mu[quiet] {
				t.Errorf("packet %d is neither an event nor silence: %s", i, p)
			}
			continue
		}
		if p.Marker != (i == 0 || i == pressFrames+endPackets-1+gapFrames) || i < 7 && p.Timestamp != began {
			t.Errorf("packet %d is marked: %t, and of %d", i, p.Marker, p.Timestamp-began)
		}
		if key, fresh := e.receive(p.Timestamp, p.Payload); fresh {
			keys += string(key)
		}
	}
	<-dialled
	if keys != "1#" {
		t.Errorf("dialled %q", keys)
	}

	s, keys = ready(PCMU, 0), "" // the other end knows no events
	dialled = s.dial("42")
	var ears tones
	for _, p := range take(t, s, 2*(pressFrames+gapFrames)) {
		for _, key := range ears.receive(PCMU, p.Payload) {
			keys += string(key)
		}
	}
	<-dialled
	if keys != "42" {
		t.Errorf("dialled the tones of %q", keys)
	}
}

// The distance between packets does not drift, whatever sending takes.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, done := time.Now(), make(chan struct{})
		var sent []time.Duration
		var once sync.WaitGroup
		once.Go(func() {
			pace(done, func() {
				sent = append(sent, time.Since(start))
				switch {
				case len(sent) == 200:
					time.Sleep(time.Second) // the machine stood still
				case len(sent)%3 == 0:
					time.Sleep(7 * time.Millisecond)
				case len(sent) == 100:
					time.Sleep(50 * time.Millisecond)
				}
			})
		})
		time.Sleep(6 * time.Second)
		close(done)
		once.Wait()
		for i, at := range sent[:200] {
			due := time.Duration(i) * interval
			if i == 100 {
				due += 30 * time.Millisecond // the packet that waited, sent at once
			} else if i == 101 {
				due += 10 * time.Millisecond
			}
			if at != due {
				t.Errorf("packet %d went at %s, not at %s", i, at, due)
			}
		}
		for i := 201; i < len(sent); i++ {
			if gap := sent[i] - sent[i-1]; gap < interval {
				t.Errorf("packets %d and %d are %s apart: what stood still is sent in one go", i-1, i, gap)
			}
		}
	})
}
