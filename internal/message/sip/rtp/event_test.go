package rtp

import (
	"encoding/binary"
	"strings"
	"testing"
)

// told is the packet of an event.
type told struct {
	code      byte
	timestamp uint32
	duration  uint16
	end       bool
}

func (p told) payload() []byte {
	payload := []byte{p.code, 10, 0, 0}
	if p.end {
		payload[1] |= 0x80
	}
	binary.BigEndian.PutUint16(payload[2:], p.duration)
	return payload
}

func TestAPressIsToldOnce(t *testing.T) {
	const late = 0xffffff00 // a timestamp that is about to begin anew
	for name, test := range map[string]struct {
		packets []told
		keys    string
	}{
		"one press, three ends":                   {[]told{{1, 1000, 160, false}, {1, 1000, 320, false}, {1, 1000, 480, true}, {1, 1000, 480, true}, {1, 1000, 480, true}}, "1"},
		"the end is lost, then another press":     {[]told{{1, 1000, 160, false}, {1, 1000, 320, false}, {1, 2000, 160, false}}, "11"},
		"all but the end is lost":                 {[]told{{9, 1000, 800, true}}, "9"},
		"the beginning is lost":                   {[]told{{9, 1000, 480, false}, {9, 1000, 800, true}}, "9"},
		"two keys":                                {[]told{{1, 1000, 800, true}, {2, 3000, 800, true}}, "12"},
		"two keys, one straight after the other":  {[]told{{1, 1000, 800, true}, {2, 1800, 160, false}}, "12"},
		"out of order":                            {[]told{{1, 1000, 320, false}, {1, 1000, 160, false}, {2, 3000, 160, false}, {1, 1000, 480, true}, {2, 3000, 320, true}}, "12"},
		"a long press in segments":                {[]told{{5, 1000, 65000, false}, {5, 1000, 65535, false}, {5, 66535, 160, false}, {5, 66535, 65535, false}, {5, 132070, 320, true}}, "5"},
		"a timestamp that moves with the press":   {[]told{{5, 1000, 160, false}, {5, 1160, 320, false}, {5, 1320, 480, false}, {5, 1480, 640, true}, {5, 1480, 640, true}, {5, 9000, 160, false}}, "55"},
		"the timestamp begins anew":               {[]told{{5, late, 160, false}, {5, late, 800, true}, {5, 2000, 160, false}, {5, 2000, 800, true}}, "55"},
		"star and hash":                           {[]told{{10, 1000, 800, true}, {11, 3000, 800, true}}, "*#"},
		"the keys A to D, flash and what is none": {[]told{{12, 1000, 800, true}, {16, 3000, 800, true}, {255, 9000, 1, true}}, ""},
	} {
		var e events
		var keys strings.Builder
		for _, p := range test.packets {
			if key, fresh := e.receive(p.timestamp, p.payload()); fresh {
				keys.WriteRune(key)
			}
		}
		if keys.String() != test.keys {
			t.Errorf("%s: told %q, not %q", name, keys.String(), test.keys)
		}
	}
	var e events
	for n := range 4 {
		if _, fresh := e.receive(1000, make([]byte, n)); fresh {
			t.Errorf("%d octets are a press", n)
		}
	}
}

func FuzzEvents(f *testing.F) {
	f.Add([]byte{1, 10, 0, 160, 1, 0x8a, 3, 32})
	f.Fuzz(func(t *testing.T, packets []byte) {
		var e events
		for ; len(packets) > 8; packets = packets[8:] {
			if key, fresh := e.receive(binary.BigEndian.Uint32(packets[4:]), packets[:4]); fresh && !strings.ContainsRune(keypad, key) {
				t.Fatalf("told the key %q", key)
			}
		}
	})
}

// What we dial is told once at the other end, whatever single packet is lost.
func TestOurPressIsToldOnce(t *testing.T) {
	for lost := range pressFrames + endPackets - 1 {
		var e events
		var keys strings.Builder
		for n, key := range "11*" {
			for i, payload := range press(key) {
				if i == lost {
					continue
				}
				if key, fresh := e.receive(uint32(n)*(pressFrames+endPackets+gapFrames)*frame, payload); fresh {
					keys.WriteRune(key)
				}
			}
		}
		if keys.String() != "11*" {
			t.Errorf("without packet %d: told %q", lost, keys.String())
		}
	}
	all := press('#')
	if first, last := all[0], all[len(all)-1]; first[0] != 11 || first[1]&0x80 != 0 || last[1]&0x80 == 0 {
		t.Errorf("# begins with %v and ends with %v", first, last)
	}
}
