// What other people's programs see in the pages: poppler reads the text and draws the page, ZBar reads the square.
package paper_test

import (
	"encoding/xml"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"woggle/internal/db/dbtest"
	"woggle/internal/paper"
)

// run gives what a program prints of a PDF, whose name stands for "PDF" in its arguments.
func run(t *testing.T, pdf []byte, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		dbtest.Need(t, err)
	}
	file := filepath.Join(t.TempDir(), "paper.pdf")
	if err := os.WriteFile(file, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	if at := slices.Index(args, "PDF"); at >= 0 {
		args[at] = file
	}
	command := exec.Command(name, args...)
	var complaints strings.Builder
	command.Stderr = &complaints
	out, err := command.Output()
	if err != nil || complaints.Len() > 0 {
		t.Fatalf("%s: %v, %s", name, err, complaints.String())
	}
	return string(out)
}

// word is a word and its box, in millimetres from the upper left.
type word struct {
	page                 int
	x1, y1, x2, y2, high float64
	text                 string
}

func words(t *testing.T, pdf []byte) (all []word) {
	t.Helper()
	var read struct {
		Pages []struct {
			Words []struct {
				X1   float64 `xml:"xMin,attr"`
				Y1   float64 `xml:"yMin,attr"`
				X2   float64 `xml:"xMax,attr"`
				Y2   float64 `xml:"yMax,attr"`
				Text string  `xml:",chardata"`
			} `xml:"word"`
		} `xml:"body>doc>page"`
	}
	decoder := xml.NewDecoder(strings.NewReader(run(t, pdf, "pdftotext", "-bbox", "PDF", "-")))
	decoder.Strict, decoder.Entity = false, xml.HTMLEntity
	if err := decoder.Decode(&read); err != nil {
		t.Fatal(err)
	}
	const mm = 25.4 / 72
	for i, page := range read.Pages {
		for _, w := range page.Words {
			// The box is from the font's ascent to its descent; letters are drawn within 0.70 above and 0.22 below the line.
			high := w.Y2 - w.Y1
			all = append(all, word{i, w.X1 * mm, (w.Y1 + high*0.2) * mm, w.X2 * mm, (w.Y2 - high*0.07) * mm, high * mm, w.Text})
		}
	}
	if len(all) == 0 {
		t.Fatal("no words")
	}
	return all
}

const endless = "Wilhelmina-Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch ŴŴŴŴŴŴŴŴŴŴ Featherstonehaugh-Cholmondeley-Marjoribanks"

// hard are letters that are likely to leave their boxes.
func hard() map[string]paper.Letter {
	long, nameless, bare, tall, welsh, marks := letter(), letter(), paper.Letter{To: []string{"Aisha Khan"}, Heading: "Hello"}, letter(), letter(), letter()
	long.To, long.Group, long.Heading, long.Code = []string{endless, endless, endless, endless, endless}, endless, endless, "wwww-mmmm-wwww-mmmm-wwww"
	long.Spelt, long.LinkLabel, long.Help, long.Footer = endless, endless, endless, endless+" "+endless+" "+endless
	nameless.To = nil
	tall.To = []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "", "12"}
	tall.Paragraphs = append(tall.Paragraphs, strings.Repeat("Rather more than one would like to read. ", 16))
	welsh.Language, welsh.To = "cy", []string{"Siân Ŵŷn", "Tŷ Gwyn", "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch", "Ynys Môn", "LL61 5UJ"}
	marks.To = []string{"ÅÂ ŴŶ ĢŅ", "ÅÂ ŴŶ ĢŅ", "ÅÂ ŴŶ ĢŅ", "ÅÂ ŴŶ ĢŅ", "ÅÂ ŴŶ ĢŅ", "ÅÂ ŴŶ ĢŅ", "ÅÂ ŴŶ ĢŅ", "ÅÂ ŴŶ ĢŅ"}
	return map[string]paper.Letter{"plain": letter(), "long": long, "nameless": nameless, "bare": bare, "tall": tall, "welsh": welsh, "marks": marks}
}

// Through the window one sees the address and nothing else, wherever the letter lies in its envelope; nothing leaves the page.
func TestOnlyTheAddressIsSeenThroughTheWindow(t *testing.T) {
	for name, l := range hard() {
		t.Run(name, func(t *testing.T) {
			// The furthest that either window reaches over the letter, as it slips in a C5/C6 envelope.
			const left, right, top, bottom = 1.0, 111.0, 46.0, 104.0
			inWindow := 0
			for _, w := range words(t, letters(t, l)) {
				if w.x1 < 21.9 || w.x2 > 188.5 || w.y1 < 15 || w.y2 > 290 {
					t.Errorf("%q leaves the margins: %+v", w.text, w)
				}
				if w.x2 < left || w.x1 > right || w.y2 < top || w.y1 > bottom {
					continue
				}
				inWindow++
				if w.x1 < 20 || w.x2 > 91.2 || w.y1 < 61 || w.y2 > 85 {
					t.Errorf("%q may be cut off by the window: %+v", w.text, w)
				}
				if !strings.Contains(strings.Join(l.To, " "), strings.TrimRight(w.text, "…,")) {
					t.Errorf("%q is seen through the window", w.text)
				}
			}
			if (inWindow == 0) != (len(l.To) == 0) {
				t.Errorf("%d words of the address are in the window", inWindow)
			}
		})
	}
}

// No two words lie over each other.
func TestNothingIsWrittenOverSomethingElse(t *testing.T) {
	pages := map[string][]byte{"cards": cards(t, card(), hardCard()), "list": codes(t, list())}
	for name, l := range hard() {
		pages[name] = letters(t, l)
	}
	for name, pdf := range pages {
		all := words(t, pdf)
		for i, a := range all {
			for _, b := range all[i+1:] {
				if a.page == b.page && a.x1+0.1 < b.x2 && b.x1+0.1 < a.x2 && a.y1+0.3 < b.y2 && b.y1+0.3 < a.y2 {
					t.Errorf("%s: %q lies over %q: %+v %+v", name, a.text, b.text, a, b)
				}
			}
		}
	}
}

func hardCard() paper.Card {
	c := card()
	c.Language, c.Number, c.Person, c.Valid, c.Note = "cy", "Cerdyn WWWWWWWWWWWWWWW", endless, endless, endless
	for i := range c.Codes {
		c.Codes[i] = "8888 8888"
	}
	return c
}

func TestEveryCardKeepsToItsPlace(t *testing.T) {
	all := make([]paper.Card, 23)
	for i := range all {
		all[i] = hardCard()
		all[i].Codes = []string{fmt.Sprintf("%04d 0000", i), "8888 8888", "8888 8888", "8888 8888", "8888 8888", "8888 8888", "8888 8888", "8888 8888", "8888 8888", "8888 8888", "8888 8888", "8888 8888"}
	}
	found := map[string]bool{}
	for _, w := range words(t, cards(t, all...)) {
		// Which card the middle of the word is on, and whether its ends are there too, with 4 mm to cut badly.
		const left, top, wide, high = 19.4, 13.55, 85.6, 53.98
		column, row := int(((w.x1+w.x2)/2-left)/wide), int(((w.y1+w.y2)/2-top)/high)
		x, y := left+float64(column)*wide, top+float64(row)*high
		if w.x1 < x+4 || w.x2 > x+wide-4 || w.y1 < y+3.5 || w.y2 > y+high-2.5 {
			t.Errorf("%q leaves its card: %+v", w.text, w)
		}
		if strings.HasPrefix(w.text, "00") {
			found[fmt.Sprintf("%s at %d", w.text[:4], w.page*10+row*2+column)] = true
		}
	}
	for i := range all {
		if !found[fmt.Sprintf("%04d at %d", i, i)] {
			t.Errorf("card %d is not in its place", i)
		}
	}
}

func TestTheTextIsReadInOrder(t *testing.T) {
	welsh := letter()
	welsh.Language, welsh.Heading = "cy", "Croeso i’r tŷ, Siân Ŵŷn"
	for name, row := range map[string]struct {
		pdf  []byte
		want []string
	}{
		"letter": {letters(t, letter()), []string{"Northwold County Scouts", "Aisha Khan", "NW1 0AA", "1 February 2027", "1st Northwold", "Your way in", "Dear Aisha,", "password, and your phone.",
			"Your access pass", "abcd-efgh-jkmn", "a b c d, e f", "Point your phone’s camera", "1.", "Go to signin", "4.", "Stuck?", "The pass works once"}},
		"welsh": {letters(t, welsh), []string{"Northwold County Scouts", "Croeso i’r tŷ, Siân Ŵŷn"}},
		"card":  {cards(t, card()), []string{"Northwold County Scouts", "Card 7K", "Aisha Khan", "Works from", "1", "482 913", "2", "111 111", "12", "246 801", "Cross out"}},
		"list":  {codes(t, list()), []string{"Your recovery codes", "Aisha Khan", "Made on", "Each of these", "1.", "abcd-efgh-jkmn-pqrs", "2.", "2345-6789-tuvw-xyza", "10.", "Tick a code", "Stuck?", "If somebody"}},
	} {
		// What a screen reader hears: the tree of tags.
		heard := run(t, row.pdf, "pdfinfo", "-struct-text", "PDF")
		rest := strings.Join(strings.Fields(heard), " ")
		for _, part := range row.want {
			_, after, found := strings.Cut(rest, part)
			if !found {
				t.Errorf("%s: %q is missing after what comes before:\n%s", name, part, heard)
				break
			}
			rest = after
		}
		// What is copied out of it, in the order in which it is drawn.
		copied := run(t, row.pdf, "pdftotext", "-raw", "PDF", "-")
		for _, part := range row.want {
			if !strings.Contains(strings.Join(strings.Fields(copied), " "), part) {
				t.Errorf("%s: %q is not to be copied:\n%s", name, part, copied)
			}
		}
	}
	words := strings.NewReplacer("[", "", "]", "", " ", "").Replace(fmt.Sprintf("%04X", utf16.Encode([]rune(letter().LinkSays))))
	if !strings.Contains(string(letters(t, letter())), "/Alt <FEFF"+words+">") {
		t.Error("the picture has no words")
	}
}

func TestTheDocumentSaysWhatItIs(t *testing.T) {
	pdf := letters(t, letter(), letter(), letter())
	said := strings.Join(strings.Fields(run(t, pdf, "pdfinfo", "PDF")), " ")
	for _, want := range []string{"Title: Access passes", "Author: Northwold County Scouts", "Tagged: yes", "Pages: 3", "(A4)", "JavaScript: no", "CreationDate: Mon Feb 1 09:00:00 2027"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is missing: %s", want, said)
		}
	}
	if meta := run(t, pdf, "pdfinfo", "-meta", "PDF"); !strings.Contains(meta, ">Access passes<") || !strings.Contains(meta, ">en<") {
		t.Errorf("the metadata is %s", meta)
	}
	for _, line := range strings.Split(strings.TrimSpace(run(t, pdf, "pdffonts", "PDF")), "\n")[2:] {
		if !strings.Contains(line, "AtkinsonHyperlegibleNext") || !strings.Contains(line, "yes yes yes") {
			t.Errorf("a font is not inside: %s", line)
		}
	}
	for n, pages := range map[int]int{1: 1, 10: 1, 11: 2, 23: 3} {
		all := make([]paper.Card, n)
		if said := run(t, cards(t, all...), "pdfinfo", "PDF"); !strings.Contains(strings.Join(strings.Fields(said), " "), fmt.Sprintf("Pages: %d ", pages)) {
			t.Errorf("%d cards are not on %d pages: %s", n, pages, said)
		}
	}
}

// As it is printed at 300 dots an inch, and as a poor fax or copier leaves it.
func TestACameraReadsTheSquare(t *testing.T) {
	if _, err := exec.LookPath("zbarimg"); err != nil {
		dbtest.Need(t, err)
	}
	for name, link := range map[string]string{"short": "https://a.example", "usual": letter().Link, "long": "https://signin.northwold.example/signin?" + strings.Repeat("abcdefgh", 30)} {
		l := letter()
		l.Link = link
		pdf := letters(t, l)
		for _, dots := range []string{"150", "300"} {
			picture := filepath.Join(t.TempDir(), "page")
			run(t, pdf, "pdftoppm", "-r", dots, "-mono", "-singlefile", "-png", "PDF", picture)
			out, err := exec.Command("zbarimg", "--quiet", "--raw", "--nodbus", picture+".png").Output()
			if got := strings.TrimSpace(string(out)); err != nil || got != link {
				t.Errorf("%s at %s dots: read %q, %v", name, dots, got, err)
			}
		}
	}
}
