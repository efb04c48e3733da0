// Package wsfed starts a relying party of WS-Federation in another language, party.js, which judges what it is given by the rules
// that Microsoft documents, with libraries of other people's. It listens on this computer only.
package wsfed
