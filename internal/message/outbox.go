// The outbox: promising a message, and keeping the promise.

package message

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"woggle/internal/db"
	"woggle/internal/keys"
)

const (
	codeTimeout  = 3 * time.Second  // a person waits: better the next route (threat T28)
	otherTimeout = 30 * time.Second // mail servers may greet slowly on purpose
	resendWithin = time.Minute      // of its life a code may be sent again (threat T29)
	poll         = 5 * time.Second  // for what another node queued and did not send
	grace        = 3 * time.Second  // for what is under way when the program ends
	leaseMargin  = 5 * time.Second  // for writing the outcome, and for clocks that differ between nodes
)

// Outbox sends messages. It is safe for many goroutines; on many nodes each has its own, over one table.
type Outbox struct {
	db     *db.DB
	ring   *keys.Ring
	routes map[Channel][]Route // in the order in which they are tried
	log    *slog.Logger
	lanes  [2]*lane
}

// New makes the outbox. The routes of a channel are tried in the order given.
func New(d *db.DB, ring *keys.Ring, routes []Route, log *slog.Logger) *Outbox {
	o := &Outbox{db: d, ring: ring, routes: map[Channel][]Route{}, log: log, lanes: [2]*lane{
		{first: Code.priority(), last: Code.priority(), timeout: codeTimeout, workers: 16, wake: make(chan struct{}, 1)},
		{first: Pass.priority(), last: Notice.priority(), timeout: otherTimeout, workers: 4, wake: make(chan struct{}, 1)},
	}}
	for _, route := range routes {
		for _, channel := range route.Channels() {
			o.routes[channel] = append(o.routes[channel], route)
		}
	}
	return o
}

// Serves tells whether there is any route for the channel.
func (o *Outbox) Serves(channel Channel) bool { return len(o.routes[channel]) > 0 }

// Enqueue promises the message in the caller's transaction, and returns its id. It is sent as soon as that
// transaction is committed, by this node or any other. The errors besides the database's are faults of the caller: a
// message with nothing in it, or by a channel that nobody serves.
func (o *Outbox) Enqueue(tx *db.Tx, m Message) (id string, err error) {
	if !o.Serves(m.Channel) {
		return "", fmt.Errorf("message: there is no route for %s", m.Channel)
	}
	if err := m.complete(tx.Now); err != nil {
		return "", err
	}
	m.ID = db.NewID()
	content, err := json.Marshal(m)
	if err != nil {
		return "", err
	}
	if err := insert(tx, m, o.ring.Seal(content, "messages", "sealed", m.ID)); err != nil {
		return "", err
	}
	tx.AfterCommit(o.laneOf(m.Purpose).rouse)
	return m.ID, nil
}

func (o *Outbox) laneOf(p Purpose) *lane {
	i := slices.IndexFunc(o.lanes[:], func(l *lane) bool { return p.priority() <= l.last })
	return o.lanes[i]
}

// rouse tells the lane that there is something to do. One waiting call stands for many.
func (l *lane) rouse() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Run sends what is due until the context ends. It returns when nothing is under way any more, a few seconds later at
// most; what it leaves, another node or the next start sends.
func (o *Outbox) Run(ctx context.Context) {
	// What is under way outlives ctx by a little, because a message that was cut off would be sent again.
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(grace, stop) })()
	var lanes sync.WaitGroup
	for _, l := range o.lanes {
		lanes.Go(func() { o.runLane(ctx, work, l) })
	}
	lanes.Wait()
}

func (o *Outbox) runLane(ctx, work context.Context, l *lane) {
	var busy sync.WaitGroup
	defer busy.Wait()
	slots := make(chan struct{}, l.workers)
	for {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		c, wait, err := o.claim(ctx, l)
		if err == nil && wait == 0 {
			busy.Go(func() {
				o.deliver(work, l, c)
				<-slots
			})
			continue
		}
		<-slots
		if err != nil && ctx.Err() == nil {
			o.log.Error("the outbox cannot be read; it tries again", "error", err, "after", wait)
		}
		timer := time.NewTimer(wait)
		select {
		case <-l.wake:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
		if ctx.Err() != nil {
			return
		}
	}
}

// Drain sends all that is due now, one after the other, codes first. Its error is the database's.
func (o *Outbox) Drain(ctx context.Context) error {
	for _, l := range o.lanes {
		for {
			c, wait, err := o.claim(ctx, l)
			if err != nil {
				return err
			}
			if wait > 0 {
				break
			}
			o.deliver(ctx, l, c)
		}
	}
	return nil
}

// claim takes the next message of the lane. If there is none, wait says when to look again.
func (o *Outbox) claim(ctx context.Context, l *lane) (c claim, wait time.Duration, err error) {
	for wait == 0 {
		var found bool
		err := o.db.Tx(ctx, func(tx *db.Tx) (err error) {
			c, found, err = take(tx, l, o.lease(l))
			return err
		})
		if err != nil {
			return c, poll, err
		}
		if found {
			return c, 0, nil
		}
		if wait, err = o.idle(ctx, l); err != nil {
			return c, poll, err
		}
	}
	return c, wait, nil
}

// lease is how long a claim holds: for every route to use up its time, and to write what came of it.
func (o *Outbox) lease(l *lane) time.Duration {
	most := 1
	for _, routes := range o.routes {
		most = max(most, len(routes))
	}
	return time.Duration(most)*l.timeout + leaseMargin
}

// idle tidies up and tells how long the lane can wait: not at all if another node took what this one had found.
func (o *Outbox) idle(ctx context.Context, l *lane) (wait time.Duration, err error) {
	var next, now time.Time
	var ended int64
	err = o.db.Tx(ctx, func(tx *db.Tx) (err error) {
		if ended, err = bury(tx); err != nil {
			return err
		}
		now = tx.Now
		next, err = nextDue(tx, l)
		return err
	})
	if err != nil {
		return 0, err
	}
	if ended > 0 {
		o.log.Warn("messages were not sent in time", "count", ended)
	}
	if next.IsZero() {
		return poll, nil
	}
	return min(poll, max(0, next.Sub(now))), nil
}
