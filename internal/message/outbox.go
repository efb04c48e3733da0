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
	"woggle/internal/message/bill"
)

const (
	codeTimeout  = 3 * time.Second  // a person waits: better the next route (threat T28)
	otherTimeout = 30 * time.Second // mail servers may greet slowly on purpose
	resendWithin = time.Minute      // of its life a code may be sent again (threat T29)
	poll         = 5 * time.Second  // for what another node queued and did not send
	grace        = 3 * time.Second  // for what is under way when the program ends
	leaseMargin  = 5 * time.Second  // for writing the outcome, and for clocks that differ between nodes
	mostClaimed  = 64               // messages taken from the queue at once
)

// Outbox sends messages. It is safe for many goroutines; on many nodes each has its own, over one table.
type Outbox struct {
	db     *db.DB
	ring   *keys.Ring
	limits bill.Limits
	routes []*Route // in the order of the settings
	health health
	hooks  Hooks
	log    *slog.Logger
	lanes  [2]*lane
	writes batch
}

// Hooks are what other chapters do about messages, each in the transaction that it is called in.
type Hooks struct {
	Unwanted func(tx *db.Tx, challenge string) error                         // key 9: whoever answered did not ask for this code
	Keyed    func(tx *db.Tx, challenge, keys string) (right bool, err error) // two keys of a call that asks for approval
	Alarm    func(tx *db.Tx, alarm Alarm) error                              // the administrators should know
}

// New makes an outbox without routes. Limits bound what texts and calls may cost.
func New(d *db.DB, ring *keys.Ring, limits bill.Limits, log *slog.Logger) *Outbox {
	return &Outbox{db: d, ring: ring, limits: limits, log: log, writes: batch{db: d}, lanes: [2]*lane{
		// Many workers, because each may be held up by a provider that hangs.
		{first: Code.priority(), last: Code.priority(), timeout: codeTimeout, workers: 256, wake: make(chan struct{}, 1)},
		{first: Pass.priority(), last: Notice.priority(), timeout: otherTimeout, workers: 64, wake: make(chan struct{}, 1)},
	}}
}

// Use adds routes, and sets what others do about messages. It is called once, before anything is queued.
func (o *Outbox) Use(routes []Route, hooks Hooks) {
	for _, r := range routes {
		r.gate = newGate(r.PerSecond, r.AtOnce)
		o.routes = append(o.routes, &r)
	}
	o.hooks = hooks
}

// Serves tells whether there is any route for the channel.
func (o *Outbox) Serves(channel Channel) bool {
	return slices.ContainsFunc(o.routes, func(r *Route) bool { return r.Channel == channel })
}

// of are the routes of a channel.
func (o *Outbox) of(channel Channel) (routes []*Route) {
	for _, r := range o.routes {
		if r.Channel == channel {
			routes = append(routes, r)
		}
	}
	return routes
}

// route is the one with the name, or nil: the settings may have changed since a plan was made.
func (o *Outbox) route(name string) *Route {
	if i := slices.IndexFunc(o.routes, func(r *Route) bool { return r.Name == name }); i >= 0 {
		return o.routes[i]
	}
	return nil
}

// Enqueue promises the message in the caller's transaction, and returns its id. It is sent as soon as that
// transaction is committed, by this node or any other. A *Refused says that it may not be sent; the caller commits all
// the same, because that was counted. The errors besides the database's are faults of the caller: a message with nothing
// in it, or by a channel that nobody serves.
func (o *Outbox) Enqueue(tx *db.Tx, m Message) (id string, err error) {
	routes := o.of(m.Channel)
	if len(routes) == 0 {
		return "", fmt.Errorf("message: there is no route for %s", m.Channel)
	}
	if err := m.complete(tx.Now); err != nil {
		return "", err
	}
	m.ID = db.NewID()
	serving, err := o.arrange(tx, routes, m)
	if err != nil {
		return "", err
	}
	if len(serving) == 0 {
		return "", &Refused{Reason: NoRoute}
	}
	f := newFinder(o.ring, m)
	reserved, err := o.permit(tx, m, f, serving[0])
	if err != nil {
		return "", err
	}
	content, err := json.Marshal(m)
	if err != nil {
		return "", err
	}
	if err := insert(tx, m, f, newPlan(serving), reserved, o.ring.Seal(content, "messages", "sealed", m.ID)); err != nil {
		return "", err
	}
	tx.AfterCommit(o.laneOf(m.Purpose.priority()).rouse)
	return m.ID, nil
}

// arrange are the routes for the message, in the order in which they are to be tried.
func (o *Outbox) arrange(tx *db.Tx, routes []*Route, m Message) ([]*Route, error) {
	var before []string
	if m.Challenge != "" {
		var err error
		if before, err = usedRoutes(tx, m.Challenge); err != nil {
			return nil, err
		}
	}
	return arrange(routes, m, func(r *Route) bool { return o.health.failing(r.Name, tx.Now) },
		func(r *Route) bool { return slices.Contains(before, r.Name) }), nil
}

func (o *Outbox) laneOf(priority int64) *lane {
	i := slices.IndexFunc(o.lanes[:], func(l *lane) bool { return priority <= l.last })
	return o.lanes[i]
}

// rouse tells the lane that there is something to do. One waiting call stands for many.
func (l *lane) rouse() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Run sends what is due until the context ends, and runs the providers that have something to do. It returns when
// nothing is under way any more, a few seconds later at most; what it leaves, another node or the next start sends.
func (o *Outbox) Run(ctx context.Context) {
	// What is under way outlives ctx by a little, because a message that was cut off would be sent again.
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(grace, stop) })()
	var providers, lanes sync.WaitGroup
	providing, end := context.WithCancel(work)
	for _, r := range o.routes {
		if runner, ok := r.Provider.(Runner); ok {
			providers.Go(func() { runner.Run(providing) })
		}
	}
	lanes.Go(func() { o.watch(ctx) })
	for _, l := range o.lanes {
		lanes.Go(func() { o.runLane(ctx, work, l) })
	}
	lanes.Wait()
	end()
	providers.Wait()
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
		<-slots // only this loop fills them, so that one is free
		claims, wait, err := o.claim(ctx, l, min(mostClaimed, cap(slots)-len(slots)))
		for _, c := range claims {
			slots <- struct{}{}
			busy.Go(func() {
				o.deliver(work, l, c)
				<-slots
			})
		}
		if len(claims) > 0 {
			continue
		}
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
			claims, wait, err := o.claim(ctx, l, 1)
			if err != nil {
				return err
			}
			if wait > 0 {
				break
			}
			for _, c := range claims {
				o.deliver(ctx, l, c)
			}
		}
	}
	return nil
}

// claim takes the next messages of the lane, at most so many. If there is none, wait says when to look again.
func (o *Outbox) claim(ctx context.Context, l *lane, most int) (claims []claim, wait time.Duration, err error) {
	for wait == 0 {
		// In company with outcomes. Not to be given up halfway: what is claimed is to be sent.
		err := o.writes.do(context.WithoutCancel(ctx), func(tx *db.Tx) (err error) {
			claims, err = take(tx, l, most, l.timeout+leaseMargin)
			return err
		})
		if err != nil {
			return nil, poll, err
		}
		if len(claims) > 0 {
			return claims, 0, nil
		}
		if wait, err = o.idle(ctx, l); err != nil {
			return nil, poll, err
		}
	}
	return nil, wait, nil
}

// idle tidies up and tells how long the lane can wait: not at all if another node took what this one had found.
func (o *Outbox) idle(ctx context.Context, l *lane) (wait time.Duration, err error) {
	var next, now time.Time
	var ended []ending
	err = o.db.Tx(ctx, func(tx *db.Tx) (err error) {
		if ended, err = bury(tx); err != nil {
			return err
		}
		for _, e := range ended {
			if err := o.release(tx, e.id, bill.Money(e.reserved)); err != nil {
				return err
			}
		}
		now = tx.Now
		next, err = nextDue(tx, l)
		return err
	})
	if err != nil {
		return 0, err
	}
	if len(ended) > 0 {
		o.log.Warn("messages were not sent in time", "count", len(ended))
	}
	if next.IsZero() {
		return poll, nil
	}
	return min(poll, max(0, next.Sub(now))), nil
}
