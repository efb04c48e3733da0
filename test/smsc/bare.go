// The yardstick: a client that does nothing but submit.

package smsc

import (
	"fmt"
	"net"
	"time"

	"woggle/internal/message/smpp/pdu"
)

// Bare submits so many texts over one connection as fast as the message centre answers, with so many on their way at once, and
// returns how long that took.
func Bare(addr, password string, count, window int, text string) (time.Duration, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	in := pdu.NewReader(conn)
	if _, err := conn.Write(pdu.Bind{SystemID: "bare", Password: password}.Append(nil, 1)); err != nil {
		return 0, err
	}
	if _, err := in.Next(); err != nil {
		return 0, err
	}
	began := time.Now()
	coding, octets := pdu.Encode(text)
	var out []byte
	for sent, answered := 0, 0; answered < count; {
		out = out[:0]
		for ; sent < count && sent-answered < window; sent++ {
			m := pdu.Short{Dest: pdu.Address{TON: pdu.TONInternational, NPI: pdu.NPITelephone, Addr: fmt.Sprintf("4474%08d", sent)}, Registered: 1, DataCoding: coding, Text: octets}
			out = m.Append(out, pdu.Header{Command: pdu.SubmitSM, Sequence: uint32(2 + sent)})
		}
		if len(out) > 0 {
			if _, err := conn.Write(out); err != nil {
				return 0, err
			}
		}
		for {
			p, err := in.Next()
			if err != nil {
				return 0, err
			}
			if p.Command == pdu.SubmitSM.Resp() {
				answered++
			}
			if in.Buffered() == 0 {
				break
			}
		}
	}
	return time.Since(began), nil
}
