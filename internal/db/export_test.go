package db

import (
	"runtime"
	"time"
)

// MigrateWith is Migrate with a list of migrations of the test's own.
var MigrateWith = (*DB).migrate

// MostKept is how many statements a connection keeps at most.
const MostKept = mostKept

// Kept is how many statements the writer of a SQLite database keeps, while nobody has it.
func Kept(d *DB) int { return len(d.source.(*sqlite).writer.idle[0].kept) }

// WaitAtMost lets transactions wait no longer than that for a connection.
func WaitAtMost(d *DB, wait time.Duration) { d.wait = wait }

// Writers is how many transactions may write at once.
func Writers(d *DB) int {
	if s, ok := d.source.(*sqlite); ok {
		return cap(s.writer.turns)
	}
	return cap(d.source.(*postgres).turns)
}

// AwaitWriter waits until somebody waits to write.
func AwaitWriter(d *DB) {
	for d.source.(*sqlite).writer.wanted.Load() == 0 {
		runtime.Gosched()
	}
}
