package speech

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The listener below knows the file only by its bytes: it splits the audio at the silence and names every
// piece by the recording it correlates with best.

func TestAListenerHearsWhatTheTextSays(t *testing.T) {
	for _, lang := range []string{"en", "cy"} {
		for _, code := range []string{"402917", "000000", "112233", "987654", "558061"} {
			wav, err := library(t).WAV(library(t).CodeCall(lang, "Northwold", "Beth", code).Reading)
			if err != nil {
				t.Fatal(err)
			}
			heard := listen(t, lang, wav)
			// each code starts beside its phrase: "Your code is" and "Once more:"
			want := strings.Join(strings.Split(code, ""), " ")
			want = fmt.Sprintf("your-code-is %s once-more %s", want, want)
			if got := strings.Join(heard, " "); got != want {
				t.Errorf("%s: heard %q, want %q", lang, got, want)
			}
		}
	}
}

func TestDigitsCanBeWrittenDown(t *testing.T) {
	l := library(t)
	wav, err := l.WAV(l.voice("en").script(l.voice("en").digits("40 29-17x")))
	if err != nil {
		t.Fatal(err)
	}
	pieces := split(soundOf(t, wav), 600*time.Millisecond)
	if len(pieces) != 6 {
		t.Fatalf("six digits with 0.6 s between give %d pieces", len(pieces))
	}
}

func TestASpelledNameIsHeardLetterByLetter(t *testing.T) {
	l := library(t)
	wav, err := l.WAV(l.voice("cy").script(l.voice("cy").name("Łukz", time.Minute)))
	if err != nil {
		t.Fatal(err)
	}
	pieces := split(soundOf(t, wav), 200*time.Millisecond)
	if len(pieces) != 4 {
		t.Fatalf("four letters give %d pieces", len(pieces))
	}
	for i, letter := range "lukz" {
		want := l.clips["cy/letter-"+string(letter)]
		if c := likeness(pieces[i], linear(want)); c < 0.95 {
			t.Errorf("letter %c: likeness %.2f", letter, c)
		}
	}
}

func TestTheFileIsSoundToOtherPrograms(t *testing.T) {
	if _, err := exec.LookPath("soxi"); err != nil {
		if os.Getenv("WOGGLE_TEST_ALL") == "1" {
			t.Fatal("soxi is missing: install sox")
		}
		t.Skip("soxi is missing: install sox to run this test")
	}
	wav, err := library(t).WAV(library(t).CodeCall("en", "Northwold", "Beth", "402917").Reading)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "call.wav")
	if err := os.WriteFile(path, wav, 0o600); err != nil {
		t.Fatal(err)
	}
	for flag, want := range map[string]string{"-r": "8000", "-c": "1", "-e": "u-law"} {
		out, err := exec.Command("soxi", flag, path).CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || got != want {
			t.Errorf("soxi %s says %q (%v), want %q", flag, got, err, want)
		}
	}
	if out, err := exec.Command("sox", path, "-n", "stat").CombinedOutput(); err != nil || bytes.Contains(out, []byte("WARN")) {
		t.Errorf("sox cannot read it through: %v\n%s", err, out)
	}
}

func TestTheHeaderCountsTrue(t *testing.T) {
	for n := range 4 {
		wav := encode(make([]byte, n))
		if got := int(binary.LittleEndian.Uint32(wav[4:8])); got != len(wav)-8 {
			t.Errorf("%d samples: RIFF counts %d of %d bytes", n, got, len(wav)-8)
		}
		if data, err := decode(wav); n > 0 && (err != nil || len(data) != n) {
			t.Errorf("%d samples come back as %d, %v", n, len(data), err)
		}
	}
}

func TestAWrongRecordingIsRefused(t *testing.T) {
	good := encode([]byte("sound"))
	pcm := bytes.Clone(good)
	pcm[20] = 1 // codec PCM
	for name, file := range map[string][]byte{
		"empty": nil, "text": []byte("hello"), "cut": good[:30], "no data": good[:50], "pcm": pcm,
		"huge chunk": append(bytes.Clone(good[:12]), 'd', 'a', 't', 'a', 0xff, 0xff, 0xff, 0xff),
	} {
		if _, err := decode(file); err == nil {
			t.Errorf("%s: taken for a recording", name)
		}
	}
	if _, err := library(t).WAV(library(t).voice("en").script(library(t).voice("en").phrase("never-said"))); err == nil {
		t.Error("a phrase without recording gave a WAV")
	}
}

// listen names the pieces of the audio between silences of 80 ms and more.
func listen(t *testing.T, lang string, wav []byte) []string {
	t.Helper()
	known := map[string][]float64{}
	for phrase := range phrases[lang] {
		known[phrase] = nil
	}
	for _, d := range "0123456789" {
		known["digit-"+string(d)] = nil
	}
	for name := range known {
		known[name] = linear(library(t).clips[lang+"/"+name])
	}
	var heard []string
	for _, piece := range split(soundOf(t, wav), 80*time.Millisecond) {
		best, likest := "", 0.0
		for name, clip := range known {
			if c := likeness(piece, clip); c > likest {
				best, likest = name, c
			}
		}
		if likest < 0.95 {
			t.Errorf("a piece of %d samples is like nothing recorded (%.2f, %s)", len(piece), likest, best)
		}
		heard = append(heard, strings.TrimPrefix(best, "digit-"))
	}
	return heard
}

func soundOf(t *testing.T, wav []byte) []float64 {
	t.Helper()
	data, err := decode(wav)
	if err != nil {
		t.Fatal(err)
	}
	return linear(data)
}

// split cuts audio wherever it is perfectly silent for at least gap.
func split(audio []float64, gap time.Duration) [][]float64 {
	var pieces [][]float64
	start, end := 0, 0 // of the piece being heard; end is after its last sound
	for i, v := range audio {
		if v == 0 {
			continue
		}
		if i-end >= int(gap*sampleRate/time.Second) {
			if end > start {
				pieces = append(pieces, audio[start:end])
			}
			start = i
		}
		end = i + 1
	}
	return append(pieces, audio[start:end])
}

// likeness is the highest normalised cross-correlation of two pieces, shifted by up to 5 ms.
func likeness(a, b []float64) float64 {
	best := 0.0
	for shift := -40; shift <= 40; shift++ {
		var ab, aa, bb float64
		for i := range max(len(a), len(b)) {
			var x, y float64
			if i < len(a) {
				x = a[i]
			}
			if j := i + shift; j >= 0 && j < len(b) {
				y = b[j]
			}
			ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
		}
		if aa > 0 && bb > 0 {
			best = max(best, ab/math.Sqrt(aa*bb))
		}
	}
	return best
}

// linear expands mu-law samples.
func linear(data []byte) []float64 {
	out := make([]float64, len(data))
	for i, b := range data {
		out[i] = float64(fromMulaw(b))
	}
	return out
}
