// How fast messages go out.

package smpp

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	breather   = 100 * time.Millisecond // after the message centre said that there is too much
	firstGap   = 5 * time.Millisecond   // between two messages from then on: 200 a second
	widestGap  = time.Second
	narrowest  = 500 * time.Microsecond // and no gap at all below
	recoveries = 32                     // each message that is taken makes the gap a 32nd shorter
)

// pace spaces messages out: no faster than the settings allow, and slower while the message centre says that it gets
// too much: the gap doubles with every complaint and shrinks with every message taken. It is safe for many goroutines.
type pace struct {
	floor time.Duration // the gap of the settings

	mu     sync.Mutex
	gap    time.Duration
	next   time.Time // when the next may go
	slowed time.Time // when the message centre last complained
}

func newPace(perSecond float64) *pace {
	p := &pace{}
	if perSecond > 0 {
		p.floor = time.Duration(float64(time.Second) / perSecond)
	}
	p.gap = p.floor
	return p
}

var errCrowded = errors.New("smpp: it is not its turn in time, because the message centre takes no more a second")

// wait waits for the turn of one message. If that would come after the end of ctx, it does not wait at all.
func (p *pace) wait(ctx context.Context) error {
	p.mu.Lock()
	now := time.Now()
	turn := now
	if p.next.After(now) {
		turn = p.next
	}
	if end, bounded := ctx.Deadline(); bounded && turn.After(end) {
		p.mu.Unlock()
		return errCrowded
	}
	p.next = turn.Add(p.gap)
	p.mu.Unlock()
	if turn.Equal(now) {
		return ctx.Err()
	}
	timer := time.NewTimer(turn.Sub(now))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// slower is told that the message centre complained. A window full of complaints is one.
func (p *pace) slower() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if now.Sub(p.slowed) < breather {
		return
	}
	p.slowed = now
	p.gap = max(p.floor, min(max(2*p.gap, firstGap), widestGap))
	if rest := now.Add(breather); p.next.Before(rest) {
		p.next = rest
	}
}

// faster is told that a message was taken.
func (p *pace) faster() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gap == p.floor {
		return
	}
	if p.gap -= p.gap / recoveries; p.gap < max(p.floor, narrowest) {
		p.gap = p.floor
	}
}
