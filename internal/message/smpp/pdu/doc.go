// Package pdu owns what SMPP 3.4 looks like on the wire: the header and the bodies of the few PDUs that a client for
// texts needs (section 4 of the specification), optional parameters (5.3), and how a text is written into them
// (alphabet.go, segment.go).
//
// It holds no connection and no state. The client (package smpp) and the message centre that the tests use (test/smsc)
// both stand on it, and are held against a stranger's implementation, because two sides that share a fault agree.
//
// What is read here comes from the network: nothing in it is believed, a PDU is at most MaxLength long, and reading
// never keeps more than one of them.
package pdu
