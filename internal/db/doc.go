// Package db owns the database: opening it, its schema, and the one way to work with it, a transaction.
//
// A transaction carries a frozen Now, so that everything decided in it is decided at one instant, and it may
// be run again from the start when the engine could not serialise it (SQLSTATE 40001). A function given to Tx
// must therefore have no effect outside the transaction; what must happen after the commit (waking the outbox)
// is handed to AfterCommit.
//
// Two engines serve one text of each query: SQLite (modernc.org/sqlite), inside the program, with one writer
// and several readers; and PostgreSQL (pgx), for many nodes. Placeholders are $1, $2; times are BIGINT UTC
// milliseconds; ids are TEXT that we make. No sequences, advisory locks, LISTEN, triggers or SKIP LOCKED.
//
// On SQLite, writers that wait for each other share one commit (group.go): the disk takes as long as the work of several.
//
// Nobody waits long for a connection (ErrBusy). Each SQLite connection keeps its statements compiled; pgx does the
// same.
//
// It imports nothing of ours.
package db
