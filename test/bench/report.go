// The table: what was measured, against what, and whether it is what we aim for.
package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// row is a line of the table. What is empty does not apply.
type row struct{ what, measured, yardstick, ratio, aim, met string }

type report struct {
	rows  []row
	notes []string
}

func (r *report) add(one row) { r.rows = append(r.rows, one) }

// note adds a sentence under the table.
func (r *report) note(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

// below adds a measured value that should be below a bound, each as a person reads it.
func (r *report) below(what, measured, bound string, met bool) {
	r.add(row{what: what, measured: measured, aim: "< " + bound, met: verdict(met)})
}

func verdict(met bool) string {
	if met {
		return "yes"
	}
	return "NO"
}

// print writes the table in Markdown, its columns in line.
func (r *report) print(w io.Writer) {
	lines := [][]string{{"what", "measured", "yardstick", "ratio", "aim", "met"}, nil}
	for _, one := range r.rows {
		lines = append(lines, []string{one.what, one.measured, one.yardstick, one.ratio, one.aim, one.met})
	}
	widths := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, line := range lines {
		for i, width := range widths {
			switch {
			case line == nil:
				fmt.Fprint(w, "|", strings.Repeat("-", width+2))
			default:
				fmt.Fprint(w, "| ", line[i], strings.Repeat(" ", width-utf8.RuneCountInString(line[i])+1))
			}
		}
		fmt.Fprintln(w, "|")
	}
	if len(r.notes) > 0 {
		fmt.Fprintln(w)
	}
	for _, note := range r.notes {
		fmt.Fprintln(w, "-", note)
	}
}

// median is the middle value.
func median[T time.Duration | float64](values []T) T {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// span shows how far the values lie apart.
func span(values []float64) string {
	return fmt.Sprintf("%.2f…%.2f", slices.Min(values), slices.Max(values))
}

func perSecond(v float64) string { return fmt.Sprintf("%.*f/s", digits(v), v) }
func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}
func megabytes(bytes int64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }

func digits(v float64) int {
	if v < 1000 {
		return 1
	}
	return 0
}
