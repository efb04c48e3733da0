// The cells of a workbook, as the text that a person sees.
package sheet

import (
	"encoding/xml"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// readTexts reads the texts that cells name by number. Of a text in several styles the pieces are put together; how it is read
// aloud in Japanese (rPh) is left out.
func (w *workbook) readTexts(part string) error {
	size := 0
	return w.each(part, maxStrings, func(d *xml.Decoder, e xml.StartElement) error {
		if e.Name.Local != "si" {
			return nil
		}
		one, err := rich(d, "si")
		if size += len(one); err == nil && size > maxText {
			err = errLarge
		}
		w.texts = append(w.texts, one)
		return err
	})
}

// rich is the text of <si> or <is>: that of its <t>, also within <r>.
func rich(d *xml.Decoder, name string) (string, error) {
	return text(d, name, func(name string) bool { return name == "t" || name == "r" })
}

// format is how the number in a cell is shown.
type format struct {
	date  bool
	zeros int // digits at least: 00000 shows 417 as 00417
}

// readStyles reads how cells show numbers.
func (w *workbook) readStyles(part string) error {
	own, cells := map[string]format{}, false
	return w.each(part, maxSmall, func(_ *xml.Decoder, e xml.StartElement) error {
		switch e.Name.Local {
		case "numFmt":
			own[attribute(e, "numFmtId")] = formatOf(attribute(e, "formatCode"))
		case "cellXfs":
			cells = true
		case "cellStyles", "dxfs":
			cells = false
		case "xf":
			if !cells {
				return nil
			}
			id := attribute(e, "numFmtId")
			f, known := own[id]
			if n, err := strconv.Atoi(id); !known && err == nil {
				f.date = n >= 14 && n <= 22 || n >= 27 && n <= 36 || n >= 45 && n <= 47 || n >= 50 && n <= 58 // section 18.8.30
			}
			w.formats = append(w.formats, f)
		}
		return nil
	})
}

// formatOf reads a format that somebody made. Text in quotes and behind a backslash is shown as it is; in brackets stand colours and
// languages.
func formatOf(code string) format {
	code, _, _ = strings.Cut(code, ";")
	var plain strings.Builder
	quoted, bracket, escaped := false, false, false
	for _, r := range code {
		switch {
		case escaped:
			escaped = false
		case quoted:
			quoted = r != '"'
		case bracket:
			bracket = r != ']'
		case r == '"':
			quoted = true
		case r == '[':
			bracket = true
		case r == '\\' || r == '_' || r == '*':
			escaped = true
		default:
			plain.WriteRune(r)
		}
	}
	signs := strings.ToLower(plain.String())
	if strings.Trim(strings.ReplaceAll(signs, " ", ""), "0") == "" {
		return format{zeros: strings.Count(signs, "0")}
	}
	return format{date: strings.ContainsAny(signs, "yd") && !strings.Contains(signs, "general")}
}

// mostBegun is how many rows a sheet of Excel's has, empty ones among them.
const mostBegun = 1 << 20

// readRows gives the rows of a sheet to the builder.
func (w *workbook) readRows(part string, b *builder) error {
	number, begun, cells := 0, 0, []string{}
	flush := func() error {
		kept := append([]string(nil), cells...)
		cells = cells[:0]
		return b.add(number, kept)
	}
	err := w.each(part, maxSheet, func(d *xml.Decoder, e xml.StartElement) error {
		switch e.Name.Local {
		case "row":
			if err := flush(); err != nil {
				return err
			}
			if begun++; begun > mostBegun {
				return errLarge
			}
			number++
			if n, err := strconv.Atoi(attribute(e, "r")); err == nil && n > 0 {
				number = n
			}
		case "c":
			column := len(cells)
			if n := columnOf(attribute(e, "r")); n >= 0 {
				column = n
			}
			value, err := w.value(d, e)
			if err != nil || value == "" {
				return err
			}
			if column >= maxColumns {
				return tooLarge("columns", maxColumns)
			}
			for len(cells) <= column {
				cells = append(cells, "")
			}
			cells[column] = strings.TrimSpace(value)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}

// columnOf is the number of the column in a reference such as AB12, from 0, or -1.
func columnOf(reference string) int {
	n := 0
	for _, r := range reference {
		if r < 'A' || r > 'Z' || n > 1<<20 {
			break
		}
		n = 26*n + int(r-'A') + 1
	}
	return n - 1
}

// value reads a cell until it ends. A formula's value is the one that the program which saved it has put beside it.
func (w *workbook) value(d *xml.Decoder, cell xml.StartElement) (value string, err error) {
	for {
		token, err := d.RawToken()
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return "", err
		}
		switch e := token.(type) {
		case xml.EndElement:
			if e.Name.Local == "c" {
				return w.shown(cell, value), nil
			}
		case xml.StartElement:
			switch e.Name.Local {
			case "v":
				value, err = text(d, "v", func(string) bool { return false })
			case "is":
				value, err = rich(d, "is")
			}
			if err != nil {
				return "", err
			}
		}
	}
}

// shown is the value as the cell's kind and style show it (section 18.18.11).
func (w *workbook) shown(cell xml.StartElement, value string) string {
	switch attribute(cell, "t") {
	case "s":
		if i, err := strconv.Atoi(strings.TrimSpace(value)); err == nil && i >= 0 && i < len(w.texts) {
			return w.texts[i]
		}
		return ""
	case "b":
		if value == "1" {
			return "yes"
		}
		return "no"
	case "d":
		day, _, _ := strings.Cut(value, "T")
		return day
	case "", "n":
		style, _ := strconv.Atoi(attribute(cell, "s"))
		var f format
		if style >= 0 && style < len(w.formats) {
			f = w.formats[style]
		}
		return w.number(value, f)
	}
	return value // text, and what an error is called
}

// number is a number without an exponent, with the zeros that its style puts in front, or the day that it counts.
func (w *workbook) number(value string, f format) string {
	n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || math.IsNaN(n) || math.Abs(n) > 1e18 {
		return value
	}
	if f.date && n >= 1 && n < 3e6 {
		return w.day(n)
	}
	text := strconv.FormatFloat(n, 'f', -1, 64)
	if n >= 0 && n == math.Trunc(n) && len(text) < f.zeros && f.zeros < 40 {
		text = strings.Repeat("0", f.zeros-len(text)) + text
	}
	return text
}

// day is a day that is counted from the end of 1899, with one that never was (29 February 1900), or from 1904 (section 18.17.4.1).
func (w *workbook) day(n float64) string {
	first := time.Date(1899, time.December, 30, 0, 0, 0, 0, time.UTC)
	if w.since {
		first = time.Date(1904, time.January, 1, 0, 0, 0, 0, time.UTC)
	} else if n < 60 {
		n++
	}
	return first.AddDate(0, 0, int(n)).Format(time.DateOnly)
}
