// Package dbtest owns the databases that tests work on, and their clock.
//
// Each runs one test on every engine that Woggle promises: SQLite, PostgreSQL, and PostgreSQL where every transaction
// is SERIALIZABLE, as a distributed engine that speaks its protocol would have it. Open is for tests to which the
// engine does not matter.
//
// The PostgreSQL is a private one, in a temporary folder, reached through a socket in that folder: no port, no
// password, nothing left behind. A test process starts it when the first test asks for it; `make test` starts one
// for all of them (test/postgres) and names it in WOGGLE_TEST_POSTGRES.
//
// It imports db, and tests import it.
package dbtest
