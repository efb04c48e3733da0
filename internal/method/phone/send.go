// Sending a code, or calling for approval: what it takes, how long it lives, and what bounds the bill.
package phone

import (
	"encoding/hex"
	"encoding/json"
	"net/netip"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/limit"
	"woggle/internal/message"
	"woggle/internal/problem"
	"woggle/internal/signin"
)

const (
	day         = 24 * time.Hour
	textLife    = 5 * time.Minute
	callLife    = 10 * time.Minute // the most that the standard allows (NIST SP 800-63B-4 section 3.1.3.2)
	approveLife = 5 * time.Minute  // two digits are few, and nobody writes them down
	sameUntil   = 2 * time.Minute  // a code with less life left is not sent again; a new one is
	digits      = 6
)

// waits are between the sendings of a code, the last one repeating: the first text may only be late, and whoever asks again
// and again is not helped by another (threat T23).
var waits = [...]time.Duration{30 * time.Second, time.Minute, 2 * time.Minute}

// waitAfter is how long after the last of so many sendings the next may be asked for.
func waitAfter(sends int64) time.Duration { return waits[min(max(sends, 1), int64(len(waits)))-1] }

// The bounds. Those that refund are about codes that nobody enters, which is what abuse looks like (threats T23, T24,
// T32); the others hold whatever comes of it.
var (
	few    = limit.Rule{Name: "send-few", Max: 3, Window: 10 * time.Minute}
	many   = limit.Rule{Name: "send-many", Max: 10, Window: day}
	most   = limit.Rule{Name: "send-most", Max: 60, Window: day}
	region = limit.Rule{Name: "send-range", Max: 20, Window: time.Hour}
	origin = limit.Rule{Name: "send-address", Max: 30, Window: time.Hour}
	total  = limit.Rule{Name: "send-total", Max: 2000, Window: day}
	peace  = limit.Rule{Name: "send-peace", Max: 1, Window: day} // an attempt and a number whose owner wants no code
)

// Sweep forgets where people were who asked for codes, once no bound needs it.
func Sweep(tx *db.Tx) error { return limit.Forget(tx, origin) }

type bound struct {
	rule   limit.Rule
	who    string
	refund bool
}

// bounds are those of one sending. A number that somebody types is bounded by itself and by its range; one on record is
// not, because a stranger who types it would use up its owner's. What a person may be sent is counted apart for browsers
// that they have used before, so that who knows their password cannot use up theirs.
func (m *Method) bounds(a *signin.Attempt, purpose signin.Purpose, n Number, from netip.Addr) []bound {
	number, who := m.numberKey(n), m.Flow.Who(a)
	all := []bound{{few, who, true}, {many, who, true}, {most, who, false}}
	if purpose == signin.ToEnrol {
		all = append(all, bound{few, number, true}, bound{many, number, true})
	}
	if purpose == signin.ToEnrol && !m.Plan.Drama { // on stage everybody has a number of the same range
		all = append(all, bound{region, hex.EncodeToString(m.Keys.MAC("range", n.Prefix())[:16]), true})
	}
	if from.IsValid() && !from.IsLoopback() { // this computer's own address says nothing of who asks
		all = append(all, bound{origin, customer(from), true})
	}
	return append(all, bound{total, "", false})
}

// customer is what one customer has at least: an address of IPv4, 64 bits of IPv6.
func customer(from netip.Addr) string {
	from = from.Unmap().WithZone("")
	if from.Is4() {
		return from.String()
	}
	prefix, _ := from.Prefix(64)
	return prefix.String()
}

func (m *Method) numberKey(n Number) string {
	return hex.EncodeToString(m.Keys.MAC("number", n.E164)[:16])
}

// sent is what a challenge remembers of its code.
type sent struct {
	Channel message.Channel `json:"channel"`
	Hint    string          `json:"hint"`
	From    netip.Addr      `json:"from"`
	Approve bool            `json:"approve,omitempty"` // no code: the call asks for the two digits on the page
	Before  int64           `json:"before,omitempty"`  // how often was sent for the challenges that this one follows
}

// life is how long what is sent works.
func (s sent) life() time.Duration {
	switch {
	case s.Approve:
		return approveLife
	case s.Channel == message.Voice:
		return callLife
	}
	return textLife
}

// send asks a challenge and sends its code, in the caller's transaction. If a bound or the bill forbids it, nothing is
// sent, what was open before stays so, and why is returned.
func (m *Method) send(tx *db.Tx, a *signin.Attempt, purpose signin.Purpose, method string, n Number, s sent) (*problem.Problem, error) {
	s.Hint, s.Approve = n.Masked(), m.approves(s.Channel)
	if refused, err := m.take(tx, a, purpose, n, s.From); refused != nil || err != nil {
		return refused, err
	}
	c := signin.Challenge{ID: db.NewID(), Kind: signin.Phone, Purpose: purpose, Method: method, Sends: 1, SentAt: tx.Now,
		ExpiresAt: tx.Now.Add(s.life())}
	secret, err := json.Marshal(n)
	if err != nil {
		return nil, err
	}
	c.Secret = m.Keys.Seal(secret, "challenges", "secret", c.ID)
	data, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	c.Data = string(data)
	if refused, err := m.deliver(tx, a, c, n, s); refused != nil || err != nil {
		return refused, err
	}
	_, err = m.Flow.Open(tx, a, c)
	return nil, err
}

// again sends the code of an open challenge once more: the same one while it lives long enough, because the first may
// only be late (threat T31). Two digits on which the call was answered wrongly are never asked for again, and a code is
// no answer to a call for approval: those are new challenges.
func (m *Method) again(tx *db.Tx, a *signin.Attempt, c signin.Challenge, channel message.Channel) (*problem.Problem, error) {
	n, s, err := m.pending(c)
	if err != nil {
		return nil, err
	}
	if channel == "" {
		channel = s.Channel
	}
	if channel = m.able(n, channel); channel == "" {
		return problem.Field("code", "phone.no-route.sms"), nil
	}
	if c.Answer == signin.Right && tx.Now.Before(c.ExpiresAt) {
		return nil, nil // the page says so
	}
	if wait := c.SentAt.Add(waitAfter(s.Before + c.Sends)).Sub(tx.Now); wait > 0 {
		p := problem.Field("code", "phone.wait").After(wait)
		p.Kind = problem.Limited
		return p, nil
	}
	if c.ExpiresAt.Sub(tx.Now) < sameUntil || c.Answer == signin.Wrong || s.Approve != m.approves(channel) {
		return m.send(tx, a, c.Purpose, c.Method, n, sent{Channel: channel, From: s.From, Before: s.Before + c.Sends})
	}
	if refused, err := m.take(tx, a, c.Purpose, n, s.From); refused != nil || err != nil {
		return refused, err
	}
	s.Channel, c.Sends, c.SentAt = channel, c.Sends+1, tx.Now
	if end := c.CreatedAt.Add(s.life()); end.After(c.ExpiresAt) {
		c.ExpiresAt = end
	}
	data, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	c.Data = string(data)
	if refused, err := m.deliver(tx, a, c, n, s); refused != nil || err != nil {
		return refused, err
	}
	return nil, m.Flow.Resent(tx, c)
}

// take counts a sending under every bound before it happens.
func (m *Method) take(tx *db.Tx, a *signin.Attempt, purpose signin.Purpose, n Number, from netip.Addr) (*problem.Problem, error) {
	if wait, err := peace.Wait(tx, a.ID+":"+m.numberKey(n)); err != nil || wait > 0 {
		return problem.Field("number", unwanted), err
	}
	for _, b := range m.bounds(a, purpose, n, from) {
		wait, err := b.rule.Take(tx, b.who)
		if err != nil {
			return nil, err
		}
		if wait == 0 {
			continue
		}
		return limited("phone.limited", wait), audit.Record(tx, a.Event(audit.SendingRefused, audit.Detail{"hint": n.Masked(), "limit": b.rule.Name}))
	}
	return nil, nil
}

func limited(key string, wait time.Duration) *problem.Problem {
	return problem.New(problem.Limited, key).After(wait)
}

// unwanted is why no more codes go to a number.
const unwanted = "phone.unwanted"

// Reported is what key 9 in a call does: whoever answered did not ask for the code of the challenge. Of a number that is
// set up, its owner says so, and somebody else has their password: nothing can be changed from then on, and the
// administrators are told (threat T26). A number that is being set up is not the person's yet, but perhaps a stranger's
// whom a typing error has called: that one is left in peace, and the person told.
func (m *Method) Reported(tx *db.Tx, challenge string) error {
	c, found, err := m.Flow.Asked(tx, challenge)
	if err != nil || !found {
		return err
	}
	if c.Purpose == signin.ToProve {
		if err := m.Flow.Freeze(tx, c.User); err != nil {
			return err
		}
		return m.Flow.Withdraw(tx, c, signin.Trouble{Key: unwanted})
	}
	n, s, err := m.pending(c)
	if err != nil {
		return err
	}
	if _, err := peace.Take(tx, c.Attempt+":"+m.numberKey(n)); err != nil {
		return err
	}
	if err := m.Flow.Withdraw(tx, c, signin.Trouble{Key: unwanted}); err != nil {
		return err
	}
	return audit.Record(tx, audit.Event{Type: audit.CodeUnwanted, Actor: "unknown", User: c.User, Detail: audit.Detail{"hint": s.Hint}})
}

// entered gives back what an entered code took of the bounds that are about abuse.
func (m *Method) entered(tx *db.Tx, a *signin.Attempt, c signin.Challenge) error {
	n, s, err := m.pending(c)
	if err != nil {
		return err
	}
	return m.giveBack(tx, a, c.Purpose, n, s.From, s.Before+c.Sends, func(b bound) bool { return b.refund })
}

func (m *Method) giveBack(tx *db.Tx, a *signin.Attempt, purpose signin.Purpose, n Number, from netip.Addr, sends int64, which func(bound) bool) error {
	for _, b := range m.bounds(a, purpose, n, from) {
		if !which(b) {
			continue
		}
		if err := b.rule.GiveBack(tx, b.who, sends); err != nil {
			return err
		}
	}
	return nil
}

// pending is the number that a challenge is about.
func (m *Method) pending(c signin.Challenge) (n Number, s sent, err error) {
	secret, err := m.Keys.Open(c.Secret, "challenges", "secret", c.ID)
	if err != nil {
		return n, s, err
	}
	if err := json.Unmarshal(secret, &n); err != nil {
		return n, s, err
	}
	return n, s, json.Unmarshal([]byte(c.Data), &s)
}
