// The gate of a route: how many messages may be on their way into it, and how fast. Codes go first.

package message

import (
	"context"
	"slices"
	"sync"
	"time"
)

// gate lets messages through to a provider, no faster than it allows. It is safe for many goroutines.
type gate struct {
	pause time.Duration // between two messages; 0 is no bound

	mu     sync.Mutex
	places int // that are free; ignored if it has no bound
	bound  bool
	next   time.Time       // when the next may go
	timed  bool            // a timer will look again then
	queues [2][]*turnstile // codes, all others
}

type turnstile struct {
	open   chan struct{}
	passed bool
}

func newGate(perSecond float64, atOnce int) *gate {
	g := &gate{places: atOnce, bound: atOnce > 0}
	if perSecond > 0 {
		g.pause = time.Duration(float64(time.Second) / perSecond)
	}
	return g
}

// enter waits for a place. Who got one calls leave. The error is the context's.
func (g *gate) enter(ctx context.Context, urgent bool) error {
	queue, mine := 1, &turnstile{open: make(chan struct{})}
	if urgent {
		queue = 0
	}
	g.mu.Lock()
	g.queues[queue] = append(g.queues[queue], mine)
	g.admit()
	g.mu.Unlock()
	select {
	case <-mine.open:
		return nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if mine.passed { // at the same moment
		return nil
	}
	g.queues[queue] = slices.DeleteFunc(g.queues[queue], func(t *turnstile) bool { return t == mine })
	return ctx.Err()
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.places++
	g.admit()
}

// admit lets in whom it can, codes first.
func (g *gate) admit() {
	for {
		queue := slices.IndexFunc(g.queues[:], func(q []*turnstile) bool { return len(q) > 0 })
		if queue < 0 || g.bound && g.places == 0 {
			return
		}
		if now := time.Now(); g.pause > 0 {
			if wait := g.next.Sub(now); wait > 0 {
				g.later(wait)
				return
			}
			g.next = now.Add(g.pause)
		}
		first := g.queues[queue][0]
		g.queues[queue] = g.queues[queue][1:]
		g.places--
		first.passed = true
		close(first.open)
	}
}

func (g *gate) later(wait time.Duration) {
	if g.timed {
		return
	}
	g.timed = true
	time.AfterFunc(wait, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.timed = false
		g.admit()
	})
}
