// Package guide owns the user guide: plain pages in every language, for people to read under /help and, as the same
// Markdown files, in the repository.
//
// A page is <language>/<name>.md; index.md is the first one. The pages link to each other by file name and show pictures
// of ../pictures, so that they also work where they lie; served, these become addresses under /help. A picture that does
// not exist (yet) is left out. In the text {organisation} is the organisation's name, and {help} whom to ask.
//
// A language is rendered when the first person asks for it, and kept: it does not change while the program runs.
//
// Its neighbour is page, which shows what it makes. It knows no other chapter, and needs neither database nor session.
package guide
