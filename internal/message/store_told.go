// What is known of messages that were sent, as it stands in the tables.

package message

import (
	"woggle/internal/db"
	"woggle/internal/message/bill"
)

// told is a try, and the message it belongs to.
type told struct {
	message   string
	number    int64
	outcome   string
	cost      bill.Money
	challenge string
	priority  int64
}

// findTry finds the newest try of the route, by our id of the message or by the provider's receipt.
func findTry(tx *db.Tx, route, message, receipt string) (t told, found bool, err error) {
	where, value := "t.message_id = $2", message
	if message == "" {
		where, value = "t.receipt = $2 AND t.receipt <> ''", receipt
	}
	found, err = tx.Found(`SELECT t.message_id, t.number, t.outcome, t.cost, m.challenge, m.priority
		FROM message_tries t JOIN messages m ON m.id = t.message_id
		WHERE t.route = $1 AND `+where+` ORDER BY t.number DESC LIMIT 1`, []any{route, value},
		&t.message, &t.number, &t.outcome, &t.cost, &t.challenge, &t.priority)
	return t, found, err
}

func writeTold(tx *db.Tx, t told, r Report, news bool) error {
	if !news {
		return nil
	}
	if _, err := tx.Exec("UPDATE message_tries SET outcome = $1, cause = $2, told_at = $3 WHERE message_id = $4 AND number = $5",
		string(r.Event), cause(r.Cause), tx.Now.UnixMilli(), t.message, t.number); err != nil {
		return err
	}
	_, err := tx.Exec("UPDATE messages SET outcome = $1 WHERE id = $2", string(r.Event), t.message)
	return err
}

// reopen queues a code anew that the network gave up, if there is a route left, and it still lives and was not entered.
func reopen(tx *db.Tx, t told) (bool, error) {
	n, err := tx.Exec(`UPDATE messages SET state = 'queued', next_at = $1 WHERE id = $2 AND state = 'sent' AND sealed IS NOT NULL
		AND purpose = 'code' AND entered_at = 0 AND expires_at > $1 AND plan <> '|' AND plan <> ''`, tx.Now.UnixMilli(), t.message)
	return n > 0, err
}

// Entered notes that the code of the challenge was entered: it came, and nothing of it is kept or sent any more.
func (o *Outbox) Entered(tx *db.Tx, challenge string) error {
	if _, err := tx.Exec("UPDATE messages SET entered_at = $1 WHERE challenge = $2 AND challenge <> '' AND entered_at = 0",
		tx.Now.UnixMilli(), challenge); err != nil {
		return err
	}
	return o.Drop(tx, challenge)
}

// Drop forgets the code of a challenge that is dead: what was not sent is not, and no content is kept.
func (o *Outbox) Drop(tx *db.Tx, challenge string) error {
	// One that is on its way is left to who sends it; without content it goes no further.
	var waiting []ending
	err := tx.Each(`UPDATE messages SET sealed = NULL, state = CASE WHEN state = 'queued' THEN 'dropped' ELSE state END
		WHERE challenge = $1 AND challenge <> '' AND sealed IS NOT NULL
		RETURNING id, CASE WHEN state = 'dropped' THEN reserved ELSE 0 END`, []any{challenge}, func(scan func(...any) error) error {
		var e ending
		defer func() { waiting = append(waiting, e) }()
		return scan(&e.id, &e.reserved)
	})
	if err != nil {
		return err
	}
	for _, e := range waiting {
		if err := o.release(tx, e.id, bill.Money(e.reserved)); err != nil {
			return err
		}
	}
	return nil
}

// Outcome is what is known of the newest message of the challenge; empty if nothing is.
func (o *Outbox) Outcome(tx *db.Tx, challenge string) (e Event, err error) {
	_, err = tx.Found("SELECT outcome FROM messages WHERE challenge = $1 ORDER BY created_at DESC, id DESC LIMIT 1", []any{challenge}, &e)
	return e, err
}

// payer is for whom the message was sent.
func payer(tx *db.Tx, id string) (who bill.Payer, err error) {
	_, err = tx.Found("SELECT user_id, number_key, range_key, address_key FROM messages WHERE id = $1", []any{id},
		&who.User, &who.Number, &who.Range, &who.Address)
	return who, err
}

func writeCost(tx *db.Tx, t told, cost bill.Money) error {
	if _, err := tx.Exec("UPDATE message_tries SET cost = $1 WHERE message_id = $2 AND number = $3", int64(cost), t.message, t.number); err != nil {
		return err
	}
	_, err := tx.Exec("UPDATE messages SET cost = cost + $1 WHERE id = $2", int64(cost-t.cost), t.message)
	return err
}
