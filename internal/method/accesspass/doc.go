// Package accesspass owns the access pass: a time-boxed code that an administrator or a helper gives to somebody who
// signs in for the first time, or has lost what they sign in with (Entra: Temporary Access Pass).
//
// A person has at most one. It is typed in place of the password, proves enough to set up a method, and is spent by
// that, or by arriving, in the same transaction: a person whose browser closes in between can use it again. Only its
// fingerprint is stored.
package accesspass
