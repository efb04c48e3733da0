package db_test

import (
	"context"
	"slices"
	"testing"

	"woggle/internal/db"
	"woggle/internal/db/dbtest"
)

// Rows are put back table by table, so each must come behind those that it refers to.
func TestTablesComeBehindThoseThatTheyReferTo(t *testing.T) {
	names, err := db.Schemas()
	if err != nil {
		t.Fatal(err)
	}
	all, err := db.Tables(t.Context(), len(names))
	if err != nil || len(all) < 30 {
		t.Fatalf("%d tables, %v", len(all), err)
	}
	d, _ := dbtest.Open(t)
	place := func(name string) int { return slices.IndexFunc(all, func(t db.Table) bool { return t.Name == name }) }
	err = d.View(t.Context(), func(tx *db.Tx) error {
		return tx.Each(`SELECT m.name, f."table" FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table'`, nil,
			func(scan func(...any) error) error {
				var child, parent string
				err := scan(&child, &parent)
				if place(parent) < 0 || place(parent) >= place(child) {
					t.Errorf("%s refers to %s, which comes later", child, parent)
				}
				return err
			})
	})
	if err != nil {
		t.Error(err)
	}
}

// What is built in one transaction is what the migrations make one by one, and nothing of what was there is left.
func TestRebuild(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		err := d.Tx(t.Context(), func(tx *db.Tx) error {
			if _, err := tx.Exec("INSERT INTO settings (name, value) VALUES ('old', '')"); err != nil {
				return err
			}
			if all, err := tx.Rebuild(1); err != nil || len(all) >= 30 {
				return err
			}
			var rows int
			if err := tx.Row("SELECT count(*) FROM settings", nil, &rows); err != nil || rows != 0 {
				t.Errorf("%d rows are left, %v", rows, err)
			}
			return tx.Upgrade()
		})
		if err != nil {
			t.Fatal(err)
		}
		names, _ := db.Schemas()
		err = d.View(context.Background(), func(tx *db.Tx) error {
			number, err := tx.Schema()
			if number != len(names) {
				t.Errorf("the schema is %d of %d", number, len(names))
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// Every table is empty then, also those into which a migration puts rows: a backup brings its own.
func TestWhatIsRebuiltIsEmpty(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		names, err := db.Schemas()
		if err != nil {
			t.Fatal(err)
		}
		err = d.Tx(t.Context(), func(tx *db.Tx) error {
			all, err := tx.Rebuild(len(names))
			for _, table := range all {
				var rows int
				if err := tx.Row("SELECT count(*) FROM "+table.Name, nil, &rows); err != nil || rows != 0 {
					t.Errorf("%s has %d rows, %v", table.Name, rows, err)
				}
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}
