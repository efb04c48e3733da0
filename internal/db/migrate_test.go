package db_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"woggle/internal/db"
	"woggle/internal/db/dbtest"
)

func TestManyNodesMigrateAtOnce(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres", "postgres-serializable"} {
		t.Run(engine, func(t *testing.T) {
			url := dbtest.NewURL(t, "sqlite")
			if engine != "sqlite" {
				url = dbtest.Bare(t)
			}
			if engine == "postgres-serializable" {
				url += "&default_transaction_isolation=serializable"
			}
			var nodes sync.WaitGroup
			failures := make([]error, 8)
			for i := range failures {
				nodes.Go(func() {
					node, err := db.Open(url, dbtest.NewClock().Now)
					if err != nil {
						failures[i] = err
						return
					}
					defer node.Close()
					failures[i] = node.Migrate(context.Background())
				})
			}
			nodes.Wait()
			if err := errors.Join(failures...); err != nil {
				t.Fatal(err)
			}
		})
	}
}
