// Package accesspass owns the access pass: a time-boxed code that an administrator or a helper gives to somebody who
// signs in for the first time, or has lost what they sign in with (Entra: Temporary Access Pass).
//
// A person has at most one. It is typed in place of the password and proves enough to set up a method. It is spent by that, or
// by arriving, in the same transaction: a person whose browser closes in between can use it again. One of several uses stays
// until its time is over. Only its fingerprint is stored.
//
// accesspass.go makes and recognises a pass; spell.go says it aloud; letter.go puts it on paper.
package accesspass
