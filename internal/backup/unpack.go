// Putting lines back into a database.
package backup

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"woggle/internal/db"
)

// What can be wrong with a backup.
var (
	ErrDamaged = errors.New("this backup is damaged, or is none")
	errNewer   = errors.New("the schema is of a newer version of Woggle: install that one, and try again")
)

const (
	longestLine = 64 << 20 // bytes; a logo is the longest that a row has
	atOnce      = 128      // values that are put in with one statement; SQLite looks for each in a list of all
)

// unpack makes the database what the lines say, whatever was in it before, and compares it with what they should have said. The schema
// is that of the backup, until the caller upgrades it. With any error the transaction is not to be committed.
func unpack(tx *db.Tx, from io.Reader) (m Manifest, err error) {
	in := scanner{bufio.NewScanner(from)}
	in.Buffer(make([]byte, 1<<16), longestLine)
	tables, err := begin(tx, in, &m.Head)
	if err != nil {
		return m, err
	}
	fill := filler{tx: tx}
	for {
		line, err := in.line()
		if err != nil {
			return m, err
		}
		switch {
		case bytes.HasPrefix(line, []byte("[")):
			err = fill.row(line)
		case bytes.HasPrefix(line, []byte(`{"table":`)):
			err = fill.open(line, tables)
		default:
			return m, errors.Join(fill.flush(), in.close(line, &m), compare(tx, tables, m.Tables))
		}
		if err != nil {
			return m, err
		}
	}
}

// begin reads the first line and makes the tables.
func begin(tx *db.Tx, in scanner, head *Head) ([]db.Table, error) {
	line, err := in.line()
	if err != nil {
		return nil, err
	}
	names, err := db.Schemas()
	if err != nil {
		return nil, err
	}
	number := 1
	switch err := parse(line, head); {
	case err != nil || head.Woggle != "backup":
		return nil, ErrDamaged
	case head.Format > format:
		return nil, errNewer
	default:
		if number += slices.Index(names, head.Schema); number == 0 {
			return nil, errNewer
		}
	}
	return tx.Rebuild(number)
}

// scanner reads lines. What is wrong with them is ErrDamaged.
type scanner struct{ *bufio.Scanner }

func (s scanner) line() ([]byte, error) {
	if s.Scan() {
		return s.Bytes(), nil
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return nil, fmt.Errorf("%w: its end is missing", ErrDamaged)
}

// close reads the last line, and behind it, where the encryption proves that nothing was cut off.
func (s scanner) close(line []byte, m *Manifest) error {
	var last closing
	if err := parse(line, &last); err != nil {
		return err
	}
	m.Tables = last.Tables
	if s.Scan() || s.Err() != nil {
		return errors.Join(ErrDamaged, s.Err())
	}
	return nil
}

func parse(line []byte, value any) error {
	if err := json.Unmarshal(line, value); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return nil
}

// filler puts rows into one table after the other, many at once.
type filler struct {
	tx    *db.Tx
	table db.Table
	rows  [][]any
}

// open goes on to the next table, which must be what the schema makes of it.
func (f *filler) open(line []byte, tables []db.Table) error {
	if err := f.flush(); err != nil {
		return err
	}
	var next opening
	if err := parse(line, &next); err != nil {
		return err
	}
	i := slices.IndexFunc(tables, func(t db.Table) bool { return t.Name == next.Table })
	if i < 0 || !slices.Equal(columnNames(tables[i]), next.Columns) {
		return fmt.Errorf("%w: the table %s is not that of its schema", ErrDamaged, next.Table)
	}
	f.table = tables[i]
	return nil
}

func (f *filler) row(line []byte) error {
	row, err := parseRow(line, f.table.Columns)
	if err != nil {
		return fmt.Errorf("%w: the table %s: %w", ErrDamaged, f.table.Name, err)
	}
	if f.rows = append(f.rows, row); len(f.rows)*len(row) < atOnce {
		return nil
	}
	return f.flush()
}

func (f *filler) flush() error {
	if len(f.rows) == 0 {
		return nil
	}
	if err := insertRows(f.tx, f.table, f.rows); err != nil {
		return fmt.Errorf("the table %s: %w", f.table.Name, err)
	}
	f.rows = f.rows[:0]
	return nil
}

// compare reads everything once more, from the database, and tells whether it is what was backed up.
func compare(tx *db.Tx, tables []db.Table, wanted []Count) error {
	if len(wanted) != len(tables) {
		return fmt.Errorf("%w: it has %d tables of %d", ErrDamaged, len(wanted), len(tables))
	}
	for i, t := range tables {
		got, err := readTable(tx, t, func([]byte) error { return nil })
		if err != nil {
			return err
		}
		if got != wanted[i] {
			return fmt.Errorf("%w: the table %s has %d rows, and should have %d, or they are not the same", ErrDamaged, t.Name, got.Rows, wanted[i].Rows)
		}
	}
	return nil
}
