package page

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"
	"time"
)

var holes = regexp.MustCompile(`\{[a-z_]+\}`)

// Every language has every sentence, with the same placeholders and the same markup; what differs is the words.
func TestLanguagesAreComplete(t *testing.T) {
	l, err := LoadLocales(nil)
	if err != nil {
		t.Fatal(err)
	}
	plural := regexp.MustCompile(`\.(zero|one|two|few|many|other)$`)
	english := l.all[0]
	for _, other := range l.all[1:] {
		for key, text := range english.texts {
			translated, ok := other.texts[key]
			if !ok && !plural.MatchString(key) {
				t.Errorf("%s lacks %s", other.Code, key)
				continue
			}
			if ok && !plural.MatchString(key) && placeholders(text) != placeholders(translated) {
				t.Errorf("%s: %s has %s, English has %s", other.Code, key, placeholders(translated), placeholders(text))
			}
			if ok && strings.Count(text, "<b") != strings.Count(translated, "<b") {
				t.Errorf("%s: %s is marked up differently", other.Code, key)
			}
			if ok && strings.TrimSpace(translated) == "" {
				t.Errorf("%s: %s is empty", other.Code, key)
			}
		}
		for key := range other.texts {
			if _, ok := english.texts[key]; !ok && !plural.MatchString(key) {
				t.Errorf("%s has %s, which English lacks", other.Code, key)
			}
		}
	}
}

func placeholders(text string) string {
	all := holes.FindAllString(text, -1)
	sort.Strings(all)
	return strings.Join(all, " ")
}

// Every key that a page names is a sentence; a page would show the key itself otherwise.
func TestEveryKeyOfAPageIsASentence(t *testing.T) {
	l, err := LoadLocales(nil)
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`\.(?:T|H) "([a-z][a-zA-Z0-9.-]+)"`)
	found := 0
	for _, root := range []string{"..", "../../docs"} {
		err = filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() || filepath.Ext(path) != ".html" {
				return err
			}
			source, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, match := range named.FindAllStringSubmatch(string(source), -1) {
				found++
				if english := l.all[0]; !english.Has(match[1]) && !english.Has(match[1]+".other") {
					t.Errorf("%s names %s, which is no sentence", path, match[1])
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if found < 100 {
		t.Errorf("only %d keys were found in pages: the test looks in the wrong place", found)
	}
}

// A locale file is flat and sorted by nothing but reading; each key stands once.
func TestLocaleFilesHaveNoKeyTwice(t *testing.T) {
	files, err := filepath.Glob("locales/*/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no locale files", err)
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		decoder := json.NewDecoder(strings.NewReader(string(raw)))
		for depth, isKey := 0, true; ; {
			token, err := decoder.Token()
			if err != nil {
				break
			}
			if delim, ok := token.(json.Delim); ok {
				depth += map[json.Delim]int{'{': 1, '}': -1}[delim]
				continue
			}
			if key, ok := token.(string); ok && depth == 1 && isKey {
				if seen[key] {
					t.Errorf("%s: %s stands twice", name, key)
				}
				seen[key] = true
			}
			isKey = !isKey
		}
	}
}

func TestTextFillsPlaceholdersAndCounts(t *testing.T) {
	l, err := LoadLocales(nil)
	if err != nil {
		t.Fatal(err)
	}
	en, cy := l.Find("en"), l.Find("cy")
	for _, c := range []struct{ got, want string }{
		{en.Wait(time.Second), "1 second"},
		{en.Wait(29 * time.Second), "29 seconds"},
		{en.Wait(89*time.Second + time.Millisecond), "90 seconds"},
		{en.Wait(15 * time.Minute), "15 minutes"},
		{en.Wait(24 * time.Hour), "24 hours"},
		{cy.Wait(2 * time.Minute), "2 funud"},
		{cy.Wait(10 * time.Minute), "10 munud"},
		{en.Text("no.such.key"), "no.such.key"},
		{string(en.HTML("error.ask", "help", "<b>me</b>")), "If this goes on, ask: &lt;b&gt;me&lt;/b&gt;"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestMatchPicksTheLanguage(t *testing.T) {
	l, err := LoadLocales(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ accept, chosen, want string }{
		{"", "", "en"},
		{"cy-GB,cy;q=0.9,en;q=0.8", "", "cy"},
		{"fr,de", "", "en"},
		{"en", "cy", "cy"},
		{"cy", "xx", "cy"},
		{strings.Repeat("cy,", 5000), "", "en"},
		{";;;=q", "", "en"},
	} {
		if got := l.Match(c.accept, c.chosen).Code; got != c.want {
			t.Errorf("Match(%.20q, %q) = %s, want %s", c.accept, c.chosen, got, c.want)
		}
	}
}

func TestDatesInWords(t *testing.T) {
	l, err := LoadLocales(nil)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 23, 14, 5, 0, 0, time.UTC)
	en, cy := l.Find("en"), l.Find("cy")
	for _, c := range []struct{ got, want string }{
		{en.Moment(now, now), "today at 14:05"},
		{en.Moment(now.Add(-24*time.Hour), now), "yesterday at 14:05"},
		{en.Day(now.AddDate(0, -8, -20), now), "3 March"},
		{en.Day(now.AddDate(-1, 0, 0), now), "23 November 2025"},
		{cy.Day(now, now), "23 Tachwedd"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

// People read their own clock: summer time too.
func TestTimesAreToldInTheOrganisationsZone(t *testing.T) {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Skip("no time zones here: ", err)
	}
	l, err := LoadLocales(london)
	if err != nil {
		t.Fatal(err)
	}
	late := time.Date(2026, 6, 30, 23, 30, 0, 0, time.UTC)
	if got := l.Find("en").Moment(late, late.Add(time.Minute)); got != "today at 00:30" {
		t.Errorf("got %q", got)
	}
	if got := l.Find("en").Day(late, late); got != "1 July" {
		t.Errorf("got %q", got)
	}
}

// White or black on the organisation's colour, whichever can be read (WCAG 2.2, 1.4.3: 4.5 to 1).
func TestTextOnTheBrandCanBeRead(t *testing.T) {
	for _, colour := range []string{"#0b5d57", "#ffffff", "#000000", "#ffcc00", "#7413dc", "#808080", "#e22e12"} {
		brand := Brand{Name: "x", Colour: colour}
		if err := brand.Check(); err != nil {
			t.Fatal(err)
		}
		on, ground := 1.0, luminance(colour)
		if brand.onColour() == "#000" {
			on = 0
		}
		contrast := (max(on, ground) + 0.05) / (min(on, ground) + 0.05)
		if contrast < 4.5 {
			t.Errorf("%s on %s has contrast %.2f", brand.onColour(), colour, contrast)
		}
	}
	for _, colour := range []string{"", "red", "#12345", "#1234567", "#gggggg", "#fff;}"} {
		if (Brand{Name: "x", Colour: colour}).Check() == nil {
			t.Errorf("the colour %q was taken", colour)
		}
	}
}
