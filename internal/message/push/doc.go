// Package push owns web push: a few bytes to a person's browser, by the push service that the browser has chosen.
//
// The request is that of RFC 8030. What it carries is encrypted for that one browser (encrypt.go: RFC 8291), so the service
// learns no more than that something was sent; and it is told who sends (vapid.go: RFC 8292), so that nobody else can send to
// the subscription. Apple, Google, Mozilla and Microsoft run such services; none asks for an account.
//
// A push that is late is worth nothing to us: what it announces is over after a minute. So it is not kept in the outbox, and is
// tried twice at most. Nothing depends on it arriving.
//
// The address of the service comes from the browser, which may be anybody's: the client must be one of outgoing.Public.
package push
