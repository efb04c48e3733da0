// Package words says small numbers as three plain words, which people can read to each other over a telephone: a thousand and
// twenty-four words in each language, so that three are one of 2^30.
//
// No two words of a language differ by one letter only, so that a slip of the ear or the pen is noticed and not taken for
// other words. A list never loses, changes or moves a word while a release that knows it may run beside: what was read aloud
// from one node is typed into another.
package words
