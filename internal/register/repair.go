// The repair file: the rows that were not applied, each with why, to be put right and imported again.
package register

import (
	"context"
	"io"
	"strings"

	"woggle/internal/db"
	"woggle/internal/problem"
	"woggle/internal/register/sheet"
)

// Repair writes the rows of a preview that cannot be applied as a CSV that any spreadsheet opens, with the reason in a last column, which
// the next import leaves alone. It tells how many there are. Say puts a problem into words.
func (r *Register) Repair(ctx context.Context, p *Preview, out io.Writer, say func(*problem.Problem) string) (rows int, err error) {
	heading := append(append([]string{}, p.Mapping.Headings...), reasonHeading)
	table, after := [][]string{heading}, int64(0)
	for {
		var some []Trouble
		err := r.DB.View(ctx, func(tx *db.Tx) (err error) {
			some, after, err = Troubles(tx, p.Change.ID, after, atOnce)
			return err
		})
		if err != nil {
			return 0, err
		}
		if len(some) == 0 {
			return len(table) - 1, sheet.WriteCSV(out, table)
		}
		for _, t := range some {
			if !t.Refused || t.Line == 0 {
				continue
			}
			var why []string
			for _, one := range t.Problems {
				why = append(why, one.Field+strings.Repeat(": ", min(len(one.Field), 1))+say(one))
			}
			row := make([]string, len(heading))
			copy(row, t.Cells)
			row[len(row)-1] = strings.Join(why, " ")
			table = append(table, row)
		}
	}
}

// reasonHeading is no word of headings: a column under it is not used.
const reasonHeading = "What to put right"
