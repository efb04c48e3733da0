// Opening either engine, and the transaction.
package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"modernc.org/sqlite"
)

// Engine names a database engine.
type Engine string

// The engines.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// ErrUnavailable means that the database cannot serve now (it is gone, full, read-only or locked). Nothing was
// changed; the same call may work later.
var ErrUnavailable = errors.New("database unavailable")

// ErrStale is returned by work that found a row changed under it; the transaction is run again.
var ErrStale = errors.New("changed by somebody else at the same time")

// DB is an open database. It is safe for many goroutines.
type DB struct {
	engine Engine
	writer *sql.DB
	reader *sql.DB
	clock  func() time.Time
}

// Open opens the database at url: "sqlite:PATH" (or ":memory:" as PATH, for tests) or "postgres://…". The clock is
// read once for each transaction.
func Open(url string, clock func() time.Time) (*DB, error) {
	switch {
	case strings.HasPrefix(url, "sqlite:"):
		return openSQLite(strings.TrimPrefix(url, "sqlite:"), clock)
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		return openPostgres(url, clock)
	}
	return nil, fmt.Errorf("database %q: it must start with sqlite: or postgres://", url)
}

func openSQLite(path string, clock func() time.Time) (*DB, error) {
	if path == "" {
		return nil, errors.New("database sqlite: has no file name")
	}
	// FULL, because a sign-in that was acknowledged must outlive a power cut; the writer takes its lock at BEGIN,
	// because a transaction that starts by reading and then writes could not be queued, only refused.
	const pragmas = "?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)"
	name := "file:" + strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path) + pragmas
	writer, err := sql.Open("sqlite", name+"&_txlock=immediate")
	if err != nil {
		return nil, err
	}
	// One connection makes writers wait for each other in Go, in order, instead of being refused by the file lock.
	writer.SetMaxOpenConns(1)
	writer.SetMaxIdleConns(1)
	d := &DB{engine: SQLite, writer: writer, reader: writer, clock: clock}
	if path == ":memory:" {
		return d, nil // each connection would be a database of its own
	}
	if d.reader, err = sql.Open("sqlite", name+"&_pragma=query_only(1)"); err != nil {
		writer.Close()
		return nil, err
	}
	d.reader.SetMaxOpenConns(8)
	d.reader.SetMaxIdleConns(8)
	return d, nil
}

func openPostgres(url string, clock func() time.Time) (*DB, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		// pgx repeats the URL, which holds the password.
		return nil, errors.New("database: the postgres:// address cannot be read")
	}
	pool := stdlib.OpenDB(*config)
	pool.SetMaxOpenConns(20)
	pool.SetMaxIdleConns(20)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	return &DB{engine: Postgres, writer: pool, reader: pool, clock: clock}, nil
}

// Close closes all connections.
func (d *DB) Close() error {
	err := d.writer.Close()
	if d.reader != d.writer {
		err = errors.Join(d.reader.Close(), err)
	}
	return err
}

// Engine tells which engine serves.
func (d *DB) Engine() Engine { return d.engine }

// Now is the database's clock, cut to the millisecond that a column holds.
func (d *DB) Now() time.Time { return d.clock().UTC().Truncate(time.Millisecond) }

// Ping tells whether the database answers.
func (d *DB) Ping(ctx context.Context) error {
	var one int
	return classify(d.reader.QueryRowContext(ctx, "SELECT 1").Scan(&one))
}

// Tx is one transaction. Its context is kept in it because a transaction lives within one call, as in database/sql.
type Tx struct {
	Now   time.Time // the instant at which everything in this transaction is decided
	tx    *sql.Tx
	ctx   context.Context
	after []func()
}

// Tx runs work in a writing transaction and commits it when work returns nil. It may run work several times.
func (d *DB) Tx(ctx context.Context, work func(*Tx) error) error {
	return d.run(ctx, d.writer, nil, work)
}

// View runs work in a reading transaction: all that it reads is of one instant.
func (d *DB) View(ctx context.Context, work func(*Tx) error) error {
	// PostgreSQL's own default lets every statement see an instant of its own. SQLite has one level and ignores this.
	return d.run(ctx, d.reader, &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead}, work)
}

// attempts and patience bound the retries of a transaction that the engine could not serialise. Under the heaviest
// contention that the race tests make, 12 are never used up. Patience is for a SQLite file that another program has
// locked: each refusal has already waited for busy_timeout.
const (
	attempts = 16
	patience = 5 * time.Second
)

func (d *DB) run(ctx context.Context, pool *sql.DB, options *sql.TxOptions, work func(*Tx) error) error {
	begun := time.Now()
	for try := 1; ; try++ {
		err := d.once(ctx, pool, options, work)
		if err == nil || !retryable(err) || try == attempts || time.Since(begun) > patience {
			return classify(err)
		}
		// A random pause keeps two transactions from meeting again in step.
		pause := time.NewTimer(time.Duration(rand.Int64N(int64(try) * int64(4*time.Millisecond))))
		select {
		case <-ctx.Done():
			pause.Stop()
			return ctx.Err()
		case <-pause.C:
		}
	}
}

func (d *DB) once(ctx context.Context, pool *sql.DB, options *sql.TxOptions, work func(*Tx) error) error {
	sqlTx, err := pool.BeginTx(ctx, options)
	if err != nil {
		return err
	}
	defer sqlTx.Rollback() // after a commit this does nothing
	tx := &Tx{Now: d.Now(), tx: sqlTx, ctx: ctx}
	if err := work(tx); err != nil {
		return err
	}
	err = sqlTx.Commit()
	if errors.Is(err, sql.ErrTxDone) {
		return ctx.Err() // it was rolled back when the context ended
	}
	if err != nil {
		return err
	}
	for _, f := range tx.after {
		f()
	}
	return nil
}

// AfterCommit calls f once the transaction is committed, and never if it is not.
func (t *Tx) AfterCommit(f func()) { t.after = append(t.after, f) }

// Context is the context that the transaction runs in.
func (t *Tx) Context() context.Context { return t.ctx }

// Exec runs a statement and tells how many rows it changed.
func (t *Tx) Exec(query string, args ...any) (int64, error) {
	result, err := t.tx.ExecContext(t.ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// Row reads one row into dest. A row that is not there is sql.ErrNoRows.
func (t *Tx) Row(query string, args []any, dest ...any) error {
	return t.tx.QueryRowContext(t.ctx, query, args...).Scan(dest...)
}

// Found is Row for a row that may be absent: it tells whether there was one.
func (t *Tx) Found(query string, args []any, dest ...any) (bool, error) {
	err := t.Row(query, args, dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// Each calls scan for every row of the query.
func (t *Tx) Each(query string, args []any, scan func(scan func(...any) error) error) error {
	rows, err := t.tx.QueryContext(t.ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// retryable tells whether the whole transaction may be run again: it did nothing, and may do better next time.
func retryable(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		// serialization_failure and deadlock_detected (PostgreSQL appendix A).
		return pg.Code == "40001" || pg.Code == "40P01"
	}
	var lite *sqlite.Error
	return errors.Is(err, ErrStale) || errors.As(err, &lite) && lite.Code()&0xff == 5 // SQLITE_BUSY
}

// classify marks what is the database's trouble and not the caller's, so that pages can say so.
func classify(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	var pg *pgconn.PgError
	var lite *sqlite.Error
	switch {
	case lostPostgres(err), errors.Is(err, ErrStale): // retries used up
	case errors.As(err, &pg) && unavailablePostgres(pg.Code):
	case errors.As(err, &lite) && unavailableSQLite(lite.Code()&0xff):
	default:
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// lostPostgres tells whether the server could not be reached, or went away in the middle.
func lostPostgres(err error) bool {
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || pgconn.SafeToRetry(err) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone)
}

func unavailablePostgres(code string) bool {
	switch code[:2] {
	case "08", "53", "57", "58": // connection, resources (disk full), operator intervention, system error
		return true
	}
	return code == "25006" || code == "40001" || code == "40P01" // read-only standby; retries used up
}

func unavailableSQLite(code int) bool {
	switch code {
	case 5, 6, 8, 10, 13, 14, 26: // BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN, NOTADB
		return true
	}
	return false
}

// Unique tells whether err is a row that is there already.
func Unique(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "23505" // unique_violation
	}
	var lite *sqlite.Error
	return errors.As(err, &lite) && (lite.Code() == 2067 || lite.Code() == 1555) // CONSTRAINT_UNIQUE, _PRIMARYKEY
}
