package sheet

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
)

// packed is a zip file of the parts.
func packed(t testing.TB, parts map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for name, text := range parts {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

const relations = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`
const kind = `Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships`

// parts are those of a workbook with a sheet that nobody sees and one that has the rows.
func parts(rows string) map[string]string {
	return map[string]string{
		"[Content_Types].xml": `<Types/>`,
		"_rels/.rels":         relations + `<Relationship Id="rId1" ` + kind + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml": `<workbook xmlns:r="r"><sheets><sheet name="Lists" sheetId="1" state="hidden" r:id="rId1"/>` +
			`<sheet name="Members" sheetId="2" r:id="rId2"/><sheet name="Old" sheetId="3" r:id="rId5"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": relations + `<Relationship Id="rId1" ` + kind + `/worksheet" Target="worksheets/sheet1.xml"/>` +
			`<Relationship Id="rId2" ` + kind + `/worksheet" Target="/xl/worksheets/sheet2.xml"/><Relationship Id="rId5" ` + kind + `/worksheet" Target="worksheets/sheet1.xml"/>` +
			`<Relationship Id="rId3" ` + kind + `/styles" Target="styles.xml"/><Relationship Id="rId4" ` + kind + `/sharedStrings" Target="sharedStrings.xml"/>` +
			`<Relationship Id="rId9" ` + kind + `/hyperlink" Target="http://evil.example/" TargetMode="External"/></Relationships>`,
		"xl/worksheets/sheet1.xml": `<worksheet><sheetData><row><c><v>1</v></c></row></sheetData></worksheet>`,
		"xl/worksheets/sheet2.xml": `<worksheet><sheetData>` + rows + `</sheetData></worksheet>`,
		"xl/styles.xml": `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="00000"/><numFmt numFmtId="165" formatCode="[$-809]d\ mmmm\ yyyy;@"/>` +
			`<numFmt numFmtId="166" formatCode="00000\ 000000"/><numFmt numFmtId="167" formatCode="#,##0&quot; days&quot;"/></numFmts>` +
			`<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="14"/><xf numFmtId="166"/>` +
			`<xf numFmtId="167"/><xf numFmtId="49"/></cellXfs></styleSheet>`,
		"xl/sharedStrings.xml": `<sst><si><t>00417</t></si><si><r><t>Siob</t></r><r><rPr><b/></rPr><t xml:space="preserve">hán </t></r><rPh><t>shivawn</t></rPh></si><si><t>A &amp; B</t></si></sst>`,
	}
}

func book(t testing.TB, rows string) []byte { return packed(t, parts(rows)) }

func TestCellsAreReadAsTheyAreShown(t *testing.T) {
	table, err := Read(book(t, `<row r="1"><c r="A1" t="inlineStr"><is><t>Heading</t></is></c></row><row r="7">`+
		`<c r="A7" t="s"><v>0</v></c>`+ // shared text keeps its zeros
		`<c r="B7" t="s"><v>1</v></c>`+ // in two styles, with how it is said
		`<c r="C7" s="1"><v>417</v></c>`+ // shown as 00417
		`<c r="D7"><v>7700900101</v></c>`+ // a number, which has lost its zero in the file
		`<c r="E7"><v>4.4770090010100003E+11</v></c>`+ // with an exponent
		`<c r="F7" s="2"><v>43709</v></c>`+ // a day in words
		`<c r="G7" s="3"><v>43709.75</v></c>`+ // a day and a time
		`<c r="H7" t="b"><v>1</v></c>`+
		`<c r="I7" t="e"><v>#N/A</v></c>`+
		`<c r="J7" t="str"><f>A1&amp;B1</f><v>worked out</v></c>`+
		`<c r="K7" t="s"><v>2</v></c>`+
		`<c r="L7" s="4"><v>7700900101</v></c>`+ // a phone number's format
		`<c r="M7" s="5"><v>30</v></c>`+ // no day, in spite of its d and y
		`<c r="N7" t="d"><v>2027-02-01T00:00:00</v></c>`+
		`<c r="O7" s="6"><v>12</v></c>`+
		`<c r="Q7" t="s"><v>99</v></c><c r="R7"/><c r="S7"><v>0.5</v></c></row>`))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"00417", "Siobhán", "00417", "7700900101", "447700900101", "2019-09-01", "2019-09-01", "yes", "#N/A", "worked out", "A & B",
		"07700900101", "30", "2027-02-01", "12", "", "", "", "0.5"}
	if got := table.Rows[1]; got.Number != 7 || !reflect.DeepEqual(got.Cells, want) {
		t.Errorf("row %d: %q\nwant %q", got.Number, got.Cells, want)
	}
	if table.Sheet != "Members" || table.Others != 1 {
		t.Errorf("sheet %q, %d others", table.Sheet, table.Others)
	}
}

func TestDaysFrom1904(t *testing.T) {
	all := parts(`<row><c t="str"><v>Day</v></c></row><row><c s="3"><v>42247</v></c></row>`)
	all["xl/workbook.xml"] = `<workbook><workbookPr date1904="1"/><sheets><sheet name="Members" r:id="rId2"/></sheets></workbook>`
	table, err := Read(packed(t, all))
	if err != nil || table.Rows[1].Cells[0] != "2019-09-01" {
		t.Errorf("%v, %v", table, err)
	}
}

// What Calc makes of a CSV by itself: numbers lose their zeros there, and no reader can know of them.
func TestAWorkbookOfLibreOffice(t *testing.T) {
	table, err := Read(fixture(t, "plain.xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	row := table.Rows[3].Cells
	if row[0] != "419" || row[1] != "Mair" || row[6] != "2024-02-29" {
		t.Errorf("%q", row)
	}
}

// What a part may unpack to ends its reading, and so does a long text: the parser would keep all of it.
func TestAPartIsBounded(t *testing.T) {
	for name, one := range map[string]struct {
		text string
		left int64
		err  error
	}{
		"short":        {"<a>text</a>", 100, nil},
		"long":         {strings.Repeat("<a>text</a>", 10), 100, errLarge},
		"one text":     {"<a>" + strings.Repeat("x", 8*maxCell+1) + "</a>", 1 << 30, errLarge},
		"one mark":     {"<a b=\"" + strings.Repeat("x", 8*maxCell+1), 1 << 30, errLarge},
		"several ones": {strings.Repeat("<a>"+strings.Repeat("x", maxCell)+"</a>", 20), 1 << 30, nil},
	} {
		for _, size := range []int{7, 4096, 1 << 20} {
			_, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, &bounded{from: strings.NewReader(one.text), left: one.left}, make([]byte, size))
			if !errors.Is(err, one.err) || (err == nil) != (one.err == nil) {
				t.Errorf("%s, %d bytes at a time: %v", name, size, err)
			}
		}
	}
}
