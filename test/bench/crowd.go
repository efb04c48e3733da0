// Many browsers at once.
package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// tally counts what came of the walks of a crowd.
type tally struct {
	done, failed atomic.Int64
	mu           sync.Mutex
	reasons      map[string]int
	slowest      time.Duration // walk
	answer       time.Duration // the slowest answer of all
	broken       error         // the bench itself
}

func (t *tally) note(took time.Duration, err error) {
	if err == nil {
		t.done.Add(1)
	} else {
		t.failed.Add(1)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.slowest = max(t.slowest, took)
	if err != nil {
		if t.reasons == nil {
			t.reasons = map[string]int{}
		}
		t.reasons[err.Error()]++
	}
	if errors.Is(err, errTooFew) {
		t.broken = err
	}
}

func (t *tally) noteAnswer(took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.answer = max(t.answer, took)
}

// why lists the reasons of failures, the most frequent first.
func (t *tally) why() string {
	names := slices.SortedFunc(maps.Keys(t.reasons), func(a, b string) int { return t.reasons[b] - t.reasons[a] })
	for i, name := range names {
		names[i] = fmt.Sprintf("%d × %s", t.reasons[name], name)
	}
	return strings.Join(names[:min(3, len(names))], ", ")
}

// crowd is browsers at work.
type crowd struct {
	tally
	stop context.CancelFunc
	all  sync.WaitGroup
}

// startCrowd sends people through sign-ins on count connections, each the next as soon as one is through, until finish
// is called or each has made walks of them (0: no bound).
func startCrowd(ctx context.Context, address string, from *people, count, walks int) *crowd {
	c := &crowd{}
	ctx, c.stop = context.WithCancel(ctx)
	for range count {
		c.all.Go(func() {
			b := newBrowser(address)
			defer b.close()
			defer func() { c.noteAnswer(b.slowest) }()
			for n := 0; ctx.Err() == nil && (walks == 0 || n < walks); n++ {
				p, err := from.take()
				began := time.Now()
				if err == nil {
					err = b.signIn(p)
				}
				c.note(time.Since(began), err)
				if errors.Is(err, errTooFew) {
					return
				}
			}
		})
	}
	return c
}

// finish lets walks under way come to their end.
func (c *crowd) finish() {
	c.stop()
	c.all.Wait()
}

// wait waits for a crowd with a bounded number of walks.
func (c *crowd) wait() {
	c.all.Wait()
	c.stop()
}

// rate counts what is done during d, in one second.
func rate(ctx context.Context, d time.Duration, done *atomic.Int64) float64 {
	before, began := done.Load(), time.Now()
	rest(ctx, d)
	return float64(done.Load()-before) / time.Since(began).Seconds()
}

// together runs work on count goroutines for d, after a short run-up, and gives how often it was done in a second. The
// first error ends it.
func together(ctx context.Context, count int, d time.Duration, work func(worker int) error) (float64, error) {
	var done atomic.Int64
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var all sync.WaitGroup
	for worker := range count {
		all.Go(func() {
			for ctx.Err() == nil {
				if err := work(worker); err != nil {
					stop(err)
					return
				}
				done.Add(1)
			}
		})
	}
	rest(ctx, d/10)
	perSecond := rate(ctx, d, &done)
	err := context.Cause(ctx)
	stop(nil)
	all.Wait()
	return perSecond, err
}
