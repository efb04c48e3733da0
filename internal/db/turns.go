// Waiting for a connection: in order, and not for long.
package db

import (
	"context"
	"fmt"
	"time"
)

// ErrBusy means that no connection was free in time, because too many others wait as well. It is ErrUnavailable, too.
var ErrBusy = fmt.Errorf("%w: too many wait for it", ErrUnavailable)

// turns are as many as there are connections. They are taken first come, first served.
type turns chan struct{}

// take waits no longer than wait.
func (t turns) take(ctx context.Context, wait time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case t <- struct{}{}: // never past somebody who waits: what is given back goes to them
		return nil
	default:
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case t <- struct{}{}:
		return nil
	case <-timer.C:
		return ErrBusy
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t turns) give() { <-t }
