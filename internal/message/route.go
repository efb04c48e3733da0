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

// Provider is a company, or a device of one's own, that carries messages. It is used by many goroutines at once.
//
// A provider that keeps a connection has Run(ctx) besides, which returns when the context ends; one that is called back
// over the web is an http.Handler, which is asked for everything below /callback/NAME/ with that prefix taken off, and
// has to check for itself who asks. It tells what became of messages to the Desk that it was made with.
type Provider interface {
	// Send hands the message to the provider, and returns the provider's name for it, or empty. It must return when
	// the context ends, which is after 3 seconds for a code. Without an error, the provider took the message; a plain
	// error says that it did not and may another time; see Permanent, Doubtful and Unsent for the others.
	Send(ctx context.Context, m Message) (receipt string, err error)
}

// Doubtful marks the error after which nobody knows whether the provider has the message: it was handed over, and no
// answer came. It is not handed to the same route again unasked.
func Doubtful(err error) error { return doubtful{err} }

// Unsent marks the error of a route that ran out of time before it handed anything over, in a queue of its own for
// example. Without it, an error after the end of the context is taken to be Doubtful.
func Unsent(err error) error { return unsent{err} }

type doubtful struct{ error }

func (d doubtful) Unwrap() error { return d.error }

type unsent struct{ error }

func (u unsent) Unwrap() error { return u.error }

// Permanent marks the error of a route for which this message is lost, such as a number that does not exist. Any
// other error is taken for a passing one.
func Permanent(err error) error { return permanent{err} }

type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

func isPermanent(err error) bool {
	var p permanent
	return errors.As(err, &p)
}
