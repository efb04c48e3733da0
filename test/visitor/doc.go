// Package visitor is a browser without script, for tests and benchmarks: it keeps cookies, reads pages, fills forms as
// a person would, by what they mean (the autocomplete token, the name), and follows redirects. It knows nothing of the
// program that it visits but HTTP and HTML.
package visitor
