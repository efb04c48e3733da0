// Keys as telephone events (RFC 4733).

package rtp

import (
	"encoding/binary"
	"strings"
)

// keypad is the keys in the order of their event codes (RFC 4733 table 3). The letters A to D are on no telephone.
const keypad = "0123456789*#"

// frame is the samples in a packet of 20 ms.
const frame = 160

// events finds key presses in the packets of telephone events of one source. A press is many packets, any of which may
// be lost, doubled or late: it is reported with the first that comes, and the others are recognised by when, in the
// source's own time, the press began and how long it lasted.
type events struct {
	any      bool
	code     byte
	start    uint32 // timestamp
	duration uint32 // the longest told
}

// receive takes the payload of one packet, and returns the key if it is a press that was not reported yet.
func (e *events) receive(timestamp uint32, payload []byte) (key rune, fresh bool) {
	if len(payload) < 4 {
		return 0, false
	}
	code, duration := payload[0], uint32(binary.BigEndian.Uint16(payload[2:]))
	if int(code) >= len(keypad) {
		return 0, false
	}
	if e.any && !e.newer(code, timestamp) {
		if timestamp == e.start {
			e.duration = max(e.duration, duration)
		} else if after := timestamp - e.start; int32(after) > 0 {
			e.duration = max(e.duration, after+duration) // a further segment of a long press (section 2.5.1.3)
		}
		return 0, false
	}
	*e = events{true, code, timestamp, duration}
	return rune(keypad[code]), true
}

// newer tells whether an event of that time is another press than the one before: another key later, or the same key
// after a pause. A press that is so long that it needs a second segment goes on without one, and some gateways move the
// timestamp with every packet of a press.
func (e *events) newer(code byte, timestamp uint32) bool {
	after := int32(timestamp - e.start)
	if code != e.code {
		return after > 0
	}
	return after > int32(e.duration)+frame
}

// An outgoing press lasts 100 ms, and its last packet goes three times (RFC 4733 section 2.5.1.4).
const (
	pressFrames = 5
	endPackets  = 3
	gapFrames   = 5
)

// press returns the payloads of the packets of a press, all with the timestamp of the first.
func press(key rune) (payloads [][]byte) {
	const volume = 10 // dB below the loudest
	code := byte(strings.IndexRune(keypad, key))
	for i := 1; i < pressFrames+endPackets; i++ {
		end := byte(0)
		if i >= pressFrames {
			end = 0x80
		}
		payload := []byte{code, end | volume, 0, 0}
		binary.BigEndian.PutUint16(payload[2:], uint16(min(i, pressFrames)*frame))
		payloads = append(payloads, payload)
	}
	return payloads
}
