package rtp

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sound is 8 kHz, 16 bits.
type sound []float64

// pressed adds two tones of so many ms at so many dB below the loudest.
func (s sound) pressed(key rune, ms int, rowDown, columnDown, off float64) sound {
	row, column := place(key)
	for i := range ms * 8 {
		at := 2 * math.Pi * float64(i) / 8000 * (1 + off)
		s = append(s, level(rowDown)*math.Sin(at*rows[row])+level(columnDown)*math.Sin(at*columns[column]+1))
	}
	return s
}

func level(down float64) float64 { return 32000 * math.Pow(10, -down/20) }

func (s sound) quiet(ms int) sound { return append(s, make([]float64, ms*8)...) }

func (s sound) noisy(down float64) sound {
	random := rand.New(rand.NewPCG(1, 2))
	for i := range s {
		s[i] += level(down) * random.NormFloat64()
	}
	return s
}

// keys is what is found in the sound, which comes in the codec in packets of 20 ms.
func (s sound) keys(c *Codec) string {
	var t tones
	var found strings.Builder
	for at := 0; at < len(s); at += frame {
		payload := make([]byte, 0, frame)
		for _, sample := range s[at:min(at+frame, len(s))] {
			payload = append(payload, c.encode(int16(max(-32768, min(32767, sample)))))
		}
		for _, key := range t.receive(c, payload) {
			found.WriteRune(key)
		}
	}
	return found.String()
}

func TestTones(t *testing.T) {
	all := func(ms, pause int, rowDown, columnDown, off, noise float64) sound {
		var s sound
		for i, key := range keypad {
			s = s.quiet(pause+i).pressed(key, ms, rowDown, columnDown, off) // i: never at the same place of a window
		}
		return s.quiet(100).noisy(noise)
	}
	for name, test := range map[string]struct {
		sound sound
		keys  string
	}{
		"every key, 40 ms apart":        {all(40, 40, 10, 10, 0, 90), keypad},
		"usual":                         {all(100, 80, 10, 8, 0, 60), keypad},
		"faint":                         {all(60, 60, 36, 36, 0, 90), keypad},
		"with noise":                    {all(60, 60, 12, 12, 0, 32), keypad},
		"rows weaker by 4 dB":           {all(50, 50, 14, 10, 0, 60), keypad},
		"columns weaker by 8 dB":        {all(50, 50, 8, 16, 0, 60), keypad},
		"off by 1.5 %":                  {all(50, 50, 10, 10, 0.015, 60), keypad},
		"off by -1.5 %":                 {all(50, 50, 10, 10, -0.015, 60), keypad},
		"off by 4 %":                    {all(60, 60, 10, 10, 0.04, 60), ""},
		"23 ms are no key":              {all(23, 60, 10, 10, 0, 60), ""},
		"columns weaker by 14 dB":       {all(60, 60, 6, 20, 0, 60), ""},
		"a row alone":                   {all(60, 60, 6, 90, 0, 60), ""},
		"noise alone":                   {all(60, 60, 90, 90, 0, 10), ""},
		"held for 2 s is one":           {sound{}.quiet(30).pressed('5', 2000, 10, 10, 0).quiet(60), "5"},
		"a gap of 10 ms is no pause":    {sound{}.quiet(30).pressed('5', 80, 10, 10, 0).quiet(10).pressed('5', 80, 10, 10, 0).quiet(60), "5"},
		"the same key twice":            {sound{}.quiet(30).pressed('5', 50, 10, 10, 0).quiet(45).pressed('5', 50, 10, 10, 0).quiet(60), "55"},
		"one after the other, no pause": {sound{}.quiet(30).pressed('5', 80, 10, 10, 0).pressed('9', 80, 10, 10, 0).quiet(60), "59"},
		"silence":                       {sound{}.quiet(500), ""},
	} {
		for _, codec := range []*Codec{PCMU, PCMA} {
			if keys := test.sound.keys(codec); keys != test.keys {
				t.Errorf("%s, %s: heard %q, not %q", name, codec.Name, keys, test.keys)
			}
		}
	}
}

// Our own tones are heard by our own ears, and are of the length that the standard wants.
func TestOurTonesAreHeard(t *testing.T) {
	var ears tones
	var found strings.Builder
	for _, key := range keypad {
		for _, heard := range ears.receive(PCMU, append(tone(key), silence(gapFrames)...)) {
			found.WriteRune(heard)
		}
	}
	if found.String() != keypad {
		t.Errorf("heard %q", found.String())
	}
	if ms := len(tone('1')) / 8; ms < 70 {
		t.Errorf("a press takes %d ms", ms)
	}
}

// Nobody presses a key by talking: the recordings are minutes of speech, of men and of women.
func TestSpeechIsNoKey(t *testing.T) {
	files, err := filepath.Glob("../../speech/clips/*/*.wav")
	if err != nil || len(files) < 50 {
		t.Fatalf("%d recordings: %v", len(files), err)
	}
	var seconds int
	for _, name := range files {
		octets := recording(t, name)
		seconds += len(octets) / 8000
		for begin := range 4 { // at other places of the window, at other speeds
			var faster sound
			for i := float64(begin * 20); int(i) < len(octets); i += []float64{1, 1, 1.12, 0.9}[begin] {
				faster = append(faster, float64(PCMU.linear[octets[int(i)]]))
			}
			if keys := faster.keys(PCMU); keys != "" {
				t.Errorf("%s: heard the keys %q in it", name, keys)
			}
		}
	}
	t.Logf("%d seconds of speech, four times", seconds)
}

// recording returns the samples of a mu-law WAV file.
func recording(t *testing.T, name string) []byte {
	t.Helper()
	file, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(file, []byte("data"))
	if at < 0 {
		t.Fatalf("%s holds no sound", name)
	}
	size := binary.LittleEndian.Uint32(file[at+4:])
	return file[at+8:][:size]
}

func TestCodecs(t *testing.T) {
	// Values of the tables of G.711, shifted to 16 bits.
	for octet, want := range map[byte]int16{0xff: 0, 0x7f: 0, 0x80: 32124, 0x00: -32124, 0xfe: 8, 0xf0: 120, 0xef: 132} {
		if got := PCMU.linear[octet]; got != want {
			t.Errorf("mu-law %#02x is %d, not %d", octet, got, want)
		}
	}
	for octet, want := range map[byte]int16{0xd5: 8, 0x55: -8, 0xaa: 32256, 0x2a: -32256, 0xc5: 264} {
		if got := PCMA.linear[octet]; got != want {
			t.Errorf("A-law %#02x is %d, not %d", octet, got, want)
		}
	}
	for octet := range 256 {
		if c := PCMU; c.linear[octet] != c.linear[c.encode(c.linear[octet])] {
			t.Errorf("mu-law %#02x becomes %#02x", octet, c.encode(c.linear[octet]))
		}
		if c := PCMA; c.encode(c.linear[octet]) != byte(octet) {
			t.Errorf("A-law %#02x becomes %#02x", octet, c.encode(c.linear[octet]))
		}
		mu, a := int(PCMU.linear[octet]), int(PCMA.linear[PCMA.mu[octet]])
		if off := max(mu-a, a-mu); off > 8+max(mu, -mu)/16 {
			t.Errorf("mu-law %#02x is %d, and %d in A-law", octet, mu, a)
		}
		if PCMU.mu[octet] != byte(octet) {
			t.Errorf("mu-law %#02x is not itself", octet)
		}
	}
}

func BenchmarkTones(b *testing.B) {
	var t tones
	speech := tone('5')[:frame]
	for b.Loop() {
		t.receive(PCMU, speech)
	}
}
