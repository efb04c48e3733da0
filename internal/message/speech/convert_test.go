package speech

import (
	"bytes"
	"encoding/binary"
	"math"
	"strings"
	"testing"
)

// tone is a second of a sine.
func tone(hertz, loud float64, rate int) []float64 {
	audio := make([]float64, rate)
	for i := range audio {
		audio[i] = loud * math.Sin(2*math.Pi*hertz*float64(i)/float64(rate))
	}
	return audio
}

// pcm is a file of 16-bit samples, each channel the same.
func pcm(audio []float64, rate, channels int) []byte {
	var data bytes.Buffer
	for _, v := range audio {
		for range channels {
			binary.Write(&data, binary.LittleEndian, int16(v*math.MaxInt16))
		}
	}
	return file(format{Codec: codecPCM, Channels: uint16(channels), Rate: uint32(rate), Bits: 16}, data.Bytes())
}

func file(f format, data []byte) []byte {
	b := []byte("RIFF\xff\xff\xff\xffWAVEfmt \x12\x00\x00\x00")
	b, _ = binary.Append(b, binary.LittleEndian, f)
	b = append(b, "LIST\x03\x00\x00\x00abc\x00data"...) // with a chunk of odd length, as programs add them
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	return append(b, data...)
}

// power is how much of a frequency is in 8 kHz audio, 1 for a full sine.
func power(audio []float64, hertz float64) float64 {
	var re, im float64
	for i, v := range audio {
		turn := 2 * math.Pi * hertz * float64(i) / sampleRate
		re, im = re+v*math.Cos(turn), im+v*math.Sin(turn)
	}
	return 2 * math.Hypot(re, im) / float64(len(audio))
}

func TestTheFilterKeepsSpeechAndStopsTheRest(t *testing.T) {
	for _, rate := range []int{11025, 16000, 22050, 24000, 32000, 44100, 48000} {
		for hertz := 100.0; hertz < float64(rate)/2; hertz += 310 {
			audio := resample(tone(hertz, 1, rate), rate)[400:7600]
			switch got := power(audio, hertz); {
			case hertz <= 3200 && math.Abs(got-1) > 0.02:
				t.Errorf("%d Hz: of %.0f Hz, %.3f come through", rate, hertz, got)
			case hertz > 4000:
				var sum float64
				for _, v := range audio {
					sum += v * v
				}
				if loud := math.Sqrt(2 * sum / float64(len(audio))); loud > 0.001 {
					t.Errorf("%d Hz: of %.0f Hz, %.4f is heard as something else", rate, hertz, loud)
				}
			}
		}
	}
}

func TestARecordingIsBroughtIntoTheTelephonesForm(t *testing.T) {
	for _, rate := range []int{8000, 16000, 44100, 48000} {
		for channels := 1; channels <= 2; channels++ {
			// Half a second of silence, a second of a soft tone, half a second of hum.
			audio := append(make([]float64, rate/2), tone(440, 0.1, rate)...)
			audio = append(audio, tone(50, 0.001, rate)[:rate/2]...)
			data, err := convert(pcm(audio, rate, channels))
			if err != nil {
				t.Fatal(err)
			}
			if n := len(data); n < sampleRate || n > sampleRate+4*margin {
				t.Errorf("%d Hz, %d channels: %d samples are left of a second of sound", rate, channels, n)
			}
			if loud := power(linear(data)[1000:7000], 440) / math.MaxInt16; math.Abs(loud-loudest) > 0.02 {
				t.Errorf("%d Hz, %d channels: as loud as %.2f", rate, channels, loud)
			}
		}
	}
	// What is in a telephone's form is as it was, but for its level and its ends.
	for _, codec := range []uint16{codecMuLaw, codecALaw} {
		bytesOf := map[uint16]func(int16) byte{codecMuLaw: mulaw, codecALaw: alaw}[codec]
		var data []byte
		for _, v := range tone(440, loudest, sampleRate) {
			data = append(data, bytesOf(int16(v*math.MaxInt16)))
		}
		out, err := convert(file(format{Codec: codec, Channels: 1, Rate: sampleRate, Bits: 8}, data))
		if err != nil {
			t.Fatal(err)
		}
		if loud := power(linear(out)[1000:7000], 440) / math.MaxInt16; math.Abs(loud-loudest) > 0.02 {
			t.Errorf("codec %d: as loud as %.2f", codec, loud)
		}
	}
}

// alaw finds the nearest of all 256.
func alaw(v int16) (best byte) {
	for b := range 256 {
		if math.Abs(float64(fromAlaw(byte(b)))-float64(v)) < math.Abs(float64(fromAlaw(best))-float64(v)) {
			best = byte(b)
		}
	}
	return best
}

func TestCompanding(t *testing.T) {
	for b := range 256 {
		if back := mulaw(fromMulaw(byte(b))); back != byte(b) && b != 0x7f { // which is zero as well
			t.Errorf("%#x comes back as %#x", b, back)
		}
	}
	for v := math.MinInt16; v <= math.MaxInt16; v++ {
		if off := math.Abs(float64(fromMulaw(mulaw(int16(v)))) - float64(v)); off > 8+math.Abs(float64(v))/16 && v > -32600 && v < 32600 {
			t.Fatalf("%d is off by %.0f", v, off)
		}
	}
	// Values of the tables of G.711, as 16 bits.
	for b, want := range map[byte]int16{0xd5: 8, 0x55: -8, 0xaa: 32256, 0x2a: -32256, 0x80: 5504, 0x00: -5504} {
		if got := fromAlaw(b); got != want {
			t.Errorf("A-law %#x is %d, want %d", b, got, want)
		}
	}
	for b, want := range map[byte]int16{0xff: 0, 0x7f: 0, 0x80: 32124, 0x00: -32124, 0xfe: 8} {
		if got := fromMulaw(b); got != want {
			t.Errorf("mu-law %#x is %d, want %d", b, got, want)
		}
	}
}

func TestWhatIsNoRecording(t *testing.T) {
	sound := pcm(tone(440, 0.5, 8000), 8000, 1)
	with := func(f format) []byte { return file(f, make([]byte, 48000)) }
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"nothing":       {nil, "not a WAV file"},
		"a text":        {[]byte("hello, this is a text and no sound"), "not a WAV file"},
		"an MP3":        {append([]byte("ID3\x04"), sound...), "not a WAV file"},
		"cut":           {sound[:len(sound)/2], "its end is missing"},
		"only a head":   {sound[:12], "no sound in it"},
		"no fmt":        {append([]byte("RIFF....WAVEdata"), 4, 0, 0, 0, 1, 2, 3, 4), "does not say"},
		"short fmt":     {append([]byte("RIFF....WAVEfmt "), 4, 0, 0, 0, 1, 2, 3, 4), "damaged"},
		"a huge chunk":  {append(bytes.Clone(sound[:12]), "data\xff\xff\xff\xff...."...), "its end is missing"},
		"24 bits":       {with(format{Codec: codecPCM, Channels: 1, Rate: 48000, Bits: 24}), "24 bits: export"},
		"8 bits":        {with(format{Codec: codecPCM, Channels: 1, Rate: 8000, Bits: 8}), "8 bits: export"},
		"fractions":     {with(format{Codec: codecFloat, Channels: 1, Rate: 48000, Bits: 32}), "fractions"},
		"compressed":    {with(format{Codec: 0x55, Channels: 1, Rate: 48000, Bits: 16}), "compressed"},
		"no channel":    {with(format{Codec: codecPCM, Channels: 0, Rate: 8000, Bits: 16}), "0 channels"},
		"surround":      {with(format{Codec: codecPCM, Channels: 6, Rate: 48000, Bits: 16}), "6 channels"},
		"no rate":       {with(format{Codec: codecPCM, Channels: 1, Rate: 0, Bits: 16}), "0 samples a second"},
		"a studio":      {with(format{Codec: codecPCM, Channels: 1, Rate: 192000, Bits: 16}), "192000 samples"},
		"wide mu-law":   {with(format{Codec: codecMuLaw, Channels: 1, Rate: 16000, Bits: 8}), "telephone's form"},
		"odd mu-law":    {with(format{Codec: codecMuLaw, Channels: 1, Rate: 8000, Bits: 0}), "telephone's form"},
		"empty":         {pcm(nil, 8000, 1), "nothing is heard"},
		"silence":       {pcm(make([]float64, 8000), 8000, 1), "nothing is heard"},
		"too soft":      {pcm(tone(440, 0.005, 8000), 8000, 1), "nothing is heard"},
		"a click":       {pcm([]float64{0, 1, 0}, 8000, 1), "nothing is heard"},
		"a long speech": {pcm(make([]float64, 8000*21), 8000, 1), "21 seconds"},
	} {
		if _, err := convert(c.file); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	extensible := append([]byte("RIFF....WAVEfmt \x28\x00\x00\x00"), make([]byte, 40)...)
	binary.LittleEndian.PutUint16(extensible[20:], codecExtensible)
	copy(extensible[22:], sound[22:36])
	binary.LittleEndian.PutUint16(extensible[44:], codecPCM)
	data := sound[len(sound)-16000:]
	extensible = append(binary.LittleEndian.AppendUint32(append(extensible, "data"...), uint32(len(data))), data...)
	if out, err := convert(extensible); err != nil || len(out) < 7900 {
		t.Errorf("the extensible form: %d samples, %v", len(out), err)
	}
}

func FuzzConvert(f *testing.F) {
	f.Add(pcm(tone(440, 0.5, 8000)[:800], 8000, 1))
	f.Add(pcm(tone(440, 0.5, 44100)[:800], 44100, 2))
	f.Add(encode(bytes.Repeat([]byte{0x10, 0x90}, 400)))
	f.Fuzz(func(t *testing.T, file []byte) {
		if data, err := convert(file); err == nil && (len(data) == 0 || len(data) > 21*sampleRate) {
			t.Errorf("%d samples", len(data))
		}
	})
}
