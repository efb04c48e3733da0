// Sending one claimed message: the next route of its plan, and what follows from how it answered.

package message

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"runtime/debug"
	"strings"
	"time"
	"unicode"

	"woggle/internal/db"
)

// pauses are between the rounds of a message that nobody waits for; the last one repeats.
var pauses = [...]time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour}

// codePause is between the rounds of a code that every route has turned down.
const codePause = 5 * time.Second

// queuePause is until a message goes again that found the way into a route full. Nothing was tried, so nothing counts.
const queuePause = 10 * time.Second

// deliver hands what was claimed to the next route of its plan, and writes down what came of it.
func (o *Outbox) deliver(ctx context.Context, l *lane, c claim) {
	result := outcome{state: failed, refund: c.reserved}
	m, err := o.open(c.id, c.sealed)
	if err == nil {
		result = o.step(ctx, l, c, m)
	} else if c.sealed != nil {
		o.log.Error("a message cannot be read and is given up", "message", c.id, "error", err)
	}
	o.record(ctx, c, result)
	if result.state == queued && !result.next.After(o.db.Now()) {
		l.rouse()
	}
}

// open is the content of a message.
func (o *Outbox) open(id string, sealed []byte) (m Message, err error) {
	content, err := o.ring.Open(sealed, "messages", "sealed", id)
	if err != nil {
		return m, err
	}
	return m, json.Unmarshal(content, &m)
}

// step asks one route.
func (o *Outbox) step(ctx context.Context, l *lane, c claim, m Message) outcome {
	now := o.db.Now()
	if !now.Before(m.ExpiresAt) {
		return outcome{state: expired, refund: c.reserved}
	}
	if c.lost && m.Purpose == Code && len(c.plan.now) > 0 {
		// It may have been sent; the next route must not wait for an answer that nobody will give.
		a := &attempt{number: c.tries, route: c.plan.now[0], began: now, ended: now, result: lost}
		return o.proceed(c, m, c.plan.drop(), a)
	}
	if now.Add(l.timeout).After(c.lease) {
		return outcome{state: queued, plan: c.plan, round: c.round, next: now, reserved: c.reserved} // too slow; another node may have it by now
	}
	for len(c.plan.now) > 0 && o.route(c.plan.now[0]) == nil {
		c.plan = c.plan.drop()
	}
	if len(c.plan.now) == 0 {
		return o.proceed(c, m, c.plan, nil)
	}
	r := o.route(c.plan.now[0])
	reserved, allowed, err := o.afford(ctx, c, m, r)
	if err != nil {
		o.log.Error("a message could not be paid for; it is tried again", "message", m.ID, "error", err)
		return outcome{state: queued, plan: c.plan, round: c.round, next: now.Add(codePause), reserved: c.reserved}
	}
	c.reserved = reserved
	if !allowed {
		return o.proceed(c, m, c.plan.drop(), &attempt{number: c.tries, route: r.Name, began: now, ended: o.db.Now(), result: hopeless, cause: "over a limit"})
	}
	m.Sender = r.sender(m.To)
	return o.conclude(c, m, r, o.ask(ctx, l, c, m, r))
}

// ask hands the message to the route, and tells how that went.
func (o *Outbox) ask(ctx context.Context, l *lane, c claim, m Message, r *Route) attempt {
	a := attempt{number: c.tries, route: r.Name, began: o.db.Now()}
	ctx, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	err := r.gate.enter(ctx, m.Purpose == Code)
	if err != nil {
		a.result, a.cause = full, "the route is full"
	} else {
		a.receipt, err = try(ctx, r.Provider, m)
		r.gate.leave()
		a.result = judge(ctx, err)
	}
	a.ended = o.db.Now()
	log := o.log.With("message", m.ID, "channel", m.Channel, "purpose", m.Purpose, "route", r.Name, "try", c.tries)
	if err == nil {
		log.Info("message sent")
		return a
	}
	if a.cause == "" {
		a.cause = cause(redact(err, m))
	}
	log.Warn("message not taken", "error", redact(err, m), "result", a.result)
	return a
}

// judge tells what an answer of a route means.
func judge(ctx context.Context, err error) result {
	switch {
	case err == nil:
		return taken
	case is[permanent](err):
		return hopeless
	case is[unsent](err):
		return refused
	case is[doubtful](err), ctx.Err() != nil:
		return unknown
	}
	return refused
}

// conclude turns a try into what becomes of the message.
func (o *Outbox) conclude(c claim, m Message, r *Route, a attempt) outcome {
	price, _ := r.price(m)
	o.health.note(r.Name, a)
	switch a.result {
	case taken:
		a.cost = price
		// A code is kept while it lives: if the provider tells that it can't be delivered, it goes by the next route.
		return outcome{state: sent, plan: c.plan.drop(), round: c.round, try: &a, keep: m.Purpose == Code && m.Channel != Email,
			refund: max(0, c.reserved-price)}
	case hopeless:
		return o.proceed(c, m, c.plan.drop(), &a)
	case unknown:
		a.cost = price // it may be on the bill
		c.reserved = max(0, c.reserved-price)
		if m.Purpose == Code {
			return o.proceed(c, m, c.plan.drop(), &a)
		}
	case full:
		if m.Purpose != Code {
			return outcome{state: queued, plan: c.plan, round: c.round, next: o.db.Now().Add(queuePause), reserved: c.reserved}
		}
		a.result = refused
	}
	return o.proceed(c, m, c.plan.postpone(), &a)
}

// proceed goes on with what is left of the plan: the next route at once, or all again after a pause.
func (o *Outbox) proceed(c claim, m Message, left plan, a *attempt) outcome {
	now := o.db.Now()
	again := outcome{state: queued, plan: left, round: c.round, next: now, try: a, reserved: c.reserved}
	if len(left.now) > 0 {
		return again
	}
	if len(left.later) > 0 {
		again.plan, again.round = plan{now: left.later}, c.round+1
		if again.next = c.next(m, now); !again.next.IsZero() {
			return again
		}
	}
	o.log.Error("message given up", "message", m.ID, "channel", m.Channel, "purpose", m.Purpose, "tries", c.tries)
	return outcome{state: failed, try: a, refund: c.reserved}
}

// try calls one provider.
func try(ctx context.Context, p Provider, m Message) (receipt string, err error) {
	defer func() {
		// A message that brings a route down must not bring the sign-in down, now and at every restart.
		if r := recover(); r != nil {
			err = fmt.Errorf("the route failed: %v\n%s", r, debug.Stack())
		}
	}()
	return p.Send(ctx, m)
}

// next is when the message is worth another round, or the zero time for never. Codes have little time: who waits asks
// for a new one.
func (c claim) next(m Message, now time.Time) time.Time {
	end, pause := m.ExpiresAt, pauses[min(c.round, int64(len(pauses))-1)]
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
	return o.writes.do(ctx, func(tx *db.Tx) error {
		refund, err := settle(tx, c, result)
		if err != nil {
			return err
		}
		return o.release(tx, c.id, refund)
	})
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

// mostCause bounds what is kept of a provider's words.
const mostCause = 100

// cause makes one short line of a provider's words.
func cause(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	runes := []rune(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "")))
	return string(runes[:min(len(runes), mostCause)])
}
