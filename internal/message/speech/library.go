// This file owns the Library: all recordings, ready to be laid end to end.

package speech

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
)

const wordGap = 90 * time.Millisecond // between two clips

//go:embed phrases.txt
var phrasesTxt string

// phrases holds the words of every recorded phrase by language.
var phrases = readPhrases(phrasesTxt)

func readPhrases(txt string) map[string]map[string]string {
	all := map[string]map[string]string{"en": {}, "cy": {}}
	for line := range strings.Lines(txt) {
		if col := strings.Split(strings.TrimSpace(line), "|"); len(col) == 3 && line[0] != '#' {
			all["en"][col[0]] = col[1]
			all["cy"][col[0]] = col[2]
		}
	}
	return all
}

// Library holds what can be said. It does not change, and may be used by many goroutines.
type Library struct {
	clips map[string][]byte // 8 kHz mu-law, by path without .wav
}

// New returns the recordings that the program brings along, and over them those of an organisation's own folder, if it
// is not "". The error tells everything that is wrong with the folder, one thing a line.
func New(folder string) (*Library, error) {
	clips, err := bundled()
	if err != nil || folder == "" {
		return &Library{clips}, err
	}
	return withOwn(clips, folder)
}

// Names tells whether calls can say the organisation's name.
func (l *Library) Names(organisation string) bool {
	return (voice{Library: l, lang: "en"}).clipOf(organisation) != ""
}

func (l *Library) has(clip string) bool { return l.clips[clip] != nil }

// clipOf is the recording of the organisation's name, or "": its own, its own in the other language, or a bundled one.
func (v voice) clipOf(organisation string) string {
	if organisation == "" {
		return ""
	}
	for _, clip := range []string{v.lang + "/organisation", "en/organisation", "cy/organisation", "organisations/" + slug(organisation)} {
		if v.has(clip) {
			return clip
		}
	}
	return ""
}

// slug is the file name of an organisation: "Northwold County Scouts" is northwold-county-scouts.
func slug(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return strings.Join(words, "-")
}

// WAV is the whole script as one WAV file, about 8 kB a second. It fails only for a script of another library.
func (l *Library) WAV(s Script) ([]byte, error) {
	data, err := l.Samples(s)
	return encode(data), err
}

// Samples is the whole script as 8 kHz mu-law, one byte a sample, as RTP carries it (PCMU, RFC 3551 section 4.5.14).
func (l *Library) Samples(s Script) (data []byte, err error) {
	spoken := false // the last thing laid down was a clip
	for _, snd := range s.sounds {
		clip := l.clips[snd.clip]
		switch {
		case snd.clip == "":
			data = append(data, silence(snd.silence)...)
		case clip == nil:
			err = errors.Join(err, fmt.Errorf("nothing is recorded for %q", snd.clip))
		case spoken:
			data = append(append(data, silence(wordGap)...), clip...)
		default:
			data = append(data, clip...)
		}
		spoken = snd.clip != ""
	}
	return data, err
}

// Duration is how long the script takes.
func (l *Library) Duration(s Script) time.Duration { return l.duration(s.sounds) }

func (l *Library) duration(sounds []sound) (d time.Duration) {
	for i, snd := range sounds {
		d += snd.silence + time.Duration(len(l.clips[snd.clip]))*time.Second/sampleRate
		if i > 0 && snd.clip != "" && sounds[i-1].clip != "" {
			d += wordGap
		}
	}
	return d
}

func silence(d time.Duration) []byte {
	return bytes.Repeat([]byte{silent}, int(d*sampleRate/time.Second))
}
