package paper_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"woggle/internal/paper"
)

var about = paper.About{Title: "Access passes", Author: "Northwold County Scouts", Colour: "#0b5d57", Language: "en", Made: time.Date(2027, 2, 1, 9, 0, 0, 0, time.UTC)}

func letter() paper.Letter {
	return paper.Letter{
		To:         []string{"Aisha Khan", "12 Example Lane", "Little Example", "Northwold", "NW1 0AA"},
		Group:      "1st Northwold",
		Date:       "1 February 2027",
		Heading:    "Your way in to Northwold County",
		Paragraphs: []string{"Dear Aisha,", "From now on you sign in to mail and files with two things: your password, and your phone. This letter holds a pass that gets you in for the first time. It takes about five minutes, and you can do it with any phone, also with one on the wall."},
		CodeLabel:  "Your access pass",
		Code:       "abcd-efgh-jkmn",
		Spelt:      "a b c d, e f g h, j k m n: all letters are small. There is no zero, no one, and no letter o, i or l.",
		Link:       "https://signin.northwold.example/signin?name=aisha.khan",
		LinkLabel:  "Point your phone’s camera here",
		LinkSays:   "QR code of the sign-in page",
		Steps:      []string{"Go to signin.northwold.example, or point your phone’s camera at the square.", "Type your user name: aisha.khan", "Type the pass in place of the password.", "Choose a phone, and enter the code that we send or say."},
		Help:       "Stuck? Call Bryn on 01632 960 001, any evening.",
		Footer:     "The pass works once, until 15 February 2027. Nobody from Northwold County will ever ask you for it. Throw this letter away when you are in.",
	}
}

func card() paper.Card {
	return paper.Card{Number: "Card 7K", Person: "Aisha Khan", Valid: "Works from 1 August to 14 August 2027",
		Codes: []string{"482 913", "111 111", "000 000", "743 218", "902 554", "330 076", "618 240", "557 781", "204 919", "888 888", "135 790", "246 801"},
		Note:  "Cross out each code that you used. Lost it? Tell your camp leader at once."}
}

func list() paper.List {
	return paper.List{Person: "Aisha Khan (aisha.khan)", Date: "Made on 1 February 2027", Heading: "Your recovery codes",
		Paragraphs: []string{"Each of these codes gets you in once, when you do not have your phone. Keep this page where you keep your passport, and not with your phone."},
		Codes: []string{"abcd-efgh-jkmn-pqrs", "2345-6789-tuvw-xyza", "mmmm-wwww-mmmm-wwww", "tttt-rrrr-jjjj-ffff", "abcd-efgh-jkmn-pqrs", "2345-6789-tuvw-xyza",
			"mmmm-wwww-mmmm-wwww", "tttt-rrrr-jjjj-ffff", "abcd-efgh-jkmn-pqrs", "2345-6789-tuvw-xyza"},
		Notes: []string{"Tick a code when you have used it: it does not work twice. When two are left, make new ones on the page Security info. New codes make these worthless."},
		Help:  "Stuck? Call Bryn on 01632 960 001, any evening.", Footer: "If somebody else has seen this page, make new codes at once."}
}

func letters(t testing.TB, all ...paper.Letter) []byte {
	t.Helper()
	pdf, err := paper.Letters(about, all)
	if err != nil {
		t.Fatal(err)
	}
	return pdf
}

func cards(t testing.TB, all ...paper.Card) []byte {
	t.Helper()
	pdf, err := paper.Cards(about, all)
	if err != nil {
		t.Fatal(err)
	}
	return pdf
}

func codes(t testing.TB, l paper.List) []byte {
	t.Helper()
	pdf, err := paper.Codes(about, l)
	if err != nil {
		t.Fatal(err)
	}
	return pdf
}

// A letter that was lost can be compared with what is printed again, and a test with what it printed before.
func TestTheSameValuesGiveTheSameBytes(t *testing.T) {
	for range 5 {
		if !bytes.Equal(letters(t, letter(), letter()), letters(t, letter(), letter())) || !bytes.Equal(cards(t, card()), cards(t, card())) ||
			!bytes.Equal(codes(t, list()), codes(t, list())) {
			t.Fatal("the bytes differ")
		}
	}
	other := letter()
	other.Code = "zzzz-zzzz-zzzz"
	if bytes.Equal(letters(t, letter()), letters(t, other)) {
		t.Error("another code gives the same bytes")
	}
}

// Every object begins where the table says: programs that repair a broken file do so silently, and printers may not.
func TestTheTableIsRight(t *testing.T) {
	for name, pdf := range map[string][]byte{"letters": letters(t, letter(), letter()), "cards": cards(t, card()), "list": codes(t, list()), "nothing": letters(t)} {
		_, after, _ := bytes.Cut(pdf, []byte("startxref\n"))
		start, err := strconv.Atoi(string(bytes.Fields(after)[0]))
		if err != nil || !bytes.HasPrefix(pdf[start:], []byte("xref\n")) {
			t.Fatalf("%s: the table is not at %d: %v", name, start, err)
		}
		for i, entry := range regexp.MustCompile(`(\d{10}) 00000 n \n`).FindAllSubmatch(pdf[start:], -1) {
			at, _ := strconv.Atoi(string(entry[1]))
			if !bytes.HasPrefix(pdf[at:], fmt.Appendf(nil, "%d 0 obj\n", i+1)) {
				t.Fatalf("%s: object %d is not at %d", name, i+1, at)
			}
		}
	}
}

// Whoever writes a name does not write into the file.
func TestANameCannotEndItsPlace(t *testing.T) {
	l := letter()
	l.To, l.LinkSays = []string{") Tj /Evil", "\\)>> endobj", "%%EOF"}, ") >> /OpenAction << /S /JavaScript"
	evil := about
	evil.Title, evil.Author, evil.Language = "</dc:title> (", "a\nendstream endobj", "en)"
	pdf, err := paper.Letters(evil, []paper.Letter{l})
	if err != nil {
		t.Fatal(err)
	}
	for _, never := range []string{"JavaScript", "/Evil", "</dc:title> ("} {
		if bytes.Contains(pdf, []byte(never)) {
			t.Errorf("%q stands in the file", never)
		}
	}
	if n := bytes.Count(pdf, []byte("%%EOF")); n != 1 {
		t.Errorf("the file ends %d times", n)
	}
}

func TestWhatDoesNotFitIsRefused(t *testing.T) {
	long := letter()
	long.Paragraphs = []string{strings.Repeat("too much ", 1000)}
	if _, err := paper.Letters(about, []paper.Letter{letter(), long}); err == nil || !strings.Contains(err.Error(), "letter 2 of 2") {
		t.Errorf("a letter of a thousand lines: %v", err)
	}
	link := letter()
	link.Link = strings.Repeat("x", 5000)
	if _, err := paper.Letters(about, []paper.Letter{link}); err == nil {
		t.Error("a link of 5,000 letters was drawn")
	}
	many := card()
	many.Codes = make([]string, paper.MostCodes+1)
	if _, err := paper.Cards(about, []paper.Card{many}); err == nil {
		t.Error("a card of thirteen codes was made")
	}
	endless := list()
	endless.Notes = long.Paragraphs
	if _, err := paper.Codes(about, endless); err == nil {
		t.Error("a list of a thousand lines was made")
	}
}

func TestTheFontsHoldTheLettersOfOurLanguages(t *testing.T) {
	for text, want := range map[string]string{
		"Siân Ŵ ŵ Ŷ ŷ Ẁẁ Ẃẃ Ẅẅ Ỳỳ Â ê î ô û ï ẅ": "",
		"w\u0302y\u0302": "", // letter and mark, as some systems send it
		"Zażółć gęślą jaźń, Łódź; Çağrı, Ştefan Țurcanu; Žižek; Óðinn Þór": "",
		"Nguyễn Thị Ẩn":               "", // printed without the marks that are missing
		"“Tŷ Ni” – 12a…\u2011\u00a0€": "",
		"Ярослав и Я":                 "Ярослави",
		"\u200eAisha\u200f 林":         "林",
	} {
		if got, err := paper.Unprintable(text); err != nil || got != want {
			t.Errorf("%q: %q is missing, want %q (%v)", text, got, want, err)
		}
	}
}

// A thousand letters: about 4 MB, in a few seconds. Twice as many take twice as long.
func BenchmarkLetters(b *testing.B) {
	for _, n := range []int{1, 1000, 2000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			all := make([]paper.Letter, n)
			for i := range all {
				all[i] = letter()
				all[i].Link += strconv.Itoa(i)
			}
			size := 0
			for b.Loop() {
				size = len(letters(b, all...))
			}
			b.ReportMetric(float64(size)/1e6, "MB")
		})
	}
}
