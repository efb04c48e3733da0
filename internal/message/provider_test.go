package message

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/keys"
	"woggle/internal/message/bill"
)

// provider does what a test tells it.
type provider struct {
	name   string
	serves []Channel                                  // each makes a route
	answer func(ctx context.Context, m Message) error // nil takes everything

	mu  sync.Mutex
	got []Message // in the order in which they were handed over, taken or not
	at  []time.Time
}

func (p *provider) Send(ctx context.Context, m Message) (string, error) {
	p.mu.Lock()
	p.got = append(p.got, m)
	p.at = append(p.at, time.Now())
	p.mu.Unlock()
	if p.answer != nil {
		if err := p.answer(ctx, m); err != nil {
			return "", err
		}
	}
	return p.name + "-" + m.ID, nil
}

// times counts how often each body was handed over.
func (p *provider) times() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	times := map[string]int{}
	for _, m := range p.got {
		times[m.Body]++
	}
	return times
}

func (p *provider) bodies() (all []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.got {
		all = append(all, m.Body)
	}
	return all
}

// handed is when the body was handed over last; the zero time is never.
func (p *provider) handed(body string) (at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, m := range p.got {
		if m.Body == body {
			at = p.at[i]
		}
	}
	return at
}

// count is how often it was asked.
func (p *provider) count() int { return len(p.bodies()) }

// phones is a provider of texts and calls.
func phones(name string, answer func(ctx context.Context, m Message) error) *provider {
	return &provider{name: name, serves: []Channel{SMS, Voice}, answer: answer}
}

var errBusy = errors.New("busy")

func busy(context.Context, Message) error { return errBusy }
func gone(context.Context, Message) error { return Permanent(errors.New("no such number")) }

func hang(ctx context.Context, _ Message) error {
	<-ctx.Done()
	return ctx.Err()
}

// node is an outbox as one more server would have it, over the same table and with the same key file.
func node(d *db.DB, ring *keys.Ring, providers ...*provider) *Outbox {
	o := New(d, ring, bill.Limits{}, slog.New(slog.DiscardHandler))
	o.Use(routesOf(providers...), Hooks{})
	return o
}

// routesOf are the providers as routes in their order: the one for its first channel has the provider's name.
func routesOf(providers ...*provider) (routes []Route) {
	for _, p := range providers {
		for i, channel := range p.serves {
			name := p.name
			if i > 0 {
				name += "-" + string(channel)
			}
			routes = append(routes, Route{Name: name, Channel: channel, Provider: p})
		}
	}
	return routes
}

func text(purpose Purpose, body string, life time.Duration, now time.Time) Message {
	return Message{Channel: SMS, Purpose: purpose, User: "user", Challenge: "challenge", To: "+447700900123", Body: body,
		ExpiresAt: now.Add(life)}
}

func enqueue(t *testing.T, d *db.DB, o *Outbox, messages ...Message) (ids []string) {
	t.Helper()
	err := d.Tx(t.Context(), func(tx *db.Tx) error {
		ids = nil
		for _, m := range messages {
			id, err := o.Enqueue(tx, m)
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

func drain(t *testing.T, o *Outbox) {
	t.Helper()
	if err := o.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// row is what the table says of a message.
type row struct {
	state, route, receipt, hint string
	purpose                     Purpose
	sealed                      []byte
	tries                       int64
}

func look(t *testing.T, d *db.DB, id string) (r row) {
	t.Helper()
	err := d.View(t.Context(), func(tx *db.Tx) error {
		return tx.Row("SELECT state, route, receipt, hint, purpose, sealed, tries FROM messages WHERE id = $1", []any{id},
			&r.state, &r.route, &r.receipt, &r.hint, &r.purpose, &r.sealed, &r.tries)
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// final checks that a message ended in the state and that nothing of it is left, but of a code that was sent.
func final(t *testing.T, d *db.DB, id, state string) {
	t.Helper()
	r := look(t, d, id)
	if kept := r.state == sent && r.purpose == Code; r.state != state || (r.sealed != nil) != kept {
		t.Errorf("the %s is %s with %d bytes of content; want %s", r.purpose, r.state, len(r.sealed), state)
	}
}

// answering answers everything with the error, or takes it.
func answering(err error) func(context.Context, Message) error {
	return func(context.Context, Message) error { return err }
}
