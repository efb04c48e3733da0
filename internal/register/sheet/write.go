// Writing a CSV that a spreadsheet opens and runs nothing of.
package sheet

import (
	"io"
	"strings"
)

// runs begin a formula in spreadsheets (OWASP, CSV Injection).
const runs = "=+-@\t\r"

// Guarded is a cell that no spreadsheet takes for a formula: an apostrophe in front says that it is text.
func Guarded(cell string) string {
	if cell != "" && strings.IndexByte(runs, cell[0]) >= 0 {
		return "'" + cell
	}
	return cell
}

// Unguarded takes the apostrophe off again: a repaired file says what it said.
func Unguarded(cell string) string {
	if len(cell) > 1 && cell[0] == '\'' && strings.IndexByte(runs, cell[1]) >= 0 {
		return cell[1:]
	}
	return cell
}

// WriteCSV writes rows as Excel reads them without being asked: UTF-8 with its mark, CRLF, every cell in quotes.
func WriteCSV(w io.Writer, rows [][]string) error {
	var text strings.Builder
	text.WriteString("\uFEFF")
	for _, row := range rows {
		for i, cell := range row {
			if i > 0 {
				text.WriteByte(',')
			}
			text.WriteString(`"` + strings.ReplaceAll(Guarded(cell), `"`, `""`) + `"`)
		}
		text.WriteString("\r\n")
	}
	_, err := io.WriteString(w, text.String())
	return err
}
