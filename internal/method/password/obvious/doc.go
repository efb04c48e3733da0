// Package obvious knows how a guesser thinks: which passwords are tried first, and about how many guesses any other
// one stands.
//
// It holds one list of some 100,000 passwords, words and names with their rank, in words.bin (240 kB, made by
// generate.go from the sources that NOTICE.md names). The list is unpacked at the first question, not at start-up:
// that takes about 12 ms once and 1.3 MB of memory from then on. It is exact: there are no false alarms.
//
// The estimate follows the idea of zxcvbn (Wheeler, USENIX Security 2016): a password is worth what its cheapest
// division into words, dates, runs, repeats and plain characters is worth. The Go port of zxcvbn was measured and
// left out: its tables cost 31 ms and 18 MB at every start of the program, used or not.
//
// It knows no other package.
package obvious
