// From exec to ready, and the size of the program.
package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

// What is aimed for.
const (
	restartTime = 20 * time.Millisecond
	firstTime   = 120 * time.Millisecond
	binaryBytes = 35e6
)

// measureStarts starts Woggle on a database that it knows and in an empty folder, and the bare server, in turns.
func (b *bench) measureStarts(ctx context.Context) error {
	b.say("%d starts of each kind", b.starts)
	known, err := b.newSite("")
	if err != nil {
		return err
	}
	if _, err := b.startOnce(ctx, known); err != nil {
		return err
	}
	var again, first, bare []time.Duration
	for range b.starts {
		took, err := b.startOnce(ctx, known)
		if err != nil {
			return err
		}
		again = append(again, took)
		empty, err := b.newSite("")
		if err != nil {
			return err
		}
		if took, err = b.startOnce(ctx, empty); err != nil {
			return err
		}
		first = append(first, took)
		p, err := b.serveBare(ctx, 1)
		if err != nil {
			return err
		}
		p.stop()
		bare = append(bare, p.started)
	}
	yardstick := "bare server " + milliseconds(median(bare))
	for _, kind := range []struct {
		what string
		took []time.Duration
		aim  time.Duration
	}{{"restart to ready", again, restartTime}, {"first start to ready, with migrations", first, firstTime}} {
		middle := median(kind.took)
		b.add(row{what: kind.what, measured: milliseconds(middle), yardstick: yardstick,
			ratio: fmt.Sprintf("%.1f", float64(middle)/float64(median(bare))),
			aim:   fmt.Sprintf("< %d ms", kind.aim.Milliseconds()), met: verdict(middle < kind.aim)})
	}
	info, err := os.Stat(b.woggle)
	if err != nil {
		return err
	}
	b.below("size of the program", megabytes(info.Size()), "35 MB", info.Size() < binaryBytes)
	return nil
}

func (b *bench) startOnce(ctx context.Context, s *site) (time.Duration, error) {
	p, err := b.serve(ctx, s)
	if err != nil {
		return 0, err
	}
	p.stop()
	return p.started, nil
}
