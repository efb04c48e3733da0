// Package web carries requests to providers that are reached over HTTP, and says what their answers mean for a message.
//
// It owns one bounded caller (web.go): no redirects, an answer of 64 KiB at most, and errors that hold a status and the
// provider's own code and nothing else, because providers repeat numbers and texts in their words. Whether a request was
// written at all decides between an error after which the message may be sent again, and one after which nobody knows.
//
// It owns as well the dialogue of a call that a provider carries for us (dialogue.go), which has no state here: each
// address that the provider asks next says where the call stands, and the provider's signature or a ticket of ours keeps
// it from being made up.
//
//	answer ──> speech, keys ──key or silence──> speech, keys ──> … ──> hang up
//
// Its neighbours are the providers, each in a folder of its own beside it, call and speech, and message, whose errors it
// makes. webtest, below it, plays the telephone network for their tests.
package web
