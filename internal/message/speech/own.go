// This file owns an organisation's folder of recordings, which replace those that the program brings along.

package speech

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Bounds on a folder, so that a wrong one does no harm.
const (
	mostFiles = 500
	mostBytes = 5 << 20 // of a file; 20 seconds of the largest form that is taken have 4 MB
)

// ownName is a given name that an organisation has recorded: any may be.
var ownName = regexp.MustCompile(`^names/[a-z]+$`)

// withOwn puts the folder's recordings over the others. It tells everything that is wrong at once.
func withOwn(clips map[string][]byte, folder string) (*Library, error) {
	own, err := readFolder(os.DirFS(folder), clips)
	if err != nil {
		return nil, fmt.Errorf("the recordings in %s cannot be used:\n%w", folder, err)
	}
	l := &Library{maps.Clone(clips)}
	maps.Copy(l.clips, own)
	if err := l.tooLong(own); err != nil {
		return nil, fmt.Errorf("the recordings in %s cannot be used:\n%w", folder, err)
	}
	return l, nil
}

// readFolder converts every recording of the folder.
func readFolder(folder fs.FS, known map[string][]byte) (map[string][]byte, error) {
	own, files := map[string][]byte{}, 0
	var wrong []error
	err := fs.WalkDir(folder, ".", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			wrong = append(wrong, fmt.Errorf("%s: it cannot be read: %w", file, reason(err)))
			return nil
		case file != "." && ignored(d.Name()):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir():
			return nil
		}
		if files++; files > mostFiles {
			wrong = append(wrong, fmt.Errorf("there are more than %d files: is it the right folder?", mostFiles))
			return fs.SkipAll
		}
		clip, data, err := readOwn(folder, file, known)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", file, err))
		}
		own[clip] = data
		return nil
	})
	return own, errors.Join(append(wrong, err)...)
}

// reason is an error without the path, which is told already.
func reason(err error) error {
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		return failed.Err
	}
	return err
}

// ignored are notes, and what computers put into folders.
func ignored(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasSuffix(strings.ToLower(name), ".txt") || name == "Thumbs.db" || name == "desktop.ini"
}

func readOwn(folder fs.FS, file string, known map[string][]byte) (clip string, data []byte, err error) {
	clip, isWAV := strings.CutSuffix(file, ".wav")
	if !isWAV || !replaceable(clip, known) {
		return clip, nil, fmt.Errorf("there is no recording of that name: is %s meant?", nearest(file, known))
	}
	info, err := fs.Stat(folder, file)
	switch {
	case err != nil:
		return clip, nil, fmt.Errorf("it cannot be read: %w", reason(err))
	case !info.Mode().IsRegular():
		return clip, nil, errors.New("it is not a file: put the recording itself there")
	case info.Size() > mostBytes:
		return clip, nil, fmt.Errorf("it has %.1f MB: at most %d are taken", float64(info.Size())/(1<<20), mostBytes>>20)
	}
	content, err := fs.ReadFile(folder, file)
	if err != nil {
		return clip, nil, fmt.Errorf("it cannot be read: %w", reason(err))
	}
	data, err = convert(content)
	return clip, data, err
}

// replaceable tells whether an organisation may record it.
func replaceable(clip string, known map[string][]byte) bool {
	switch {
	case strings.HasPrefix(clip, "organisations/"):
		return false // its own is en/organisation and cy/organisation
	case clip == "en/organisation", clip == "cy/organisation", ownName.MatchString(clip):
		return true
	}
	return known[clip] != nil
}

// nearest is the file that somebody may have meant.
func nearest(file string, known map[string][]byte) string {
	base := strings.TrimSuffix(strings.ToLower(file), path.Ext(file))
	if name := fold(path.Base(base)); strings.HasPrefix(base, "names/") && name != "" {
		return "names/" + name + ".wav"
	}
	best, least := "", -1
	for _, clip := range append(slices.Sorted(maps.Keys(known)), "cy/organisation", "en/organisation") {
		if d := distance(base, clip); replaceable(clip, known) && (least < 0 || d <= least) {
			best, least = clip, d
		}
	}
	return best + ".wav"
}

// distance is how many letters have to be put in, taken out or changed (Levenshtein). Long names are cut.
func distance(a, b string) int {
	a = a[:min(len(a), 64)]
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		before := row[0]
		row[0] = i + 1
		for j := range b {
			cost := before
			if a[i] != b[j] {
				cost++
			}
			before = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// anyName is an organisation that has no bundled recording.
const anyName = "*"

// tooLong tells which scripts take longer than a call has time for.
func (l *Library) tooLong(own map[string][]byte) error {
	var wrong []error
	check := func(what string, s Script, most time.Duration) {
		if d := l.Duration(s); d > most {
			wrong = append(wrong, fmt.Errorf("%s takes %.1f seconds, and may take %.1f: make these shorter: %s",
				what, d.Seconds(), most.Seconds(), strings.Join(ownOf(s, own), ", ")))
		}
	}
	for clip := range own {
		if ownName.MatchString(clip) {
			check(clip+".wav", Script{sounds: []sound{{clip: clip}}}, leastName)
		}
	}
	for lang, language := range map[string]string{"en": "English", "cy": "Welsh"} {
		v := l.voice(lang)
		slowest := slices.MaxFunc([]rune("0123456789"), func(a, b rune) int {
			return int(v.duration(v.digits(string(a))) - v.duration(v.digits(string(b))))
		})
		c := l.CodeCall(lang, anyName, "", strings.Repeat(string(slowest), 6))
		a := l.ApprovalCall(lang, anyName, "")
		check("the greeting in "+language, c.Greeting, LongestGreeting-leastName)
		check("the greeting of an approval in "+language, a.Greeting, LongestGreeting-leastName)
		check("the reading of a code in "+language, c.Reading, LongestReading)
		check("what is said when the two numbers are right, in "+language, c.Approved, LongestAnswer)
		check("what is said when the two numbers are wrong, in "+language, c.Wrong, LongestAnswer)
		check("what is said after key nine in "+language, c.Reported, LongestAnswer)
		check("goodbye in "+language, c.Goodbye, LongestGoodbye)
	}
	slices.SortFunc(wrong, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(wrong...)
}

// ownOf are the organisation's own recordings in the script.
func ownOf(s Script, own map[string][]byte) (files []string) {
	for _, snd := range s.sounds {
		if file := snd.clip + ".wav"; own[snd.clip] != nil && !slices.Contains(files, file) {
			files = append(files, file)
		}
	}
	return files
}
