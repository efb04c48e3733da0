// A table, its bounds, and what kind of file it is in.
package sheet

import (
	"bytes"
	"unicode/utf8"

	"woggle/internal/problem"
)

// The bounds. A stranger's file costs no more than these, whatever it unpacks to.
const (
	MaxBytes   = 32 << 20 // of the file
	MaxRows    = 250_000
	maxColumns = 200
	maxCell    = 32 << 10 // bytes; Excel's own bound is 32,767 characters
	maxText    = 96 << 20 // bytes of all cells
)

// Table is what a file holds.
type Table struct {
	Rows     []Row // those with something in them
	Format   Format
	Encoding string // of a CSV: "UTF-8", "UTF-16" or "Windows-1252"
	Broken   bool   // some characters of the CSV could not be read, and stand as U+FFFD
	Sheet    string // of a workbook: the name of the sheet that was read
	Others   int    // of a workbook: visible sheets that were not read
}

// Format is the kind of a file.
type Format string

// The formats.
const (
	CSV  Format = "CSV"
	XLSX Format = "Excel"
)

// Row is a line of the table.
type Row struct {
	Number int // as a spreadsheet counts it, from 1
	Cells  []string
}

// Cell is the text in a column, empty where the row is shorter.
func (r Row) Cell(column int) string {
	if column < 0 || column >= len(r.Cells) {
		return ""
	}
	return r.Cells[column]
}

// Read reads a file. Its errors are Invalid and TooLarge problems with the keys register.file.*.
func Read(raw []byte) (*Table, error) {
	switch {
	case len(raw) > MaxBytes:
		return nil, tooLarge("bytes", MaxBytes>>20)
	case len(bytes.TrimSpace(raw)) == 0:
		return nil, invalid("empty")
	case bytes.HasPrefix(raw, []byte("PK\x03\x04")):
		return readXLSX(raw)
	}
	if key := other(raw); key != "" {
		return nil, invalid(key)
	}
	return readCSV(raw)
}

// magics are the first bytes of what people send by mistake, and which answer it gets.
var magics = []struct{ bytes, key string }{
	{"\x89PNG", "picture"}, {"\xFF\xD8\xFF", "picture"}, {"GIF8", "picture"}, {"RIFF", "picture"}, {"BM", "picture"},
	{"%PDF", "pdf"}, {"{\\rtf", "document"}, {"\xD0\xCF\x11\xE0", "old-excel"}, // also a workbook with a password
	{"<html", "web-page"}, {"<!doctype", "web-page"}, {"<table", "web-page"}, {"<?xml", "web-page"}, {"<meta", "web-page"},
	{"\x1F\x8B", "packed"}, {"Rar!", "packed"}, {"7z\xBC\xAF", "packed"}, {"PK", "packed"}, {"SQLite format 3", "unknown"}, {"\x7FELF", "unknown"},
}

// other is the answer to a file of a known kind that holds no table that can be read, or empty.
func other(raw []byte) string {
	head := bytes.ToLower(bytes.TrimLeft(raw[:min(len(raw), 512)], " \t\r\n\xEF\xBB\xBF"))
	for _, m := range magics {
		if m.bytes == "BM" { // may begin a heading; a bitmap has zeros soon
			if bytes.HasPrefix(raw, []byte("BM")) && bytes.IndexByte(raw[:min(len(raw), 16)], 0) > 0 {
				return m.key
			}
			continue
		}
		if bytes.HasPrefix(raw, []byte(m.bytes)) || m.bytes[0] == '<' && bytes.HasPrefix(head, []byte(m.bytes)) {
			return m.key
		}
	}
	return ""
}

func invalid(key string, args ...problem.Args) error {
	return problem.New(problem.Invalid, "register.file."+key, args...)
}

// tooLarge says which bound was passed.
func tooLarge(what string, most int) error {
	return problem.New(problem.TooLarge, "register.file.large."+what, problem.Args{"max": most})
}

// builder collects rows within the bounds.
type builder struct {
	rows []Row
	text int
}

func (b *builder) add(number int, cells []string) error {
	for len(cells) > 0 && cells[len(cells)-1] == "" {
		cells = cells[:len(cells)-1]
	}
	if len(cells) == 0 {
		return nil
	}
	if len(cells) > maxColumns {
		return tooLarge("columns", maxColumns)
	}
	if len(b.rows) == MaxRows {
		return tooLarge("rows", MaxRows)
	}
	for _, cell := range cells {
		if len(cell) > maxCell {
			return problem.New(problem.TooLarge, "register.file.large.cell", problem.Args{"row": number, "max": maxCell})
		}
		b.text += len(cell)
	}
	if b.text > maxText {
		return tooLarge("text", maxText>>20)
	}
	b.rows = append(b.rows, Row{Number: number, Cells: cells})
	return nil
}

// table is what was collected. A file without a heading and a row below it holds nothing.
func (b *builder) table(format Format) (*Table, error) {
	if len(b.rows) < 2 {
		return nil, invalid("no-rows")
	}
	return &Table{Rows: b.rows, Format: format}, nil
}

// replaced tells whether text has a character that could not be read.
func replaced(text string) bool { return bytes.ContainsRune([]byte(text), utf8.RuneError) }
