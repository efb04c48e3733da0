// The provider: a connection that is kept, and messages that are tried over it.

package smpp

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"woggle/internal/message"
	"woggle/internal/message/smpp/pdu"
)

const (
	firstPause    = 500 * time.Millisecond // before a connection is tried again, twice as long each time…
	longestPause  = 30 * time.Second       // …up to this
	settled       = 30 * time.Second       // after which a connection was a good one, and the pauses begin anew
	connectWithin = 10 * time.Second       // for all of it, to the answer to the bind
	joinWithin    = 500 * time.Millisecond // a message waits for a connection that is being made
	reportWithin  = 10 * time.Second
	mostReports   = 512 // receipts that the Desk works on at once
)

// Provider carries texts over SMPP.
type Provider struct {
	config    Config
	desk      message.Desk
	dial      func(context.Context) (net.Conn, error)
	pace      *pace
	ledger    *ledger
	reference atomic.Uint32 // joins the parts of a long text
	reports   chan struct{} // one for each receipt that the Desk works on
	reporting sync.WaitGroup

	mu      sync.Mutex
	session *session      // or nil, and then…
	trouble error         // …why
	attempt chan struct{} // closed when the attempt to connect that is under way is over; nil if there is none
}

var _ message.Provider = (*Provider)(nil)

// New makes the provider. Its errors tell what is wrong with the settings. Nothing is sent before Run.
func New(config Config, desk message.Desk) (*Provider, error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	dial, err := config.dialer()
	if err != nil {
		return nil, err
	}
	p := &Provider{config: config, desk: desk, dial: dial, pace: newPace(config.PerSecond), ledger: newLedger(),
		reports: make(chan struct{}, mostReports), trouble: errors.New("it was not started")}
	// Two nodes, or two starts, shall not join the halves of two texts to one.
	p.reference.Store(rand.Uint32())
	return p, nil
}

// Send hands the text to the message centre. The receipt is its message_id, in small letters and without the zeros
// before it if it is a number; that of the last part if there are several, or empty if the message centre gives none.
func (p *Provider) Send(ctx context.Context, m message.Message) (receipt string, err error) {
	parts, err := p.config.compose(m, time.Now(), byte(p.reference.Add(1)))
	if err != nil {
		return "", message.Permanent(err)
	}
	whole := &parcel{message: m.ID, to: m.To, parts: len(parts)}
	for i, part := range parts {
		receipt, err = p.submit(ctx, part, whole)
		if err != nil && i > 0 {
			// The telephone has some of it, or will: from the beginning again would be twice.
			return "", message.Doubtful(fmt.Errorf("smpp: %d of %d parts were taken, and then: %v", i, len(parts), err))
		}
		if err != nil {
			return "", err
		}
	}
	return receipt, nil
}

// submit sends one part, and again for as long as there is time and the message centre only says that it is too much.
func (p *Provider) submit(ctx context.Context, part *pdu.Short, whole *parcel) (id string, err error) {
	var refused error
	for {
		if err := p.pace.wait(ctx); err != nil && refused == nil {
			return "", message.Unsent(err)
		} else if err != nil && ctx.Err() != nil {
			return "", message.Unsent(refused)
		} else if err != nil {
			return "", refused
		}
		s, err := p.current(ctx)
		if err != nil {
			return "", message.Unsent(err)
		}
		r := s.submit(ctx, part, whole)
		if r.err != nil {
			return "", r.err
		}
		verdict, err := judge(r.status)
		switch verdict {
		case taken:
			p.pace.faster()
			return r.id, nil
		case slower:
			p.pace.slower()
			refused = err
			continue
		case unusable:
			s.end(err)
		}
		return "", err
	}
}

// current is the connection. If one is being made, it waits a little.
func (p *Provider) current(ctx context.Context) (*session, error) {
	s, attempt, trouble := p.state()
	if s == nil && attempt != nil {
		timer := time.NewTimer(joinWithin)
		defer timer.Stop()
		select {
		case <-attempt:
		case <-timer.C:
		case <-ctx.Done():
		}
		s, _, trouble = p.state()
	}
	if s == nil {
		return nil, fmt.Errorf("smpp: there is no connection to %s at the moment: %w", p.config.Address, trouble)
	}
	return s, nil
}

func (p *Provider) state() (*session, chan struct{}, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.session, p.attempt, p.trouble
}

func (p *Provider) set(s *session, attempt chan struct{}, trouble error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.session, p.attempt, p.trouble = s, attempt, trouble
}

// Run keeps the connection until ctx ends. It returns when what is under way is over, a few seconds later at most.
func (p *Provider) Run(ctx context.Context) {
	var retries sync.WaitGroup
	retries.Go(func() { p.retryReceipts(ctx) })
	defer p.reporting.Wait()
	defer retries.Wait()
	pause := firstPause
	for {
		began := time.Now()
		err := p.connection(ctx)
		p.set(nil, nil, err)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) >= settled {
			pause = firstPause
		}
		// With the jitter, many nodes do not come back at the same moment.
		timer := time.NewTimer(pause/2 + rand.N(pause/2))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		pause = min(2*pause, longestPause)
	}
}

// connection makes one connection and keeps it as long as it lasts.
func (p *Provider) connection(ctx context.Context) error {
	attempt := make(chan struct{})
	p.set(nil, attempt, errors.New("it is being made"))
	s, err := p.connect(ctx)
	if err != nil {
		p.set(nil, nil, err)
		close(attempt)
		return err
	}
	p.set(s, nil, nil)
	close(attempt)
	// Nothing new shall wait for a connection that is about to say goodbye.
	defer context.AfterFunc(ctx, func() { p.set(nil, nil, errEnding) })()
	return s.serve(ctx)
}

var errEnding = errors.New("the program ends")
