// Package problem owns the error values that people meet.
//
// An error has two readers. The visitor gets a kind and a sentence in their own language, named by a
// locale key with arguments. The log gets the cause, which the visitor never sees. Handlers return
// errors; package page is the one writer of them.
//
// An error that is not a Problem is a fault of ours: the visitor is told so without any detail.
package problem
