// Sending one claimed message: the routes in order, and what follows from how they answered.

package message

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"runtime/debug"
	"strings"
	"time"

	"woggle/internal/db"
)

// pauses are between the tries of a message that nobody waits for; the last one repeats.
var pauses = [...]time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour}

// codePause is between the rounds of a code that every route has turned down.
const codePause = 5 * time.Second

// deliver sends what was claimed and writes down what came of it.
func (o *Outbox) deliver(ctx context.Context, l *lane, c claim) {
	result := outcome{state: failed}
	var m Message
	content, err := o.ring.Open(c.sealed, "messages", "sealed", c.id)
	if err == nil {
		err = json.Unmarshal(content, &m)
	}
	if err == nil {
		result = o.send(ctx, l, c, m)
	} else {
		o.log.Error("a message cannot be read and is given up", "message", c.id, "error", err)
	}
	o.record(ctx, c, result)
}

// send hands the message to the first route that takes it.
func (o *Outbox) send(ctx context.Context, l *lane, c claim, m Message) outcome {
	routes := o.routes[m.Channel]
	hopeless, unknown := len(routes) > 0, false
	for _, route := range routes {
		now := o.db.Now()
		if !now.Before(m.ExpiresAt) {
			return outcome{state: expired}
		}
		if now.Add(l.timeout).After(c.lease) {
			hopeless = false // this node was too slow; another one may have the message by now
			break
		}
		log := o.log.With("message", m.ID, "channel", m.Channel, "purpose", m.Purpose, "route", route.Name(), "try", c.tries)
		receipt, late, err := try(ctx, l.timeout, route, m)
		if err == nil {
			log.Info("message sent")
			return outcome{state: sent, route: route.Name(), receipt: receipt}
		}
		log.Warn("message not taken", "error", redact(err, m), "permanent", isPermanent(err))
		hopeless, unknown = hopeless && isPermanent(err), unknown || late
	}
	next := c.next(m, o.db.Now())
	if hopeless || next.IsZero() || (m.Purpose == Code && unknown) {
		o.log.Error("message given up", "message", m.ID, "channel", m.Channel, "purpose", m.Purpose, "tries", c.tries)
		return outcome{state: failed}
	}
	return outcome{state: queued, next: next}
}

// try calls one route. With late set, it did not answer in time and may or may not have sent the message.
func try(ctx context.Context, timeout time.Duration, route Route, m Message) (receipt string, late bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	defer func() {
		// A message that brings a route down must not bring the sign-in down, now and at every restart.
		if r := recover(); r != nil {
			err = fmt.Errorf("the route failed: %v\n%s", r, debug.Stack())
		}
	}()
	receipt, err = route.Send(ctx, m)
	return receipt, err != nil && ctx.Err() != nil, err
}

// next is when the message is worth another round, or the zero time for never. Codes have little time: who waits asks
// for a new one.
func (c claim) next(m Message, now time.Time) time.Time {
	end, pause := m.ExpiresAt, pauses[min(c.tries, int64(len(pauses)))-1]
	if m.Purpose == Code {
		end, pause = c.created.Add(resendWithin), codePause
	}
	if m.ExpiresAt.Before(end) {
		end = m.ExpiresAt
	}
	if next := now.Add(pause); next.Before(end) {
		return next
	}
	return time.Time{}
}

// record writes the outcome, and tries for as long as the lease holds, because a message that was sent and not
// written down is sent again.
func (o *Outbox) record(ctx context.Context, c claim, result outcome) {
	for {
		err := o.settle(ctx, c, result)
		if err == nil {
			return
		}
		o.log.Error("the outcome of a message cannot be written", "message", c.id, "state", result.state, "error", err)
		if !o.db.Now().Before(c.lease) {
			return
		}
		pause := time.NewTimer(time.Second)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return
		}
	}
}

func (o *Outbox) settle(ctx context.Context, c claim, result outcome) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	return o.db.Tx(ctx, func(tx *db.Tx) error { return settle(tx, c, result) })
}

// redact is the error as the log may keep it: providers like to repeat whom and what they refused.
func redact(err error, m Message) string {
	text := err.Error()
	for _, secret := range []string{m.To, strings.TrimPrefix(m.To, "+"), m.Code, m.Name, m.Body} {
		if secret != "" {
			text = regexp.MustCompile("(?i)"+regexp.QuoteMeta(secret)).ReplaceAllString(text, "•••")
		}
	}
	return text
}
