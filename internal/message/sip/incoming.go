// What the trunk asks of us.

package sip

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// handle answers every request that comes in. Outside of a call there is nothing to be had here: nobody can call us.
func (p *Provider) handle(req *sip.Request, tx sip.ServerTransaction) {
	if req.CallID() == nil || req.CSeq() == nil || req.From() == nil || req.To() == nil {
		respond(req, tx, 400)
		return
	}
	g := p.leg(string(*req.CallID()))
	mine := g != nil && g.dialog.owns(req)
	switch {
	case req.Method == sip.ACK:
		if mine {
			g.acknowledged(req)
		}
	case mine && !g.dialog.inOrder(req):
		respond(req, tx, 500)
	case mine:
		g.handle(req, tx)
	case tagOf(req.To()) != "", req.Method == sip.CANCEL, req.Method == sip.NOTIFY:
		respond(req, tx, 481)
	case req.Method == sip.OPTIONS:
		respond(req, tx, 200)
	case req.Method == sip.INVITE:
		respond(req, tx, 603)
	default:
		respond(req, tx, 405)
	}
}

// reasons are the words for what we answer with.
var reasons = map[int]string{400: "Bad Request", 405: "Method Not Allowed", 481: "Call/Transaction Does Not Exist",
	488: "Not Acceptable Here", 491: "Request Pending", 603: "Decline"}

func respond(req *sip.Request, tx sip.ServerTransaction, status int, headers ...sip.Header) {
	reason := reasons[status]
	if reason == "" {
		reason = http.StatusText(status)
	}
	res := sip.NewResponseFromRequest(req, status, reason, nil)
	res.AppendHeader(sip.NewHeader("Allow", allowed))
	for _, h := range headers {
		res.AppendHeader(h)
	}
	_ = tx.Respond(res) // if it is lost, the request comes again
}

// handle answers a request in the call.
func (g *leg) handle(req *sip.Request, tx sip.ServerTransaction) {
	switch req.Method {
	case sip.BYE:
		g.hangUp() // first, so that we do not hang up too
		respond(req, tx, 200)
	case sip.INVITE:
		g.dialog.refresh(req.Contact())
		g.invited(req, tx)
	case sip.UPDATE:
		g.dialog.refresh(req.Contact())
		g.updated(req, tx)
	case sip.INFO:
		if key, ok := signalled(valueOf(req, "Content-Type"), string(req.Body())); ok {
			g.sound.Signal(key)
		}
		respond(req, tx, 200)
	case sip.OPTIONS, sip.NOTIFY:
		respond(req, tx, 200)
	default: // REFER above all: a call that is passed on is another bill
		respond(req, tx, 405)
	}
}

// invited answers an INVITE in the call: hold, another address, another codec, or nothing but a refresh.
func (g *leg) invited(req *sip.Request, tx sip.ServerTransaction) {
	body, ok := g.negotiate(req)
	if !ok {
		respond(req, tx, 488)
		return
	}
	number := req.CSeq().SeqNo
	acked := make(chan *sip.Request, 1)
	g.mu.Lock()
	g.waiting[number] = acked
	g.mu.Unlock()
	defer func() {
		g.mu.Lock()
		delete(g.waiting, number)
		g.mu.Unlock()
	}()
	// The success is ours to repeat until it is acknowledged (RFC 3261 section 13.3.1.4).
	for wait := sip.T1; wait < 64*sip.T1; wait *= 2 {
		g.success(req, tx, body)
		select {
		case ack := <-acked:
			if len(req.Body()) == 0 { // then our answer was the offer, and this is its answer
				if d, err := parseSDP(ack.Body()); err == nil {
					g.agree(d, ack.Source())
				}
			}
			return
		case <-time.After(wait):
		case <-g.over:
			return
		}
	}
	g.forget() // the other end does not hear us
}

// updated answers an UPDATE (RFC 3311), which needs no ACK and may have no offer.
func (g *leg) updated(req *sip.Request, tx sip.ServerTransaction) {
	var body []byte
	if len(req.Body()) > 0 {
		var ok bool
		if body, ok = g.negotiate(req); !ok {
			respond(req, tx, 488)
			return
		}
	}
	g.success(req, tx, body)
}

// negotiate answers the offer in a request, or makes one if it has none.
func (g *leg) negotiate(req *sip.Request) (body []byte, ok bool) {
	g.mu.Lock()
	g.local.version++
	ours, current := g.local, g.agreed
	g.mu.Unlock()
	if len(req.Body()) == 0 {
		return ours.offer(), true
	}
	d, err := parseSDP(req.Body())
	if err != nil || current == nil {
		return nil, false
	}
	for i, codec := range d.codecs { // there is no reason to change it
		if codec == current.codecs[0] {
			d.codecs[0], d.codecs[i] = d.codecs[i], d.codecs[0]
		}
	}
	g.agree(d, req.Source())
	return ours.answer(d), true
}

// success answers 200, with the refresh that was asked for.
func (g *leg) success(req *sip.Request, tx sip.ServerTransaction, body []byte) {
	res := sip.NewResponseFromRequest(req, 200, "OK", nil)
	contact := sip.ContactHeader{Address: g.line.contact()}
	res.AppendHeader(&contact)
	res.AppendHeader(sip.NewHeader("Allow", allowed))
	if n, refresher := seconds(req, "Session-Expires", "x"); n > 0 {
		if refresher == "" {
			refresher = "uac" // whoever asks, for as long as the call lasts
		}
		res.AppendHeader(sip.NewHeader("Session-Expires", fmt.Sprintf("%d;refresher=%s", n, refresher)))
		res.AppendHeader(sip.NewHeader("Require", "timer"))
	}
	if body != nil {
		res.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
		res.SetBody(body)
	}
	_ = tx.Respond(res)
}

// acknowledged passes an ACK to who waits for it.
func (g *leg) acknowledged(req *sip.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case g.waiting[req.CSeq().SeqNo] <- req:
	default:
	}
}

// signalled reads a key that is told by INFO. Two ways are common, and neither is a standard.
func signalled(contentType, body string) (key rune, ok bool) {
	kind, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	value := ""
	switch strings.TrimSpace(kind) {
	case "application/dtmf-relay":
		for line := range strings.Lines(body) {
			name, v, _ := strings.Cut(line, "=")
			if strings.EqualFold(strings.TrimSpace(name), "signal") {
				value = strings.TrimSpace(v)
			}
		}
	case "application/dtmf":
		value = strings.TrimSpace(body)
	}
	switch value {
	case "10":
		value = "*"
	case "11":
		value = "#"
	}
	if len(value) != 1 || !strings.Contains("0123456789*#", value) {
		return 0, false
	}
	return rune(value[0]), true
}

// stray takes answers to nothing that is under way: a success that comes again has to be confirmed again, and one from
// another end that a forking server rang has to be confirmed and hung up.
func (p *Provider) stray(res *sip.Response) {
	if res.CSeq() == nil || res.CSeq().MethodName != sip.INVITE || !res.IsSuccess() || res.CallID() == nil {
		return
	}
	g := p.leg(string(*res.CallID()))
	if g == nil || tagOf(res.From()) != g.dialog.tag {
		return
	}
	switch who := g.dialog.partner(); who {
	case tagOf(res.To()):
		g.ack(res.CSeq().SeqNo)
		return
	case "":
		return // it comes again
	}
	other := g.dialog.fork(res)
	_ = g.line.client.WriteRequest(other.ack(res.CSeq().SeqNo))
	_, _ = g.line.ask(p.life, func() *sip.Request { return other.request(sip.BYE) })
}
