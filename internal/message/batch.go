// Many small writes in one transaction.

package message

import (
	"context"
	"sync"

	"woggle/internal/db"
)

// mostTogether bounds a transaction, so that nobody waits long for it.
const mostTogether = 128

// batch writes what many goroutines want written at the same time in one transaction: a commit costs more than the
// statements in it. Whoever comes while one is under way goes with the next, so that nobody waits for company.
type batch struct {
	db      *db.DB
	mu      sync.Mutex
	waiting []*write
	busy    bool
}

type write struct {
	work func(*db.Tx) error
	err  chan error
}

// do runs work in a transaction, perhaps with others, and returns when it is committed. Work may be run several times,
// and one that fails does not harm the others.
func (b *batch) do(ctx context.Context, work func(*db.Tx) error) error {
	mine := &write{work, make(chan error, 1)}
	b.mu.Lock()
	b.waiting = append(b.waiting, mine)
	lead := !b.busy
	b.busy = true
	b.mu.Unlock()
	if lead {
		b.lead(context.WithoutCancel(ctx))
	}
	select {
	case err := <-mine.err:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// lead writes what waits. When its own is written and more has come, somebody else goes on, because the one who leads
// has other things to do.
func (b *batch) lead(ctx context.Context) {
	b.mu.Lock()
	group := b.waiting[:min(len(b.waiting), mostTogether)]
	b.waiting = b.waiting[len(group):]
	b.mu.Unlock()
	b.write(ctx, group)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.busy = len(b.waiting) > 0; b.busy {
		go b.lead(ctx)
	}
}

func (b *batch) write(ctx context.Context, group []*write) {
	ctx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	err := b.db.Tx(ctx, func(tx *db.Tx) error {
		for _, one := range group {
			if err := one.work(tx); err != nil {
				return err
			}
		}
		return nil
	})
	for _, one := range group {
		alone := err
		if err != nil && len(group) > 1 {
			alone = b.db.Tx(ctx, one.work) // it may be another's fault
		}
		one.err <- alone
	}
}
