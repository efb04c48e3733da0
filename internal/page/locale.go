// The languages: sentences by key, with placeholders, plurals and dates.
package page

import (
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

//go:embed locales/*/*.json
var localeFiles embed.FS

// Locales holds every language that pages are written in. English is the first and the last resort.
type Locales struct {
	all     []*Locale
	matcher language.Matcher

	mu      sync.RWMutex
	matched map[string]*Locale // by Accept-Language header: there are few, and parsing one is slow
}

// mostMatched bounds what is remembered, because a stranger may send any header.
const mostMatched = 500

// Locale is one language.
type Locale struct {
	Tag       language.Tag
	Code      string // "en", "cy"
	Name      string // in itself: "English", "Cymraeg"
	Direction string // "ltr" or "rtl"
	Other     []*Locale
	texts     map[string]string
	zone      *time.Location // of the organisation: people read their own clock
}

// codes lists the languages in the order in which they are offered.
var codes = [...]string{"en", "cy"}

// LoadLocales reads all languages; times are told in the zone, nil being UTC. Its errors are faults in the locale files.
func LoadLocales(zone *time.Location) (*Locales, error) {
	l := &Locales{}
	var tags []language.Tag
	for _, code := range codes {
		texts, err := readTexts(code)
		if err != nil {
			return nil, err
		}
		locale := &Locale{Tag: language.MustParse(code), Code: code, Name: texts["language.name"],
			Direction: texts["language.direction"], texts: texts, zone: cmp.Or(zone, time.UTC)}
		l.all, tags = append(l.all, locale), append(tags, locale.Tag)
	}
	for _, one := range l.all {
		for _, other := range l.all {
			if one != other {
				one.Other = append(one.Other, other)
			}
		}
	}
	l.matcher = language.NewMatcher(tags)
	return l, nil
}

func readTexts(code string) (map[string]string, error) {
	files, err := fs.Glob(localeFiles, path.Join("locales", code, "*.json"))
	if err != nil {
		return nil, err
	}
	texts := map[string]string{}
	for _, name := range files {
		raw, err := localeFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var part map[string]string
		if err := json.Unmarshal(raw, &part); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for key, text := range part {
			if _, twice := texts[key]; twice {
				return nil, fmt.Errorf("%s: %s stands in two files", name, key)
			}
			texts[key] = text
		}
	}
	return texts, nil
}

// All lists the languages in the order in which they are offered.
func (l *Locales) All() []*Locale { return l.all }

// Find is the language with the code, or nil.
func (l *Locales) Find(code string) *Locale {
	for _, locale := range l.all {
		if locale.Code == code {
			return locale
		}
	}
	return nil
}

// Match picks the language for a person: the first of the codes that we have, else by the browser's Accept-Language
// header (RFC 9110 section 12.5.4), else English.
func (l *Locales) Match(accept string, codes ...string) *Locale {
	for _, code := range codes {
		if locale := l.Find(code); locale != nil {
			return locale
		}
	}
	if accept == "" || len(accept) > 200 { // parsing costs more than such a header is worth
		return l.all[0]
	}
	l.mu.RLock()
	locale := l.matched[accept]
	l.mu.RUnlock()
	if locale != nil {
		return locale
	}
	locale = l.match(accept)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.matched == nil || len(l.matched) >= mostMatched {
		l.matched = map[string]*Locale{}
	}
	l.matched[accept] = locale
	return locale
}

func (l *Locales) match(accept string) *Locale {
	tags, _, err := language.ParseAcceptLanguage(accept)
	if err != nil || len(tags) == 0 {
		return l.all[0]
	}
	_, index, _ := l.matcher.Match(tags...)
	return l.all[index]
}

// Text is the sentence of key in the language with the code, with args as name, value pairs.
func (l *Locales) Text(code, key string, args ...any) string {
	return l.Match("", code).Text(key, args...)
}

// Text is the sentence of key, with its {placeholders} filled from args: name, value, name, value. A count picks the
// plural form key.one, key.two, … by the language's own rules (CLDR), where such keys exist.
func (l *Locale) Text(key string, args ...any) string {
	return l.fill(key, args, func(value any) string { return fmt.Sprint(value) })
}

// HTML is Text for sentences that hold markup: the sentence is ours and trusted, its values are escaped.
func (l *Locale) HTML(key string, args ...any) template.HTML {
	return template.HTML(l.fill(key, args, func(value any) string {
		if trusted, ok := value.(template.HTML); ok {
			return string(trusted)
		}
		return template.HTMLEscapeString(fmt.Sprint(value))
	}))
}

// Has tells whether the language has the key.
func (l *Locale) Has(key string) bool { _, ok := l.texts[key]; return ok }

func (l *Locale) fill(key string, args []any, show func(any) string) string {
	text, ok := l.texts[key]
	if !ok {
		for i := 0; i+1 < len(args); i += 2 {
			if n, isCount := args[i+1].(int); isCount && args[i] == "count" {
				text, ok = l.plural(key, n)
			}
		}
	}
	if !ok {
		return key // a test demands every key, so this is seen by a developer only
	}
	if len(args) == 0 {
		return text
	}
	return put(text, args, show)
}

// put fills the {placeholders} that args name. A value is not looked at again, whatever stands in it.
func put(text string, args []any, show func(any) string) string {
	var filled strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{")
		filled.WriteString(before)
		if !found {
			return filled.String()
		}
		name, after, closed := strings.Cut(rest, "}")
		if value, named := argument(args, name); closed && named {
			filled.WriteString(show(value))
			text = after
		} else {
			filled.WriteByte('{')
			text = rest
		}
	}
}

func argument(args []any, name string) (value any, found bool) {
	for i := 0; i+1 < len(args); i += 2 {
		if args[i] == name {
			return args[i+1], true
		}
	}
	return nil, false
}

var pluralNames = map[plural.Form]string{plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few",
	plural.Many: "many", plural.Other: "other"}

func (l *Locale) plural(key string, n int) (string, bool) {
	form := plural.Cardinal.MatchPlural(l.Tag, n, 0, 0, 0, 0)
	if text, ok := l.texts[key+"."+pluralNames[form]]; ok {
		return text, true
	}
	text, ok := l.texts[key+".other"]
	return text, ok
}

// Day is a date in words: "3 March", and with the year where it is not the year of now.
func (l *Locale) Day(at, now time.Time) string {
	at, now = at.In(l.zone), now.In(l.zone)
	month := l.Text("date.month." + strconv.Itoa(int(at.Month())))
	if at.Year() == now.Year() {
		return l.Text("date.day", "day", at.Day(), "month", month)
	}
	return l.Text("date.day-year", "day", at.Day(), "month", month, "year", at.Year())
}

// Clock is a time of day: "14:05".
func (l *Locale) Clock(at time.Time) string { return at.In(l.zone).Format("15:04") }

// Moment is a date and a time of day, near ones in words: "today at 14:05".
func (l *Locale) Moment(at, now time.Time) string {
	at, now = at.In(l.zone), now.In(l.zone)
	clock := l.Clock(at)
	day := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC) }
	switch day(now).Sub(day(at)) {
	case 0:
		return l.Text("date.today-at", "time", clock)
	case 24 * time.Hour:
		return l.Text("date.yesterday-at", "time", clock)
	}
	return l.Text("date.day-at", "day", l.Day(at, now), "time", clock)
}

// Wait is a length of time as a person would say it: whole minutes, or seconds when it is short.
func (l *Locale) Wait(d time.Duration) string {
	switch {
	case d <= 90*time.Second:
		return l.Text("date.seconds", "count", max(1, int((d+time.Second-1)/time.Second)))
	case d <= 90*time.Minute:
		return l.Text("date.minutes", "count", int((d+time.Minute-1)/time.Minute))
	}
	return l.Text("date.hours", "count", int((d+time.Hour-1)/time.Hour))
}

// ReadMoment reads what a browser sends of a field for a day and a time (HTML, datetime-local), in the zone in which people are
// told times.
func (l *Locale) ReadMoment(typed string) (time.Time, error) {
	return time.ParseInLocation("2006-01-02T15:04", typed, l.zone)
}
