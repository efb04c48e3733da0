package sheet

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf16"

	"woggle/internal/problem"
)

// county is what every file of the county says, but for how it writes days and zeros.
var county = [][]string{
	{"Membership number", "First name", "Last name", "E-mail", "Mobile", "Group", "Start date", "Notes"},
	{"00417", "Siobhán", "O’Leary", "siobhan@northwold.example", "07700 900103", "Fenland District", "2019-09-01", "leads, on Mondays"},
	{"00418", "Jakub", "Novotný", "jakub@northwold.example", "07700 900107", "Brecks District", "2020-02-13", `said "yes"`},
	{"00419", "Mair", "Hughes", "mair@northwold.example", "01632 960201", "Coast District", "2024-02-29", "two\nlines"},
}

func utf16le(text string) []byte {
	var out []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		out = binary.LittleEndian.AppendUint16(out, unit)
	}
	return out
}

func utf16be(text string) []byte {
	var out []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		out = binary.BigEndian.AppendUint16(out, unit)
	}
	return out
}

func fixture(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func cells(table *Table) (all [][]string) {
	for _, row := range table.Rows {
		all = append(all, row.Cells)
	}
	return all
}

// The same three people, however they were saved.
func TestTheCountyInEveryFile(t *testing.T) {
	var plain strings.Builder
	for _, row := range county {
		for i, cell := range row {
			if i > 0 {
				plain.WriteByte(';')
			}
			plain.WriteString(`"` + strings.ReplaceAll(cell, `"`, `""`) + `"`)
		}
		plain.WriteByte('\n')
	}
	text := plain.String()
	lines := func(end string) string {
		return strings.ReplaceAll(strings.ReplaceAll(text, "two\nlines", "two\rlines"), "\n", end)
	}
	for name, one := range map[string]struct {
		raw      []byte
		format   Format
		encoding string
	}{
		"UTF-8":                        {[]byte(text), CSV, "UTF-8"},
		"UTF-8 with its mark":          {[]byte("\uFEFF" + text), CSV, "UTF-8"},
		"UTF-16 of Windows":            {append([]byte{0xFF, 0xFE}, utf16le(text)...), CSV, "UTF-16"},
		"UTF-16, big end first":        {append([]byte{0xFE, 0xFF}, utf16be(text)...), CSV, "UTF-16"},
		"UTF-16 without a mark":        {utf16le(text), CSV, "UTF-16"},
		"UTF-16, big, without a mark":  {utf16be(text), CSV, "UTF-16"},
		"CRLF":                         {[]byte(strings.ReplaceAll(text, "\n", "\r\n")), CSV, "UTF-8"},
		"CR":                           {[]byte(lines("\r")), CSV, "UTF-8"},
		"tabs":                         {[]byte(strings.ReplaceAll(text, ";", "\t")), CSV, "UTF-8"},
		"bars":                         {[]byte(strings.ReplaceAll(text, ";", "|")), CSV, "UTF-8"},
		"commas":                       {[]byte(strings.ReplaceAll(text, ";", ",")), CSV, "UTF-8"},
		"the delimiter announced":      {[]byte("sep=;\r\n" + text), CSV, "UTF-8"},
		"no end of the last line":      {[]byte(strings.TrimRight(text, "\n")), CSV, "UTF-8"},
		"empty lines and empty cells":  {[]byte("\n;;;\n" + strings.ReplaceAll(text, "\"\n\"", "\";;\n\n\"")), CSV, "UTF-8"},
		"LibreOffice, Windows-1252":    {fixture(t, "windows.csv"), CSV, "Windows-1252"},
		"LibreOffice, UTF-16 and tabs": {fixture(t, "unicode.csv"), CSV, "UTF-16"},
		"LibreOffice, bars":            {fixture(t, "pipe.csv"), CSV, "UTF-8"},
		"by hand":                      {fixture(t, "county.csv"), CSV, "UTF-8"},
		"LibreOffice, Excel":           {fixture(t, "excel.xlsx"), XLSX, ""},
	} {
		table, err := Read(one.raw)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := cells(table)
		for i, row := range got {
			for j, cell := range row { // a CSV has the days as they were shown
				day := map[string]string{"01/09/2019": "2019-09-01", "09/01/19": "2019-09-01", "01/09/19": "2019-09-01", "13/02/2020": "2020-02-13",
					"02/13/20": "2020-02-13", "13/02/20": "2020-02-13", "29/02/2024": "2024-02-29", "02/29/24": "2024-02-29", "29/02/24": "2024-02-29"}[cell]
				if day != "" {
					got[i][j] = day
				}
				got[i][j] = strings.ReplaceAll(got[i][j], "\r\n", "\n")
				got[i][j] = strings.ReplaceAll(got[i][j], "\r", "\n")
			}
		}
		if !reflect.DeepEqual(got, county) {
			t.Errorf("%s reads as\n%q", name, got)
		}
		if table.Format != one.format || table.Encoding != one.encoding || table.Broken {
			t.Errorf("%s is said to be %s in %q, broken %t", name, table.Format, table.Encoding, table.Broken)
		}
	}
}

// What is no list gets an answer that says what it is.
func TestWhatIsNoList(t *testing.T) {
	big := strings.Repeat("x", 50<<20)
	for name, one := range map[string]struct {
		raw []byte
		key string
	}{
		"nothing":                   {nil, "empty"},
		"spaces":                    {[]byte(" \n\n"), "empty"},
		"a heading only":            {[]byte("Membership number,Name\n"), "no-rows"},
		"a picture":                 {[]byte("\x89PNG\r\n\x1a\n0000"), "picture"},
		"a photograph":              {[]byte("\xFF\xD8\xFF\xE0\x00\x10JFIF"), "picture"},
		"a PDF":                     {fixture(t, "printed.pdf"), "pdf"},
		"an old workbook":           {fixture(t, "old.xls"), "old-excel"},
		"OpenDocument":              {fixture(t, "opendocument.ods"), "opendocument"},
		"HTML that is called .xls":  {fixture(t, "page.xls"), "web-page"},
		"a letter":                  {[]byte("{\\rtf1 Dear all}"), "document"},
		"packed":                    {[]byte("\x1F\x8B\x08\x00abc"), "packed"},
		"a zip of something":        {packed(t, map[string]string{"readme.txt": "hello"}), "packed"},
		"a Word document":           {packed(t, map[string]string{"[Content_Types].xml": "<Types/>", "word/document.xml": "<w/>"}), "document"},
		"half a workbook":           {fixture(t, "excel.xlsx")[:3000], "damaged"},
		"NUL":                       {[]byte("Membership number,Name\n1,An\x00n\n"), "unknown"},
		"cut within quotes":         {[]byte("Membership number,Name\n1,\"Ann"), "cut"},
		"a cell of 50 MB":           {[]byte("Membership number,Name\n1," + big), "large.bytes"},
		"a cell of 1 MB":            {[]byte("Membership number,Name\n1," + big[:1<<20]), "large.cell"},
		"too many rows":             {[]byte("Number,Name\n" + strings.Repeat("1,A\n", MaxRows+1)), "large.rows"},
		"too many columns":          {[]byte("Number,Name\n" + strings.Repeat("1,", 300) + "1\n"), "large.columns"},
		"a workbook of 50 MB":       {book(t, `<row><c t="inlineStr"><is><t>`+big+`</t></is></c></row>`), "large.unpacked"},
		"a bomb of rows":            {book(t, strings.Repeat(`<row><c><v>1</v></c></row>`, MaxRows+1)), "large.rows"},
		"a bomb of nothing":         {book(t, strings.Repeat("<row/>", 1<<20+1)), "large.unpacked"},
		"a column far to the right": {book(t, `<row><c r="A1"><v>1</v></c></row><row><c r="XFD2"><v>1</v></c></row>`), "large.columns"},
		"a workbook that is broken": {book(t, `<row><c r="A1"><v>1</row>`), "damaged"},
	} {
		table, err := Read(one.raw)
		var known *problem.Problem
		if known = problem.Of(err); err == nil || known.Key != "register.file."+one.key {
			t.Errorf("%s: %v, %v; want %s", name, table, err, one.key)
		}
	}
}

func TestCharactersThatCannotBeReadAreTold(t *testing.T) {
	table, err := Read([]byte("Number,Name\n1,Siobhán\n2,Zoë\n3,An\xF6\n"))
	if err != nil || !table.Broken || table.Rows[3].Cells[1] != "An\uFFFD" || table.Rows[1].Cells[1] != "Siobhán" {
		t.Errorf("%q, %v", cells(table), err)
	}
	// Cut in the middle of a letter: the others stay what they are.
	table, err = Read([]byte("Number,Name\n1,Siobhán\n2,Zo\xC3"))
	if err != nil || table.Encoding != "UTF-8" || table.Rows[1].Cells[1] != "Siobhán" {
		t.Errorf("%q, %v", cells(table), err)
	}
}

func TestRowsAreCountedAsASpreadsheetDoes(t *testing.T) {
	table, err := Read([]byte("sep=,\nNumber,Name\n\n1,\"Ann\nMarie\"\n\"2\",Ben\n"))
	if err != nil {
		t.Fatal(err)
	}
	var numbers []int
	for _, row := range table.Rows {
		numbers = append(numbers, row.Number)
	}
	if !reflect.DeepEqual(numbers, []int{2, 4, 5}) {
		t.Errorf("rows %v", numbers)
	}
}

// A repaired file says what it said, and no spreadsheet runs what stands in it.
func TestNoFormulaLeaves(t *testing.T) {
	rows := [][]string{{"Number", "Name"}, {"1", `=HYPERLINK("http://evil.example","click")`}, {"2", "+44 7700 900101"}, {"3", "-1"}, {"4", "@SUM(A1)"}, {"5", `O'Brien, "Pat"`}, {"6", "'quoted"}}
	var file bytes.Buffer
	if err := WriteCSV(&file, rows); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(file.String()) {
		for cell := range strings.SplitSeq(strings.TrimPrefix(line, "\uFEFF"), `","`) {
			if cell = strings.Trim(cell, "\"\r\n"); strings.ContainsAny(cell[:1], "=+-@") {
				t.Errorf("%q begins a formula", cell)
			}
		}
	}
	table, err := Read(file.Bytes())
	if err != nil || !reflect.DeepEqual(cells(table), rows) {
		t.Errorf("read again: %q, %v", cells(table), err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("a,b\n1,2\n"))
	f.Add([]byte("sep=;\n\"a\"\"\";b\r1;"))
	f.Add([]byte{0xFF, 0xFE, 'a', 0, ',', 0})
	for _, name := range []string{"excel.xlsx", "plain.xlsx", "windows.csv"} {
		raw, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		table, err := Read(raw)
		if err != nil {
			return
		}
		for _, row := range table.Rows {
			if len(row.Cells) > maxColumns || len(row.Cells) == 0 {
				t.Errorf("a row of %d cells", len(row.Cells))
			}
			for _, cell := range row.Cells {
				if len(cell) > maxCell {
					t.Errorf("a cell of %d bytes", len(cell))
				}
			}
		}
	})
}
