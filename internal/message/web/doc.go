// Package web carries requests to providers that are reached over HTTP, and says what their answers mean for a message.
//
// It owns one bounded caller: no redirects, an answer of 64 KiB at most, and errors that hold a status and the provider's
// own code and nothing else, because providers repeat numbers and texts in their words. Whether a request was written at
// all decides between an error after which the message may be sent again, and one after which nobody knows.
//
// Its neighbours are the providers, each in a folder of its own beside it, and message, whose errors it makes.
package web
