// Handing calls to the trunk.

package sip

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"woggle/internal/message"
)

// Provider makes calls through one trunk. Its Run has to run for its Send to send.
type Provider struct {
	set  *settings
	desk message.Desk

	places chan struct{} // as many as calls may be under way
	life   context.Context
	end    context.CancelFunc
	calls  sync.WaitGroup

	mu     sync.Mutex
	known  chan struct{} // closed when it is known for the first time whether the trunk is up
	line   *line         // nil while the trunk is down
	server netip.AddrPort
	fault  error // why the trunk is down
	legs   map[string]*leg
	ending bool // no more calls

	rebukes int       // how often in a row the password was refused for a call
	barred  time.Time // until then no call is made
}

var (
	_ message.Provider = (*Provider)(nil)
	_ message.Runner   = (*Provider)(nil)
)

// New returns the provider of a trunk. The error tells what is wrong with the settings.
func New(c Config, desk message.Desk) (*Provider, error) {
	set, err := c.check()
	if err != nil {
		return nil, err
	}
	p := &Provider{set: set, desk: desk, places: make(chan struct{}, set.AtOnce), known: make(chan struct{}),
		fault: errStarting, legs: map[string]*leg{}}
	p.life, p.end = context.WithCancel(context.Background())
	return p, nil
}

// Send makes the call, and returns its Call-ID as soon as the trunk has taken it. What becomes of it, the Desk is told.
func (p *Provider) Send(ctx context.Context, m message.Message) (receipt string, err error) {
	number, from, err := p.addresses(m)
	if err != nil {
		return "", err
	}
	select {
	case p.places <- struct{}{}:
	default:
		return "", message.Unsent(errCrowded)
	}
	g, err := p.begin(ctx, m, number, from)
	if err != nil {
		<-p.places
		return "", message.Unsent(err)
	}
	go func() {
		defer p.finish(g)
		g.run(p.life, ctx)
	}()
	select {
	case err = <-g.taken:
	case <-ctx.Done():
		close(g.hurry)
		err = <-g.taken
	}
	if err != nil {
		return "", err
	}
	return g.dialog.id, nil
}

// addresses writes whom to call and whom from, or says why that cannot be.
func (p *Provider) addresses(m message.Message) (number, from string, err error) {
	if m.Channel != message.Voice {
		return "", "", message.Permanent(fmt.Errorf("sip: a trunk makes calls, and carries no %s", m.Channel))
	}
	if number, err = p.set.format.dial(m.To); err != nil || !wellDialled(m.Extension) {
		return "", "", message.Permanent(fmt.Errorf("sip: the number or its extension cannot be dialled: %w", errNumber))
	}
	from = p.set.From
	if m.Sender != "" {
		from = m.Sender
	}
	if from = p.set.format.caller(from); strings.ContainsFunc(from, notInAddress) {
		return "", "", errors.New("sip: calls cannot come from the sender that the route's settings give: it has to be a number")
	}
	return number, from, nil
}

// address is a user of the trunk's domain. Where that is the server itself, it has the server's port.
func (s *settings) address(user string) sip.Uri {
	uri := sip.Uri{Scheme: "sip", User: user, Host: s.Domain}
	if _, port, err := net.SplitHostPort(s.Server); err == nil && s.Domain == s.host() {
		uri.Port, _ = strconv.Atoi(port) // it was checked
	}
	return uri
}

// begin makes a leg, if the trunk is up or comes up while ctx lasts.
func (p *Provider) begin(ctx context.Context, m message.Message, number, from string) (*leg, error) {
	select {
	case <-p.known:
	case <-ctx.Done():
		return nil, errStarting
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ending {
		return nil, errStopping
	}
	if p.line == nil {
		return nil, p.fault
	}
	if time.Now().Before(p.barred) {
		return nil, errRefused
	}
	g, err := newLeg(p, p.line, p.server, m, number, from)
	if err != nil {
		return nil, err
	}
	p.legs[g.dialog.id] = g
	p.calls.Add(1)
	g.line.hold()
	return g, nil
}

func (p *Provider) finish(g *leg) {
	p.mu.Lock()
	delete(p.legs, g.dialog.id)
	p.mu.Unlock()
	g.line.release()
	p.calls.Done()
	<-p.places
}

// leg is the call with that Call-ID, or nil.
func (p *Provider) leg(id string) *leg {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.legs[id]
}

// stop ends all calls, and waits for them until ctx ends.
func (p *Provider) stop(ctx context.Context) {
	p.mu.Lock()
	p.ending = true
	p.mu.Unlock()
	p.end()
	done := make(chan struct{})
	go func() {
		p.calls.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
}
