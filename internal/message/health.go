// The health of routes, by what becomes of messages.

package message

import (
	"context"
	"sync"
	"time"

	"woggle/internal/db"
)

// How health is judged. There are no pings: a provider that answers them may lose every text.
const (
	healthEvery  = 5 * time.Second  // how often all nodes' outcomes are looked at
	healthWindow = 30 * time.Minute // what is older says nothing
	healthTries  = 20               // the newest of each route
	silentAfter  = 3 * time.Minute  // a code that was neither entered nor reported by then has probably not come
	probation    = time.Minute      // after that long without a try, a failing route may show that it is well again
)

// health knows which routes seem not to work. Its zero value trusts all.
type health struct {
	mu     sync.Mutex
	routes map[string]*condition
}

type condition struct {
	failing bool      // by the outcomes of all nodes
	streak  int       // failures in a row on this node since
	last    time.Time // when it was tried last
}

// mostFailures in a row are enough without waiting for the next look at all outcomes.
const mostFailures = 3

func (h *health) of(route string) *condition {
	if h.routes == nil {
		h.routes = map[string]*condition{}
	}
	if h.routes[route] == nil {
		h.routes[route] = &condition{}
	}
	return h.routes[route]
}

// note counts a try.
func (h *health) note(route string, a attempt) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := h.of(route)
	c.last = a.ended
	switch a.result {
	case taken, hopeless: // it answers
		c.streak = 0
	case refused, unknown, lost:
		c.streak++
	}
}

// failing tells whether other routes should go first. One that fails is tried again now and then: the first message
// after a quiet minute goes its way.
func (h *health) failing(route string, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := h.of(route)
	if !c.failing && c.streak < mostFailures {
		return false
	}
	if now.Sub(c.last) >= probation {
		c.last = now // this one only
		return false
	}
	return true
}

// stands tells whether the route stands back, and does not ask it for a try.
func (h *health) stands(route string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := h.of(route)
	return c.failing || c.streak >= mostFailures
}

func (h *health) set(route string, failing bool, last time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := h.of(route)
	c.failing = failing
	if last.After(c.last) {
		c.last = last
	}
	if !failing && !last.IsZero() && c.streak >= mostFailures && !last.Before(c.last) {
		c.streak = 0 // another node got through since
	}
}

// sample is one try, as far as it tells about its route.
type sample struct {
	began   time.Time
	outcome string
	code    bool // somebody would enter it: it answers a challenge, which a test message does not
	entered bool
}

// verdict is what a sample says: 1 that the route works, -1 that it does not, 0 nothing; silent that nothing was heard
// of a code since.
func (s sample) verdict(now time.Time) (works int, silent bool) {
	switch s.outcome {
	case string(Delivered), string(Answered), string(Heard), string(Busy), string(NoAnswer), string(NoKey), string(Unwanted):
		return 1, false
	case string(refused), string(unknown), string(lost), string(Undelivered), string(Failed):
		return -1, false
	case string(taken):
		switch {
		case s.entered:
			return 1, false
		case s.code && now.Sub(s.began) > silentAfter:
			return 0, true
		}
	}
	return 0, false
}

// fails judges a route by its newest tries, newest first. It fails if the last three went wrong, or half of the last
// ten; or if of ten codes nothing was heard of more than eight, which is a provider that takes texts and loses them.
func fails(samples []sample, now time.Time) bool {
	judged, wrong, row, silents, heard := 0, 0, 0, 0, 0
	for _, s := range samples {
		works, silent := s.verdict(now)
		if silent {
			silents++
		}
		if silent || works != 0 {
			heard++
		}
		if works == 0 || judged == 10 {
			continue
		}
		if judged++; works < 0 {
			wrong++
			if row == judged-1 {
				row++
			}
		}
	}
	return row >= mostFailures || judged >= 6 && 2*wrong >= judged || heard >= 10 && 10*(silents+wrong) > 8*heard
}

// watch looks at the outcomes of all nodes until the context ends.
func (o *Outbox) watch(ctx context.Context) {
	timer := time.NewTicker(healthEvery)
	defer timer.Stop()
	for {
		if err := o.Refresh(ctx); err != nil && ctx.Err() == nil {
			o.log.Error("the health of the routes could not be judged", "error", err)
		}
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
	}
}

// Refresh judges all routes by the outcomes of all nodes. Run does so by itself.
func (o *Outbox) Refresh(ctx context.Context) error {
	for _, r := range o.routes {
		var samples []sample
		var now time.Time
		err := o.db.Ask(ctx, func(tx *db.Tx) (err error) {
			samples, err = samplesOf(tx, r.Name)
			now = tx.Now
			return err
		})
		if err != nil {
			return err
		}
		var last time.Time
		if len(samples) > 0 {
			last = samples[0].began
		}
		o.health.set(r.Name, fails(samples, now), last)
	}
	return nil
}

func samplesOf(tx *db.Tx, route string) (samples []sample, err error) {
	err = tx.Each(`SELECT t.began_at, t.outcome, m.purpose = 'code' AND m.challenge <> '', m.entered_at > 0 FROM message_tries t JOIN messages m ON m.id = t.message_id
		WHERE t.route = $1 AND t.began_at > $2 ORDER BY t.began_at DESC LIMIT $3`,
		[]any{route, tx.Now.Add(-healthWindow).UnixMilli(), healthTries}, func(scan func(...any) error) error {
			var s sample
			var began int64
			if err := scan(&began, &s.outcome, &s.code, &s.entered); err != nil {
				return err
			}
			s.began = db.Time(began)
			samples = append(samples, s)
			return nil
		})
	return samples, err
}
