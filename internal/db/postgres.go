// PostgreSQL: its connections and transactions. pgx keeps the statements of each connection.
package db

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	mostConnections = 20
	idleConnection  = 5 * time.Minute
	connectTime     = 2 * time.Second // unless the address says another (connect_timeout)
)

// postgres is a database on a server.
type postgres struct {
	pool *sql.DB
	turns
}

func openPostgres(url string) (*postgres, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		// pgx repeats the URL, which holds the password.
		return nil, errors.New("database: the postgres:// address cannot be read")
	}
	pool := stdlib.OpenDB(*config)
	pool.SetMaxOpenConns(mostConnections)
	pool.SetMaxIdleConns(mostConnections)
	pool.SetConnMaxIdleTime(idleConnection)
	return &postgres{pool, make(turns, mostConnections)}, nil
}

func (p *postgres) begin(ctx context.Context, kind kind, wait time.Duration) (transaction, error) {
	if err := p.take(ctx, wait); err != nil {
		return nil, err
	}
	t := &remote{runner: p.pool, turns: p.turns}
	if kind == asking {
		return t, nil
	}
	var options *sql.TxOptions
	if kind == reading {
		// PostgreSQL's own default lets every statement see an instant of its own.
		options = &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead}
	}
	tx, err := p.pool.BeginTx(ctx, options)
	if err != nil {
		t.end()
		return nil, err
	}
	t.runner, t.tx = tx, tx
	return t, nil
}

func (p *postgres) close() error { return p.pool.Close() }

// remote is a transaction on the server or, without tx, statements each by itself.
type remote struct {
	runner
	tx *sql.Tx
	turns
}

// runner is a *sql.DB or a *sql.Tx.
type runner interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func (r *remote) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return r.ExecContext(ctx, query, args...)
}

func (r *remote) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return r.QueryContext(ctx, query, args...)
}

func (r *remote) script(ctx context.Context, text string) error {
	_, err := r.ExecContext(ctx, text)
	return err
}

func (r *remote) commit(ctx context.Context) error {
	if r.tx == nil {
		return nil
	}
	err := r.tx.Commit()
	if errors.Is(err, sql.ErrTxDone) {
		return ctx.Err() // it was rolled back when the context ended
	}
	return err
}

func (r *remote) end() {
	if r.tx != nil {
		r.tx.Rollback() // after a commit this does nothing
	}
	r.give()
}
