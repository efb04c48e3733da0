// Sign-ins in a second, those that fail, and the memory that they take.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/argon2"
)

// What is aimed for.
const (
	signInsPerHash = 0.9
	idleBytes      = 30e6
	sessionsBytes  = 100e6
	stormBytes     = 256e6
	stormAnswer    = 3 * time.Second
)

// connections of the steady load.
const connections = 16

// measureSignIns measures sign-ins against hashes, and the memory before and after them: one server that starts, idles,
// and works until it has many sessions.
func (b *bench) measureSignIns(ctx context.Context) error {
	s, err := b.newSite("")
	if err != nil {
		return err
	}
	b.say("making %d people", b.people)
	if err := s.fill(ctx, b.people); err != nil {
		return err
	}
	p, err := b.serve(ctx, s)
	if err != nil {
		return err
	}
	defer p.stop()
	rest(ctx, b.settle)
	idle, _, err := p.memory()
	if err != nil {
		return err
	}
	all, err := b.signInRounds(ctx, p)
	if err != nil {
		return err
	}
	last, _, err := p.memory()
	if err != nil {
		return err
	}
	rest(ctx, b.settle)
	now, peak, err := p.memory()
	if err != nil {
		return err
	}
	all.report(b)
	b.failures(connections, &all.tally)
	b.below("memory, idle", megabytes(idle), "30 MB", idle < idleBytes)
	b.below(fmt.Sprintf("memory after %d sessions", all.done.Load()), megabytes(now), "100 MB", now < sessionsBytes)
	b.note("memory right after the last of %d sign-ins: %s, at most before: %s", all.done.Load(), megabytes(last), megabytes(peak))
	return nil
}

// steady is what the rounds of sign-ins and hashes came to.
type steady struct {
	tally                    // of all sign-ins
	signIns, hashes, ratios  []float64
	server, visitors, hasher cores // during the rounds
	during, hashing          time.Duration
	counted, hashed          float64 // sign-ins and hashes in that time
}

// signInRounds lets rounds of sign-ins and of hashes take turns, and goes on until there are enough sessions.
func (b *bench) signInRounds(ctx context.Context, p *process) (*steady, error) {
	all, from := &steady{}, newPeople(b.people)
	for round := range b.rounds {
		b.say("sign-ins, round %d of %d", round+1, b.rounds)
		if err := b.signInRound(ctx, p, from, all); err != nil {
			return nil, err
		}
	}
	b.say("until there are %d sessions", b.sessions)
	for all.done.Load() < int64(b.sessions) && ctx.Err() == nil {
		missing := int(int64(b.sessions) - all.done.Load())
		c := startCrowd(ctx, p.address, from, connections, (missing+connections-1)/connections)
		c.wait()
		all.merge(&c.tally)
		if c.broken != nil || c.done.Load() == 0 {
			return nil, fmt.Errorf("nobody gets in any more: %s: %w", c.why(), errors.Join(c.broken, context.Cause(ctx)))
		}
	}
	return all, context.Cause(ctx)
}

func (b *bench) signInRound(ctx context.Context, p *process, from *people, all *steady) error {
	before := all.hash(ctx, b.hashing)
	c := startCrowd(ctx, p.address, from, connections, 0)
	rest(ctx, b.signins/5) // the run-up
	own, theirs, began := ownCores(), p.cores(), time.Now()
	signIns := rate(ctx, b.signins, &c.done)
	took := time.Since(began)
	all.server = all.server.plus(p.cores().since(theirs))
	all.visitors = all.visitors.plus(ownCores().since(own))
	all.during += took
	all.counted += signIns * took.Seconds()
	c.finish()
	all.merge(&c.tally)
	hashes := (before + all.hash(ctx, b.hashing)) / 2
	all.signIns, all.hashes = append(all.signIns, signIns), append(all.hashes, hashes)
	all.ratios = append(all.ratios, signIns/hashes)
	return errors.Join(c.broken, context.Cause(ctx))
}

// hash is how many of the hashes that a sign-in needs the cores make in a second, with nothing else to do.
func (all *steady) hash(ctx context.Context, d time.Duration) float64 {
	password, salt := []byte(commonPassword), make([]byte, 16)
	rand.Read(salt)
	own, began := ownCores(), time.Now()
	perSecond, _ := together(ctx, runtime.GOMAXPROCS(0), d, func(int) error {
		argon2.IDKey(password, salt, 2, 19*1024, 1, 32) // what the OWASP Password Storage Cheat Sheet asks first
		return nil
	})
	took := time.Since(began)
	all.hasher = all.hasher.plus(ownCores().since(own))
	all.hashing += took
	all.hashed += perSecond * took.Seconds()
	return perSecond
}

// report adds the row, and where the time went.
func (all *steady) report(b *bench) {
	ratio := median(all.ratios)
	b.add(row{what: fmt.Sprintf("sign-ins, %d connections", connections), measured: perSecond(median(all.signIns)),
		yardstick: "Argon2id hashes " + perSecond(median(all.hashes)), ratio: fmt.Sprintf("%.2f", ratio),
		aim: fmt.Sprintf("≥ %.2f", signInsPerHash), met: verdict(ratio >= signInsPerHash)})
	each := func(c cores, count float64) string {
		return fmt.Sprintf("%.1f ms and %.1f ms of the kernel", c.own.Seconds()*1e3/count, c.kernel.Seconds()*1e3/count)
	}
	available := all.during.Seconds() * float64(runtime.GOMAXPROCS(0))
	b.note("sign-ins: ratios of the rounds %s; a sign-in took %s of a core in the server, a bare hash %s; the cores were at work "+
		"%.0f %% for the server and %.0f %% for its visitors", span(all.ratios), each(all.server, all.counted),
		each(all.hasher, all.hashed), 100*all.server.sum().Seconds()/available, 100*all.visitors.sum().Seconds()/available)
}

func (b *bench) failures(connections int, t *tally) {
	failed := t.failed.Load()
	b.add(row{what: fmt.Sprintf("failed sign-ins, %d connections, SQLite", connections),
		measured: fmt.Sprintf("%d of %d", failed, failed+t.done.Load()), aim: "0", met: verdict(failed == 0)})
	why := ""
	if failed > 0 {
		why = "; failed: " + t.why()
	}
	b.note("%d connections: the slowest sign-in took %s, the slowest of its answers %s%s", connections, milliseconds(t.slowest),
		milliseconds(t.answer), why)
}

// merge adds what another crowd did.
func (t *tally) merge(o *tally) {
	for into, from := range map[*atomic.Int64]*atomic.Int64{&t.done: &o.done, &t.failed: &o.failed} {
		into.Add(from.Load())
	}
	if t.reasons == nil {
		t.reasons = map[string]int{}
	}
	for why, times := range o.reasons {
		t.reasons[why] += times
	}
	t.slowest, t.answer = max(t.slowest, o.slowest), max(t.answer, o.answer)
}

// measureStorms measures what a server that was idle takes when very many come at once.
func (b *bench) measureStorms(ctx context.Context) error {
	for _, count := range []int{128, 1000} {
		b.say("a storm of %d", count)
		if err := b.storm1(ctx, count); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) storm1(ctx context.Context, count int) error {
	s, err := b.newSite("")
	if err != nil {
		return err
	}
	if err := s.fill(ctx, b.people); err != nil {
		return err
	}
	p, err := b.serve(ctx, s)
	if err != nil {
		return err
	}
	defer p.stop()
	from := newPeople(b.people)
	var c *crowd
	if count == 128 {
		c = startCrowd(ctx, p.address, from, count, 0)
		rest(ctx, b.storm)
		c.finish()
		b.failures(count, &c.tally)
	} else {
		c = startCrowd(ctx, p.address, from, count, 1) // as after an announcement: everybody once
		c.wait()
		b.below(fmt.Sprintf("slowest answer, %d sign-ins at once", count), milliseconds(c.answer), "3 s", c.answer < stormAnswer)
		b.note("%d at once, each once: %d signed in, %d were asked to try again later (%s), the slowest sign-in took %s", count,
			c.done.Load(), c.failed.Load(), c.why(), milliseconds(c.slowest))
	}
	_, peak, err := p.memory()
	if err != nil {
		return err
	}
	b.below(fmt.Sprintf("memory at most, %d sign-ins at once", count), megabytes(peak), "256 MB", peak < stormBytes)
	return errors.Join(c.broken, context.Cause(ctx))
}
