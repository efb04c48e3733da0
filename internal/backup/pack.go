// Reading a database out into lines.
package backup

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"woggle/internal/db"
)

// format is that of the lines. A program reads its own and older ones.
const format = 1

// Head is the first line of a backup.
type Head struct {
	Woggle  string    `json:"woggle"` // "backup"
	Format  int       `json:"format"`
	Version string    `json:"version"` // of the program
	Schema  string    `json:"schema"`  // the name of its last migration
	Engine  db.Engine `json:"engine"`
	At      time.Time `json:"at"` // the instant that it is of
}

// Count is what a backup has of one table.
type Count struct {
	Name string `json:"name"`
	Rows int64  `json:"rows"`
	Sum  string `json:"sum"`
}

// Manifest is what a backup says about itself: its first line, and its last.
type Manifest struct {
	Head
	Tables []Count `json:"tables"`
}

// Rows is how many rows of a table there are.
func (m Manifest) Rows(table string) int64 {
	for _, t := range m.Tables {
		if t.Name == table {
			return t.Rows
		}
	}
	return 0
}

// opening is the line in front of the rows of a table.
type opening struct {
	Table   string   `json:"table"`
	Columns []string `json:"columns"`
}

// closing is the last line.
type closing struct {
	Tables []Count `json:"tables"`
}

// pack writes the whole database as lines. The transaction is one that reads, so that all of it is of one instant.
func pack(tx *db.Tx, engine db.Engine, version string, to io.Writer) (m Manifest, err error) {
	names, err := db.Schemas()
	if err != nil {
		return m, err
	}
	number, err := tx.Schema()
	if err != nil {
		return m, err
	}
	if number > len(names) {
		return m, errNewer
	}
	tables, err := db.Tables(tx.Context(), number)
	if err != nil {
		return m, err
	}
	m.Head = Head{Woggle: "backup", Format: format, Version: version, Schema: names[number-1], Engine: engine, At: tx.Now}
	out := lines{bufio.NewWriterSize(to, 1<<16)}
	if err := out.mark(m.Head); err != nil {
		return m, err
	}
	for _, t := range tables {
		if err := out.mark(opening{t.Name, columnNames(t)}); err != nil {
			return m, err
		}
		count, err := readTable(tx, t, out.row)
		if err != nil {
			return m, fmt.Errorf("the table %s: %w", t.Name, err)
		}
		m.Tables = append(m.Tables, count)
	}
	if err := out.mark(closing{m.Tables}); err != nil {
		return m, err
	}
	return m, out.Flush()
}

// readTable hands each row of a table as a line to take, and counts them.
func readTable(tx *db.Tx, t db.Table, take func(line []byte) error) (Count, error) {
	count, total := Count{Name: t.Name}, sum{}
	var line []byte
	err := eachRow(tx, t, func(values []any) (err error) {
		if err := tx.Context().Err(); err != nil { // the server is to stop; SQLite would read on
			return err
		}
		if line, err = appendRow(line[:0], values); err != nil {
			return err
		}
		count.Rows++
		total.add(line)
		return take(line)
	})
	count.Sum = total.String()
	return count, err
}

type lines struct{ *bufio.Writer }

func (l lines) mark(value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return l.row(text)
}

func (l lines) row(line []byte) error {
	l.Write(line)
	return l.WriteByte('\n') // tells what went wrong before as well
}
