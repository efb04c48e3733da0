// Keys as tones in the sound (DTMF, ITU-T Q.23 and Q.24), for telephones whose trunk tells no telephone events.

package rtp

import "math"

// The tones, in Hz. A key is one of a row and one of a column.
var (
	rows    = [4]float64{697, 770, 852, 941}
	columns = [3]float64{1209, 1336, 1477}
	grid    = [4]string{"123", "456", "789", "*0#"}
)

const (
	window = 160 // samples that are looked at together: 20 ms
	hop    = 80  // a look every 10 ms

	// A key needs this many looks in a row, so that 40 ms are always enough, and its end that many without it.
	looksOn, looksOff = 3, 3
)

// The limits of a look. They are wide enough for the worst telephone that Q.24 allows, and narrow enough that nobody
// presses a key by talking: speech is never two pure tones and nothing else.
const (
	faintest    = 32768 * 32768 / 2 * 1e-4 * 0.2 // mean power of the two tones: 47 dB below the loudest
	pure        = 0.62                           // of all power that is in the two tones
	rowOver     = 8.0                            // a row may be so much stronger than its column: 9 dB
	columnOver  = 4.0                            // and a column so much stronger than its row: 6 dB
	aboveOthers = 6.0                            // how much stronger a tone is than the others of its group: 8 dB
)

// tones finds key presses in sound.
type tones struct {
	recent [window]float64 // the last samples, oldest first
	filled int             // of recent since the last look

	candidate rune // seen in the last look, or 0
	looks     int  // in a row with that candidate
	held      rune // reported and not let go
	missed    int  // looks without held
}

// receive takes the sound of one packet, and returns the keys that were pressed in it.
func (t *tones) receive(c *Codec, payload []byte) (keys []rune) {
	for _, octet := range payload {
		t.recent[window-hop+t.filled] = float64(c.linear[octet])
		if t.filled++; t.filled < hop {
			continue
		}
		if key := t.look(); key != 0 {
			keys = append(keys, key)
		}
		copy(t.recent[:], t.recent[hop:])
		t.filled = 0
	}
	return keys
}

// look looks at the window, and returns a key that is pressed now and was not before.
func (t *tones) look() rune {
	key := recognise(t.recent[:])
	if t.held != 0 {
		if key == t.held {
			t.missed = 0
			return 0
		}
		if t.missed++; t.missed < looksOff {
			return 0
		}
		t.held, t.candidate, t.looks = 0, 0, 0
	}
	if key == 0 || key != t.candidate {
		t.candidate, t.looks = key, 0
	}
	if key == 0 {
		return 0
	}
	if t.looks++; t.looks < looksOn {
		return 0
	}
	t.held, t.missed = key, 0
	return key
}

// recognise returns the key whose two tones the samples are, or 0.
func recognise(samples []float64) rune {
	var total float64
	for _, s := range samples {
		total += s * s
	}
	total /= float64(len(samples))
	if total < faintest {
		return 0
	}
	row, rowPower := strongest(samples, rows[:])
	column, columnPower := strongest(samples, columns[:])
	switch {
	case row < 0 || column < 0,
		rowPower > rowOver*columnPower, columnPower > columnOver*rowPower,
		rowPower+columnPower < pure*total:
		return 0
	}
	return rune(grid[row][column])
}

// strongest returns the place and the mean power of the strongest tone, or -1 if it does not stand out.
func strongest(samples []float64, frequencies []float64) (place int, best float64) {
	var second float64
	for i, f := range frequencies {
		switch power := goertzel(samples, f); {
		case power > best:
			place, best, second = i, power, best
		case power > second:
			second = power
		}
	}
	if best < aboveOthers*second {
		return -1, 0
	}
	return place, best
}

// goertzel returns the mean power of one frequency in the samples, by Goertzel's algorithm.
func goertzel(samples []float64, frequency float64) float64 {
	k := 2 * math.Cos(2*math.Pi*frequency/8000)
	var one, two float64
	for _, s := range samples {
		one, two = s+k*one-two, one
	}
	n := float64(len(samples))
	return 2 * (one*one + two*two - k*one*two) / (n * n)
}

// tone returns a key press of 100 ms as mu-law.
func tone(key rune) []byte {
	row, column := place(key)
	sound := make([]byte, pressFrames*frame)
	for i := range sound {
		at := 2 * math.Pi * float64(i) / 8000
		sound[i] = PCMU.encode(int16(7000*math.Sin(at*rows[row]) + 8500*math.Sin(at*columns[column])))
	}
	return sound
}

func place(key rune) (row, column int) {
	for row, keys := range grid {
		for column, k := range keys {
			if k == key {
				return row, column
			}
		}
	}
	return 3, 1
}
