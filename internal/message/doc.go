// Package message owns what is sent to people: texts, calls and e-mails, from the moment that they are promised until
// a provider has taken them.
//
// A chapter puts a Message into the Outbox in the transaction of what it tells about, so that neither exists without
// the other; the sending starts when that transaction is committed, and no page waits for it. A Route is a provider.
// The routes of a channel are tried in order.
//
// A message goes
//
//	queued ──claimed──> sending ──a route took it──> sent
//	   ^                   ├──no route ever will──> failed
//	   └──later─────────────┘
//	   └──its life is over──> expired
//
// A claim is a lease: when a node dies with it, another node takes the message over. A code is the exception, because
// a code twice is a person confused and a text paid twice: it is sent again only in the first minute of its life.
//
// Recipient and content stand sealed in the table, and are emptied in every final state. The log names messages by
// their id.
//
// The package also owns how texts are made to fit one SMS (gsm7.go, text.go) and how letters look (letter.go). Its
// neighbours: speech makes the calls, handset is the provider of the demonstration.
package message
