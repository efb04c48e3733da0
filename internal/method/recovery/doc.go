// Package recovery owns recovery codes: ten codes on paper, each of which stands in for a lost second step once (look-up
// secrets, NIST SP 800-63B-4 sections 3.1.2 and 4.2.1.1).
//
// A person has at most one set. It is made on one page, which shows it for ten minutes, to that browser only, as a page to print,
// a PDF and a text file; it counts once the person has typed a piece of it back. A new set takes the place of the old one, in the transaction that
// stores it. Only keyed fingerprints are stored; a code that is used is deleted by the statement that finds it, so that it is good
// once on every node. The person is told of every use, and reminded when two are left.
//
// The flow asks for a recovery code last, and never first (signin.Recovery is spare). Paper counts as a place of its own, until two codes are left.
package recovery
