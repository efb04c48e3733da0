// This file owns Script and its parts: what is said, in which order, and the same in writing.

package speech

import (
	"strings"
	"time"
)

// Script is one stretch of speech in one language: "en" or "cy", with or without a region; any other
// language is spoken in English.
type Script struct {
	Lang  string
	Parts []Part
}

// Part is a piece of a script: a Phrase, Digits, a Name or a Pause.
type Part interface {
	sounds(lang string) []sound
}

// Phrase is the name of a recorded sentence of phrases.txt.
type Phrase string

// Digits are spoken one by one, slowly enough to be written down. Anything but 0 to 9 is left out.
type Digits string

// Name is a given name: spoken if it was recorded, else spelled. See name.go.
type Name string

// Pause is silence. In writing it ends the sentence.
type Pause time.Duration

// digitGap is the silence between two digits. People write at this pace, and speech recognisers, which the
// tests of a real line use, need at least 0.6 s.
const digitGap = 650 * time.Millisecond

// A sound is what every part comes down to: a clip and the words it says, or silence.
type sound struct {
	clip    string        // path below clips/, without .wav; "" for silence
	words   string        // what the clip says, in writing
	joined  bool          // the words follow the ones before without a space, as digits do
	silence time.Duration // how long nothing is heard, where clip is ""
	stop    bool          // the silence ends a sentence
}

func (p Phrase) sounds(lang string) []sound {
	return []sound{{clip: lang + "/" + string(p), words: phrases[lang][p]}}
}

func (d Digits) sounds(lang string) []sound {
	var all []sound
	for _, r := range d {
		if r < '0' || r > '9' {
			continue
		}
		if len(all) > 0 {
			all = append(all, sound{silence: digitGap})
		}
		all = append(all, sound{clip: lang + "/digit-" + string(r), words: string(r), joined: len(all) > 0})
	}
	return all
}

func (p Pause) sounds(string) []sound {
	return []sound{{silence: time.Duration(p), stop: true}}
}

// Text returns exactly what the speech says, in writing. Digits stand together, letters of a spelled name
// apart.
func (s Script) Text() string {
	var b strings.Builder
	end := "" // the last words written
	for _, snd := range s.sounds() {
		switch {
		case snd.stop && end != "" && !strings.ContainsAny(end[len(end)-1:], ".:!?"):
			b.WriteByte('.')
			end = "."
		case snd.words != "":
			if end != "" && !snd.joined {
				b.WriteByte(' ')
			}
			b.WriteString(snd.words)
			end = snd.words
		}
	}
	return b.String()
}

// sounds lists all that is heard, in order.
func (s Script) sounds() []sound {
	lang := voice(s.Lang)
	var all []sound
	for _, p := range s.Parts {
		all = append(all, p.sounds(lang)...)
	}
	return all
}

// voice returns the recorded language nearest to lang.
func voice(lang string) string {
	base, _, _ := strings.Cut(strings.ToLower(lang), "-")
	if _, recorded := phrases[base]; recorded {
		return base
	}
	return "en"
}
