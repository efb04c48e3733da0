package sip

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"woggle/internal/message"
	"woggle/internal/message/speech"
)

type desk struct {
	reports chan message.Report
	keyed   chan string
	right   atomic.Bool
}

func newDesk() *desk {
	return &desk{reports: make(chan message.Report, 1000), keyed: make(chan string, 10)}
}

func (d *desk) Report(_ context.Context, r message.Report) error {
	d.reports <- r
	return nil
}

func (d *desk) Open(context.Context, string) (message.Message, error) {
	return message.Message{}, message.ErrUnknown
}

func (d *desk) Keyed(_ context.Context, _, keys string) (bool, error) {
	d.keyed <- keys
	return d.right.Load(), nil
}

// told waits for the next reports, and wants them to be these.

func (d *desk) told(t *testing.T, events ...message.Event) (last message.Report) {
	t.Helper()
	for _, want := range events {
		select {
		case r := <-d.reports:
			if last = r; r.Event != want || r.Message != "m1" {
				t.Errorf("told %q of %s (%s), not %q", r.Event, r.Message, r.Cause, want)
			}
		case <-time.After(60 * time.Second):
			t.Fatalf("nobody is told %q", want)
		}
	}
	return last
}

// quiet wants that nothing more is told; all calls are over.

func (d *desk) quiet(t *testing.T) {
	t.Helper()
	select {
	case r := <-d.reports:
		t.Errorf("told %q besides", r.Event)
	default:
	}
}

var recordings = sync.OnceValue(func() *speech.Library {
	library, err := speech.New("")
	if err != nil {
		panic(err)
	}
	return library
})

// config is for a call to the fake.

func run(t *testing.T, c Config, d *desk, tune ...func(*settings)) (p *Provider, stop func()) {
	t.Helper()
	p, err := New(c, d)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range tune {
		change(p.set)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.Run(ctx)
	}()
	stop = func() {
		cancel()
		<-ended
	}
	t.Cleanup(stop)
	return p, stop
}

var codeCall = message.Message{ID: "m1", Channel: message.Voice, Purpose: message.Code, Locale: "en", To: "+441632960999", Name: "Ann", Code: "482915"}

// send hands the call over as the outbox does, but has less patience.

func send(t *testing.T, p *Provider, m message.Message, patience time.Duration) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	began := time.Now()
	receipt, err := p.Send(ctx, m)
	if took := time.Since(began); took > patience+time.Second {
		t.Errorf("Send took %s", took)
	}
	if (err == nil) != (receipt != "") {
		t.Errorf("the receipt %q comes with the error %v", receipt, err)
	}
	return err
}

// kind is how an error is marked.

func kind(err error) string {
	if err == nil {
		return ""
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", err), "message.")
}

const soon = 20 * time.Second

// secret is a trunk that wants the password.

type failing struct {
	*desk
	left int
}

func (d *failing) Report(ctx context.Context, r message.Report) error {
	if d.left--; d.left >= 0 {
		return errors.New("the database is locked")
	}
	return d.desk.Report(ctx, r)
}
