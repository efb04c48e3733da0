// Routes: providers with their rules, and which of them a message goes by.

package message

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"woggle/internal/message/bill"
)

// Provider is a company, or a device of one's own, that carries messages. It is used by many goroutines at once.
//
// A provider that keeps a connection is a Runner besides; one that is called back over the web is an http.Handler, which
// is asked for everything below /callback/NAME/ with that prefix taken off, and has to check for itself who asks. It
// tells what became of messages to the Desk that it was made with.
type Provider interface {
	// Send hands the message to the provider, and returns the provider's name for it, or empty. It must return when
	// the context ends, which is after 3 seconds for a code. Without an error, the provider took the message; a plain
	// error says that it did not and may another time; see Permanent, Doubtful and Unsent for the others.
	Send(ctx context.Context, m Message) (receipt string, err error)
}

// Runner is a provider that has something to do besides sending, such as keeping a connection.
type Runner interface {
	// Run returns when the context ends.
	Run(ctx context.Context)
}

// Route is a provider with its rules. Its place in the list is its place in the order among routes of one price.
type Route struct {
	Name      string // of letters a-z, digits and -, unique
	Channel   Channel
	Provider  Provider
	Prefixes  []string          // of the E.164 numbers that it serves, with +; none is all
	Languages []string          // that it speaks; none is all
	Senders   map[string]string // whom messages come from, by prefix of the number; "" is for all others
	Prices    bill.Prices       // of one segment of a text, or of a minute of a call
	PerSecond float64           // most messages a second; 0 is no bound
	AtOnce    int               // most messages on their way into it; 0 is no bound
	PerDay    int64             // most messages a day, over all nodes; 0 is no bound

	gate *gate
}

// serves tells whether the route may carry the message.
func (r *Route) serves(m Message) bool {
	language, _, _ := strings.Cut(m.Locale, "-")
	return (len(r.Languages) == 0 || slices.Contains(r.Languages, language)) &&
		r.Reaches(m.To)
}

// Reaches tells whether the route serves the number, in whatever language.
func (r *Route) Reaches(number string) bool {
	return len(r.Prefixes) == 0 || slices.ContainsFunc(r.Prefixes, func(p string) bool { return strings.HasPrefix(number, p) })
}

// sender is whom a message to the number comes from: the longest prefix decides.
func (r *Route) sender(to string) (sender string) {
	longest := -1
	for prefix, s := range r.Senders {
		if len(prefix) > longest && strings.HasPrefix(to, prefix) {
			longest, sender = len(prefix), s
		}
	}
	return sender
}

// price is what the message will cost by the route: a text by its segments, a call as if it took the longest it can.
// known is false where the list of prices has nothing for the number; then it is taken to be dear.
func (r *Route) price(m Message) (cost bill.Money, known bool) {
	switch m.Channel {
	case SMS:
		each, known := r.Prices.Of(m.To)
		return each * bill.Money(Segments(m.Body)), known
	case Voice:
		return r.Prices.Call(m.To, longestCall)
	}
	return 0, true
}

// Price is what a message like this would cost by the route.
func (r *Route) Price(m Message) bill.Money {
	cost, _ := r.price(m)
	return cost
}

// arrange puts the routes that serve the message into the order in which they are tried: those that work before those
// that seem not to, those that this code was not sent by before those that it was, because it did not arrive, and then
// the cheapest. Equals stay in the order of the settings.
func arrange(routes []*Route, m Message, failing, used func(*Route) bool) []*Route {
	type placed struct {
		route *Route
		rank  int
		price bill.Money
	}
	var serving []placed
	for _, r := range routes {
		if !r.serves(m) {
			continue
		}
		p := placed{route: r}
		if failing(r) { // asked once: it may be on probation, for this one message
			p.rank += 2
		}
		if used(r) {
			p.rank++
		}
		p.price, _ = r.price(m)
		serving = append(serving, p)
	}
	slices.SortStableFunc(serving, func(a, b placed) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.price, b.price))
	})
	ordered := make([]*Route, len(serving))
	for i, p := range serving {
		ordered[i] = p.route
	}
	return ordered
}

// Permanent marks the error of a route for which this message is lost, such as a number that does not exist. Any
// other error is taken for a passing one.
func Permanent(err error) error { return permanent{err} }

// Doubtful marks the error after which nobody knows whether the provider has the message: it was handed over, and no
// answer came. A code is not handed to the same route again unasked.
func Doubtful(err error) error { return doubtful{err} }

// Unsent marks the error of a route that ran out of time before it handed anything over, in a queue of its own for
// example. Without it, an error after the end of the context is taken to be Doubtful.
func Unsent(err error) error { return unsent{err} }

type (
	permanent struct{ error }
	doubtful  struct{ error }
	unsent    struct{ error }
)

func (e permanent) Unwrap() error { return e.error }
func (e doubtful) Unwrap() error  { return e.error }
func (e unsent) Unwrap() error    { return e.error }

// is tells whether the error is marked as E.
func is[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}
