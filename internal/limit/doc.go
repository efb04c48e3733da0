// Package limit owns the bounds on how often something may be tried: passwords, codes, texts, calls, addresses.
//
// A limit is a row in the database, so that it holds on every node and through a restart, and it is counted before
// the thing is tried, with one statement, so that a hundred requests at once get no more tries than one after the other.
package limit
