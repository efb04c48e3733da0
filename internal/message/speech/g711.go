// This file owns the companding of ITU-T G.711: eight bits a sample, as the telephone carries them.

package speech

import "math/bits"

const (
	bias = 0x84 // of mu-law, in 16-bit samples
	most = 0x7fff - bias
)

// mulaw compresses a 16-bit sample.
func mulaw(v int16) byte {
	sign, x := byte(0), int(v)
	if x < 0 {
		sign, x = 0x80, -x
	}
	x = min(x, most) + bias
	segment := bits.Len(uint(x)) - 8
	return ^(sign | byte(segment)<<4 | byte(x>>(segment+3))&0x0f)
}

// fromMulaw expands a sample to 16 bits.
func fromMulaw(b byte) int16 {
	b = ^b
	v := (int(b&0x0f)<<3+bias)<<(b>>4&7) - bias
	if b&0x80 != 0 {
		v = -v
	}
	return int16(v)
}

// fromAlaw expands a sample to 16 bits.
func fromAlaw(b byte) int16 {
	b ^= 0x55
	v, segment := int(b&0x0f)<<4+8, b>>4&7
	if segment > 0 {
		v = (v + 0x100) << (segment - 1)
	}
	if b&0x80 == 0 {
		v = -v
	}
	return int16(v)
}
