// One call, from the INVITE to the BYE.

package sip

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"

	"woggle/internal/message"
	"woggle/internal/message/sip/rtp"
)

const (
	// leaving is how long the trunk may take to confirm that a call is over, and leavingNow when we are stopping.
	leaving, leavingNow = 4 * time.Second, time.Second
	// mostInvites bounds the INVITEs of a call: challenges, and a longer session timer.
	mostInvites = 6
)

// leg is one call. Its run, and what that calls, is one goroutine; the rest is safe for many.
type leg struct {
	p      *Provider
	line   *line
	m      message.Message
	dialog *dialog
	sound  *rtp.Session
	who    *credentials

	taken chan error    // what Send returns; filled once
	hurry chan struct{} // closed when Send's time is up
	news  chan message.Report

	over   chan struct{} // closed when somebody hung up
	hangUp func()        // closes over
	lost   chan struct{} // closed when the trunk turns out to have forgotten the call
	forget func()        // closes lost

	told   bool   // taken is filled
	trying bool   // the trunk answered something
	early  []byte // SDP that came before the answer

	mu      sync.Mutex
	local   local
	agreed  *description
	waiting map[uint32]chan *sip.Request // for the ACK to our answer, by its number
}

func newLeg(p *Provider, l *line, server netip.AddrPort, m message.Message, number, from string) (*leg, error) {
	sound, err := rtp.Open(l.local.Addr(), p.set.ports)
	if err != nil {
		return nil, err
	}
	target := p.set.address(number)
	g := &leg{p: p, line: l, m: m, sound: sound, who: p.set.credentials(),
		dialog: newDialog(l, server, p.set.address(from), target, target),
		taken:  make(chan error, 1), hurry: make(chan struct{}), news: make(chan message.Report, 8),
		over: make(chan struct{}), lost: make(chan struct{}), waiting: map[uint32]chan *sip.Request{}}
	g.hangUp = sync.OnceFunc(func() { close(g.over) })
	g.forget = sync.OnceFunc(func() { close(g.lost) })
	now := uint64(time.Now().Unix())
	g.local = local{addr: l.public.Addr(), port: sound.Port(), id: now, version: now}
	return g, nil
}

// run makes the call and lives as long as it. asked is the context of Send.
func (g *leg) run(ctx, asked context.Context) {
	var reporting sync.WaitGroup
	reporting.Go(g.reportAll)
	defer reporting.Wait()
	defer close(g.news)
	defer g.sound.Close()
	answer := g.place(ctx, asked)
	if answer == nil {
		return
	}
	defer g.leave(ctx)
	g.dialog.establish(answer)
	g.ack(answer.CSeq().SeqNo)
	g.take(nil)
	body := answer.Body()
	if len(body) == 0 {
		body = g.early
	}
	heard, err := parseSDP(body)
	if err != nil {
		g.report(message.Failed, err.Error())
		return
	}
	g.agree(heard, answer.Source())
	g.report(message.Answered, "")
	go g.keepSession(ctx, answer)
	g.talk(ctx)
	if n := g.sound.Strangers(); n > 0 {
		g.p.set.Log.Warn("strangers sent sound into a call, and were not heard", "message", g.m.ID, "packets", n)
	}
}

// place sends the INVITE until the call is answered. Without an answer it is nil, and everything is told.
func (g *leg) place(ctx, asked context.Context) (answer *sip.Response) {
	session := usualSession
	for range mostInvites {
		req := g.invite(session)
		connect := asked
		if g.told {
			connect = ctx
		}
		tx, err := g.line.client.TransactionRequest(connect, req)
		if err != nil {
			g.conclude(outcome{message.Failed, message.Unsent(unreachable(connect, err)), "the trunk cannot be reached"})
			return nil
		}
		res := g.await(ctx, tx, req)
		switch {
		case res == nil:
			return nil
		case res.IsSuccess():
			tx.Terminate() // from now on its repetitions are strays
			g.p.trusted()
			return res
		case challenged(res):
			if err := g.who.answer(req, res); err != nil {
				g.p.refused(err)
				g.conclude(outcome{message.Failed, err, causeOf(res)})
				return nil
			}
		case res.StatusCode == 422 && session.longer(res):
			g.who = g.p.set.credentials()
		default:
			g.conclude(judge(res))
			return nil
		}
	}
	g.conclude(outcome{message.Failed, errors.New("sip: the trunk asks on and on"), "too many challenges"})
	return nil
}

// invite makes the INVITE.
func (g *leg) invite(session sessionTimer) *sip.Request {
	req := g.dialog.request(sip.INVITE)
	req.AppendHeader(sip.NewHeader("P-Asserted-Identity", "<"+g.dialog.from.String()+">")) // RFC 3325; many trunks take the caller from it
	req.AppendHeader(sip.NewHeader("Allow", allowed))
	session.put(req)
	g.who.put(req)
	g.mu.Lock()
	defer g.mu.Unlock()
	req.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
	req.SetBody(g.local.offer())
	return req
}

// await returns the final answer to an INVITE. Where there is none, or none is waited for any more, it is nil, and
// everything is told.
func (g *leg) await(ctx context.Context, tx sip.ClientTransaction, req *sip.Request) *sip.Response {
	bell, ringing, hurry := time.NewTimer(g.p.set.waits.connecting), false, g.hurry
	defer bell.Stop()
	for {
		select {
		case res := <-tx.Responses():
			if !res.IsProvisional() {
				return res
			}
			g.trying = true
			if res.StatusCode > 100 && !ringing {
				ringing = true
				bell.Reset(g.p.set.RingTime)
				g.take(nil)
			}
			if body := res.Body(); len(body) > 0 {
				g.early = body // nothing is played before the call is answered, but the answer may rely on it
			}
			continue
		case <-tx.Done():
			err := message.Unsent(errHung)
			if g.trying { // and then broke off: it may be at it still
				err = message.Doubtful(errHung)
			}
			g.conclude(outcome{message.Failed, err, "no answer from the trunk"})
			return nil
		case <-hurry:
			if hurry = nil; g.trying {
				g.take(nil)
				continue
			}
			g.take(message.Unsent(errHung))
		case <-bell.C:
			if ringing {
				g.conclude(outcome{message.NoAnswer, nil, ""})
			} else {
				g.conclude(outcome{message.Failed, message.Unsent(errHung), "the trunk made no connection"})
			}
		case <-ctx.Done():
			g.conclude(outcome{message.Failed, message.Unsent(errStopping), "this server is stopping"})
		}
		g.abandon(ctx, tx, req)
		return nil
	}
}

// abandon takes the call back, and makes sure that it does not come about after all.
func (g *leg) abandon(ctx context.Context, tx sip.ClientTransaction, req *sip.Request) {
	defer tx.Terminate()
	wait := g.p.set.waits.lingering
	if ctx.Err() != nil {
		wait = leavingNow
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	cancel := sync.OnceFunc(func() { go g.cancel(ctx, req) })
	if g.trying { // else the CANCEL could overtake the INVITE (RFC 3261 section 9.1)
		cancel()
	}
	for {
		select {
		case res := <-tx.Responses():
			switch {
			case res.IsProvisional():
				cancel()
				continue
			case res.IsSuccess(): // somebody picked up at that moment
				g.dialog.establish(res)
				g.ack(res.CSeq().SeqNo)
				g.leave(ctx)
			}
			return
		case <-tx.Done():
			return
		case <-timer.C:
			return
		case <-stopping(ctx, wait):
			wait = leavingNow
			timer.Reset(wait)
		}
	}
}

// stopping is closed when ctx ends, for those that have not been told.
func stopping(ctx context.Context, wait time.Duration) <-chan struct{} {
	if wait == leavingNow {
		return nil
	}
	return ctx.Done()
}

// cancel sends the CANCEL for an INVITE, which is the same but for the method (RFC 3261 section 9.1).
func (g *leg) cancel(ctx context.Context, invite *sip.Request) {
	req := sip.NewRequest(sip.CANCEL, *invite.Recipient.Clone())
	req.AppendHeader(sip.HeaderClone(invite.Via()))
	for _, route := range invite.GetHeaders("Route") {
		req.AppendHeader(sip.HeaderClone(route))
	}
	hops := sip.MaxForwardsHeader(70)
	for _, h := range []sip.Header{invite.From(), invite.To(), invite.CallID()} {
		req.AppendHeader(sip.HeaderClone(h))
	}
	req.AppendHeader(&sip.CSeqHeader{SeqNo: invite.CSeq().SeqNo, MethodName: sip.CANCEL})
	req.AppendHeader(&hops)
	req.SetBody(nil)
	req.SetTransport(invite.Transport())
	req.SetDestination(invite.Destination())
	req.Laddr = invite.Laddr
	asItIs := func(*sipgo.Client, *sip.Request) error { return nil }
	_, _ = g.line.try(parting(ctx), req, asItIs) // the INVITE's answer tells what came of it
}

// ack confirms the success of the INVITE with that number. It is sent again whenever the success is.
func (g *leg) ack(number uint32) {
	req := g.dialog.ack(number)
	g.who.put(req)
	_ = g.line.client.WriteRequest(req) // if it is lost, the success comes again
}

// leave hangs up, unless the other end has.
func (g *leg) leave(ctx context.Context) {
	if closed(g.over) {
		return
	}
	g.hangUp()
	wait := leaving
	if ctx.Err() != nil {
		wait = leavingNow
	}
	ctx, done := context.WithTimeout(parting(ctx), wait)
	defer done()
	_, _ = g.line.ask(ctx, func() *sip.Request { return g.dialog.request(sip.BYE) })
}

// parting is a context for what is to be sent though we are stopping.
func parting(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

// take tells Send whether the trunk has the call. Only the first telling counts.
func (g *leg) take(err error) {
	if !g.told {
		g.told = true
		g.taken <- err
	}
}

// conclude tells how a call ended that nobody answered: Send, or the Desk if it was taken or the trunk says what the
// telephone did.
func (g *leg) conclude(o outcome) {
	if !g.told && o.err != nil {
		g.take(o.err)
		return
	}
	g.take(nil)
	g.report(o.event, o.cause)
}

// agree arranges the sound as the other end wants it.
func (g *leg) agree(d *description, source string) {
	near := g.dialog.server.Addr()
	if addr, err := netip.ParseAddrPort(source); err == nil {
		near = addr.Addr().Unmap()
	}
	g.mu.Lock()
	g.agreed = d
	g.mu.Unlock()
	g.sound.Connect(d.peer(near))
}

// report tells the Desk, in order, and without making the call wait.
func (g *leg) report(event message.Event, cause string) {
	g.news <- message.Report{Message: g.m.ID, Receipt: g.dialog.id, Event: event, Cause: cause}
}

// reportAll passes reports on. What a database in trouble does not take is tried again for a while.
func (g *leg) reportAll() {
	for r := range g.news {
		var err error
		for try := range 5 {
			if err = g.p.desk.Report(context.Background(), r); err == nil || errors.Is(err, message.ErrUnknown) {
				break
			}
			time.Sleep(time.Second << try / 4)
		}
		if err != nil {
			g.p.set.Log.Warn("nobody was told what became of a call", "message", r.Message, "event", r.Event, "error", err)
		}
	}
}
