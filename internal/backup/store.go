// The SQL of all rows, and of what is known about backups.
package backup

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"

	"woggle/internal/db"
)

func columnNames(t db.Table) []string {
	all := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		all[i] = c.Name
	}
	return all
}

// eachRow calls do with the values of each row. They hold until the next one.
func eachRow(tx *db.Tx, t db.Table, do func(values []any) error) error {
	places, values := make([]any, len(t.Columns)), make([]any, len(t.Columns))
	for i, c := range t.Columns {
		switch c.Type {
		case db.Integer:
			places[i] = new(sql.NullInt64)
		case db.Boolean:
			places[i] = new(sql.NullBool)
		case db.Text:
			places[i] = new(sql.NullString)
		case db.Bytes:
			places[i] = new(any) // SQLite gives no bytes as a nil slice, which is not NULL
		}
	}
	return tx.Each("SELECT "+strings.Join(columnNames(t), ", ")+" FROM "+t.Name, nil, func(scan func(...any) error) error {
		if err := scan(places...); err != nil {
			return err
		}
		for i, place := range places {
			values[i] = valueAt(place)
		}
		return do(values)
	})
}

func valueAt(place any) any {
	switch p := place.(type) {
	case *sql.NullInt64:
		if p.Valid {
			return p.Int64
		}
	case *sql.NullBool:
		if p.Valid {
			return p.Bool
		}
	case *sql.NullString:
		if p.Valid {
			return p.String
		}
	case *any:
		return *p
	}
	return nil
}

// insertRows puts rows into a table.
func insertRows(tx *db.Tx, t db.Table, rows [][]any) error {
	_, err := tx.InsertAll("INSERT INTO "+t.Name+" ("+strings.Join(columnNames(t), ", ")+")", len(t.Columns), slices.Concat(rows...), "")
	return err
}

// countPeople tells how many people there are.
func countPeople(tx *db.Tx) (n int64, err error) {
	return n, tx.Row("SELECT count(*) FROM users", nil, &n)
}

// checkIntegrity is SQLite's own word: "ok", or the first fault.
func checkIntegrity(tx *db.Tx) (answer string, err error) {
	return answer, tx.Row("PRAGMA integrity_check(1)", nil, &answer)
}

const stateSetting = "backups"

// Read tells what the nodes know about backups.
func Read(ctx context.Context, d *db.DB) (s State, err error) {
	err = d.Ask(ctx, func(tx *db.Tx) error {
		s, _, err = state(tx)
		return err
	})
	return s, err
}

func state(tx *db.Tx) (s State, text string, err error) {
	found, err := tx.Found("SELECT value FROM settings WHERE name = $1", []any{stateSetting}, &text)
	if err == nil && found {
		err = json.Unmarshal([]byte(text), &s)
	}
	return s, text, err
}

// change changes it. Of two nodes that do it at once the later one begins anew.
func change(tx *db.Tx, do func(*State)) error {
	s, old, err := state(tx)
	if err != nil {
		return err
	}
	do(&s)
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`INSERT INTO settings (name, value) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE settings.value = $3`, stateSetting, string(text), old)
	if err == nil && n == 0 {
		err = db.ErrStale
	}
	return err
}
