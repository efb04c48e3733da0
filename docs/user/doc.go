// Package guide owns the user guide: plain pages in every language, for people to read under /help and, as the same
// Markdown files, in the repository.
//
// A page is <language>/<name>.md; index.md is the first one. The pages link to each other by file name and show pictures
// of ../pictures, so that they also work where they lie; served, these become addresses under /help. A picture that does
// not exist (yet) is left out. In the text {organisation} is the organisation's name, and {help} whom to ask.
//
// What is served is made of these files by a test, and kept beside them in served/: a title, and the page below it. So the program
// need not carry what turns Markdown into pages. After a change of a file: go test ./docs/user -update
//
// Its neighbour is page, which shows what it makes. It knows no other chapter, and needs neither database nor session.
package guide
