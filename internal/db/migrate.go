// The schema: one list of migrations for both engines, applied at start.
package db

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate brings the schema up to date. Each migration is one transaction. Of several nodes that start at once, one
// wins each migration; the others find it done, or fail on its unique version row and are started again by their keeper.
func (d *DB) Migrate(ctx context.Context) error {
	current, err := d.current(ctx)
	if err == nil && current {
		return nil
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	dialect := goose.DialectSQLite3
	if d.engine == Postgres {
		dialect = goose.DialectPostgres
	}
	provider, err := goose.NewProvider(dialect, d.writer, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	for try := 1; ; try++ {
		if _, err = provider.Up(ctx); err == nil {
			return nil
		}
		if done, _ := d.current(ctx); done {
			return nil // another node was quicker
		}
		if try == attempts || !(Unique(err) || retryable(err)) {
			return fmt.Errorf("bringing the database up to date: %w", classify(err))
		}
	}
}

// current tells whether the newest migration that this program has is applied, with one query, because a restart
// should not cost more.
func (d *DB) current(ctx context.Context) (bool, error) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return false, err
	}
	var newest int64
	err = d.reader.QueryRowContext(ctx, "SELECT max(version_id) FROM goose_db_version WHERE is_applied").Scan(&newest)
	return err == nil && newest >= int64(len(files)), err
}
