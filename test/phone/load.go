// Many calls at once, for the benchmark.

package phone

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"woggle/internal/message"
	"woggle/internal/message/sip"
	"woggle/internal/message/speech"
)

// Load makes that many calls at once, lets them speak for that long, hangs up, and tells how regular their sound was.
func Load(ctx context.Context, calls int, long time.Duration) (Regularity, error) {
	exchange, err := NewExchange()
	if err != nil {
		return Regularity{}, err
	}
	defer exchange.Close()
	recordings, err := speech.New("")
	if err != nil {
		return Regularity{}, err
	}
	told := make(listeners, 4*calls)
	p, err := sip.New(sip.Config{Server: exchange.Address, User: "woggle", From: "+441632960000", Listen: "127.0.0.1",
		RTPPorts: "28000-29999", AtOnce: calls, Speech: recordings}, told)
	if err != nil {
		return Regularity{}, err
	}
	running, stop := context.WithCancel(ctx)
	var ended sync.WaitGroup
	ended.Go(func() { p.Run(running) })
	defer ended.Wait()
	defer stop()
	for n := range calls {
		sending, cancel := context.WithTimeout(ctx, 3*time.Second)
		_, err := p.Send(sending, message.Message{ID: strconv.Itoa(n), Channel: message.Voice, Purpose: message.Code, Locale: "en",
			To: fmt.Sprintf("+44163296%04d", n%10_000), Name: "Ann", Code: "482915"})
		cancel()
		if err != nil {
			return Regularity{}, err
		}
	}
	for answered := 0; answered < calls; {
		select {
		case r := <-told:
			if r.Event != message.Answered {
				return Regularity{}, fmt.Errorf("call %s: %s, %s", r.Message, r.Event, r.Cause)
			}
			answered++
		case <-ctx.Done():
			return Regularity{}, ctx.Err()
		}
	}
	select {
	case <-time.After(long):
	case <-ctx.Done():
		return Regularity{}, ctx.Err()
	}
	r := exchange.Regular()
	if r.Calls != calls {
		return r, errors.New("some calls are silent")
	}
	return r, nil
}

// listeners are told what becomes of calls.
type listeners chan message.Report

// Report implements message.Desk.
func (l listeners) Report(_ context.Context, r message.Report) error {
	select {
	case l <- r:
	default:
	}
	return nil
}

// Open implements message.Desk.
func (l listeners) Open(context.Context, string) (message.Message, error) {
	return message.Message{}, message.ErrUnknown
}

// Keyed implements message.Desk.
func (l listeners) Keyed(context.Context, string, string) (bool, error) { return false, nil }
