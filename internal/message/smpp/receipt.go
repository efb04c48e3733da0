// Reading delivery receipts (SMPP 3.4 appendix B, and the optional parameters that replace it).

package smpp

import (
	"fmt"
	"strconv"
	"strings"

	"woggle/internal/message"
	"woggle/internal/message/smpp/pdu"
)

// receipt is what a delivery receipt says.
type receipt struct {
	id    string // as canonical writes it
	from  string // the telephone that the text was for
	event message.Event
	cause string
}

// events are the final states, as text and as message_state (section 5.2.28). Of the others, "on its way" and "accepted"
// are no news, and "unknown" is none either: nobody would gain by calling it a failure.
var events = map[string]message.Event{
	"DELIVRD": message.Delivered,
	"EXPIRED": message.Undelivered, "DELETED": message.Undelivered, "UNDELIV": message.Undelivered, "REJECTD": message.Undelivered,
}

var states = []string{1: "ENROUTE", 2: "DELIVRD", 3: "EXPIRED", 4: "DELETED", 5: "UNDELIV", 6: "ACCEPTD", 7: "UNKNOWN", 8: "REJECTD"}

// isReceipt tells a receipt from a text that somebody wrote to us: who sends those writes what they like, but does not
// choose the type of the PDU. Some message centres leave the type out and say which message is meant instead.
func isReceipt(m *pdu.Short) bool {
	kind := m.ESMClass & pdu.ESMMessageType
	return kind == pdu.ESMReceipt || kind == 0 && m.TLV(pdu.TagReceiptedMessageID) != nil
}

// parseReceipt reads a receipt. ok is false if it does not say which message it is about. Where the optional parameters
// and the text disagree, the parameters are right.
func parseReceipt(m *pdu.Short) (r receipt, ok bool) {
	id, stat, code := parseText(string(m.Content()))
	if tlv := m.TLV(pdu.TagReceiptedMessageID); tlv != nil {
		if named, _, _ := strings.Cut(string(tlv), "\x00"); named != "" {
			id = named
		}
	}
	if tlv := m.TLV(pdu.TagMessageState); len(tlv) == 1 && int(tlv[0]) < len(states) && states[tlv[0]] != "" {
		stat = states[tlv[0]]
	}
	if tlv := m.TLV(pdu.TagNetworkErrorCode); len(tlv) == 3 {
		code = strconv.Itoa(int(tlv[1])<<8 | int(tlv[2]))
	}
	r = receipt{id: canonical(id), from: m.Source.Addr, event: events[stat]}
	if r.event == message.Undelivered {
		r.cause = stat
		if code != "" {
			r.cause = fmt.Sprintf("%s, error %s", stat, code)
		}
	}
	return r, r.id != ""
}

// parseText takes the fields that matter out of "id:IIIIIIIIII sub:SSS dlvrd:DDD submit date:… done date:… stat:DDDDDDD
// err:E text:…". Message centres write the names in any case and order, with or without a space behind the colon, and
// leave fields out. What comes after text: is the beginning of our own message, which may look like fields itself.
func parseText(text string) (id, stat, code string) {
	fields := strings.Fields(text)
	for i, field := range fields {
		name, value, found := strings.Cut(field, ":")
		if !found {
			continue
		}
		if value == "" && i+1 < len(fields) && !strings.Contains(fields[i+1], ":") {
			value = fields[i+1]
		}
		switch strings.ToLower(name) {
		case "id":
			id = value
		case "stat":
			stat = strings.ToUpper(value)
		case "err":
			code = word(value)
		case "text":
			if id != "" && stat != "" {
				return id, stat, code
			}
		}
	}
	return id, stat, code
}

// word is a short plain word of the message centre's, or nothing: it ends up before people.
func word(value string) string {
	if len(value) > 12 || !printable(value) {
		return ""
	}
	return value
}

const longestID = 65 // octets of a message_id (section 5.2.23)

// canonical is a message_id as it is kept and looked for. One that is a number loses the zeros before it and big letters,
// because receipts write it with more or fewer of them than the answer did. One that no table could hold is none.
func canonical(id string) string {
	id = strings.TrimSpace(id)
	if len(id) > longestID || !printable(id) {
		return ""
	}
	if strings.Trim(id, "0123456789abcdefABCDEF") != "" {
		return id
	}
	if short := strings.TrimLeft(strings.ToLower(id), "0"); short != "" || id == "" {
		return short
	}
	return "0"
}

func printable(text string) bool {
	for _, b := range []byte(text) {
		if b < '!' || b > '~' {
			return false
		}
	}
	return true
}

// forms are the ways in which the answer to submit_sm may have written the id of a receipt: as it is; in hexadecimal,
// where receipts have it in decimal; and the other way round. Appendix B has decimal, section 4.4.2 leaves it open, and
// message centres do either.
func forms(id string) []string {
	all := []string{id}
	if n, err := strconv.ParseUint(id, 10, 64); err == nil {
		all = append(all, strconv.FormatUint(n, 16))
	}
	if n, err := strconv.ParseUint(id, 16, 64); err == nil {
		all = append(all, strconv.FormatUint(n, 10))
	}
	if len(all) == 3 && all[1] == id { // a single digit is the same in both
		return all[:1]
	}
	return all
}
