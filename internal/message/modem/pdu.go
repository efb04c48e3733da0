// A text as a modem takes it: SMS-SUBMIT (3GPP TS 23.040 section 9.2.2.2).

package modem

import (
	"encoding/hex"
	"strings"
	"time"

	"woggle/internal/message/smpp/pdu"
)

// The first octet of SMS-SUBMIT.
const (
	submit         = 0x01
	validRelative  = 0x10 // the validity period is one octet
	wantsReport    = 0x20
	beginsWithHead = 0x40 // the text begins with a user data header
)

// submits are the text as the modem takes it, a part each, in hexadecimal, and the length that AT+CMGS wants: the octets
// without the number of the service centre, which is the card's. A text that is too long for 255 parts has none.
func submits(to, text string, validity time.Duration, reference byte) (parts []submission) {
	coding, texts := pdu.Split(text, reference)
	for _, octets := range texts {
		first := byte(submit | validRelative | wantsReport)
		if len(texts) > 1 {
			first |= beginsWithHead
		}
		p := append([]byte{first, 0}, address(to)...) // the modem gives the reference itself
		p = append(p, 0, coding, relative(validity))
		if coding == pdu.CodingUCS2 {
			p = append(append(p, byte(len(octets))), octets...)
		} else {
			head := 0
			if len(texts) > 1 {
				head = 6
			}
			septets, packed := pack(octets, head)
			p = append(append(p, byte(septets)), packed...)
		}
		parts = append(parts, submission{length: len(p), hex: strings.ToUpper(hex.EncodeToString(append([]byte{0}, p...)))})
	}
	return parts
}

type submission struct {
	length int
	hex    string
}

// address is an international number: its digits in pairs, the first in the low half (section 9.1.2.5).
func address(number string) []byte {
	digits := strings.TrimPrefix(number, "+")
	out := []byte{byte(len(digits)), 0x91}
	for i := 0; i < len(digits); i += 2 {
		high := byte(0xF)
		if i+1 < len(digits) {
			high = digits[i+1] - '0'
		}
		out = append(out, high<<4|(digits[i]-'0'))
	}
	return out
}

// relative is a validity period, rounded up (section 9.2.3.12.1): steps of five minutes to twelve hours, of half an hour
// to a day.
func relative(d time.Duration) byte {
	steps := func(d, step time.Duration) int { return int((d + step - 1) / step) }
	switch {
	case d <= 12*time.Hour:
		return byte(max(1, steps(d, 5*time.Minute)) - 1)
	case d <= 24*time.Hour:
		return byte(143 + steps(d-12*time.Hour, 30*time.Minute))
	}
	return 167 // a day
}

// pack puts septets, one an octet, close together (3GPP TS 23.038 section 6.1.2.1). A header of so many octets stays as it
// is; the text after it begins at the next septet.
func pack(octets []byte, head int) (septets int, packed []byte) {
	fill := 0
	if head > 0 {
		packed = append(packed, octets[:head]...)
		fill = (7 - head*8%7) % 7
		septets = (head*8 + fill) / 7
	}
	bits, have := uint32(0), fill
	for _, septet := range octets[head:] {
		bits |= uint32(septet) << have
		have += 7
		septets++
		for have >= 8 {
			packed = append(packed, byte(bits))
			bits >>= 8
			have -= 8
		}
	}
	if have > 0 {
		packed = append(packed, byte(bits))
	}
	return septets, packed
}

// report reads SMS-STATUS-REPORT (section 9.2.2.3), of which the reference and the status count. ok is false for what is
// none.
func report(text string) (reference byte, status byte, ok bool) {
	p, err := hex.DecodeString(strings.TrimSpace(text))
	if err != nil || len(p) < 1 || len(p) < 1+int(p[0])+4 {
		return 0, 0, false
	}
	p = p[1+int(p[0]):] // without the service centre
	length := (int(p[2]) + 1) / 2
	const times = 7 + 7
	if p[0]&0x03 != 0x02 || len(p) < 4+length+times+1 {
		return 0, 0, false
	}
	return p[1], p[4+length+times], true
}
