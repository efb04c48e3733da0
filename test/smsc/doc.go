// Package smsc is a message centre for tests and the benchmark: it speaks SMPP 3.4 as far as a provider of texts has to, and has
// the faults that a test asks for. It listens on this computer only. Beside it, centre.js is one that others have written.
package smsc
