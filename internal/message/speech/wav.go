// This file owns the audio: the embedded clips and their joining. Everything is 8 kHz mu-law mono, the form
// in which a telephone line carries speech (ITU-T G.711), so joining is laying bytes end to end.

package speech

import (
	"bytes"
	"embed"
	"encoding/binary"
	"fmt"
	"io/fs"
	"strings"
	"time"
)

const (
	sampleRate = 8000 // samples, and in mu-law bytes, a second
	silent     = 0xff // the mu-law sample of no sound
	wordGap    = 90 * time.Millisecond
)

//go:embed clips
var clips embed.FS

//go:embed phrases.txt
var phrasesTxt string

// phrases holds the words of every recorded phrase by language.
var phrases = readPhrases(phrasesTxt)

func readPhrases(txt string) map[string]map[Phrase]string {
	all := map[string]map[Phrase]string{"en": {}, "cy": {}}
	for line := range strings.Lines(txt) {
		if col := strings.Split(strings.TrimSpace(line), "|"); len(col) == 3 && line[0] != '#' {
			all["en"][Phrase(col[0])] = col[1]
			all["cy"][Phrase(col[0])] = col[2]
		}
	}
	return all
}

// WAV returns the whole script as one WAV file, about 8 kB a second. It fails only if a part has no
// recording, which is a mistake in the program: no name, digit or language of a person can cause it.
func (s Script) WAV() ([]byte, error) {
	var data []byte
	spoken := false // the last thing laid down was a clip
	for _, snd := range s.sounds() {
		if snd.clip == "" {
			data = append(data, silence(snd.silence)...)
			spoken = false
			continue
		}
		clip, err := load(snd.clip)
		if err != nil {
			return nil, err
		}
		if spoken {
			data = append(data, silence(wordGap)...)
		}
		data = append(data, clip...)
		spoken = true
	}
	return encode(data), nil
}

func silence(d time.Duration) []byte {
	return bytes.Repeat([]byte{silent}, int(d*sampleRate/time.Second))
}

func recorded(clip string) bool {
	_, err := fs.Stat(clips, "clips/"+clip+".wav")
	return err == nil
}

// load returns the samples of a clip.
func load(clip string) ([]byte, error) {
	file, err := clips.ReadFile("clips/" + clip + ".wav")
	if err != nil {
		return nil, fmt.Errorf("nothing is recorded for %q: add it to the lists and run make.sh", clip)
	}
	data, err := decode(file)
	if err != nil {
		return nil, fmt.Errorf("the recording %q cannot be used: %w", clip, err)
	}
	return data, nil
}

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
