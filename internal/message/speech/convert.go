// This file owns the way of a recording into the telephone's form. People record on telephones and laptops, in whatever
// form these have; that a recording sounds like the others should not take a sound engineer.

package speech

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"
)

const (
	longestClip = 20 * time.Second
	leastClip   = 50 * time.Millisecond

	loudest = 0.708 // the peak of every recording, -3 dB as in make.sh
	tooSoft = 0.01  // a peak below this is noise, of the greatest that there can be
	quiet   = 0.02  // of the peak: what is softer at either end is cut off
	margin  = sampleRate * 3 / 100
)

// convert brings a WAV file into 8 kHz mu-law, as loud as the others and without the silence at its ends. The errors
// are for who made the file.
func convert(file []byte) ([]byte, error) {
	f, data, err := open(file)
	if err != nil {
		return nil, err
	}
	if err := acceptable(f); err != nil {
		return nil, err
	}
	frames := len(data) / int(f.Channels*f.Bits/8)
	if d := time.Duration(frames) * time.Second / time.Duration(f.Rate); d > longestClip {
		return nil, fmt.Errorf("it takes %.0f seconds: at most %.0f are taken", d.Seconds(), longestClip.Seconds())
	}
	audio := cut(resample(samples(f, data), int(f.Rate)))
	peak := peakOf(audio)
	if peak < tooSoft || len(audio) < int(leastClip*sampleRate/time.Second) {
		return nil, errors.New("nothing is heard in it: record it again, louder")
	}
	out := make([]byte, len(audio))
	for i, v := range audio {
		out[i] = mulaw(int16(math.Round(v / peak * loudest * math.MaxInt16)))
	}
	return out, nil
}

// acceptable tells what to do about a form that is not taken.
func acceptable(f format) error {
	const again = "export it again as WAV, 16-bit PCM"
	switch {
	case f.Channels < 1 || f.Channels > 2:
		return fmt.Errorf("it has %d channels: export it with one", f.Channels)
	case f.Codec == codecFloat:
		return errors.New("its samples are fractions: " + again)
	case f.Codec == codecPCM && f.Bits != 16:
		return fmt.Errorf("its samples have %d bits: %s", f.Bits, again)
	case f.Codec == codecPCM && (f.Rate < sampleRate || f.Rate > 48000):
		return fmt.Errorf("it has %d samples a second: export it with 8000 to 48000", f.Rate)
	case (f.Codec == codecMuLaw || f.Codec == codecALaw) && (f.Rate != sampleRate || f.Bits != 8 || f.Channels != 1):
		return errors.New("it is in a telephone's form, but not with 8000 samples a second and one channel: " + again)
	case f.Codec != codecPCM && f.Codec != codecMuLaw && f.Codec != codecALaw:
		return fmt.Errorf("it is compressed in a way that is not known here (%d): %s", f.Codec, again)
	}
	return nil
}

// samples are from -1 to 1; two channels become one.
func samples(f format, data []byte) []float64 {
	width := int(f.Channels * f.Bits / 8)
	out := make([]float64, len(data)/width)
	for i := range out {
		frame, sum := data[i*width:(i+1)*width], 0
		switch f.Codec {
		case codecMuLaw:
			sum = int(fromMulaw(frame[0]))
		case codecALaw:
			sum = int(fromAlaw(frame[0]))
		default:
			for ; len(frame) > 0; frame = frame[2:] {
				sum += int(int16(binary.LittleEndian.Uint16(frame)))
			}
		}
		out[i] = float64(sum) / float64(f.Channels) / -math.MinInt16
	}
	return out
}

// cut takes the silence off both ends, but for a margin.
func cut(audio []float64) []float64 {
	floor := quiet * peakOf(audio)
	first, last := len(audio), 0
	for i, v := range audio {
		if math.Abs(v) > floor {
			first, last = min(first, i), i+1
		}
	}
	if last == 0 {
		return nil
	}
	return audio[max(0, first-margin):min(len(audio), last+margin)]
}

func peakOf(audio []float64) (peak float64) {
	for _, v := range audio {
		peak = max(peak, math.Abs(v))
	}
	return peak
}

// A telephone carries nothing above 3.4 kHz; what is above 4 kHz would be heard as something else, so it has to go.
const (
	cutoff = 3600.0 // Hz: half of the amplitude
	lobes  = 24     // of the filter, to each side
)

// resample brings audio to 8 kHz through a low-pass filter: a sinc of the cutoff under a Blackman window. It stops
// 60 dB of what is above 4 kHz.
func resample(audio []float64, rate int) []float64 {
	if rate == sampleRate {
		return audio
	}
	step := 2 * cutoff / float64(rate) // of the sinc, for each sample that comes in
	reach := int(math.Ceil(lobes / step))
	filters := map[int][]float64{} // by how far between two samples, in 8000ths
	out := make([]float64, len(audio)*sampleRate/rate)
	for n := range out {
		at, between := n*rate/sampleRate, n*rate%sampleRate
		filter, ok := filters[between]
		if !ok {
			filter = filterAt(float64(between)/sampleRate, step, reach)
			filters[between] = filter
		}
		for i, weight := range filter {
			if k := at + i - reach; k >= 0 && k < len(audio) {
				out[n] += weight * audio[k]
			}
		}
	}
	return out
}

// filterAt are the weights of the samples around a place that is a fraction after one.
func filterAt(fraction, step float64, reach int) []float64 {
	weights, sum := make([]float64, 2*reach+1), 0.0
	for i := range weights {
		x := (float64(i-reach) - fraction) * step
		if math.Abs(x) >= lobes {
			continue
		}
		weights[i] = 1
		if x != 0 {
			weights[i] = math.Sin(math.Pi*x) / (math.Pi * x)
		}
		turn := math.Pi * x / lobes
		weights[i] *= 0.42 + 0.5*math.Cos(turn) + 0.08*math.Cos(2*turn)
		sum += weights[i]
	}
	for i := range weights {
		weights[i] /= sum
	}
	return weights
}
