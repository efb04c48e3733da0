// The trail for a spreadsheet.
package audit

import (
	"encoding/csv"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// Sheet writes events as CSV (RFC 4180).
type Sheet struct{ w *csv.Writer }

// NewSheet begins a sheet with the names of its columns.
func NewSheet(w io.Writer) (Sheet, error) {
	s := Sheet{csv.NewWriter(w)}
	return s, s.w.Write([]string{"at", "type", "actor", "user", "address", "agent", "detail", "id"})
}

// Write adds an event, with the names of who did it and whom it happened to in place of their ids.
func (s Sheet) Write(e Event, actor, user string) error {
	return s.w.Write([]string{e.At.Format(time.RFC3339), string(e.Type), cell(actor), cell(user), e.Address, cell(e.Agent),
		cell(e.Detail.String()), e.ID})
}

// Flush ends the sheet.
func (s Sheet) Flush() error { s.w.Flush(); return s.w.Error() }

// String is the detail in a line, each value with its name.
func (d Detail) String() string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(d)) {
		words = append(words, name+": "+d[name])
	}
	return strings.Join(words, ", ")
}

// cell is a text that a spreadsheet takes for a text: people choose names that it would take for formulas.
func cell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
