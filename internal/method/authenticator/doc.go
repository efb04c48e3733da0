// Package authenticator owns the authenticator app as a method: time-based codes of RFC 6238.
//
// It is set up in three pages: get the app, scan the QR code, prove one code and name the device. The secret of one
// that is being set up stands sealed in its challenge and dies after ten minutes; once it is set up it is never shown
// again.
//
// A code proves something once: the time step that it belongs to is stored with the method, and only a later one is
// taken, on every node (RFC 6238 section 5.2).
package authenticator
