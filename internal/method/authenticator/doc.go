// Package authenticator owns the authenticator app as a method: time-based codes of RFC 6238.
//
// Our own app can also approve a sign-in, which is another way of the same method: the page shows two digits, and they are typed in
// the app (approve.go). An app is paired while its authenticator is set up (device.go), signs each of its requests (dpop.go, api.go),
// and is reached by web push or over a connection that it holds open (knock.go).
//
// It is set up in three pages: choose the app, scan the QR code, prove one code and name the device. The secret of one
// that is being set up stands sealed in its challenge and dies after ten minutes; once it is set up it is never shown
// again.
//
// A code proves something once: the time step that it belongs to is stored with the method, and only a later one is
// taken, on every node (RFC 6238 section 5.2).
package authenticator
