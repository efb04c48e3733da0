// Several bounds on one thing.
package signin

import (
	"net/http"
	"net/netip"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/limit"
	"woggle/internal/page"
	"woggle/internal/problem"
)

// bound is a rule, and whose tries it counts.
type bound struct {
	rule limit.Rule
	who  string
}

// bounds hold together: a try that one of them refuses is counted by none. The person stands last, so that somebody
// whose address may try no more uses up nobody's tries. All that count the same keep to one order: two transactions
// that wait for each other's rows would both have to begin again.
type bounds []bound

// take counts one try under every bound, before it is made. It returns zero if it may be made, else how long to wait.
func (bs bounds) take(tx *db.Tx) (wait time.Duration, err error) {
	for i, b := range bs {
		if wait, err = b.rule.Take(tx, b.who); err != nil {
			return 0, err
		}
		if wait > 0 {
			return wait, bs[:i].giveBack(tx)
		}
	}
	return 0, nil
}

func (bs bounds) giveBack(tx *db.Tx) error {
	for _, b := range bs {
		if err := b.rule.GiveBack(tx, b.who, 1); err != nil {
			return err
		}
	}
	return nil
}

// admit is take, for what is no guess: a refusal is recorded at once.
func (bs bounds) admit(tx *db.Tx, a *Attempt) (wait time.Duration, err error) {
	if wait, err = bs.take(tx); err == nil && wait > 0 {
		err = bs.record(tx, a)
	}
	return wait, err
}

// record puts it into the audit trail that a bound blocks from now on: once for each block, however many try.
func (bs bounds) record(tx *db.Tx, a *Attempt) error {
	for _, b := range bs {
		began, err := b.rule.Began(tx, b.who)
		if err != nil {
			return err
		}
		if !began {
			continue
		}
		e := a.Event(audit.GuessesBlocked, audit.Detail{"limit": b.rule.Name})
		if b.rule != passwords && b.rule != codes {
			e.User, e.Actor = "", "unknown" // where it comes from is blocked, and not the person whose turn it was
		}
		if err := audit.Record(tx, e); err != nil {
			return err
		}
	}
	return nil
}

// The bounds on what makes rows and mails before anybody has proved anything. They are wide: a whole hall may sign in
// at once behind one address.
var (
	startAddress = limit.Rule{Name: "start-address", Max: 300, Window: 10 * time.Minute}
	startNetwork = limit.Rule{Name: "start-network", Max: 1000, Window: 10 * time.Minute}
	// Requests of apps that are kept until somebody signs in.
	requestAddress = limit.Rule{Name: "request-address", Max: 600, Window: 10 * time.Minute}
	requestNetwork = limit.Rule{Name: "request-network", Max: 2000, Window: 10 * time.Minute}
	forgotAddress  = limit.Rule{Name: "forgot-address", Max: 60, Window: time.Hour}
	forgotNetwork  = limit.Rule{Name: "forgot-network", Max: 300, Window: time.Hour}
)

// startBounds are those of beginning a sign-in.
func (f *Flow) startBounds(a *Attempt) bounds {
	if a.Known != "" { // not bound by its place, but no script either
		return bounds{{startAddress, f.Who(a)}}
	}
	return places(a, startAddress, startNetwork)
}

// AdmitRequest counts a request of an app before it is kept, by where its visitor is. It returns zero if it may be kept, else how
// long to wait, which is to be committed and told by TooManyHere.
func (f *Flow) AdmitRequest(tx *db.Tx, r *http.Request) (wait time.Duration, err error) {
	a := &Attempt{visit: page.VisitOf(r)}
	return places(a, requestAddress, requestNetwork).admit(tx, a)
}

// TooManyHere says that the place where the visitor is has asked too often.
func TooManyHere(wait time.Duration) error { return problemTooManyHere(wait) }

// problemTooManyHere says that the place where the visitor is has asked too often. It is the same for every name.
func problemTooManyHere(wait time.Duration) *problem.Problem {
	return problem.New(problem.Limited, "signin.too-many-here").After(wait)
}

// forgetPlaces deletes where visitors were and what they typed, once no bound needs it.
func forgetPlaces(tx *db.Tx) error {
	return limit.Forget(tx, address, network, codeAddress, codeNetwork, startAddress, startNetwork, requestAddress, requestNetwork, forgotAddress, forgotNetwork,
		spraying, sighting)
}

// places are the bounds by where the attempt's visitor is. They do not bind a browser that the person has used before:
// its tries are few and its own, and a stranger behind the same address must not stop them. An address of this very
// computer says nothing of who asks.
func places(a *Attempt, address, network limit.Rule) bounds {
	if a.visit == nil { // keys in a call come from no place
		return nil
	}
	from := a.visit.Address
	if a.Known != "" || !from.IsValid() || from.IsLoopback() {
		return nil
	}
	if from.Is4() {
		return bounds{{address, prefix(from, 32)}, {network, prefix(from, 24)}}
	}
	// Each customer has 2⁶⁴ addresses of IPv6 at least, so that is one.
	return bounds{{address, prefix(from, 64)}, {network, prefix(from, 48)}}
}

func prefix(from netip.Addr, bits int) string {
	p, err := from.Prefix(bits)
	if err != nil {
		return from.String() // unreachable: no address is shorter
	}
	return p.String()
}
