package sip

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
	pion "github.com/pion/rtp"
)

type fakeCall struct {
	f      *fake
	invite *sip.Request
	tx     sip.ServerTransaction
	tag    string
	sound  *net.UDPConn
	port   netip.AddrPort // where the other end listens
	seq    uint16
	number uint32
	leg    *leg // our end of it

	acked, ended, cancelled chan struct{}
	hungUp                  func()
	got                     chan *sip.Request // all others in the call
}

func respondTo(req *sip.Request, tx sip.ServerTransaction, status int, tag string, headers ...sip.Header) {
	res := sip.NewResponseFromRequest(req, status, "Because", nil)
	if to := res.To(); tag != "" && status > 100 {
		to.Params.Remove("tag")
		to.Params.Add("tag", tag)
	}
	for _, h := range headers {
		res.AppendHeader(h)
	}
	_ = tx.Respond(res)
}

func (c *fakeCall) status(code int, headers ...sip.Header) {
	respondTo(c.invite, c.tx, code, c.tag, headers...)
}

func (c *fakeCall) sdp(codec, direction string, event int) []byte {
	port := c.sound.LocalAddr().(*net.UDPAddr).Port
	formats, attribute := codec, ""
	if event > 0 {
		formats += fmt.Sprintf(" %d", event)
		attribute = fmt.Sprintf("a=rtpmap:%d telephone-event/8000\r\n", event)
	}
	return []byte(fmt.Sprintf("v=0\r\no=fake 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP %s\r\n%sa=%s\r\n",
		port, formats, attribute, direction))
}

func (c *fakeCall) answer(body []byte, headers ...sip.Header) {
	res := sip.NewResponseFromRequest(c.invite, 200, "OK", nil)
	res.To().Params.Remove("tag")
	res.To().Params.Add("tag", c.tag)
	res.AppendHeader(sip.NewHeader("Contact", fmt.Sprintf("<sip:fake@%s;transport=%s>", c.f.addr, c.f.network)))
	for _, h := range headers {
		res.AppendHeader(h)
	}
	if body != nil {
		res.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
		res.SetBody(body)
	}
	_ = c.tx.Respond(res)
}

func (c *fakeCall) pickUp(headers ...sip.Header) { c.answer(c.sdp("0", "sendrecv", 101), headers...) }

func (c *fakeCall) ask(method sip.RequestMethod, body []byte, headers ...sip.Header) *sip.Response {
	c.f.t.Helper()
	req := sip.NewRequest(method, c.invite.Contact().Address)
	from := sip.FromHeader{Address: c.invite.To().Address, Params: sip.NewParams()}
	from.Params.Add("tag", c.tag)
	to := sip.ToHeader{Address: c.invite.From().Address, Params: c.invite.From().Params}
	c.number++
	for _, h := range []sip.Header{&from, &to, sip.HeaderClone(c.invite.CallID()), &sip.CSeqHeader{SeqNo: c.number, MethodName: method},
		sip.NewHeader("Contact", fmt.Sprintf("<sip:fake@%s>", c.f.addr))} {
		req.AppendHeader(h)
	}
	for _, h := range headers {
		req.AppendHeader(h)
	}
	req.SetBody(body)
	req.SetTransport(strings.ToUpper(c.f.network))
	req.SetDestination(c.invite.Source())
	ctx, cancel := context.WithTimeout(c.f.t.Context(), 20*time.Second)
	defer cancel()
	res, err := c.f.client.Do(ctx, req)
	if err != nil {
		c.f.t.Errorf("%s: %v", method, err)
		return sip.NewResponse(0, "")
	}
	if method == sip.INVITE && res.IsSuccess() {
		ack := sip.NewRequest(sip.ACK, c.invite.Contact().Address)
		for _, h := range []sip.Header{&from, &to, sip.HeaderClone(c.invite.CallID()), &sip.CSeqHeader{SeqNo: c.number, MethodName: sip.ACK}} {
			ack.AppendHeader(h)
		}
		ack.SetBody(nil)
		ack.SetTransport(strings.ToUpper(c.f.network))
		ack.SetDestination(c.invite.Source())
		if err := c.f.client.WriteRequest(ack); err != nil {
			c.f.t.Error(err)
		}
	}
	return res
}

func (c *fakeCall) press(key byte) {
	c.number++
	for i := range 3 {
		c.say(101, c.number*8000, []byte{key, []byte{10, 10, 0x8a}[i], byte(i + 1), 0})
	}
}

func (c *fakeCall) say(payloadType uint8, timestamp uint32, payload []byte) {
	c.f.t.Helper()
	c.seq++
	packet := pion.Packet{Header: pion.Header{Version: 2, PayloadType: payloadType, SequenceNumber: c.seq, Timestamp: timestamp, SSRC: 42}, Payload: payload}
	octets, err := packet.Marshal()
	if err == nil {
		_, err = c.sound.WriteToUDPAddrPort(octets, c.port)
	}
	if err != nil {
		c.f.t.Error(err)
	}
}

func (c *fakeCall) hear(within time.Duration) (packet *pion.Packet, ok bool) {
	c.f.t.Helper()
	if err := c.sound.SetReadDeadline(time.Now().Add(within)); err != nil {
		c.f.t.Error(err)
	}
	buffer := make([]byte, 1500)
	n, err := c.sound.Read(buffer)
	if err != nil {
		return nil, false
	}
	packet = &pion.Packet{}
	if err := packet.Unmarshal(buffer[:n]); err != nil {
		c.f.t.Error(err)
	}
	return packet, true
}

func (c *fakeCall) hearSpeech() {
	c.f.t.Helper()
	for range 500 {
		packet, ok := c.hear(5 * time.Second)
		if !ok {
			break
		}
		if packet.PayloadType == 0 && !bytes.Equal(packet.Payload, bytes.Repeat([]byte{0xff}, len(packet.Payload))) {
			return
		}
	}
	c.f.t.Error("nothing is said")
}
