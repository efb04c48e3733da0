// The SQL of the chain.
package audit

import (
	"woggle/internal/db"
)

// stored is an event as it stands in the database.
type stored struct {
	id, kind, actor, user, address, agent, detail string
	at                                            int64
}

const eventColumns = "id, at, type, actor, user_id, address, agent, detail"

func eachEvent(tx *db.Tx, where string, args []any, do func(stored)) error {
	return tx.Each("SELECT "+eventColumns+" FROM audit_events WHERE "+where, args, func(scan func(...any) error) error {
		var e stored
		if err := scan(&e.id, &e.at, &e.kind, &e.actor, &e.user, &e.address, &e.agent, &e.detail); err != nil {
			return err
		}
		do(e)
		return nil
	})
}

func countEvents(tx *db.Tx, where string) (n int64, err error) {
	return n, tx.Row("SELECT count(*) FROM audit_events WHERE "+where, nil, &n)
}

const blockColumns = "number, at, events, newest, digest, hash, mac, pruned"

func findBlock(tx *db.Tx, rest string, args ...any) (b Block, found bool, err error) {
	var at, newest int64
	found, err = tx.Found("SELECT "+blockColumns+" FROM audit_blocks "+rest, args, &b.Number, &at, &b.Events, &newest, &b.digest, &b.Hash, &b.mac, &b.pruned)
	b.At, b.Newest = db.Time(at), db.Time(newest)
	return b, found, err
}

// lastBlock is the newest block; before the first one it is the zero value.
func lastBlock(tx *db.Tx) (Block, error) {
	b, _, err := findBlock(tx, "ORDER BY number DESC LIMIT 1")
	return b, err
}

func blockAfter(tx *db.Tx, number int64) (Block, bool, error) {
	return findBlock(tx, "WHERE number > $1 ORDER BY number LIMIT 1", number)
}

func oldestKept(tx *db.Tx) (Block, bool, error) {
	return findBlock(tx, "WHERE pruned IS NULL ORDER BY number LIMIT 1")
}

func insertBlock(tx *db.Tx, b Block) error {
	_, err := tx.Exec("INSERT INTO audit_blocks ("+blockColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, NULL)",
		b.Number, b.At.UnixMilli(), b.Events, b.Newest.UnixMilli(), b.digest, b.Hash, b.mac)
	return err
}

// sealEvents gives the unsealed events up to the one with the id the block's number, and tells how many they were: more than Seal has
// read where a transaction was committed meanwhile that had made its id before.
func sealEvents(tx *db.Tx, number int64, last string) (int64, error) {
	return tx.Exec("UPDATE audit_events SET block = $1 WHERE block = 0 AND id <= $2", number, last)
}

func pruneBlock(tx *db.Tx, number int64, mac []byte) (bool, error) {
	n, err := tx.Exec("UPDATE audit_blocks SET pruned = $2 WHERE number = $1 AND pruned IS NULL", number, mac)
	if err != nil || n == 0 {
		return false, err
	}
	_, err = tx.Exec("DELETE FROM audit_events WHERE block = $1", number)
	return true, err
}
