// The SQL of signed-in hosts.
package forwardauth

import (
	"time"

	"woggle/internal/db"
)

// ticketLife is how long the browser may take from our host to the site's.
const ticketLife = time.Minute

// entrance is a row of forward_sessions: first a ticket, then, once the browser has brought it, a signed-in host.
type entrance struct {
	id, visit, host string
	ticket, nonce   []byte // fingerprints
	target          []byte // sealed
}

func insert(tx *db.Tx, e entrance) error {
	_, err := tx.Exec(`INSERT INTO forward_sessions (id, visit_id, host, ticket_hash, nonce_hash, target, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		e.id, e.visit, e.host, e.ticket, e.nonce, e.target, tx.Now.UnixMilli())
	return err
}

// findTicket is the ticket, if it was not used and is not too old.
func findTicket(tx *db.Tx, tickets [][]byte, host string) (e entrance, found bool, err error) {
	for _, ticket := range tickets { // it may have been made before the newest key was there
		found, err = tx.Found(`SELECT id, visit_id, nonce_hash, target FROM forward_sessions
			WHERE ticket_hash = $1 AND host = $2 AND opened_at = 0 AND ended_at = 0 AND created_at > $3`,
			[]any{ticket, host, tx.Now.Add(-ticketLife).UnixMilli()}, &e.id, &e.visit, &e.nonce, &e.target)
		if found || err != nil {
			return e, found, err
		}
	}
	return entrance{}, false, nil
}

// useTicket makes a signed-in host of a ticket, once.
func useTicket(tx *db.Tx, id string, token []byte) (used bool, err error) {
	n, err := tx.Exec("UPDATE forward_sessions SET token_hash = $2, opened_at = $3 WHERE id = $1 AND opened_at = 0 AND ended_at = 0",
		id, token, tx.Now.UnixMilli())
	return n == 1, err
}

// visitOf is the visit of a signed-in host, and whose it is; both are empty if there is none. Whether it goes on is the
// session's to say.
func visitOf(tx *db.Tx, tokens [][]byte, host string) (visit, user string, err error) {
	for _, token := range tokens { // it may have been made before the newest key was there
		found, err := tx.Found(`SELECT f.visit_id, v.user_id FROM forward_sessions f JOIN visits v ON v.id = f.visit_id
			WHERE f.token_hash = $1 AND f.host = $2 AND f.ended_at = 0`, []any{token, host}, &visit, &user)
		if found || err != nil {
			return visit, user, err
		}
	}
	return "", "", nil
}

// endVisit signs all hosts of a visit out, and voids its tickets.
func endVisit(tx *db.Tx, visit string) (ended bool, err error) {
	n, err := tx.Exec("UPDATE forward_sessions SET ended_at = $2 WHERE visit_id = $1 AND ended_at = 0", visit, tx.Now.UnixMilli())
	return n > 0, err
}

// swept is how many rows are deleted at once, so that nobody waits for it.
const swept = 1000

// Sweep deletes tickets that were never used and hosts that were signed out. Others go with their visits. No rule depends
// on it. It tells whether there may be more.
func Sweep(tx *db.Tx) (more bool, err error) {
	n, err := tx.Exec(`DELETE FROM forward_sessions WHERE id IN
		(SELECT id FROM forward_sessions WHERE created_at < $1 AND (opened_at = 0 OR ended_at > 0) LIMIT $2)`,
		tx.Now.Add(-24*time.Hour).UnixMilli(), swept)
	return n == swept, err
}
