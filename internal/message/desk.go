// The desk: what providers tell about messages, and ask about them.

package message

import (
	"context"
	"errors"
	"time"

	"woggle/internal/db"
)

// desk is the Desk of one route.
type desk struct {
	outbox *Outbox
	route  string
}

// Desk is where the provider of the route tells and asks.
func (o *Outbox) Desk(route string) Desk { return desk{o, route} }

// A report may come before the try that it is about is written, by another connection or to another node. These are
// the pauses between looks for it.
var patience = [...]time.Duration{20 * time.Millisecond, 50 * time.Millisecond, 150 * time.Millisecond, 500 * time.Millisecond, time.Second}

// Report implements Desk.
func (d desk) Report(ctx context.Context, r Report) error {
	err := d.report(ctx, r)
	for _, pause := range patience {
		if !errors.Is(err, ErrUnknown) {
			return err
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return err
		}
		err = d.report(ctx, r)
	}
	return err
}

func (d desk) report(ctx context.Context, r Report) error {
	return d.outbox.writes.do(ctx, func(tx *db.Tx) error {
		t, found, err := findTry(tx, d.route, r.Message, r.Receipt)
		if err != nil {
			return err
		}
		if !found {
			return ErrUnknown
		}
		return d.outbox.told(tx, t, r)
	})
}

// rank orders what is known of a message: a report of a lower or equal rank tells nothing new.
func rank(outcome string) int {
	switch outcome {
	case string(Delivered), string(Undelivered), string(Busy), string(NoAnswer), string(NoKey), string(Failed):
		return 3 // the end
	case string(Heard):
		return 2
	case string(Answered):
		return 1
	case string(Unwanted):
		return 4
	}
	return 0 // taken, and what was not known
}

// told notes what became of a try.
func (o *Outbox) told(tx *db.Tx, t told, r Report) error {
	// A call that was heard ends in its own way; that it also had no further key is no news.
	news := rank(string(r.Event)) > rank(t.outcome) && !(t.outcome == string(Heard) && r.Event == NoKey)
	if err := writeTold(tx, t, r, news); err != nil {
		return err
	}
	if r.Cost != nil {
		if err := o.correct(tx, t, *r.Cost); err != nil {
			return err
		}
	}
	if !news {
		return nil
	}
	switch r.Event {
	case Unwanted:
		if o.hooks.Unwanted != nil {
			return o.hooks.Unwanted(tx, t.challenge)
		}
	case Undelivered, Failed:
		again, err := reopen(tx, t)
		if err == nil && again {
			tx.AfterCommit(o.laneOf(t.priority).rouse)
		}
		return err
	}
	return nil
}

// Open implements Desk.
func (d desk) Open(ctx context.Context, id string) (m Message, err error) {
	var sealed []byte
	err = d.outbox.db.Ask(ctx, func(tx *db.Tx) error {
		found, err := tx.Found("SELECT sealed FROM messages WHERE id = $1 AND expires_at > $2 AND state IN ('sending', 'sent')",
			[]any{id, tx.Now.UnixMilli()}, &sealed)
		if err == nil && !found {
			return ErrUnknown
		}
		return err
	})
	if err != nil {
		return m, err
	}
	if sealed == nil {
		return m, ErrGone
	}
	m, err = d.outbox.open(id, sealed)
	if r := d.outbox.route(d.route); err == nil && r != nil {
		if !r.serves(m) || r.Channel != m.Channel {
			return Message{}, ErrUnknown
		}
		m.Sender = r.sender(m.To)
	}
	return m, err
}

// Keyed implements Desk.
func (d desk) Keyed(ctx context.Context, id, keys string) (right bool, err error) {
	err = d.outbox.db.Tx(ctx, func(tx *db.Tx) error {
		right = false
		var challenge string
		found, err := tx.Found("SELECT challenge FROM messages WHERE id = $1 AND channel = 'voice'", []any{id}, &challenge)
		if err != nil {
			return err
		}
		if !found {
			return ErrUnknown
		}
		if d.outbox.hooks.Keyed == nil {
			return nil
		}
		right, err = d.outbox.hooks.Keyed(tx, challenge, keys)
		return err
	})
	return right, err
}
