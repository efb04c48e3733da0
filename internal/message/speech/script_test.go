package speech

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestTheCallInWriting(t *testing.T) {
	for _, c := range []struct{ lang, name, want string }{
		{"en", "Beth", "Hello. This is an automatic call from the sign-in service of your organisation. " +
			"We have a code for Beth. Press one to hear your code. Press nine if you did not ask for it. " +
			"Your code is 402917. Once more: 402917. Goodbye."},
		{"cy", "Siân", "Helo. Galwad awtomatig yw hon gan wasanaeth mewngofnodi eich sefydliad. " +
			"Mae gennym god i Siân. Pwyswch un i glywed eich cod. Pwyswch naw os na wnaethoch chi ofyn amdano. " +
			"Eich cod yw 402917. Unwaith eto: 402917. Hwyl fawr."},
	} {
		if got := CodeCall(c.lang, "Northwold County", c.name, "402917").Text(); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.lang, got, c.want)
		}
	}
}

func TestTheGreetingHoldsNoCode(t *testing.T) {
	// An answering machine hears the greeting only (threats T26).
	call := CodeCall("en", "Northwold", "Beth", "402917")
	for _, s := range []Script{call.Greeting, call.Reported} {
		for _, snd := range s.sounds() {
			if strings.Contains(snd.clip, "digit") {
				t.Errorf("a digit is spoken before key 1: %s", snd.clip)
			}
		}
	}
}

func TestTheCodeIsTheOnlyNumber(t *testing.T) {
	number := regexp.MustCompile(`[\p{N}]+`)
	for _, name := range []string{"Beth", "R2D2", "٣٤٥", "123456", "Beth 999999", "", "😀", "１２３"} {
		for _, lang := range []string{"en", "cy", "fr"} {
			got := number.FindAllString(CodeCall(lang, "Troop 17", name, "402917").Text(), -1)
			if fmt.Sprint(got) != "[402917 402917]" {
				t.Errorf("%q in %s: numbers %q", name, lang, got)
			}
		}
	}
}

func TestHowANameIsSaid(t *testing.T) {
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
		{strings.Repeat("xz", 5000), strings.TrimSpace(strings.Repeat("X Z ", 10))},
		{"Beth Beth Beth Beth Beth", "Beth Beth Beth"},
		{"../../en/goodbye", "E N G O O D B Y E"},
	} {
		s := Script{Lang: "en", Parts: []Part{Name(c.name)}}
		if got := s.Text(); got != c.want {
			t.Errorf("%.40q is said %q, want %q", c.name, got, c.want)
		}
		if _, err := s.WAV(); err != nil {
			t.Errorf("%.40q: %v", c.name, err)
		}
	}
	if got := CodeCall("en", "", "李", "402917").Greeting.Text(); !strings.Contains(got, "We have a code for you.") {
		t.Errorf("a name that cannot be said: %s", got)
	}
}

func TestALongNameKeepsTheCallShort(t *testing.T) {
	// A call costs money by the minute (threats T24): 60 s is the bound of a call.
	for _, lang := range []string{"en", "cy"} {
		call := CodeCall(lang, "", strings.Repeat("wx", 5000), "777777")
		var total time.Duration
		for _, s := range []Script{call.Greeting, call.Reading} {
			wav, err := s.WAV()
			if err != nil {
				t.Fatal(err)
			}
			total += time.Duration(len(wav)) * time.Second / sampleRate
		}
		if total > 55*time.Second {
			t.Errorf("%s: the longest call takes %s", lang, total)
		}
	}
}

func TestEverythingIsRecordedFromTheListsAsTheyStand(t *testing.T) {
	sums, err := fs.ReadFile(clips, "clips/SOURCES")
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range []string{"phrases.txt", "sounds.txt", "names.txt"} {
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
			if list == "names.txt" {
				wanted = []string{"names/" + fold(name)}
			}
			for _, clip := range wanted {
				if data, err := load(clip); err != nil || len(data) < sampleRate/10 {
					t.Errorf("%s: %d samples, %v", clip, len(data), err)
				}
			}
		}
	}
	var size int64
	_ = fs.WalkDir(clips, ".", func(_ string, d fs.DirEntry, _ error) error {
		if info, err := d.Info(); err == nil && !d.IsDir() {
			size += info.Size()
		}
		return nil
	})
	if size > 1_500_000 {
		t.Errorf("the clips take %d bytes of the binary, more than 1.5 MB", size)
	}
}
