// Texts: how fast the outbox gives them to a message centre, beside a client that does nothing else, and how soon a code is on
// the wire.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"time"

	"woggle/internal/db"
	"woggle/internal/keys"
	"woggle/internal/message"
	"woggle/internal/message/bill"
	"woggle/internal/message/smpp"
	"woggle/test/phone"
	"woggle/test/smsc"
)

// The text is a code's, and so many may be on their way at once, for both.
const (
	textBody   = "123456 is your Northwold County Scouts sign-in code. Do not give it to anyone.\n\n@signin.example.org #123456"
	textWindow = 100
)

// measurePhones measures texts.
func (b *bench) measurePhones(ctx context.Context) error {
	b.say("texts")
	others, err := smsc.StartOthers("test/smsc", "quiet")
	if err != nil {
		return err
	}
	defer others.Stop()
	centre := others.Addr
	var ratios []float64
	var ours, bare []float64
	for range b.rounds {
		one, err := b.texts(ctx, centre)
		if err != nil {
			return fmt.Errorf("texts by the outbox: %w", err)
		}
		took, err := smsc.Bare(centre, smsc.Password, b.texting, textWindow, textBody)
		if err != nil {
			return fmt.Errorf("texts by the bare client: %w", err)
		}
		two := float64(b.texting) / took.Seconds()
		ours, bare, ratios = append(ours, one), append(bare, two), append(ratios, one/two)
	}
	ratio := median(ratios)
	b.note("The message centre of the texts is the package smpp for Node, for both.")
	b.add(row{what: "texts through the outbox", measured: fmt.Sprintf("%.0f/s", median(ours)), yardstick: fmt.Sprintf("%.0f/s by a bare SMPP loop", median(bare)),
		ratio: fmt.Sprintf("%.2f", ratio), aim: "≥ 0.50", met: verdict(ratio >= 0.5)})
	waits, err := b.codes(ctx)
	if err != nil {
		return fmt.Errorf("codes at 200 a second: %w", err)
	}
	slices.Sort(waits)
	p99 := waits[len(waits)*99/100]
	b.below("a code asked for to submit_sm, 200 a second, p99", p99.Round(100*time.Microsecond).String(), "50 ms", p99 < 50*time.Millisecond)
	b.note("Codes at 200 a second: half were on the wire within %s, the slowest of %d after %s.", waits[len(waits)/2].Round(100*time.Microsecond), len(waits), waits[len(waits)-1].Round(100*time.Microsecond))
	return nil
}

// texter is an outbox with one route, to a message centre of its own.
type texter struct {
	db     *db.DB
	outbox *message.Outbox
	stop   func()
}

func (b *bench) texter(ctx context.Context, name, centre string) (*texter, error) {
	d, err := db.Open("sqlite:"+filepath.Join(b.folder, name), time.Now)
	if err != nil {
		return nil, err
	}
	if err := d.Migrate(ctx); err != nil {
		return nil, err
	}
	o := message.New(d, keys.Random(), bill.Limits{}, slog.New(slog.DiscardHandler))
	provider, err := smpp.New(smpp.Config{Address: centre, SystemID: "bench", Password: smsc.Password, Window: textWindow}, o.Desk("centre"))
	if err != nil {
		return nil, err
	}
	o.Use([]message.Route{{Name: "centre", Channel: message.SMS, Provider: provider, Prices: bill.Flat(bill.Unit / 25)}}, message.Hooks{})
	return &texter{db: d, outbox: o, stop: func() {}}, nil
}

// run starts the outbox.
func (t *texter) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		t.outbox.Run(ctx)
		close(done)
	}()
	t.stop = func() {
		cancel()
		<-done
		t.db.Close()
	}
}

func (t *texter) enqueue(ctx context.Context, from, count int) error {
	return t.db.Tx(ctx, func(tx *db.Tx) error {
		for i := range count {
			n := from + i
			if _, err := t.outbox.Enqueue(tx, message.Message{Channel: message.SMS, Purpose: message.Code, User: fmt.Sprint("user", n), Challenge: fmt.Sprint("challenge", n),
				To: fmt.Sprintf("+4474%08d", n), Body: textBody, ExpiresAt: tx.Now.Add(5 * time.Minute)}); err != nil {
				return err
			}
		}
		return nil
	})
}

// texts drains a queue, and tells how many texts a second went and were written down.
func (b *bench) texts(ctx context.Context, centre string) (float64, error) {
	t, err := b.texter(ctx, fmt.Sprintf("texts-%d.db", time.Now().UnixNano()), centre)
	if err != nil {
		return 0, err
	}
	for from := 0; from < b.texting; from += 500 {
		if err := t.enqueue(ctx, from, min(500, b.texting-from)); err != nil {
			return 0, err
		}
	}
	began := time.Now()
	t.run(ctx)
	defer t.stop()
	for left := true; left; {
		if err := t.pause(ctx, 5*time.Millisecond); err != nil {
			return 0, err
		}
		// A count of what was sent would cost as much as the sending.
		if err := t.db.Ask(ctx, func(tx *db.Tx) error {
			return tx.Row("SELECT EXISTS (SELECT 1 FROM messages WHERE state IN ('queued', 'sending'))", nil, &left)
		}); err != nil {
			return 0, err
		}
	}
	return float64(b.texting) / time.Since(began).Seconds(), nil
}

func (*texter) pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// codes asks for codes at 200 a second, and tells how long each took to the wire.
func (b *bench) codes(ctx context.Context) ([]time.Duration, error) {
	centre, err := smsc.Listen(smsc.Options{})
	if err != nil {
		return nil, err
	}
	defer centre.Close()
	t, err := b.texter(ctx, "codes.db", centre.Addr)
	if err != nil {
		return nil, err
	}
	t.run(ctx)
	defer t.stop()
	for centre.Binds() == 0 {
		if err := t.pause(ctx, 5*time.Millisecond); err != nil {
			return nil, err
		}
	}
	count := b.asking
	asked := make([]time.Time, count)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	errs := make(chan error, count)
	for i := range count {
		<-tick.C
		asked[i] = time.Now()
		go func() { errs <- t.enqueue(ctx, i, 1) }()
	}
	for range count {
		if err := <-errs; err != nil {
			return nil, err
		}
	}
	for centre.Count() < int64(count) {
		if err := t.pause(ctx, time.Millisecond); err != nil {
			return nil, err
		}
	}
	waits := make([]time.Duration, 0, count)
	for _, text := range centre.Texts() {
		var n int
		if _, err := fmt.Sscanf(text.To, "4474%08d", &n); err != nil {
			return nil, err
		}
		waits = append(waits, text.At.Sub(asked[n]))
	}
	return waits, nil
}

// The calls of the benchmark: a hundred at once, for as long as a call lasts at most.
const manyCalls = 100

// measureCalls makes a hundred calls at once, and looks how regularly their sound comes.
func (b *bench) measureCalls(ctx context.Context) error {
	b.say("calls")
	r, err := phone.Load(ctx, manyCalls, b.calling)
	if err != nil {
		return err
	}
	early, late := 20*time.Millisecond-r.P1, r.P99-20*time.Millisecond
	b.below(fmt.Sprintf("sound of %d calls at once: p99 from 20 ms", manyCalls), max(early, late).Round(10*time.Microsecond).String(), "5 ms", max(early, late) < 5*time.Millisecond)
	b.note("Of %d packets in %d calls, %d were lost, and %.2f %% came more than 5 ms too early or too late; the worst pause was %s.", r.Packets, r.Calls, r.Lost, 100*r.Late, r.Worst.Round(100*time.Microsecond))
	return nil
}
