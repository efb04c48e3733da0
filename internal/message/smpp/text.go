// How a message becomes short messages.

package smpp

import (
	"errors"
	"fmt"
	"regexp"
	"time"

	"woggle/internal/message"
	"woggle/internal/message/smpp/pdu"
)

// mostParts bounds what one text can cost. Codes have one part.
const mostParts = 10

var (
	e164      = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	digits    = regexp.MustCompile(`^[0-9]{1,20}$`)
	shortCode = regexp.MustCompile(`^[0-9]{1,8}$`)
	name      = regexp.MustCompile(`^[ -~]{1,11}$`) // what telephones show of a name: 11 characters
)

// compose makes the short messages that carry m, with the 8-bit reference that joins them.
func (c *Config) compose(m message.Message, now time.Time, reference byte) ([]*pdu.Short, error) {
	if !e164.MatchString(m.To) {
		return nil, errors.New("smpp: the number is not in E.164 form")
	}
	source, err := sender(m.Sender)
	if err != nil {
		return nil, err
	}
	coding, parts := pdu.Split(m.Body, reference)
	if len(parts) == 0 || len(parts) > mostParts {
		return nil, fmt.Errorf("smpp: the text is longer than %d parts", mostParts)
	}
	var shorts []*pdu.Short
	for _, part := range parts {
		short := &pdu.Short{Source: source, Dest: pdu.Address{TON: pdu.TONInternational, NPI: pdu.NPITelephone, Addr: m.To[1:]},
			Validity: validity(m.ExpiresAt, now), Registered: 1, DataCoding: coding, Text: part}
		if len(parts) > 1 && c.Payload {
			_, whole := pdu.Encode(m.Body)
			short.Text, short.TLVs = nil, []pdu.TLV{{Tag: pdu.TagMessagePayload, Value: whole}}
			return []*pdu.Short{short}, nil
		}
		if len(parts) > 1 {
			short.ESMClass = pdu.ESMHeader
		}
		shorts = append(shorts, short)
	}
	return shorts, nil
}

// sender gives the type of the sender by what it looks like. An empty one is left to the message centre.
func sender(from string) (pdu.Address, error) {
	switch {
	case from == "":
		return pdu.Address{}, nil
	case e164.MatchString(from):
		return pdu.Address{TON: pdu.TONInternational, NPI: pdu.NPITelephone, Addr: from[1:]}, nil
	case shortCode.MatchString(from):
		return pdu.Address{TON: pdu.TONNetwork, NPI: pdu.NPIUnknown, Addr: from}, nil
	case digits.MatchString(from):
		return pdu.Address{TON: pdu.TONInternational, NPI: pdu.NPITelephone, Addr: from}, nil
	case name.MatchString(from):
		return pdu.Address{TON: pdu.TONAlphanumeric, NPI: pdu.NPIUnknown, Addr: from}, nil
	}
	return pdu.Address{}, errors.New("smpp: the sender is neither a number nor a name of up to 11 plain letters; see the senders of the route")
}

// validity is how long the message centre shall try, as a relative time (section 7.1.1.2), so that its clock does not
// matter: a code that comes when it is dead only puzzles people. It is at least a second, because none would mean for days.
func validity(end, now time.Time) string {
	if end.IsZero() {
		return ""
	}
	left := min(max(end.Sub(now), time.Second), 30*24*time.Hour)
	seconds := int(left / time.Second)
	return fmt.Sprintf("0000%02d%02d%02d%02d000R", seconds/86400, seconds/3600%24, seconds/60%60, seconds%60)
}
