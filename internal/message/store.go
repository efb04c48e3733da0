// The queue as it stands in the tables messages and message_tries. Every statement is one text for both engines.

package message

import (
	"cmp"
	"database/sql"
	"slices"
	"time"

	"woggle/internal/db"
	"woggle/internal/message/bill"
)

// The states of a message. All but the first two are final. Only a code that was sent has content still, for as long as
// it may have to go by another route.
const (
	queued  = "queued"
	sending = "sending"
	sent    = "sent"
	failed  = "failed"
	expired = "expired"
	dropped = "dropped" // not wanted any more before it was sent
)

// A lane is a part of the queue with workers of its own, so that codes never wait behind slow e-mail.
type lane struct {
	first, last int64         // priorities
	timeout     time.Duration // for one route to take one message
	workers     int           // messages under way at once on this node
	wake        chan struct{}
}

// claim is a message that this node alone may hand to one route until the lease ends.
type claim struct {
	id       string
	sealed   []byte
	plan     plan
	lost     bool  // a node had it before, and never said what came of it
	round    int64 // how often all routes were tried
	tries    int64 // this one included; it tells this claim from a later one of another node
	reserved bill.Money
	priority int64
	created  time.Time
	lease    time.Time
}

// outcome is what became of a claim. With state queued, it is due again at next.
type outcome struct {
	state    string
	plan     plan
	round    int64
	next     time.Time
	keep     bool       // the content, because it may have to go by another route
	try      *attempt   // nil if no route was asked
	reserved bill.Money // what stays reserved
	refund   bill.Money // what was reserved and is not spent
}

// attempt is one try of one route.
type attempt struct {
	number         int64
	route, receipt string
	began, ended   time.Time
	result         result
	cause          string
	cost           bill.Money
}

// result is how a try ended, before the provider tells more (Event).
type result string

const (
	taken    result = "taken"     // the provider has it
	refused  result = "refused"   // it did not take it, and may another time
	hopeless result = "permanent" // it never will
	unknown  result = "doubtful"  // it may have it
	lost     result = "lost"      // the node that asked it died
	full     result = "full"      // the way into it was, so that it was not asked
)

// insert queues the message.
func insert(tx *db.Tx, m Message, f finder, p plan, reserved bill.Money, sealed []byte) error {
	_, err := tx.Exec(`INSERT INTO messages (id, user_id, channel, purpose, challenge, hint, sealed, priority, state, plan,
			next_at, expires_at, created_at, reserved, country, number_key, range_key, block_key, address_key)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $11, $13, $14, $15, $16, $17, $18)`,
		m.ID, m.User, string(m.Channel), string(m.Purpose), m.Challenge, m.Hint, sealed, m.Purpose.priority(), queued, p.String(),
		tx.Now.UnixMilli(), m.ExpiresAt.UnixMilli(), int64(reserved), f.country, f.number, f.reach, f.block, f.address)
	return err
}

// take claims the most urgent messages that are due in the lane, at most so many, for as long as lease. The condition on
// the row is repeated outside of the choice, because between the two another node may have taken it; then fewer are
// found, though there may be more to do.
func take(tx *db.Tx, l *lane, most int, lease time.Duration) (all []claim, err error) {
	until := tx.Now.Add(lease)
	err = tx.Each(`UPDATE messages SET state = 'sending', tries = tries + 1, flight = flight + 1, next_at = $1
		WHERE id IN (SELECT id FROM messages
				WHERE state IN ('queued', 'sending') AND priority BETWEEN $2 AND $3 AND next_at <= $4 AND expires_at > $4
					AND NOT (state = 'sending' AND purpose = 'code' AND created_at <= $5)
				ORDER BY priority, next_at LIMIT $6)
			AND state IN ('queued', 'sending') AND next_at <= $4
		RETURNING id, sealed, plan, flight, round, tries, reserved, priority, created_at`,
		[]any{until.UnixMilli(), l.first, l.last, tx.Now.UnixMilli(), tx.Now.Add(-resendWithin).UnixMilli(), most},
		func(scan func(...any) error) error {
			c, text, flight, created, reserved := claim{lease: until}, "", int64(0), int64(0), int64(0)
			if err := scan(&c.id, &c.sealed, &text, &flight, &c.round, &c.tries, &reserved, &c.priority, &created); err != nil {
				return err
			}
			c.plan, c.lost, c.created, c.reserved = readPlan(text), flight > 1, db.Time(created), bill.Money(reserved)
			all = append(all, c)
			return nil
		})
	// What RETURNING gives has no order.
	slices.SortFunc(all, func(a, b claim) int {
		return cmp.Or(cmp.Compare(a.priority, b.priority), a.created.Compare(b.created), cmp.Compare(a.id, b.id))
	})
	return all, err
}

// bury ends what take will never choose: messages that are too old, and codes that may have been sent by a node that
// died. Messages under way are not touched. It also empties codes that were sent and are dead.
func bury(tx *db.Tx) (ended []ending, err error) {
	err = tx.Each(`UPDATE messages SET sealed = NULL, state = CASE WHEN expires_at <= $1 THEN 'expired' ELSE 'failed' END
		WHERE state IN ('queued', 'sending') AND next_at <= $1
			AND (expires_at <= $1 OR (state = 'sending' AND purpose = 'code' AND created_at <= $2))
		RETURNING id, reserved`, []any{tx.Now.UnixMilli(), tx.Now.Add(-resendWithin).UnixMilli()},
		func(scan func(...any) error) error {
			var e ending
			defer func() { ended = append(ended, e) }()
			return scan(&e.id, &e.reserved)
		})
	if err != nil {
		return nil, err
	}
	_, err = tx.Exec("UPDATE messages SET sealed = NULL WHERE state = 'sent' AND sealed IS NOT NULL AND expires_at <= $1", tx.Now.UnixMilli())
	return ended, err
}

// ending is a message that was given up, with what is still reserved for it.
type ending struct {
	id       string
	reserved int64
}

// nextDue tells when the lane has something to do; the zero time is never.
func nextDue(tx *db.Tx, l *lane) (time.Time, error) {
	var at sql.NullInt64
	err := tx.Row(`SELECT min(next_at) FROM messages WHERE state IN ('queued', 'sending') AND priority BETWEEN $1 AND $2`,
		[]any{l.first, l.last}, &at)
	return db.Time(at.Int64), err
}

// settle writes what became of the claim, unless another node has taken the message over, and tells how much of what was
// reserved goes back. The try is written in any case.
func settle(tx *db.Tx, c claim, o outcome) (refund bill.Money, err error) {
	var route, receipt string
	var cost bill.Money
	if a := o.try; a != nil {
		if err := insertTry(tx, c.id, *a); err != nil {
			return 0, err
		}
		route, receipt, cost = a.route, a.receipt, a.cost
	}
	var state string
	found, err := tx.Found(`UPDATE messages SET state = CASE WHEN sealed IS NULL AND $1 = 'queued' THEN 'dropped' ELSE $1 END,
			sealed = CASE WHEN $2 THEN sealed ELSE NULL END, plan = $3, round = $4, flight = 0, next_at = $5,
			sent_at = CASE WHEN $1 = 'sent' THEN $6 ELSE sent_at END, route = CASE WHEN $7 = '' THEN route ELSE $7 END,
			receipt = $8, cost = cost + $9, reserved = $10
		WHERE id = $11 AND state = 'sending' AND tries = $12 RETURNING state`,
		[]any{o.state, o.keep || o.state == queued, o.plan.String(), o.round, db.Millis(o.next), tx.Now.UnixMilli(), route, receipt,
			int64(cost), int64(o.reserved), c.id, c.tries}, &state)
	switch {
	case err != nil || !found:
		return 0, err
	case state == dropped:
		return o.refund + o.reserved, nil
	}
	return o.refund, nil
}

func insertTry(tx *db.Tx, message string, a attempt) error {
	_, err := tx.Exec(`INSERT INTO message_tries (message_id, number, route, receipt, began_at, ended_at, outcome, cause, cost)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (message_id, number) DO NOTHING`,
		message, a.number, a.route, a.receipt, a.began.UnixMilli(), a.ended.UnixMilli(), string(a.result), a.cause, int64(a.cost))
	return err
}

// usedRoutes are the routes that the challenge's code went by before.
func usedRoutes(tx *db.Tx, challenge string) (names []string, err error) {
	err = tx.Each("SELECT DISTINCT route FROM messages WHERE challenge = $1 AND challenge <> '' AND route <> ''", []any{challenge},
		func(scan func(...any) error) error {
			var name string
			defer func() { names = append(names, name) }()
			return scan(&name)
		})
	return names, err
}

// Sweep deletes what was sent, or given up, longer ago than that. What happens to a message never depends on it.
func Sweep(tx *db.Tx, olderThan time.Duration) error {
	before := tx.Now.Add(-olderThan).UnixMilli()
	if _, err := tx.Exec(`DELETE FROM message_tries WHERE message_id IN
			(SELECT id FROM messages WHERE state NOT IN ('queued', 'sending') AND created_at < $1)`, before); err != nil {
		return err
	}
	_, err := tx.Exec("DELETE FROM messages WHERE state NOT IN ('queued', 'sending') AND created_at < $1", before)
	return err
}
