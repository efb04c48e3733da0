// Inserting many rows at once.
package db

import (
	"strconv"
	"strings"
)

// mostValues is how many values one statement has at most: SQLite looks each placeholder up among all others, so that a few statements
// of many rows take longer than some more of fewer.
const mostValues = 128

// InsertAll inserts rows whose values stand one after the other, width of them each, and tells how many rows were changed. Head is
// the statement up to VALUES, such as "INSERT INTO groups (id, name)"; tail is what follows, such as "ON CONFLICT DO NOTHING".
func (t *Tx) InsertAll(head string, width int, values []any, tail string) (changed int64, err error) {
	most := 64
	for most > 1 && most*width > mostValues {
		most /= 2
	}
	for size := most; size > 0; size /= 2 { // so that there are few texts, and each stays compiled
		for len(values) >= size*width {
			n, err := t.Exec(manyRows(head, width, size, tail), values[:size*width]...)
			if err != nil {
				return changed, err
			}
			changed, values = changed+n, values[size*width:]
		}
	}
	return changed, nil
}

func manyRows(head string, width, rows int, tail string) string {
	var text strings.Builder
	text.WriteString(head)
	text.WriteString(" VALUES ")
	for i := range rows * width {
		switch {
		case i%width > 0:
			text.WriteString(", $")
		case i > 0:
			text.WriteString("), ($")
		default:
			text.WriteString("($")
		}
		text.WriteString(strconv.Itoa(i + 1))
	}
	text.WriteString(") ")
	text.WriteString(tail)
	return text.String()
}
