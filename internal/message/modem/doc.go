// Package modem sends texts through a GSM modem or a USB stick with a SIM card: the route of an organisation that has no
// contract with a provider.
//
// It owns the port and the conversation with the modem in AT commands (3GPP TS 27.005 and 27.007; modem.go, talk.go,
// port.go) and the form that a text has there (3GPP TS 23.040; pdu.go). A modem goes
//
//	closed ──opened, unlocked, registered──> ready ──silent, or unplugged──> closed
//
// One text at a time goes out, which takes it some seconds; codes go first. Texts that come in are deleted unread, because
// a full card takes no reports any more. Its neighbours: smpp/pdu, whose cutting of long texts is the same, and message.
package modem
