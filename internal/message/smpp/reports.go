// From a receipt to the Desk, and from there to the acknowledgement.

package smpp

import (
	"context"
	"errors"
	"time"

	"woggle/internal/message"
	"woggle/internal/message/smpp/pdu"
)

// deliver takes a deliver_sm. A text that somebody wrote to our number is acknowledged and dropped. It is called by the
// reader of the session, which waits for nobody: whatever needs the database goes on beside it.
func (p *Provider) deliver(s *session, sequence uint32, body []byte) {
	answer := pdu.Header{Command: pdu.DeliverSM.Resp(), Sequence: sequence}
	m, err := pdu.ParseShort(body)
	if err != nil {
		answer.Status = pdu.NeverTry
		s.reply(answer.AppendID(nil, ""), false)
		return
	}
	var r receipt
	if isReceipt(&m) {
		r, _ = parseReceipt(&m)
	}
	if r.id == "" || r.event == "" {
		s.reply(answer.AppendID(nil, ""), false)
		return
	}
	select {
	case p.reports <- struct{}{}:
	default:
		answer.Status = pdu.TryLater // the Desk does not keep up
		s.reply(answer.AppendID(nil, ""), false)
		return
	}
	p.reporting.Go(func() {
		defer func() { <-p.reports }()
		if err := p.report(early{receipt: r}); err != nil {
			answer.Status = pdu.TryLater
		}
		s.reply(answer.AppendID(nil, ""), false)
	})
}

// report tells the Desk of a receipt, or keeps it for a while if nobody knows the message. The error is the database's.
func (p *Provider) report(e early) error {
	ctx, cancel := context.WithTimeout(context.Background(), reportWithin)
	defer cancel()
	for {
		unknown, err := p.tell(ctx, e.receipt)
		if !unknown || p.ledger.keep(e, time.Now()) {
			return err
		}
	}
}

// tell tells the Desk, which knows messages that this node did not send, or sent too long ago, by their receipt.
func (p *Provider) tell(ctx context.Context, r receipt) (unknown bool, err error) {
	report, news, known := p.ledger.match(r)
	if known && !news {
		return false, nil
	}
	if known {
		err := p.desk.Report(ctx, report)
		if err == nil || errors.Is(err, message.ErrUnknown) { // the latter: it is not kept any more
			return false, nil
		}
		p.ledger.undo(report)
		return false, err
	}
	for _, form := range forms(r.id) {
		err := p.desk.Report(ctx, message.Report{Receipt: form, Event: r.event, Cause: r.cause})
		if !errors.Is(err, message.ErrUnknown) {
			return false, err
		}
	}
	return true, nil
}

// took is told of each part that the message centre took. Its receipt may have come sooner than that answer.
func (p *Provider) took(id string, whole *parcel) {
	if e, sooner := p.ledger.took(id, whole); sooner {
		p.reporting.Go(func() { p.retryReceipt(e) })
	}
}

// retryReceipts tries again what could not be told, until ctx ends.
func (p *Provider) retryReceipts(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			for _, e := range p.ledger.due(now) {
				p.retryReceipt(e)
			}
		case <-ctx.Done():
			return
		}
	}
}

// retryReceipt tries a receipt that was acknowledged already: the message centre will not send it again.
func (p *Provider) retryReceipt(e early) {
	if err := p.report(e); err != nil {
		p.ledger.retry(e, time.Now())
	}
}
