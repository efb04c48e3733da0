// SQLite: its settings, its connections, and the statements that each of them keeps.
package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// pragmas of every connection. FULL, because a sign-in that was acknowledged must outlive a power cut.
const pragmas = "?_pragma=busy_timeout(2000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)"

// readers are the connections that read at once. More would only share the cores, and each keeps pages of its own.
const readers = 4

// sqlite is a database file. One connection writes, so that writers wait for each other here, in order, instead of
// being refused by the lock of the file.
type sqlite struct{ writer, reader *lines }

func openSQLite(path string) (*sqlite, error) {
	if path == "" {
		return nil, errors.New("database sqlite: has no file name")
	}
	name := "file:" + strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path) + pragmas
	writer, err := openLines(name, 1)
	if err != nil {
		return nil, err
	}
	if writer.alone = path == ":memory:"; writer.alone {
		return &sqlite{writer, writer}, nil // each connection would be a database of its own
	}
	reader, err := openLines(name+"&_pragma=query_only(1)", readers)
	if err != nil {
		return nil, errors.Join(err, writer.close())
	}
	return &sqlite{writer, reader}, nil
}

// begin takes a connection and begins. The writer takes the file's lock at once, because a transaction that starts by
// reading and then writes could not be queued, only refused.
func (s *sqlite) begin(ctx context.Context, kind kind, wait time.Duration) (transaction, error) {
	if kind == writing {
		return s.writer.share(ctx, wait)
	}
	l, err := s.reader.lend(ctx, wait)
	if err != nil || kind == asking {
		return l, err
	}
	return l, l.begin(ctx, "BEGIN")
}

func (s *sqlite) close() error {
	if s.reader == s.writer {
		return s.writer.close()
	}
	return errors.Join(s.reader.close(), s.writer.close())
}

// lines are connections of one kind. database/sql opens and closes them; they are lent here, because a statement can
// be kept only for a connection that one can ask for again.
type lines struct {
	pool *sql.DB
	turns

	mu   sync.Mutex
	idle []*line // the last used on top: its pages are still at hand

	// Of the writer (group.go).
	wanted atomic.Int32 // callers who wait for their turn to work
	open   *group       // whose transaction is open; whoever has the turn may look and change
	alone  bool         // it serves readers as well, so that nothing may be left open
}

func openLines(name string, most int) (*lines, error) {
	pool, err := sql.Open("sqlite", name)
	return &lines{pool: pool, turns: make(turns, most)}, err
}

// lend waits for its turn, no longer than wait, and gives a connection.
func (s *lines) lend(ctx context.Context, wait time.Duration) (*line, error) {
	s.wanted.Add(1)
	err := s.turns.take(ctx, wait)
	s.wanted.Add(-1)
	if err != nil {
		return nil, err
	}
	return s.line(ctx)
}

// line is a connection for whoever has the turn, which goes with the error.
func (s *lines) line(ctx context.Context) (*line, error) {
	s.mu.Lock()
	if last := len(s.idle) - 1; last >= 0 {
		l := s.idle[last]
		s.idle = s.idle[:last]
		s.mu.Unlock()
		return l, nil
	}
	s.mu.Unlock()
	conn, err := s.pool.Conn(ctx)
	if err != nil {
		s.turns.give()
		return nil, err
	}
	return &line{from: s, conn: conn, kept: map[string]*sql.Stmt{}}, nil
}

// close waits for what is lent to come back.
func (s *lines) close() error {
	for range cap(s.turns) {
		s.turns <- struct{}{}
		defer s.turns.give() // who comes now is told that it is closed
	}
	s.settle()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.idle {
		l.close()
	}
	s.idle = nil
	return s.pool.Close()
}

// mostKept bounds the statements that a connection keeps, a few kilobytes each. The program has fewer; an import may
// have a text for each number of rows.
const mostKept = 256

// line is a connection that is lent to one caller at a time, and a transaction on it.
//
// It keeps its statements compiled, because compiling one takes several times as long as running it. SQLite itself
// compiles a kept statement anew when the schema has changed.
type line struct {
	from  *lines
	conn  *sql.Conn
	kept  map[string]*sql.Stmt
	begun bool
}

func (l *line) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s, ok := l.kept[query]; ok {
		return s, nil
	}
	if len(l.kept) >= mostKept {
		for _, s := range l.kept {
			s.Close()
		}
		clear(l.kept)
	}
	s, err := l.conn.PrepareContext(ctx, query)
	if err == nil {
		l.kept[query] = s
	}
	return s, err
}

// exec runs a statement, and query one with rows, to their end, even if the context ends meanwhile: they take less time
// than a watch over the context would. The next one is not begun.
func (l *line) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	s, err := l.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(context.WithoutCancel(ctx), args...)
}

func (l *line) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := l.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(context.WithoutCancel(ctx), args...)
}

func (l *line) script(ctx context.Context, text string) error {
	_, err := l.conn.ExecContext(ctx, text)
	return err
}

// begin begins, and gives the connection back if that fails.
func (l *line) begin(ctx context.Context, statement string) error {
	l.begun = true // even if it fails, because the context may have ended when it had begun
	err := l.start(ctx, statement)
	if err != nil {
		l.end()
	}
	return err
}

// start runs the statement that begins, and stops waiting for another program's lock when the context ends.
func (l *line) start(ctx context.Context, statement string) error {
	s, err := l.statement(ctx, statement)
	if err != nil {
		return err
	}
	if statement == "BEGIN" { // takes no lock
		ctx = context.Background()
	}
	_, err = s.ExecContext(ctx)
	return err
}

func (l *line) commit(ctx context.Context) error {
	if !l.begun {
		return nil
	}
	if _, err := l.exec(ctx, "COMMIT"); err != nil {
		return err
	}
	l.begun = false
	return nil
}

// end gives the connection back; what was not committed is undone. A connection that cannot undo is closed.
func (l *line) end() {
	if l.begun {
		l.begun = false
		if _, err := l.exec(context.Background(), "ROLLBACK"); err != nil {
			l.close()
			l.from.turns.give()
			return
		}
	}
	l.giveBack()
}

// giveBack lets the next one have the connection, as it is.
func (l *line) giveBack() {
	l.from.mu.Lock()
	l.from.idle = append(l.from.idle, l)
	l.from.mu.Unlock()
	l.from.turns.give()
}

func (l *line) close() {
	for _, s := range l.kept {
		s.Close()
	}
	// A connection that is only closed goes back into the pool of database/sql; a bad one does not.
	l.conn.Raw(func(any) error { return driver.ErrBadConn })
}
