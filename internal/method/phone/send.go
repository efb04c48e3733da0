// Sending a code: what it takes, how long it lives, and what bounds the bill.
package phone

import (
	"encoding/hex"
	"encoding/json"
	"errors"
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
	day       = 24 * time.Hour
	textLife  = 5 * time.Minute
	callLife  = 10 * time.Minute // the most that the standard allows (NIST SP 800-63B-4 section 3.1.3.2)
	sameUntil = 2 * time.Minute  // a code with less life left is not sent again; a new one is
	digits    = 6
)

// waits are between the sendings of a code, the last one repeating: the first text may only be late, and whoever asks again
// and again is not helped by another (threat T23).
var waits = [...]time.Duration{30 * time.Second, time.Minute, 2 * time.Minute}

// waitAfter is how long after a sending the next may be asked for.
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
}

// send asks a challenge and sends its code, in the caller's transaction. If a bound forbids it, nothing is sent, and
// why is returned.
func (m *Method) send(tx *db.Tx, a *signin.Attempt, purpose signin.Purpose, method string, n Number, channel message.Channel, from netip.Addr) (*problem.Problem, error) {
	if refused, err := m.take(tx, a, purpose, n, from); refused != nil || err != nil {
		return refused, err
	}
	life := textLife
	if channel == message.Voice {
		life = callLife
	}
	c := signin.Challenge{ID: db.NewID(), Kind: signin.Phone, Purpose: purpose, Method: method, Sends: 1, SentAt: tx.Now, ExpiresAt: tx.Now.Add(life)}
	secret, err := json.Marshal(n)
	if err != nil {
		return nil, err
	}
	c.Secret = m.Keys.Seal(secret, "challenges", "secret", c.ID)
	data, err := json.Marshal(sent{channel, n.Masked(), from})
	if err != nil {
		return nil, err
	}
	c.Data = string(data)
	if err := m.close(tx, a, purpose); err != nil { // only the newest code counts
		return nil, err
	}
	if c, err = m.Flow.Open(tx, a, c); err != nil {
		return nil, err
	}
	return m.deliver(tx, a, c, n, channel, from)
}

// again sends the code of an open challenge once more: the same one while it lives long enough, because the first may
// only be late (threat T31).
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
	if wait := c.SentAt.Add(waitAfter(c.Sends)).Sub(tx.Now); wait > 0 {
		p := problem.Field("code", "phone.wait").After(wait)
		p.Kind = problem.Limited
		return p, nil
	}
	if c.ExpiresAt.Sub(tx.Now) < sameUntil {
		return m.send(tx, a, c.Purpose, c.Method, n, channel, s.From)
	}
	if refused, err := m.take(tx, a, c.Purpose, n, s.From); refused != nil || err != nil {
		return refused, err
	}
	if s.Channel, c.Sends, c.SentAt = channel, c.Sends+1, tx.Now; channel == message.Voice {
		c.ExpiresAt = c.CreatedAt.Add(callLife)
	}
	data, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	c.Data = string(data)
	if err := m.Flow.Resent(tx, c); err != nil {
		return nil, err
	}
	return m.deliver(tx, a, c, n, channel, s.From)
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
		p := problem.Field("", "phone.limited").After(wait)
		p.Kind = problem.Limited
		return p, audit.Record(tx, a.Event(audit.SendingRefused, audit.Detail{"hint": n.Masked(), "limit": b.rule.Name}))
	}
	return nil, nil
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
		return m.Flow.Freeze(tx, c.User)
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
	if err := m.Outbox.Drop(tx, c.ID); err != nil {
		return err
	}
	return audit.Record(tx, audit.Event{Type: audit.CodeUnwanted, Actor: "unknown", User: c.User, Detail: audit.Detail{"hint": s.Hint}})
}

// entered gives back what an entered code took of the bounds that are about abuse, and lets go of its messages.
func (m *Method) entered(tx *db.Tx, a *signin.Attempt, c signin.Challenge) error {
	if err := m.Outbox.Entered(tx, c.ID); err != nil {
		return err
	}
	n, s, err := m.pending(c)
	if err != nil {
		return err
	}
	for _, b := range m.bounds(a, c.Purpose, n, s.From) {
		if !b.refund {
			continue
		}
		if err := b.rule.GiveBack(tx, b.who, c.Sends); err != nil {
			return err
		}
	}
	return nil
}

// deliver promises the message with the code. If the bill or the number forbids it, why is returned, and the challenge is
// withdrawn.
func (m *Method) deliver(tx *db.Tx, a *signin.Attempt, c signin.Challenge, n Number, channel message.Channel, from netip.Addr) (*problem.Problem, error) {
	code := m.Keys.Code(digits, c.ID)
	out := message.Message{User: a.User.ID, Channel: channel, Purpose: message.Code, Challenge: c.ID, Locale: a.Language,
		To: n.E164, Hint: n.Masked(), ExpiresAt: c.ExpiresAt, Typed: c.Purpose == signin.ToEnrol, Origin: from}
	if channel == message.Voice {
		out.Extension, out.Name, out.Code = n.Extension, a.User.GivenName, code
	} else {
		out.Body = m.Texts.Code(a.Language, code)
	}
	_, err := m.Outbox.Enqueue(tx, out)
	var refused *message.Refused
	if errors.As(err, &refused) {
		return m.refuse(tx, a, c, n, channel, refused)
	}
	if err != nil {
		return nil, err
	}
	return nil, audit.Record(tx, a.Event(audit.CodeSent, audit.Detail{"channel": string(channel), "hint": n.Masked()}))
}

// refuse tells why a message may not be sent. A challenge of which nothing was sent is none.
func (m *Method) refuse(tx *db.Tx, a *signin.Attempt, c signin.Challenge, n Number, channel message.Channel, why *message.Refused) (*problem.Problem, error) {
	if c.Sends == 1 {
		if err := m.close(tx, a, c.Purpose); err != nil {
			return nil, err
		}
	}
	p := problem.Field("", "phone.limited").After(why.Wait)
	p.Kind = problem.Limited
	if why.Reason == message.NoRoute {
		p = problem.Field("channel", "phone.no-route."+string(channel))
	}
	limit := string(why.Reason)
	if why.Scope != "" {
		limit += "-" + string(why.Scope)
	}
	return p, audit.Record(tx, a.Event(audit.SendingRefused, audit.Detail{"hint": n.Masked(), "limit": limit}))
}

// close ends the open challenge, and what was promised for it.
func (m *Method) close(tx *db.Tx, a *signin.Attempt, purpose signin.Purpose) error {
	c, found, err := m.Flow.Current(tx, a, signin.Phone, purpose)
	if err != nil || !found {
		return err
	}
	if err := m.Outbox.Drop(tx, c.ID); err != nil {
		return err
	}
	return m.Flow.Close(tx, a, signin.Phone, purpose)
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
