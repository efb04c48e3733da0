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

	"github.com/jackc/pgx/v5/pgconn"
	lite "modernc.org/sqlite"
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
	source source
	clock  func() time.Time
	wait   time.Duration
}

// waiting is how long a transaction waits for a connection. Somebody at a screen should be told soon to try again.
const waiting = 2 * time.Second

// source is the connections of an engine: *sqlite or *postgres.
type source interface {
	// begin waits no longer than wait for a connection; then its error is ErrBusy.
	begin(ctx context.Context, kind kind, wait time.Duration) (transaction, error)
	close() error
}

// transaction is what an engine has begun: *line or *remote.
type transaction interface {
	exec(ctx context.Context, query string, args ...any) (sql.Result, error)
	query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	script(ctx context.Context, text string) error
	commit(ctx context.Context) error
	end() // undoes what was not committed, and gives the connection back
}

// kind is what a transaction may do.
type kind int

const (
	writing kind = iota
	reading
	asking // one question: no transaction at all
)

// Open opens the database at url: "sqlite:PATH" (or ":memory:" as PATH, for tests) or "postgres://…". The clock is
// read once for each transaction.
func Open(url string, clock func() time.Time) (d *DB, err error) {
	d = &DB{clock: clock, wait: waiting}
	switch {
	case strings.HasPrefix(url, "sqlite:"):
		d.engine = SQLite
		d.source, err = openSQLite(strings.TrimPrefix(url, "sqlite:"))
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		d.engine = Postgres
		d.source, err = openPostgres(url)
	default:
		err = fmt.Errorf("database %q: it must start with sqlite: or postgres://", url)
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}

// Close closes all connections.
func (d *DB) Close() error { return d.source.close() }

// Engine tells which engine serves.
func (d *DB) Engine() Engine { return d.engine }

// Now is the database's clock, cut to the millisecond that a column holds.
func (d *DB) Now() time.Time { return d.clock().UTC().Truncate(time.Millisecond) }

// Ping tells whether the database answers.
func (d *DB) Ping(ctx context.Context) error {
	return d.Ask(ctx, func(tx *Tx) error {
		var one int
		return tx.Row("SELECT 1", nil, &one)
	})
}

// Tx is one transaction. Its context is kept in it because a transaction lives within one call, as in database/sql.
type Tx struct {
	Now   time.Time // the instant at which everything in this transaction is decided
	tx    transaction
	ctx   context.Context
	after []func()
}

// Tx runs work in a writing transaction and commits it when work returns nil. It may run work several times.
func (d *DB) Tx(ctx context.Context, work func(*Tx) error) error {
	return d.run(ctx, writing, work)
}

// View runs work in a reading transaction: all that it reads is of one instant.
func (d *DB) View(ctx context.Context, work func(*Tx) error) error {
	return d.run(ctx, reading, work)
}

// Ask is View for work that reads with a single statement, which is of one instant by itself.
func (d *DB) Ask(ctx context.Context, work func(*Tx) error) error {
	return d.run(ctx, asking, work)
}

// attempts and patience bound the retries of a transaction that the engine could not serialise. Forty that meet at one row, on
// two slow cores, were seen to use up 16: each has to wait for all others, and a pause is as long as a few of them take.
// Patience is also for a SQLite file that another program has locked: each refusal has already waited for busy_timeout.
const (
	attempts = 48
	pauses   = 16 // from then on they grow no longer
	patience = 2 * time.Second
)

func (d *DB) run(ctx context.Context, kind kind, work func(*Tx) error) error {
	begun := time.Now()
	for try := 1; ; try++ {
		err := d.once(ctx, kind, work)
		if err == nil || !retryable(err) || try == attempts || time.Since(begun) > patience {
			return classify(err)
		}
		// A random pause keeps two transactions from meeting again in step.
		pause := time.NewTimer(time.Duration(rand.Int64N(int64(min(try, pauses)) * int64(4*time.Millisecond))))
		select {
		case <-ctx.Done():
			pause.Stop()
			return ctx.Err()
		case <-pause.C:
		}
	}
}

func (d *DB) once(ctx context.Context, kind kind, work func(*Tx) error) error {
	tx := &Tx{ctx: ctx}
	if err := d.commit(tx, kind, work); err != nil {
		return err
	}
	for _, f := range tx.after {
		f()
	}
	return nil
}

func (d *DB) commit(tx *Tx, kind kind, work func(*Tx) error) (err error) {
	if tx.tx, err = d.source.begin(tx.ctx, kind, d.wait); err != nil {
		return err
	}
	defer tx.tx.end()
	tx.Now = d.Now()
	if err := work(tx); err != nil {
		return err
	}
	return tx.tx.commit(tx.ctx)
}

// AfterCommit calls f once the transaction is committed, and never if it is not.
func (t *Tx) AfterCommit(f func()) { t.after = append(t.after, f) }

// Context is the context that the transaction runs in.
func (t *Tx) Context() context.Context { return t.ctx }

// Exec runs a statement and tells how many rows it changed.
func (t *Tx) Exec(query string, args ...any) (int64, error) {
	result, err := t.tx.exec(t.ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// Script runs statements that take no values, one after the other.
func (t *Tx) Script(text string) error { return t.tx.script(t.ctx, text) }

// Row reads one row into dest. A row that is not there is sql.ErrNoRows.
func (t *Tx) Row(query string, args []any, dest ...any) error {
	found, err := t.Found(query, args, dest...)
	if err == nil && !found {
		return sql.ErrNoRows
	}
	return err
}

// Found is Row for a row that may be absent: it tells whether there was one.
func (t *Tx) Found(query string, args []any, dest ...any) (bool, error) {
	rows, err := t.tx.query(t.ctx, query, args...)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	if !rows.Next() {
		return false, rows.Err()
	}
	if err := rows.Scan(dest...); err != nil {
		return false, err
	}
	return true, rows.Close()
}

// Each calls scan for every row of the query.
func (t *Tx) Each(query string, args []any, scan func(scan func(...any) error) error) error {
	rows, err := t.tx.query(t.ctx, query, args...)
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
	var file *lite.Error
	return errors.Is(err, ErrStale) || errors.As(err, &file) && file.Code()&0xff == 5 // SQLITE_BUSY
}

// classify marks what is the database's trouble and not the caller's, so that pages can say so.
func classify(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	var pg *pgconn.PgError
	var file *lite.Error
	switch {
	case lostPostgres(err), errors.Is(err, ErrStale): // retries used up
	case errors.As(err, &pg) && unavailablePostgres(pg.Code):
	case errors.As(err, &file) && unavailableSQLite(file.Code()&0xff):
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
	var file *lite.Error
	return errors.As(err, &file) && (file.Code() == 2067 || file.Code() == 1555) // CONSTRAINT_UNIQUE, _PRIMARYKEY
}
