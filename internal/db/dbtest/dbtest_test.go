package dbtest

import (
	"context"
	"testing"

	"woggle/internal/db"
)

func TestEachGivesAnEmptyMigratedDatabase(t *testing.T) {
	for range 2 {
		Each(t, func(t *testing.T, d *db.DB, clock *Clock) {
			err := d.Tx(context.Background(), func(tx *db.Tx) error {
				if !tx.Now.Equal(clock.Now()) {
					t.Errorf("the transaction's clock shows %s, the test's %s", tx.Now, clock.Now())
				}
				_, err := tx.Exec("INSERT INTO settings (name, value) VALUES ('only', 'me')")
				return err
			})
			if err != nil {
				t.Fatal("the database is not empty, or not migrated:", err)
			}
		})
	}
}
