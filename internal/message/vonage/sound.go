// Sounds as Vonage plays them. It takes WAV files of 16-bit samples only (NCCO reference, "Stream"), and ours are mu-law.

package vonage

import (
	"bytes"
	"encoding/binary"

	"woggle/internal/message/speech"
)

// sound makes a WAV file with 16-bit samples of a script.
func sound(library *speech.Library) func(speech.Script) ([]byte, error) {
	return func(s speech.Script) ([]byte, error) {
		samples, err := library.Samples(s)
		return wav(samples), err
	}
}

const rate = 8000 // samples a second

// wav writes mu-law samples as a WAV file of 16-bit samples, mono.
func wav(samples []byte) []byte {
	const header, width = 44, 2
	size := len(samples) * width
	b := bytes.NewBuffer(make([]byte, 0, header+size))
	for _, field := range []any{[]byte("RIFF"), uint32(header - 8 + size), []byte("WAVEfmt "), uint32(16), uint16(1), uint16(1),
		uint32(rate), uint32(rate * width), uint16(width), uint16(8 * width), []byte("data"), uint32(size)} {
		_ = binary.Write(b, binary.LittleEndian, field) // into memory: it can't fail
	}
	file := b.Bytes()
	for _, sample := range samples {
		file = binary.LittleEndian.AppendUint16(file, uint16(expand(sample)))
	}
	return file
}

// expand gives a mu-law sample its 16 bits back (ITU-T G.711).
func expand(sample byte) int16 {
	const bias = 0x84
	sample = ^sample
	v := (int16(sample&0x0f)<<3+bias)<<(sample>>4&7) - bias
	if sample&0x80 != 0 {
		return -v
	}
	return v
}
