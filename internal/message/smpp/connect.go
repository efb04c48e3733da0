// Making a connection, and what the message centre says by itself once there is one: receipts, and texts that nobody reads.

package smpp

import (
	"context"
	"errors"
	"fmt"
	"time"

	"woggle/internal/message"
	"woggle/internal/message/smpp/pdu"
)

// connect dials the message centre and binds (section 4.1.5).
func (p *Provider) connect(ctx context.Context) (*session, error) {
	ctx, cancel := context.WithTimeout(ctx, connectWithin)
	defer cancel()
	conn, err := p.dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("it cannot be reached: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	deadline, _ := ctx.Deadline()
	conn.SetDeadline(deadline)
	in := pdu.NewReader(conn)
	bind := pdu.Bind{SystemID: p.config.SystemID, Password: p.config.Password, SystemType: p.config.SystemType}
	_, err = conn.Write(bind.Append(nil, 1))
	var answer pdu.PDU
	if err == nil {
		answer, err = in.Next()
	}
	switch {
	case err != nil:
		err = fmt.Errorf("it did not answer the bind: %w", err)
	case answer.Command != pdu.BindTransceiver.Resp() && answer.Command != pdu.GenericNack:
		err = errors.New("it answered the bind with something else: is it a message centre?")
	case answer.Status != pdu.OK:
		err = refusal(answer.Status)
	}
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	conn.SetDeadline(time.Time{})
	s := newSession(conn, in, p.config.Window)
	s.sequence.Store(1) // the bind had it
	s.deliver, s.took = p.deliver, p.took
	return s, nil
}

// deliver takes what the message centre brings. It is acknowledged once it is understood; a receipt for which there is no
// room now is refused, and comes again (section 5.1.3, ESME_RX_T_APPN).
func (p *Provider) deliver(s *session, sequence uint32, body []byte) {
	answer := pdu.Header{Command: pdu.DeliverSM.Resp(), Sequence: sequence}
	m, err := pdu.ParseShort(body)
	if err != nil {
		answer.Status = pdu.InvalidLength
	} else if r, ok := parseReceipt(&m); ok && isReceipt(&m) && r.event != "" {
		if !p.report(early{receipt: r}) {
			answer.Status = pdu.TryLater
		}
	}
	s.reply(answer.AppendID(nil, ""), false)
}

// took notes a part that the message centre took. A receipt that came sooner is reported now.
func (p *Provider) took(id string, whole *parcel) {
	if e, sooner := p.ledger.took(id, whole); sooner {
		p.report(e)
	}
}

// report tells the Desk about a receipt, without holding up who calls. It is false if too many are under way.
func (p *Provider) report(e early) bool {
	select {
	case p.reports <- struct{}{}:
	default:
		return false
	}
	p.reporting.Go(func() {
		defer func() { <-p.reports }()
		p.tell(e)
	})
	return true
}

func (p *Provider) tell(e early) {
	ctx, cancel := context.WithTimeout(context.Background(), reportWithin)
	defer cancel()
	report, news, known := p.ledger.match(e.receipt)
	if known {
		if !news {
			return
		}
		if err := p.desk.Report(ctx, report); err != nil && !errors.Is(err, message.ErrUnknown) {
			p.ledger.undo(report)
			p.ledger.retry(e, time.Now())
		}
		return
	}
	// Another node sent it, or this one before it was started anew: the table knows the last part's id.
	for _, id := range forms(e.id) {
		err := p.desk.Report(ctx, message.Report{Receipt: id, Event: e.event, Cause: e.cause})
		if err == nil {
			return
		}
		if !errors.Is(err, message.ErrUnknown) {
			p.ledger.retry(e, time.Now())
			return
		}
	}
	if !p.ledger.keep(e, time.Now()) { // the answer to submit_sm has come meanwhile
		p.report(e)
	}
}

// retryReceipts asks again about receipts that nobody knew, until ctx ends.
func (p *Provider) retryReceipts(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			for _, e := range p.ledger.due(now) {
				p.report(e)
			}
		case <-ctx.Done():
			return
		}
	}
}
