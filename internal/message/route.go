// What a provider is to the outbox.

package message

import (
	"context"
	"errors"
)

// Route is a provider. It is used by many goroutines at once.
type Route interface {
	// Name names the route in the log and in the table.
	Name() string
	// Channels lists what the route can send.
	Channels() []Channel
	// Send hands the message to the provider, and returns the provider's name for it, or empty. It must return when
	// the context ends. An error says that the provider did not take it; one that is Permanent, that it never will.
	Send(ctx context.Context, m Message) (receipt string, err error)
}

// Permanent marks the error of a route for which this message is lost, such as a number that does not exist. Any
// other error is taken for a passing one.
func Permanent(err error) error { return permanent{err} }

type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

func isPermanent(err error) bool {
	var p permanent
	return errors.As(err, &p)
}
