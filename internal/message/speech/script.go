// This file owns Script: what is said, in which order, and the same in writing.

package speech

import (
	"strings"
	"time"
)

// Script is one stretch of speech in one language.
type Script struct {
	Lang   string // "en" or "cy": the language that is heard
	sounds []sound
}

// A sound is a clip and the words it says, or silence.
type sound struct {
	clip    string        // path below the folder of recordings, without .wav; "" for silence
	words   string        // what the clip says, in writing
	joined  bool          // the words follow the ones before without a space, as digits do
	silence time.Duration // how long nothing is heard, where clip is ""
	stop    bool          // the silence ends a sentence
}

// voice is the library in one language.
type voice struct {
	*Library
	lang string
}

// voice is the recorded language nearest to lang: "en" or "cy", with or without a region; any other is spoken in
// English.
func (l *Library) voice(lang string) voice {
	base, _, _ := strings.Cut(strings.ToLower(lang), "-")
	if _, recorded := phrases[base]; recorded {
		return voice{l, base}
	}
	return voice{l, "en"}
}

// digitGap is the silence between two digits. People write at this pace, and speech recognisers, which the tests of a
// real line use, need at least 0.6 s.
const digitGap = 650 * time.Millisecond

func (v voice) script(parts ...[]sound) Script {
	s := Script{Lang: v.lang}
	for _, part := range parts {
		s.sounds = append(s.sounds, part...)
	}
	return s
}

// sentences are said with a pause between.
func (v voice) sentences(parts ...[]sound) Script {
	all := [][]sound{parts[0]}
	for _, part := range parts[1:] {
		all = append(all, stop(sentence), part)
	}
	return v.script(all...)
}

// phrase is a recorded sentence of phrases.txt.
func (v voice) phrase(name string) []sound {
	return []sound{{clip: v.lang + "/" + name, words: phrases[v.lang][name]}}
}

// digits are spoken one by one, slowly enough to be written down. Anything but 0 to 9 is left out.
func (v voice) digits(text string) (all []sound) {
	for _, r := range text {
		if r < '0' || r > '9' {
			continue
		}
		if len(all) > 0 {
			all = append(all, sound{silence: digitGap})
		}
		all = append(all, sound{clip: v.lang + "/digit-" + string(r), words: string(r), joined: len(all) > 0})
	}
	return all
}

// stop is silence. In writing it ends the sentence.
func stop(d time.Duration) []sound { return []sound{{silence: d, stop: true}} }

// Text is exactly what the speech says, in writing. Digits stand together, letters of a spelled name apart.
func (s Script) Text() string {
	var b strings.Builder
	end := "" // the last words written
	for _, snd := range s.sounds {
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
