// The two codecs of the telephone network (ITU-T G.711). Recordings are mu-law already.

package rtp

// Codec is a way to write sound at 8 kHz with an octet a sample.
type Codec struct {
	Name    string // as SDP writes it
	Payload uint8  // the static payload type (RFC 3551 table 4)

	linear [256]int16 // what an octet means
	mu     [256]byte  // the octet for what mu-law says with another
}

// The codecs. They never change.
var (
	PCMU = newCodec("PCMU", 0, linearMu)
	PCMA = newCodec("PCMA", 8, linearA)
)

// quiet is the mu-law octet of no sound.
const quiet = 0xff

func newCodec(name string, payload uint8, linear func(byte) int16) *Codec {
	c := &Codec{Name: name, Payload: payload}
	for i := range c.linear {
		c.linear[i] = linear(byte(i))
	}
	for i := range c.mu {
		c.mu[i] = c.encode(linearMu(byte(i)))
	}
	if name == "PCMU" { // there are two zeros, and each is to stay what it is
		for i := range c.mu {
			c.mu[i] = byte(i)
		}
	}
	return c
}

// encode finds the octet nearest to a sample.
func (c *Codec) encode(sample int16) (nearest byte) {
	best := 1 << 17
	for i, l := range c.linear {
		if off := max(int(l)-int(sample), int(sample)-int(l)); off < best {
			nearest, best = byte(i), off
		}
	}
	return nearest
}

// linearMu is the mu-law, with 14 bits in the upper ones of 16.
func linearMu(b byte) int16 {
	b = ^b
	magnitude := ((int16(b&0x0f) << 3) + 0x84) << (b >> 4 & 7)
	if b&0x80 != 0 {
		return 0x84 - magnitude
	}
	return magnitude - 0x84
}

// linearA is the A-law, with 13 bits in the upper ones of 16.
func linearA(b byte) int16 {
	b ^= 0x55
	magnitude := int16(b&0x0f)<<4 + 8
	if segment := b >> 4 & 7; segment > 0 {
		magnitude = (magnitude + 0x100) << (segment - 1)
	}
	if b&0x80 == 0 {
		return -magnitude
	}
	return magnitude
}
