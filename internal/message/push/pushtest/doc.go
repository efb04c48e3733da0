// Package pushtest is a push service on this computer, for tests: it holds senders to RFC 8030, 8291 and 8292, and reads what they
// send as the browser would.
package pushtest
