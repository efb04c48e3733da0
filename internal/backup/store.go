// The SQL of all rows.
package backup

import (
	"database/sql"
	"strconv"
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

// insertRows puts rows into a table with one statement.
func insertRows(tx *db.Tx, t db.Table, rows [][]any) error {
	var text strings.Builder
	text.WriteString("INSERT INTO " + t.Name + " (" + strings.Join(columnNames(t), ", ") + ") VALUES ")
	args := make([]any, 0, len(rows)*len(t.Columns))
	for i, row := range rows {
		if i > 0 {
			text.WriteString(", ")
		}
		marks(&text, len(args), len(row))
		args = append(args, row...)
	}
	_, err := tx.Exec(text.String(), args...)
	return err
}

// marks writes "($3, $4)", for two values behind two others.
func marks(text *strings.Builder, before, n int) {
	between := "($"
	for i := range n {
		text.WriteString(between + strconv.Itoa(before+i+1))
		between = ", $"
	}
	text.WriteByte(')')
}

// countPeople tells how many people there are.
func countPeople(tx *db.Tx) (n int64, err error) {
	return n, tx.Row("SELECT count(*) FROM users", nil, &n)
}

// checkIntegrity is SQLite's own word: "ok", or the first fault.
func checkIntegrity(tx *db.Tx) (answer string, err error) {
	return answer, tx.Row("PRAGMA integrity_check(1)", nil, &answer)
}
