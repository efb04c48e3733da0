// The queue as it stands in the table messages. Every statement is one text for both engines.

package message

import (
	"database/sql"
	"time"

	"woggle/internal/db"
)

// The states of a message. The last three are final, and have no content any more.
const (
	queued  = "queued"
	sending = "sending"
	sent    = "sent"
	failed  = "failed"
	expired = "expired"
)

// A lane is a part of the queue with workers of its own, so that codes never wait behind slow e-mail.
type lane struct {
	first, last int64         // priorities
	timeout     time.Duration // for one route to take one message
	workers     int           // messages under way at once on this node
	wake        chan struct{}
}

// claim is a message that this node alone may send until the lease ends.
type claim struct {
	id      string
	sealed  []byte
	tries   int64 // this one included; it tells this claim from a later one of another node
	created time.Time
	lease   time.Time
}

// outcome is what became of a claim. With state queued, it is due again at next.
type outcome struct {
	state          string
	route, receipt string
	next           time.Time
}

func insert(tx *db.Tx, m Message, sealed []byte) error {
	_, err := tx.Exec(`INSERT INTO messages (id, user_id, channel, purpose, challenge, hint, sealed, priority, state,
			next_at, expires_at, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		m.ID, m.User, string(m.Channel), string(m.Purpose), m.Challenge, m.Hint, sealed, m.Purpose.priority(), queued,
		tx.Now.UnixMilli(), m.ExpiresAt.UnixMilli(), tx.Now.UnixMilli())
	return err
}

// take claims the most urgent message that is due in the lane, for as long as lease. The condition on the row is
// repeated outside of the choice, because between the two another node may have taken it; then nothing is found,
// though there may be more to do.
func take(tx *db.Tx, l *lane, lease time.Duration) (claim, bool, error) {
	c := claim{lease: tx.Now.Add(lease)}
	var created int64
	found, err := tx.Found(`UPDATE messages SET state = 'sending', tries = tries + 1, next_at = $1
		WHERE id = (SELECT id FROM messages
				WHERE state IN ('queued', 'sending') AND priority BETWEEN $2 AND $3 AND next_at <= $4 AND expires_at > $4
					AND NOT (state = 'sending' AND purpose = 'code' AND created_at <= $5)
				ORDER BY priority, next_at LIMIT 1)
			AND state IN ('queued', 'sending') AND next_at <= $4
		RETURNING id, sealed, tries, created_at`,
		[]any{c.lease.UnixMilli(), l.first, l.last, tx.Now.UnixMilli(), tx.Now.Add(-resendWithin).UnixMilli()},
		&c.id, &c.sealed, &c.tries, &created)
	c.created = db.Time(created)
	return c, found, err
}

// bury ends what take will never choose: messages that are too old, and codes that may have been sent by a node that
// died. Messages under way are not touched.
func bury(tx *db.Tx) (ended int64, err error) {
	return tx.Exec(`UPDATE messages SET sealed = NULL, state = CASE WHEN expires_at <= $1 THEN 'expired' ELSE 'failed' END
		WHERE state IN ('queued', 'sending') AND next_at <= $1
			AND (expires_at <= $1 OR (state = 'sending' AND purpose = 'code' AND created_at <= $2))`,
		tx.Now.UnixMilli(), tx.Now.Add(-resendWithin).UnixMilli())
}

// nextDue tells when the lane has something to do; the zero time is never.
func nextDue(tx *db.Tx, l *lane) (time.Time, error) {
	var at sql.NullInt64
	err := tx.Row(`SELECT min(next_at) FROM messages WHERE state IN ('queued', 'sending') AND priority BETWEEN $1 AND $2`,
		[]any{l.first, l.last}, &at)
	return db.Time(at.Int64), err
}

// settle writes what became of the claim, unless another node has taken the message over.
func settle(tx *db.Tx, c claim, o outcome) error {
	sealed, sentAt := c.sealed, int64(0)
	if o.state != queued {
		sealed = nil
	}
	if o.state == sent {
		sentAt = tx.Now.UnixMilli()
	}
	_, err := tx.Exec(`UPDATE messages SET state = $1, route = $2, receipt = $3, next_at = $4, sent_at = $5, sealed = $6
		WHERE id = $7 AND state = 'sending' AND tries = $8`,
		o.state, o.route, o.receipt, db.Millis(o.next), sentAt, sealed, c.id, c.tries)
	return err
}

// Receipt finds the person and the challenge of the message that a route gave that receipt for.
func Receipt(tx *db.Tx, route, receipt string) (user, challenge string, found bool, err error) {
	found, err = tx.Found("SELECT user_id, challenge FROM messages WHERE receipt = $1 AND receipt <> '' AND route = $2",
		[]any{receipt, route}, &user, &challenge)
	return user, challenge, found, err
}

// Sweep deletes what was sent, or given up, longer ago than that. What happens to a message never depends on it.
func Sweep(tx *db.Tx, olderThan time.Duration) error {
	_, err := tx.Exec("DELETE FROM messages WHERE state NOT IN ('queued', 'sending') AND created_at < $1",
		tx.Now.Add(-olderThan).UnixMilli())
	return err
}
