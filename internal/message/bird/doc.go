// Package bird sends texts through Bird, which was MessageBird, by its interface for messages (rest.messagebird.com).
//
// It owns the request, what its errors mean, and the check of the reports, which are signed with a token over their
// address and body (callback.go). Its neighbours are web and message.
package bird
