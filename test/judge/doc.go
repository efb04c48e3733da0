// Package judge lets Debian's programs say whether XML is what it should be: xmlsec1 about signatures and encryption,
// xmllint about OASIS's schemas. There is no line of ours in them. Tests that lack one of them are skipped.
package judge
