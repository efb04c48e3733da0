// The schema: one list of migrations for both engines, applied at start.
package db

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5/pgconn"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate brings the schema up to date: it runs each file of migrations/, in order of name, that this database has
// not had. A schema that is newer than the program is left alone, because during an upgrade old nodes serve on.
func (d *DB) Migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	if err := d.migrate(ctx, files); err != nil {
		return fmt.Errorf("bringing the database up to date: %w", err)
	}
	return nil
}

func (d *DB) migrate(ctx context.Context, files fs.FS) error {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return err
	}
	var done int
	err = d.Ask(ctx, func(tx *Tx) error { return tx.Row("SELECT version FROM schema_version", nil, &done) })
	if err == nil && done >= len(names) {
		return nil // with one query, because a restart should not cost more
	}
	err = d.Tx(ctx, beginVersion)
	if duplicate(err) {
		// PostgreSQL lets two nodes make one table at once, and tells the later one once the other has it.
		err = d.Tx(ctx, beginVersion)
	}
	if err != nil {
		return err
	}
	for i, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		if err := d.step(ctx, i+1, string(text)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func beginVersion(tx *Tx) error {
	_, err := tx.Exec("CREATE TABLE IF NOT EXISTS schema_version (id BIGINT PRIMARY KEY, version BIGINT NOT NULL)")
	if err != nil {
		return err
	}
	_, err = tx.Exec("INSERT INTO schema_version (id, version) VALUES (1, 0) ON CONFLICT (id) DO NOTHING")
	return err
}

// step runs one migration and writes down that it was done, in one transaction. The write comes first: of several
// nodes that start at once it lets one through, the others wait at the row and then find the step taken.
func (d *DB) step(ctx context.Context, version int, text string) error {
	return d.Tx(ctx, func(tx *Tx) error {
		mine, err := tx.Exec("UPDATE schema_version SET version = $1 WHERE version = $2", version, version-1)
		if err != nil || mine == 0 {
			return err
		}
		return tx.Script(text)
	})
}

// duplicate tells whether err is a table that another node has just made.
func duplicate(err error) bool {
	var pg *pgconn.PgError
	// unique_violation in the catalogue, duplicate_table, duplicate_object (its row type).
	return errors.As(err, &pg) && (pg.Code == "23505" || pg.Code == "42P07" || pg.Code == "42710")
}
