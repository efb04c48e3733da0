package speech

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

func library(t *testing.T) *Library {
	t.Helper()
	l, err := New("")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestTheCallInWriting(t *testing.T) {
	for _, c := range []struct{ lang, name, want string }{
		{"en", "Beth", "Hello. This is an automatic call from the sign-in service of your organisation. " +
			"We have a code for Beth. Press one to hear your code. Press nine if you did not ask for it. " +
			"Your code is 402917. Once more: 402917. Goodbye."},
		{"cy", "Siân", "Helo. Galwad awtomatig yw hon gan wasanaeth mewngofnodi eich sefydliad. " +
			"Mae gennym god i Siân. Pwyswch un i glywed eich cod. Pwyswch naw os na ofynnoch chi amdano. " +
			"Eich cod yw 402917. Unwaith eto: 402917. Hwyl fawr."},
	} {
		if got := library(t).CodeCall(c.lang, "Ambridge Scouts", c.name, "402917").Text(); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.lang, got, c.want)
		}
	}
}

func TestTheApprovalInWriting(t *testing.T) {
	for _, c := range []struct{ lang, name, want string }{
		{"en", "Beth", "Hello. This is an automatic call from Northwold County Scouts. This call is for Beth. " +
			"Press the two numbers on your screen. Press nine if you are not signing in."},
		{"cy", "", "Helo. Galwad awtomatig yw hon gan Northwold County Scouts. Mae'r alwad hon i chi. " +
			"Pwyswch y ddau rif sydd ar eich sgrin. Pwyswch naw os nad chi sy'n mewngofnodi."},
	} {
		call := library(t).ApprovalCall(c.lang, "Northwold County Scouts", c.name)
		if got := call.Text(); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.lang, got, c.want)
		}
		if len(call.Reading.sounds) > 0 {
			t.Error("an approval reads something out")
		}
	}
}

func TestTheOrganisationIsNamedIfItWasRecorded(t *testing.T) {
	for name, want := range map[string]string{
		"Northwold County Scouts":   "call from Northwold County Scouts. We",
		"northwold  county-scouts!": "call from northwold  county-scouts! We",
		"Northwold County Scout":    "call from the sign-in service of your organisation. We",
		"":                          "call from the sign-in service of your organisation. We",
		"../names/beth":             "call from the sign-in service of your organisation. We",
		"李":                         "call from the sign-in service of your organisation. We",
	} {
		if got := library(t).CodeCall("en", name, "", "402917").Greeting.Text(); !strings.Contains(got, want) {
			t.Errorf("%q: %s", name, got)
		}
	}
}

func TestOnlyTheReadingHoldsTheCode(t *testing.T) {
	// An answering machine hears the greeting only (threats T26).
	call := library(t).CodeCall("en", "Northwold", "Beth", "402917")
	for _, s := range []Script{call.Greeting, call.Listening, call.Approved, call.Wrong, call.Reported, call.Goodbye} {
		for _, snd := range s.sounds {
			if strings.Contains(snd.clip, "digit") {
				t.Errorf("a digit is spoken before key 1: %s", snd.clip)
			}
		}
	}
}

func TestTheCodeIsTheOnlyNumber(t *testing.T) {
	number := regexp.MustCompile(`[\p{N}]+`)
	for _, name := range []string{"Beth", "R2D2", "٣٤٥", "123456", "Beth 999999", "", "😀", "１２３"} {
		for _, lang := range []string{"en", "cy", "fr", "", "EN-gb", "cy-GB"} {
			got := number.FindAllString(library(t).CodeCall(lang, "Troop 17", name, "402917").Text(), -1)
			if fmt.Sprint(got) != "[402917 402917]" {
				t.Errorf("%q in %s: numbers %q", name, lang, got)
			}
		}
	}
}

func TestHowANameIsSaid(t *testing.T) {
	l := library(t)
	for _, c := range []struct{ name, want string }{
		{"Margaret", "Margaret"},
		{"margaret", "margaret"},
		{"Siân", "Siân"},
		{"Sia\u0302n", "Siân"},
		{"ＢＥＴＨ", "BETH"},
		{"Mary Ann", "Mary A N N"},
		{"Mary-Anne", "Mary Anne"},
		{"Xzibit", "X Z I B I T"},
		{"Łukasz", "L U K A S Z"},
		{"Øyvind", "O Y V I N D"},
		{"Zoë", "Zoë"},
		{"D'Arcy", "D A R C Y"},
		{"<b>Beth</b>", "B Beth B"},
		{"Beth\r\nBcc: x", "Beth B C C X"},
		{"Beth李", "Beth"},
		{"محمد", ""},
		{"李", ""},
		{"123 !", ""},
		{"🙂", ""},
		{"", ""},
		{strings.Repeat("xz", 5000), strings.TrimSpace(strings.Repeat("X Z ", 5))},
		{"Beth Beth Beth Beth Beth", "Beth Beth Beth"},
		{"../../en/goodbye", "E N G O O D B Y E"},
	} {
		s := l.voice("en").script(l.voice("en").name(c.name, 5500*time.Millisecond))
		if got := s.Text(); got != c.want {
			t.Errorf("%.40q is said %q, want %q", c.name, got, c.want)
		}
		if d := l.Duration(s); d > 5500*time.Millisecond {
			t.Errorf("%.40q takes %s", c.name, d)
		}
		if _, err := l.WAV(s); err != nil {
			t.Errorf("%.40q: %v", c.name, err)
		}
	}
	if got := l.CodeCall("en", "", "李", "402917").Greeting.Text(); !strings.Contains(got, "We have a code for you.") {
		t.Errorf("a name that cannot be said: %s", got)
	}
}

func TestHowLongAScriptTakes(t *testing.T) {
	l := library(t)
	call := l.CodeCall("cy", "Northwold County Scouts", "Beth Xz", "402917")
	for _, s := range []Script{call.Greeting, call.Reading, call.Listening, {}} {
		data, err := l.Samples(s)
		if d := time.Duration(len(data)) * time.Second / sampleRate; err != nil || (d-l.Duration(s)).Abs() > time.Millisecond {
			t.Errorf("%q: %s of samples, told %s, %v", s.Text(), d, l.Duration(s), err)
		}
	}
}

func TestEverythingIsRecordedFromTheListsAsTheyStand(t *testing.T) {
	sums, err := os.ReadFile("clips/SOURCES")
	if err != nil {
		t.Fatal(err)
	}
	l := library(t)
	left := maps.Clone(l.clips)
	for _, list := range []string{"phrases.txt", "sounds.txt", "names.txt", "organisations.txt"} {
		txt, err := os.ReadFile(list)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(sums), fmt.Sprintf("%x  %s\n", sha256.Sum256(txt), list)) {
			t.Errorf("%s was changed after the clips were recorded: run make.sh", list)
		}
		for line := range strings.Lines(string(txt)) {
			name, _, _ := strings.Cut(strings.TrimSpace(line), "|")
			if strings.HasPrefix(line, "#") {
				continue
			}
			wanted := []string{"en/" + name, "cy/" + name}
			switch list {
			case "names.txt":
				wanted = []string{"names/" + fold(name)}
			case "organisations.txt":
				wanted = []string{"organisations/" + slug(name)}
			}
			for _, clip := range wanted {
				if data := l.clips[clip]; len(data) < sampleRate/10 {
					t.Errorf("%s: %d samples", clip, len(data))
				}
				delete(left, clip)
			}
		}
	}
	for clip := range left {
		t.Errorf("%s is in no list: run make.sh", clip)
	}
}
