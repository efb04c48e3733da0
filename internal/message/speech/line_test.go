package speech

// The recordings on a telephone line: English by a recogniser, both languages by comparing each digit with the others.

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var digitWords = strings.Fields("zero one two three four five six seven eight nine")

const recogniserModel = "/usr/share/pocketsphinx/model/en-us"

// A recogniser that was never told of our voice hears every English digit right.
func TestARecogniserHearsEveryDigit(t *testing.T) {
	for _, program := range []string{"pocketsphinx_batch", "sox"} {
		if _, err := exec.LookPath(program); err != nil {
			missing(t, program+" is missing: install pocketsphinx, pocketsphinx-en-us and sox to run this test")
		}
	}
	if _, err := os.Stat(recogniserModel); err != nil {
		missing(t, "the model is missing: install pocketsphinx-en-us to run this test")
	}
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	run := func(program string, arguments ...string) {
		if out, err := exec.Command(program, arguments...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", program, err, out)
		}
	}
	list := ""
	for digit := range 10 {
		clip := write(fmt.Sprintf("clip-%d.wav", digit), string(encode(library(t).clips[fmt.Sprintf("en/digit-%d", digit)])))
		run("sox", clip, "-r", "16000", "-b", "16", "-e", "signed", filepath.Join(dir, fmt.Sprintf("%d.wav", digit)), "sinc", "300-3400", "pad", "0.3", "0.3")
		list += fmt.Sprintln(digit)
	}
	heard := filepath.Join(dir, "heard")
	run("pocketsphinx_batch", "-adcin", "yes", "-adchdr", "44", "-cepdir", dir, "-cepext", ".wav", "-ctl", write("list", list), "-hyp", heard,
		"-hmm", recogniserModel+"/en-us", "-dict", recogniserModel+"/cmudict-en-us.dict", "-cmn", "batch", "-remove_noise", "no", "-logfn", os.DevNull,
		"-jsgf", write("digit.gram", "#JSGF V1.0; grammar digit; public <digit> = "+strings.Join(digitWords, " | ")+";"))
	answer, err := os.ReadFile(heard)
	if err != nil {
		t.Fatal(err)
	}
	words := regexp.MustCompile(`(?m)^([a-z]*) *\((\d)`).FindAllStringSubmatch(string(answer), -1)
	if len(words) != 10 {
		t.Fatalf("%d answers:\n%s", len(words), answer)
	}
	for i, word := range words {
		if word[1] != digitWords[i] {
			t.Errorf("%s is heard as %q", digitWords[i], word[1])
		}
	}
}

func missing(t *testing.T, reason string) {
	t.Helper()
	if os.Getenv("WOGGLE_TEST_ALL") == "1" {
		t.Fatal(reason)
	}
	t.Skip(reason)
}

// Each digit, with noise, is at least twice as near to its own recording as to any other. It shows that no recording
// is broken, swapped or nearly another; it does not show that a person understands it.
func TestTheDigitsAreWellApart(t *testing.T) {
	for _, lang := range []string{"en", "cy"} {
		var clean [10][][]float64
		for digit := range clean {
			clean[digit] = spectra(onLine(library(t).clips[fmt.Sprintf("%s/digit-%d", lang, digit)], 0, 0))
		}
		worst := math.Inf(1)
		for digit := range clean {
			for seed := range uint64(3) {
				noisy := spectra(onLine(library(t).clips[fmt.Sprintf("%s/digit-%d", lang, digit)], 0.1, seed))
				own, other, which := warp(noisy, clean[digit]), math.Inf(1), 0
				for i := range clean {
					if d := warp(noisy, clean[i]); i != digit && d < other {
						other, which = d, i
					}
				}
				worst = min(worst, other/own)
				if other < 2*own {
					t.Errorf("%s: digit %d is %.2f from itself in noise, and %.2f from %d", lang, digit, own, other, which)
				}
			}
		}
		t.Logf("%s: every digit is at least %.2f times nearer to itself", lang, worst)
	}
}

// onLine is a clip after a telephone's band-pass, with noise so many times as strong as the voice.
func onLine(clip []byte, noise float64, seed uint64) []float64 {
	audio, random := linear(clip), rand.New(rand.NewPCG(seed, 1))
	var power float64
	for _, v := range audio {
		power += v * v
	}
	loud := math.Sqrt(power / float64(len(audio)))
	for i := range audio {
		audio[i] = audio[i]/loud + noise*random.NormFloat64()
	}
	low, high := filterAt(0, 2*3400.0/sampleRate, 60), filterAt(0, 2*300.0/sampleRate, 320)
	out := make([]float64, len(audio))
	for n := range out {
		for i, weight := range low {
			if k := n + i - 60; k >= 0 && k < len(audio) {
				out[n] += weight * audio[k]
			}
		}
		for i, weight := range high {
			if k := n + i - 320; k >= 0 && k < len(audio) {
				out[n] -= weight * audio[k]
			}
		}
	}
	return out
}

// spectra are the logarithms of the power in 16 bands of frequency, every 10 ms.
func spectra(audio []float64) (frames [][]float64) {
	const frame, hop, bands = 200, 80, 16
	for start := 0; start+frame <= len(audio); start += hop {
		bins := make([]float64, bands)
		for band := range bins {
			// Bands grow wider with the frequency, as hearing has it.
			hertz := 700 * (math.Pow(10, (401+float64(band)*98)/2595) - 1)
			var re, im float64
			for i, v := range audio[start : start+frame] {
				turn, window := 2*math.Pi*hertz*float64(i)/sampleRate, 0.5-0.5*math.Cos(2*math.Pi*float64(i)/frame)
				re, im = re+v*window*math.Cos(turn), im+v*window*math.Sin(turn)
			}
			bins[band] = math.Log(re*re + im*im + 10)
		}
		frames = append(frames, bins)
	}
	return frames
}

// warp is how far two pieces are from each other, at the best of all alignments in time (dynamic time warping).
func warp(a, b [][]float64) float64 {
	row := make([]float64, len(b)+1)
	for j := range row {
		row[j] = math.Inf(1)
	}
	row[0] = 0
	for i := range a {
		before := row[0]
		row[0] = math.Inf(1)
		for j := range b {
			var d float64
			for k := range a[i] {
				d += (a[i][k] - b[j][k]) * (a[i][k] - b[j][k])
			}
			least := min(before, row[j], row[j+1])
			before = row[j+1]
			row[j+1] = least + math.Sqrt(d)
		}
	}
	return row[len(b)] / float64(len(a)+len(b))
}
