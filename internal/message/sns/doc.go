// Package sns sends texts through Amazon's Simple Notification Service (the interface of 2010-03-31, action Publish).
//
// It owns the request with its signature (Signature Version 4, signature.go) and what the error codes mean (sns.go). SNS
// tells nobody over the web what became of a text: it writes that into a log of the account. So there are no reports,
// and the health of such a route is judged by the codes that are entered. Its neighbours are web and message.
package sns
