package speech

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// folder is an organisation's, with files of that content.
func folder(t *testing.T, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func beep(length time.Duration) []byte {
	var audio []float64
	for range length / time.Second {
		audio = append(audio, tone(600, 0.5, 16000)...)
	}
	audio = append(audio, tone(600, 0.5, 16000)[:int(length%time.Second*16000/time.Second)]...)
	return pcm(audio, 16000, 1)
}

func TestAnOrganisationsOwnRecordingsAreHeard(t *testing.T) {
	dir := folder(t, map[string][]byte{
		"en/organisation.wav": beep(time.Second), "cy/digit-4.wav": beep(300 * time.Millisecond), "names/xzibit.wav": beep(time.Second),
		"names/sian.wav": beep(700 * time.Millisecond), "READ ME.txt": nil, ".DS_Store": nil, "en/.hidden": nil, ".git/config": nil, "Thumbs.db": nil,
	})
	l, err := New(dir)
	if err != nil {
		t.Fatal(err)
	}
	before := library(t)
	call := l.CodeCall("en", "1st Ambridge", "Xzibit", "402917")
	if got := call.Greeting.Text(); !strings.HasPrefix(got, "Hello. This is an automatic call from 1st Ambridge. We have a code for Xzibit. Press one") {
		t.Errorf("the greeting: %s", got)
	}
	// The name is heard in the other language as well, rather than not at all.
	if got := l.CodeCall("cy", "1st Ambridge", "", "402917").Greeting.Text(); !strings.Contains(got, "hon gan 1st Ambridge.") {
		t.Errorf("the greeting in Welsh: %s", got)
	}
	for _, c := range []struct {
		clip string
		own  bool
	}{{"en/organisation", true}, {"cy/digit-4", true}, {"names/xzibit", true}, {"names/sian", true}, {"en/digit-4", false}, {"names/beth", false}} {
		if own := !bytes.Equal(l.clips[c.clip], before.clips[c.clip]); own != c.own {
			t.Errorf("%s is the organisation's own: %v", c.clip, own)
		}
	}
	if library(t).has("names/xzibit") {
		t.Error("one organisation's recordings are another's")
	}
}

func TestTheBundledRecordingsMayBeAnybodysOwn(t *testing.T) {
	files := map[string][]byte{}
	for clip, data := range library(t).clips {
		if !strings.HasPrefix(clip, "organisations/") {
			files[clip+".wav"] = encode(data)
		}
	}
	if _, err := New(folder(t, files)); err != nil {
		t.Error(err)
	}
}

func TestEverythingWrongIsToldAtOnce(t *testing.T) {
	dir := folder(t, map[string][]byte{
		"en/helo.wav": beep(time.Second), "en/Hello.WAV": beep(time.Second), "hello.wav": beep(time.Second), "cy/digit-10.wav": nil, "en/hello.mp3": nil,
		"names/siân.wav": beep(time.Second), "names/李.wav": nil, "fr/hello.wav": nil, "organisations/us.wav": nil, "en/organization.wav": nil,
		"en/press-one.wav": []byte("no sound"), "en/digit-3.wav": pcm(make([]float64, 8000), 8000, 1), "cy/goodbye.wav": make([]byte, mostBytes+1),
		"cy/reported.wav": beep(25 * time.Second), "en/" + strings.Repeat("x", 200) + ".wav": nil, "names/beth.wav": beep(time.Second),
	})
	if err := os.Mkdir(filepath.Join(dir, "cy/hello.wav"), 0o700); err != nil { // an empty folder is nothing
		t.Fatal(err)
	}
	if err := os.Symlink(dir, filepath.Join(dir, "cy/once-more.wav")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", filepath.Join(dir, "cy/press-one.wav")); err != nil {
		t.Fatal(err)
	}
	_, err := New(dir)
	if err == nil {
		t.Fatal("taken")
	}
	for _, want := range []string{
		"the recordings in " + dir + " cannot be used:",
		"en/helo.wav: there is no recording of that name: is en/hello.wav meant?",
		"en/Hello.WAV: there is no recording of that name: is en/hello.wav meant?",
		"\nhello.wav: there is no recording of that name: is en/hello.wav meant?",
		"en/hello.mp3: there is no recording of that name: is en/hello.wav meant?",
		"cy/digit-10.wav: there is no recording of that name: is cy/digit-",
		"names/siân.wav: there is no recording of that name: is names/sian.wav meant?",
		"names/李.wav: there is no recording",
		"fr/hello.wav: there is no recording of that name: is ",
		"organisations/us.wav: there is no recording",
		"en/organization.wav: there is no recording of that name: is en/organisation.wav meant?",
		"en/press-one.wav: it is not a WAV file",
		"en/digit-3.wav: nothing is heard in it",
		"cy/goodbye.wav: it has 5.0 MB",
		"cy/reported.wav: it takes 25 seconds",
		"cy/once-more.wav: it is not a file",
		"cy/press-one.wav: it cannot be read: no such file",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("not told: %s", want)
		}
	}
	if lines := strings.Count(err.Error(), "\n"); lines != 17 {
		t.Errorf("%d lines for 17 faults:\n%s", lines, err)
	}
}

func TestAFolderThatIsNone(t *testing.T) {
	dir := folder(t, map[string][]byte{"file": nil})
	for _, path := range []string{filepath.Join(dir, "nowhere"), filepath.Join(dir, "file")} {
		if _, err := New(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := New(t.TempDir()); err != nil {
		t.Errorf("an empty folder: %v", err)
	}
}

func TestTooManyFiles(t *testing.T) {
	files := map[string][]byte{}
	for i := range mostFiles + 5 {
		files[fmt.Sprintf("names/%s.wav", strings.Map(func(r rune) rune { return r - '0' + 'a' }, fmt.Sprintf("%04d", i)))] = beep(100 * time.Millisecond)
	}
	if _, err := New(folder(t, files)); err == nil || !strings.Contains(err.Error(), "more than 500 files") {
		t.Errorf("%v", err)
	}
}

// The bounds of a call hold with any recordings (threats T24).
func TestRecordingsThatMakeCallsTooLong(t *testing.T) {
	for name, c := range map[string]struct {
		file   string
		length time.Duration
		want   string
	}{
		"a digit":        {"en/digit-0.wav", 2 * time.Second, "the reading of a code in English takes"},
		"the name":       {"cy/organisation.wav", 8 * time.Second, "the greeting in Welsh takes"},
		"of an approval": {"en/press-two.wav", 8 * time.Second, "the greeting of an approval in English takes"},
		"an end":         {"cy/goodbye.wav", 3 * time.Second, "goodbye in Welsh takes 3.0 seconds, and may take 1.0: make these shorter: cy/goodbye.wav"},
		"after nine":     {"en/reported.wav", 6 * time.Second, "what is said after key nine in English takes"},
		"right":          {"en/approved.wav", 6 * time.Second, "when the two numbers are right, in English"},
		"wrong":          {"cy/wrong.wav", 6 * time.Second, "when the two numbers are wrong, in Welsh"},
		"a person":       {"names/beth.wav", 3 * time.Second, "names/beth.wav takes 3.0 seconds, and may take 2.0"},
	} {
		if _, err := New(folder(t, map[string][]byte{c.file: beep(c.length)})); err == nil || !strings.Contains(err.Error(), c.want) ||
			!strings.Contains(err.Error(), c.file) {
			t.Errorf("%s: %v", name, err)
		}
	}
	l, err := New(folder(t, map[string][]byte{"en/organisation.wav": beep(3 * time.Second), "names/beth.wav": beep(1900 * time.Millisecond)}))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Beth", "Beth Beth Beth", strings.Repeat("wx", 5000), "Beth " + strings.Repeat("w", 64)} {
		for _, s := range []Script{l.CodeCall("en", "Us", name, "000000").Greeting, l.ApprovalCall("en", "Us", name).Greeting} {
			if d := l.Duration(s); d > LongestGreeting || !strings.Contains(s.Text(), "for "+name[:1]) && !strings.Contains(s.Text(), "for W") {
				t.Errorf("%.20s: %s, %s", name, d, s.Text())
			}
		}
	}
}
