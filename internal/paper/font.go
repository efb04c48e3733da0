// The two fonts: Atkinson Hyperlegible Next, drawn by the Braille Institute so that no letter is taken for another.
package paper

import (
	"bytes"
	"compress/zlib"
	"embed"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

//go:embed fonts/*.ttf.z
var fontFiles embed.FS

// font is what is needed of a TrueType font to measure text and to name its glyphs. The file itself goes into the PDF as it is.
type font struct {
	name     string
	packed   []byte
	length   int // of the file, unpacked
	glyphs   map[rune]uint16
	advances []uint16 // by glyph, in thousandths of the size
	box      [4]int16 // around all glyphs
	stem     int      // thickness of an upright, for programs that must replace the font
}

// A file is read for each document: that takes less than a millisecond, and nothing is kept.
func readFont(name string, stem int) (*font, error) {
	packed, err := fontFiles.ReadFile("fonts/" + name + ".ttf.z")
	if err != nil {
		return nil, fmt.Errorf("paper: %w", err)
	}
	unpacked, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("paper: font %s: %w", name, err)
	}
	file, err := io.ReadAll(unpacked)
	if err != nil {
		return nil, fmt.Errorf("paper: font %s: %w", name, err)
	}
	f := &font{name: "WGGLAA+AtkinsonHyperlegibleNext-" + name, packed: packed, length: len(file), stem: stem}
	f.parse(file)
	return f, nil
}

// parse reads the tables of a font that fonts/make.sh made: 1000 units an em, a cmap of format 4. A test holds it to that.
func (f *font) parse(file []byte) {
	u16 := binary.BigEndian.Uint16
	tables := map[string][]byte{}
	for i := range int(u16(file[4:])) {
		entry := file[12+16*i:]
		start, length := binary.BigEndian.Uint32(entry[8:]), binary.BigEndian.Uint32(entry[12:])
		tables[string(entry[:4])] = file[start : start+length]
	}
	for i := range f.box {
		f.box[i] = int16(u16(tables["head"][36+2*i:]))
	}
	f.advances = make([]uint16, u16(tables["maxp"][4:]))
	widths := int(u16(tables["hhea"][34:])) // glyphs after these are as wide as the last of them
	for glyph := range f.advances {
		f.advances[glyph] = u16(tables["hmtx"][4*min(glyph, widths-1):])
	}
	f.glyphs = map[rune]uint16{}
	for i := range int(u16(tables["cmap"][2:])) {
		if sub := tables["cmap"][binary.BigEndian.Uint32(tables["cmap"][8+8*i:]):]; u16(sub) == 4 {
			f.readSegments(sub)
		}
	}
}

// readSegments reads a cmap of format 4: runs of letters whose glyphs follow each other, or are listed.
func (f *font) readSegments(sub []byte) {
	u16 := binary.BigEndian.Uint16
	twice := int(u16(sub[6:])) // the number of segments, times two
	ends, starts, deltas, offsets := sub[14:], sub[16+twice:], sub[16+2*twice:], sub[16+3*twice:]
	for s := 0; s < twice; s += 2 {
		start, end, offset := int(u16(starts[s:])), int(u16(ends[s:])), int(u16(offsets[s:]))
		for letter := start; letter <= end && letter != 0xFFFF; letter++ {
			glyph := uint16(letter)
			if offset != 0 {
				glyph = u16(offsets[s+offset+2*(letter-start):])
			}
			if glyph += u16(deltas[s:]); glyph != 0 {
				f.glyphs[rune(letter)] = glyph
			}
		}
	}
}

// plain stands for signs that the font lacks and that people's programs write for others.
var plain = strings.NewReplacer("\u2010", "-", "\u2011", "-", "\u2012", "-", "\u2212", "-", "\u2009", " ", "\u202f", "\u00a0", "\u2032", "'",
	"\t", " ", "\r", " ", "\n", " ", "\u200b", "", "\u200e", "", "\u200f", "", "\ufeff", "")

// printed is text as the font can show it: a letter that it lacks loses its marks; what is then still missing is an empty box.
func (f *font) printed(text string) string {
	text = plain.Replace(norm.NFC.String(text))
	if !strings.ContainsFunc(text, f.lacks) {
		return text
	}
	var shown strings.Builder
	for _, r := range text {
		if !f.lacks(r) {
			shown.WriteRune(r)
			continue
		}
		marked := norm.NFD.String(string(r))
		kept := strings.Map(func(part rune) rune {
			if unicode.Is(unicode.M, part) {
				return -1
			}
			return part
		}, marked)
		if kept == string(r) {
			kept = "\uFFFD" // the empty box
		}
		shown.WriteString(kept)
	}
	return shown.String()
}

func (f *font) lacks(r rune) bool { return f.glyphs[r] == 0 }

// width is how wide text is in a size of one.
func (f *font) width(text string) float64 {
	units := 0
	for _, r := range text {
		units += int(f.advances[f.glyphs[r]])
	}
	return float64(units) / 1000
}

// Unprintable gives the letters of text that the fonts do not have, each once. They hold what Western and Central European
// languages and Welsh are written with. A letter that lacks only its marks is not among them: it is printed without.
func Unprintable(text string) (string, error) {
	f, err := readFont("Regular", 0)
	if err != nil {
		return "", err
	}
	var missing strings.Builder
	for _, r := range norm.NFC.String(text) {
		if strings.Contains(f.printed(string(r)), "\uFFFD") && !strings.ContainsRune(missing.String(), r) {
			missing.WriteRune(r)
		}
	}
	return missing.String(), nil
}

// embed puts the font into the file (sections 9.7 and 9.9): glyphs are named by their numbers, and a table tells which letter
// each is, so that text can be searched, copied and read aloud.
func (f *font) embed(to *file) int {
	program := to.stream(f.packed, fmt.Sprintf(" /Length1 %d", f.length))
	descriptor := to.add("<< /Type /FontDescriptor /FontName /%s /Flags 32 /FontBBox [%d %d %d %d] /ItalicAngle 0 /Ascent 984 /Descent -316 /CapHeight 668 /StemV %d /FontFile2 %d 0 R >>",
		f.name, f.box[0], f.box[1], f.box[2], f.box[3], f.stem, program)
	widths := strings.Trim(fmt.Sprint(f.advances), "[]")
	inner := to.add("<< /Type /Font /Subtype /CIDFontType2 /BaseFont /%s /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /FontDescriptor %d 0 R /W [0 [%s]] /CIDToGIDMap /Identity >>",
		f.name, descriptor, widths)
	letters := to.stream(to.pack(f.letters()), "")
	return to.add("<< /Type /Font /Subtype /Type0 /BaseFont /%s /Encoding /Identity-H /DescendantFonts [%d 0 R] /ToUnicode %d 0 R >>", f.name, inner, letters)
}

// letters is the table from glyphs to letters (section 9.10.3).
func (f *font) letters() []byte {
	of := make([]rune, len(f.advances))
	for r, glyph := range f.glyphs {
		if of[glyph] == 0 || r < of[glyph] { // the same whatever order a map has
			of[glyph] = r
		}
	}
	of[0] = '\uFFFD'
	var table bytes.Buffer
	table.WriteString("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CMapName /Letters def\n/CMapType 2 def\n1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n")
	for first := 0; first < len(of); first += 100 { // the most that one table may hold
		part := of[first:min(first+100, len(of))]
		fmt.Fprintf(&table, "%d beginbfchar\n", len(part))
		for i, r := range part {
			fmt.Fprintf(&table, "<%04X> <%04X>\n", first+i, r)
		}
		table.WriteString("endbfchar\n")
	}
	table.WriteString("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n")
	return table.Bytes()
}
