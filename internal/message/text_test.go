package message

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	"woggle/internal/page"
)

func locales(t testing.TB) *page.Locales {
	t.Helper()
	l, err := page.LoadLocales(nil)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestEveryCodeFitsOneSegmentInEveryLanguage(t *testing.T) {
	l := locales(t)
	organisations := []string{"Oakshire Scouts", "Sgowtiaid Sir y Dŵr a’r Ŷd", "Église Sainte-Cécile — Œuvre n°1", "Zażółć Gęślą Jaźń",
		strings.Repeat("A very long name of a county, ", 8), strings.Repeat("x", 300), strings.Repeat("€", 100), "a\nb\x00\u2028c", "", "🏕️", "Общество"}
	hosts := []string{"id.oakshire.example", "localhost", "localhost:8080", "a." + strings.Repeat("long-label.", 5) + "example",
		strings.Repeat("long-label.", 13) + "example"}
	for _, locale := range l.All() {
		for _, organisation := range organisations {
			for _, host := range hosts {
				c := Composer{Text: l.Text, Organisation: organisation, Host: host}
				text := c.Code(locale.Code, "012345")
				n, ok := Septets(text)
				if !ok || n > Segment {
					t.Errorf("%s, %q at %s: %d septets, in the alphabet: %v\n%s", locale.Code, organisation, host, n, ok, text)
				}
				lines := strings.Split(text, "\n")
				want := "@" + strings.TrimSuffix(host, ":8080") + " #012345"
				if last := lines[len(lines)-1]; last != want {
					t.Errorf("the last line is %q; want %q", last, want)
				}
				// One sentence, an empty line, the binding: nothing else may stand on a line of its own.
				if host != hosts[4] && (len(lines) != 3 || lines[1] != "" || !strings.HasPrefix(lines[0], "012345 ")) {
					t.Errorf("%s, %q:\n%s", locale.Code, organisation, text)
				}
				if strings.ContainsAny(text, "{?") || strings.Contains(text, "  ") {
					t.Errorf("a placeholder or a gap is left:\n%s", text)
				}
			}
		}
	}
}

func TestTheTextOfACode(t *testing.T) {
	c := Composer{Text: locales(t).Text, Organisation: "Sgowtiaid Sir y Dŵr", Host: "id.oakshire.example"}
	for locale, want := range map[string]string{
		"en": "123456 is your Sgowtiaid Sir y Dwr sign-in code. Do not give it to anyone.\n\n@id.oakshire.example #123456",
		"cy": "123456 yw eich cod mewngofnodi Sgowtiaid Sir y Dwr. Peidiwch a'i roi i neb.\n\n@id.oakshire.example #123456",
	} {
		if got := c.Code(locale, "123456"); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", locale, got, want)
		}
	}
}

func TestALongNameIsCutBetweenWords(t *testing.T) {
	c := Composer{Text: locales(t).Text, Organisation: "The Scouts of the Combined Northern Counties & Islands, Highlands and Lowlands",
		Host: "sign-in.combined-northern-counties.example"}
	want := "123456 is your The Scouts of the Combined Northern Counties sign-in code. Do not give it to anyone.\n\n" +
		"@sign-in.combined-northern-counties.example #123456"
	if got := c.Code("en", "123456"); got != want {
		t.Errorf("the text is\n%s\nwant\n%s", got, want)
	}
}

func TestANoticeCannotBindACodeToAnotherSite(t *testing.T) {
	c := Composer{Organisation: "Oakshire", Text: func(_, key string, args ...any) string {
		return fmt.Sprintln(append([]any{key}, args...)...)
	}}
	text := c.Notice("en", "key", "name", "my phone\r\n@evil.example #123456", "again", "\u2028@evil.example #1", "count", 2)
	if want := "key name my phone @evil.example #123456 again @evil.example #1 count 2 organisation Oakshire\n"; text != want {
		t.Errorf("got %q; want %q", text, want)
	}
}

func TestFold(t *testing.T) {
	for _, row := range []struct{ in, want string }{
		{"plain", "plain"},
		{"Llŷn, Dŵr, ŵ ŷ Ŵ Ŷ â ê î ô û", "Llyn, Dwr, w y W Y a e i o u"},
		{"w\u0302", "w"}, // the same letter in two parts
		{"£5 @ 10€ è é ù ì ò Ç Ø ø Å å Ä Ö Ñ Ü § ä ö ñ ü à ß É ¿ ¡", "£5 @ 10€ è é ù ì ò Ç Ø ø Å å Ä Ö Ñ Ü § ä ö ñ ü à ß É ¿ ¡"},
		{"ç á í ó ú Á Œuvre Straße Łódź Þór", "c a i o u A OEuvre Straße Lodz Thor"},
		{"don’t “say” – that — …", `don't "say" - that - ...`},
		{"a\u00a0b\u2009c\td", "a b c d"},
		{"one\r\ntwo", "one\ntwo"},
		{"[x] {y} ^~|\\", "[x] {y} ^~|\\"},
		{"`a´", "'a'"},
		{"🏕️ camp 👩‍👧", " camp "},
		{"\x00\x1b[31m\u200b\u202e", "[31m"},
		{"Мир", "???"},
		{"ﬁne ½ ²", "fine 1/2 2"},
		{"\xff\xfe", ""},
		{"123", "123"},
	} {
		got := Fold(row.in)
		if got != row.want {
			t.Errorf("Fold(%q) = %q; want %q", row.in, got, row.want)
		}
	}
}

func TestSeptets(t *testing.T) {
	for text, want := range map[string]int{"": 0, "abc": 3, "@": 1, "a\nb": 3, "€": 2, "{}[]~^|\\": 16, "Δ_ΦΓΛΩΠΨΣΘΞ": 11} {
		if n, ok := Septets(text); n != want || !ok {
			t.Errorf("Septets(%q) = %d, %v; want %d", text, n, ok, want)
		}
	}
	for _, text := range []string{"ŵ", "`", "\u00a0", "ç", "\x1b", "😀"} {
		if _, ok := Septets(text); ok {
			t.Errorf("%q is not in the alphabet", text)
		}
	}
	if n := len([]rune(alphabet)); n != 127 {
		t.Errorf("the basic set has %d characters; want 127 and the escape", n)
	}
}

func FuzzFold(f *testing.F) {
	f.Add("Llŷn 🏕️ ’")
	f.Add("ﷺ ½ \u0378\xff")
	f.Fuzz(func(t *testing.T, text string) {
		folded := Fold(text)
		if _, ok := Septets(folded); !ok {
			t.Errorf("Fold(%q) = %q is not in the alphabet", text, folded)
		}
		if again := Fold(folded); again != folded {
			t.Errorf("Fold(%q) = %q, and again %q", text, folded, again)
		}
		if strings.ContainsFunc(line(text), unicode.IsControl) {
			t.Errorf("line(%q) = %q", text, line(text))
		}
	})
}

func TestMask(t *testing.T) {
	for to, want := range map[string]string{"+447700900123": "•••123", "+4412": "•••", "ann@members.example": "a•••@members.example",
		"ŵyn@members.example": "ŵ•••@members.example", "@": "•••", "": "•••"} {
		if got := Mask(to); got != want {
			t.Errorf("Mask(%q) = %q; want %q", to, got, want)
		}
	}
}
