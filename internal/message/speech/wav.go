// This file owns WAV files: chunks of a name, a length and a content, little-endian.

package speech

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

const (
	sampleRate = 8000 // samples, and in mu-law bytes, a second
	silent     = 0xff // the mu-law sample of no sound
)

// The codecs of a fmt chunk that are read here.
const (
	codecPCM        = 1
	codecFloat      = 3
	codecALaw       = 6
	codecMuLaw      = 7
	codecExtensible = 0xfffe // the real one stands at the end of the chunk
)

// format is the audio format, as it stands in a fmt chunk after the chunk's size.
type format struct {
	Codec, Channels    uint16
	Rate, BytesPerSec  uint32
	Block, Bits, Extra uint16
}

// telephone is the form in which a line carries speech, and the only one that is written here, so that joining clips is
// laying bytes end to end.
var telephone = format{Codec: codecMuLaw, Channels: 1, Rate: sampleRate, BytesPerSec: sampleRate, Block: 1, Bits: 8}

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

// decode returns the samples of a file that is in the telephone's form already.
func decode(file []byte) ([]byte, error) {
	f, data, err := open(file)
	if err == nil && f != telephone {
		err = fmt.Errorf("it is not 8 kHz mu-law mono: run make.sh")
	}
	return data, err
}

// open returns the format and the content of the data chunk. The errors are for who made the file.
func open(file []byte) (f format, data []byte, err error) {
	if len(file) < 12 || string(file[:4]) != "RIFF" || string(file[8:12]) != "WAVE" {
		return f, nil, errors.New("it is not a WAV file: export it as WAV, 16-bit PCM")
	}
	for rest := file[12:]; len(rest) >= 8; {
		id, size := string(rest[:4]), int(binary.LittleEndian.Uint32(rest[4:8]))
		rest = rest[8:]
		if size > len(rest) {
			return f, nil, errors.New("its end is missing: export it again")
		}
		switch id {
		case "fmt ":
			if f, err = readFormat(rest[:size]); err != nil {
				return f, nil, err
			}
		case "data":
			if f.Codec == 0 {
				return f, nil, errors.New("it does not say what is in it: export it again as WAV, 16-bit PCM")
			}
			return f, rest[:size], nil
		}
		rest = rest[min(size+size%2, len(rest)):]
	}
	return f, nil, errors.New("there is no sound in it: export it again")
}

func readFormat(chunk []byte) (f format, err error) {
	if len(chunk) < 16 {
		return f, errors.New("it is damaged: export it again")
	}
	_, err = binary.Decode(append(chunk[:16:16], 0, 0), binary.LittleEndian, &f)
	if f.Codec == codecExtensible && len(chunk) >= 40 {
		f.Codec = binary.LittleEndian.Uint16(chunk[24:])
	}
	return f, err
}
