// Package smpp is the provider that hands texts to a message centre (SMSC) over SMPP 3.4, the protocol that wholesalers
// and operators of texts speak. It owns the connection, what is on its way over it, and what receipts mean.
//
// Run keeps one connection as a transceiver:
//
//	away ──connected, bound──> bound ──broken, silent, told to go──> away
//	  └──a pause with jitter, 0.5 s doubling to 30 s──┘
//
// and Send goes over it. While there is none, Send says so at once, so that the next route has the code's time. Every
// submit_sm that was not answered when the connection broke is Doubtful if its octets went out, and Unsent if not.
//
// Up to Config.Window messages are on their way at once; answers find theirs by sequence number. A message centre that
// says it is throttled is sent to more slowly, and the message again while its context lasts (pace.go). A text that is
// longer than one short message goes as parts that the telephone joins, one after the other (text.go).
//
// A receipt is matched with its message by the message_id of submit_sm_resp (ledger.go). Those of texts in one part are
// found by the Desk too, on any node and after a restart; the parts of a long one are counted in memory, by the node that
// sent it, and of that the Desk knows the last one. A receipt is acknowledged when the Desk has it written down, because
// the message centre forgets it then.
//
//	provider.go  Send, Run: trying, pausing, giving up
//	session.go   one connection: window, writer, reader, watch
//	status.go    what an answer means for the message
//	receipt.go   reading receipts
//
// Its neighbour pdu is what the wire looks like. The message centre that it is tested with is test/smsc.
package smpp
