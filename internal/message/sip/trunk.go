// Keeping the line to the trunk up.

package sip

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// stopTime is how long hanging up and signing off may take at the end.
const stopTime = 3 * time.Second

// Run keeps the line to the trunk. When ctx ends it hangs up whatever is under way, signs off, and returns.
func (p *Provider) Run(ctx context.Context) {
	t := &trunk{p: p, ctx: ctx}
	pauses := 0
	for ctx.Err() == nil {
		began := time.Now()
		err := t.attach()
		if ctx.Err() != nil {
			break
		}
		p.down(err)
		if pauses++; time.Since(began) > longestPause {
			pauses = 0 // it was up for a while
		}
		first, longest := p.set.waits.pause, longestPause
		if errors.Is(err, errRefused) {
			first, longest = p.set.waits.rebuke, longestRebuke
		}
		wait := min(first<<min(pauses, 12), longest)
		wait = max(wait/2+rand.N(wait/2), min(t.retryAfter, longestRebuke))
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
	t.detach()
}

// trunk is the trunk as Run sees it. It is used by one goroutine.
type trunk struct {
	p   *Provider
	ctx context.Context

	line       *line
	address    netip.Addr // of line
	registered *dialog    // nil while we are not
	retryAfter time.Duration
	answers    bool // the trunk has answered OPTIONS before: not all do
}

// attach finds a server, signs in, and stays until the line is lost.
func (t *trunk) attach() error {
	t.retryAfter = 0
	servers, err := t.p.set.resolve(t.ctx)
	if err != nil {
		return err
	}
	for _, server := range servers {
		if err = t.open(server, servers); err != nil {
			continue
		}
		var lasts time.Duration
		if lasts, err = t.greet(server); err == nil {
			t.p.up(t.line, server)
			return t.keep(server, lasts)
		}
		if errors.Is(err, errRefused) {
			return err
		}
	}
	if !t.p.set.Register && !t.answers && t.line != nil { // it may be one that never answers OPTIONS
		t.p.up(t.line, servers[0])
		return t.keep(servers[0], 0)
	}
	return err
}

// open makes sure that there is a line on the address that faces the server.
func (t *trunk) open(server netip.AddrPort, servers []netip.AddrPort) (err error) {
	addr := t.p.set.local
	if !addr.IsValid() {
		if addr, err = facing(server); err != nil {
			return err
		}
	}
	if t.line == nil || addr != t.address || t.line.broken.Load() {
		l, err := openLine(t.p.set, addr, t.p.handle, t.p.stray)
		if err != nil {
			return err
		}
		if t.line != nil {
			t.line.retire() // calls under way may go on where they began
		}
		t.line, t.address, t.registered = l, addr, nil
	}
	t.line.trust(servers)
	return nil
}

// greet signs in, or asks whether the trunk is there. It returns how long that lasts, or 0 for ever.
func (t *trunk) greet(server netip.AddrPort) (lasts time.Duration, err error) {
	if t.p.set.Register {
		return t.register(t.ctx, server, t.p.set.Expires)
	}
	return 0, t.probe(server)
}

// keep signs in again before the registration runs out, and asks now and then whether the trunk is there.
func (t *trunk) keep(server netip.AddrPort, lasts time.Duration) error {
	renew, missed := time.Now().Add(sooner(lasts)), 0
	for {
		next := time.Now().Add(t.p.set.waits.keepAlive)
		if lasts > 0 && renew.Before(next) {
			next = renew
		}
		timer := time.NewTimer(time.Until(next))
		select {
		case <-timer.C:
		case <-t.ctx.Done():
			timer.Stop()
			return t.ctx.Err()
		}
		if lasts > 0 && !time.Now().Before(renew) {
			var err error
			if lasts, err = t.register(t.ctx, server, t.p.set.Expires); err != nil {
				return err
			}
			renew = time.Now().Add(sooner(lasts))
			continue
		}
		if missed++; t.probe(server) == nil {
			missed = 0
		}
		if missed >= 2 && t.answers {
			return errHung
		}
	}
}

// sooner leaves time to try a second time before a registration runs out.
func sooner(lasts time.Duration) time.Duration {
	return max(lasts/2, lasts-2*time.Minute)
}

// probe asks with OPTIONS whether the trunk is there. Whatever it answers, it is.
func (t *trunk) probe(server netip.AddrPort) error {
	address := t.p.set.address("")
	from := address
	from.User = t.p.set.From
	_, err := t.line.try(t.ctx, newDialog(t.line, server, from, address, address).request(sip.OPTIONS))
	if err == nil {
		t.answers = true
	}
	return err
}

// register signs in for that long, or signs off with 0 (RFC 3261 section 10). It returns for how long it is.
func (t *trunk) register(ctx context.Context, server netip.AddrPort, expires time.Duration) (lasts time.Duration, err error) {
	account := t.p.set.address(t.p.set.User)
	if t.registered == nil || t.registered.server != server {
		t.registered = newDialog(t.line, server, account, account, t.p.set.address(""))
	}
	for range 3 {
		asked := strconv.Itoa(int(expires / time.Second))
		res, err := t.line.ask(ctx, func() *sip.Request {
			req := t.registered.request(sip.REGISTER)
			req.AppendHeader(sip.NewHeader("Expires", asked))
			return req
		})
		switch {
		case err != nil:
			return 0, err
		case res.IsSuccess():
			return t.granted(res, expires), nil
		case res.StatusCode == 423: // it wants to see us less often (RFC 3261 section 10.2.8)
			least, _ := seconds(res, "Min-Expires", "")
			if longer := time.Duration(least) * time.Second; longer > expires && longer <= 24*time.Hour {
				expires = longer
				continue
			}
		case res.StatusCode == 403:
			return 0, fmt.Errorf("%w (%s)", errRefused, causeOf(res))
		}
		after, _ := seconds(res, "Retry-After", "")
		t.retryAfter = time.Duration(after) * time.Second
		return 0, fmt.Errorf("sip: the trunk does not let us sign in (%s)", causeOf(res))
	}
	return 0, errors.New("sip: the trunk asks for ever longer registrations")
}

// granted is how long the trunk lets us be signed in: it says so beside our address, or for all of them.
func (t *trunk) granted(res *sip.Response, asked time.Duration) time.Duration {
	n, _ := seconds(res, "Expires", "")
	ours := t.line.contact()
	for _, h := range res.GetHeaders("Contact") {
		contact, ok := h.(*sip.ContactHeader)
		if !ok || contact.Address.Port != ours.Port || !strings.EqualFold(contact.Address.User, ours.User) {
			continue
		}
		if value, found := contact.Params.Get("expires"); found {
			if own, err := strconv.Atoi(value); err == nil {
				n = own
			}
		}
	}
	if n <= 0 {
		return asked
	}
	return max(time.Duration(min(n, 24*60*60))*time.Second, 20*time.Second)
}

// detach hangs up and signs off.
func (t *trunk) detach() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), stopTime)
	defer cancel()
	t.p.stop(ctx)
	if t.line == nil {
		return
	}
	if t.registered != nil && t.p.trunkUp() {
		_, _ = t.register(ctx, t.registered.server, 0)
	}
	t.line.retire()
}

// up is told that calls can be made.
func (p *Provider) up(l *line, server netip.AddrPort) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fault != nil {
		p.set.Log.Info("the telephone trunk is up", "server", p.set.Server)
	}
	p.line, p.server, p.fault = l, server, nil
	p.learned()
}

// down is told that no calls can be made. The administrator is told once for each reason.
func (p *Provider) down(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fault == nil || p.fault.Error() != err.Error() {
		p.set.Log.Error("the telephone trunk is down: no calls can be made through it", "server", p.set.Server, "error", err)
	}
	p.line, p.fault = nil, err
	p.learned()
}

func (p *Provider) learned() {
	select {
	case <-p.known:
	default:
		close(p.known)
	}
}

// trunkUp tells whether calls can be made.
func (p *Provider) trunkUp() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.line != nil
}

// refused is told that the trunk refused our password for a call. For a while no call is made then, longer every time:
// a trunk locks out who insists. The administrator is told once.
func (p *Provider) refused(err error) {
	if !errors.Is(err, errRefused) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.rebukes == 0 {
		p.set.Log.Error("the telephone trunk refuses our name and password for calls: check them", "server", p.set.Server)
	}
	p.barred = time.Now().Add(min(p.set.waits.rebuke<<min(p.rebukes, 12), longestRebuke))
	p.rebukes++
}

// trusted is told that a call was answered.
func (p *Provider) trusted() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rebukes = 0
}

// Probe asks the trunk with OPTIONS whether it is there (RFC 3261 section 11). Its error is for the administrator. It does
// not sign in, because some trunks would then send what is meant for the server to us. The provider is not to be run
// besides.
func (p *Provider) Probe(ctx context.Context) error {
	p.set.port = 0 // the server may be using ours
	t := &trunk{p: p, ctx: ctx}
	defer func() {
		if t.line != nil {
			t.line.close()
		}
	}()
	servers, err := p.set.resolve(ctx)
	for _, server := range servers {
		if err = t.open(server, servers); err == nil {
			err = t.probe(server)
		}
		if err == nil || ctx.Err() != nil {
			break
		}
	}
	if errors.Is(err, errHung) || errors.Is(err, context.DeadlineExceeded) {
		return errors.New("the trunk does not answer OPTIONS; not all trunks do, so make a test call: woggle message test NUMBER --call")
	}
	return err
}
