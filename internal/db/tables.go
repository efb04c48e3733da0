// The tables that the migrations make, and making them anew: for a backup, which is rows, and for putting it back.
package db

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"
)

// Type is that of a column: our migrations use four.
type Type string

// The types.
const (
	Text    Type = "TEXT"
	Integer Type = "BIGINT"
	Boolean Type = "BOOLEAN"
	Bytes   Type = "BYTEA"
)

// Table is a table of ours.
type Table struct {
	Name    string
	Columns []Column
}

// Column is one of its columns.
type Column struct {
	Name string
	Type Type
}

// Schemas are the names of the migrations, in order. A database whose schema has the number n has had the first n.
func Schemas() ([]string, error) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	for i, name := range files {
		files[i] = strings.TrimSuffix(strings.TrimPrefix(name, "migrations/"), ".sql")
	}
	return files, err
}

// Schema is the number of migrations that the database has had.
func (t *Tx) Schema() (number int, err error) {
	return number, t.Row("SELECT version FROM schema_version", nil, &number)
}

// Tables are the tables of the schema with that number, each behind those that it refers to. They are the same on both engines, so
// an empty SQLite database in memory tells. They are not to be changed.
func Tables(ctx context.Context, number int) ([]Table, error) {
	names, err := Schemas()
	if err == nil && number == len(names) {
		return newest()
	}
	return tablesOf(ctx, number)
}

// newest are the tables that almost everybody asks for.
var newest = sync.OnceValues(func() ([]Table, error) {
	names, err := Schemas()
	if err != nil {
		return nil, err
	}
	return tablesOf(context.Background(), len(names))
})

func tablesOf(ctx context.Context, number int) (all []Table, err error) {
	d, err := Open("sqlite::memory:", time.Now)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	err = d.Tx(ctx, func(tx *Tx) error {
		if err := tx.build(0, number); err != nil {
			return err
		}
		all, err = tx.tables()
		return err
	})
	return all, err
}

// tables are in the order of their making: PostgreSQL demands that what a table refers to is there before it.
func (t *Tx) tables() (all []Table, err error) {
	err = t.Each(`SELECT m.name, c.name, c.type FROM sqlite_master m, pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name <> 'schema_version' ORDER BY m.rowid, c.cid`, nil, func(scan func(...any) error) error {
		var table string
		var c Column
		if err := scan(&table, &c.Name, &c.Type); err != nil {
			return err
		}
		if !slices.Contains([]Type{Text, Integer, Boolean, Bytes}, c.Type) {
			return fmt.Errorf("%s.%s has the type %s, which no backup knows", table, c.Name, c.Type)
		}
		if n := len(all); n == 0 || all[n-1].Name != table {
			all = append(all, Table{Name: table})
		}
		last := &all[len(all)-1]
		last.Columns = append(last.Columns, c)
		return nil
	})
	return all, err
}

// Rebuild drops every table of ours with all that is in it, and makes those of the schema with that number, empty, which it returns as
// Tables does. The database must have been brought up to date before, so that it has no others.
func (t *Tx) Rebuild(number int) ([]Table, error) {
	names, err := Schemas()
	if err != nil {
		return nil, err
	}
	all, err := Tables(t.ctx, len(names))
	if err != nil {
		return nil, err
	}
	for _, table := range slices.Backward(all) {
		if _, err := t.Exec("DROP TABLE IF EXISTS " + table.Name); err != nil {
			return nil, err
		}
	}
	if _, err := t.Exec("DROP TABLE IF EXISTS schema_version"); err != nil {
		return nil, err
	}
	if err := t.build(0, number); err != nil {
		return nil, err
	}
	made, err := Tables(t.ctx, number)
	if err != nil {
		return nil, err
	}
	for _, table := range slices.Backward(made) { // some migrations put rows in, and a backup has them as they have become
		if _, err := t.Exec("DELETE FROM " + table.Name); err != nil {
			return nil, err
		}
	}
	return made, nil
}

// Upgrade runs the migrations that a rebuilt schema has not had.
func (t *Tx) Upgrade() error {
	names, err := Schemas()
	if err != nil {
		return err
	}
	number, err := t.Schema()
	if err != nil {
		return err
	}
	return t.build(number, len(names))
}

// build runs the migrations behind the first ones, up to the one with the number, in this transaction.
func (t *Tx) build(from, number int) error {
	names, err := Schemas()
	if err != nil {
		return err
	}
	if number > len(names) {
		return fmt.Errorf("there is no schema %d: this program knows %d", number, len(names))
	}
	if err := beginVersion(t); err != nil {
		return err
	}
	for _, name := range names[from:number] {
		text, err := fs.ReadFile(migrations, "migrations/"+name+".sql")
		if err != nil {
			return err
		}
		if err := t.Script(string(text)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	_, err = t.Exec("UPDATE schema_version SET version = $1", number)
	return err
}
