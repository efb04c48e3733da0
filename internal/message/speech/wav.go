// This file owns the audio: the embedded clips and their joining. Everything is 8 kHz mu-law mono, the form
// in which a telephone line carries speech (ITU-T G.711), so joining is laying bytes end to end.

package speech

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

const (
	sampleRate = 8000 // samples, and in mu-law bytes, a second
	silent     = 0xff // the mu-law sample of no sound
)

// The one audio format read and written here, as it stands in a fmt chunk after the chunk's size.
type format struct {
	Codec, Channels    uint16
	Rate, BytesPerSec  uint32
	Block, Bits, Extra uint16
}

var telephone = format{Codec: 7, Channels: 1, Rate: sampleRate, BytesPerSec: sampleRate, Block: 1, Bits: 8}

// encode puts mu-law samples into a WAV file. A codec other than PCM wants a fact chunk with their number.
func encode(data []byte) []byte {
	var b bytes.Buffer
	chunk := func(id string, size int, body any) {
		b.WriteString(id)
		binary.Write(&b, binary.LittleEndian, uint32(size))
		binary.Write(&b, binary.LittleEndian, body)
	}
	size := binary.Size(telephone)
	chunk("RIFF", 4+8+size+8+4+8+len(data)+len(data)%2, []byte("WAVE"))
	chunk("fmt ", size, telephone)
	chunk("fact", 4, uint32(len(data)))
	chunk("data", len(data), data)
	if len(data)%2 == 1 {
		b.WriteByte(0) // chunks are padded to even lengths, uncounted
	}
	return b.Bytes()
}

// decode returns the samples of a WAV file in the telephone's format; an operator's own recording may be
// in another one, and is refused with the reason.
func decode(file []byte) ([]byte, error) {
	if len(file) < 12 || string(file[:4]) != "RIFF" || string(file[8:12]) != "WAVE" {
		return nil, fmt.Errorf("it is not a WAV file")
	}
	var f format
	for rest := file[12:]; len(rest) >= 8; {
		id, size := string(rest[:4]), int(binary.LittleEndian.Uint32(rest[4:8]))
		rest = rest[8:]
		if size > len(rest) {
			break
		}
		switch id {
		case "fmt ":
			if size < 16 {
				return nil, fmt.Errorf("its format chunk is cut short")
			}
			_, _ = binary.Decode(append(rest[:16:16], 0, 0), binary.LittleEndian, &f)
		case "data":
			if f != telephone {
				return nil, fmt.Errorf("it must be 8 kHz mu-law mono, not %+v", f)
			}
			return rest[:size], nil
		}
		rest = rest[min(size+size%2, len(rest)):]
	}
	return nil, fmt.Errorf("it holds no audio")
}
