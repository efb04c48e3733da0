// The SQL of copies.
package copies

import (
	"time"

	"woggle/internal/db"
)

// List is what the user has here, the newest first. There are few.
func List(tx *db.Tx, user string) (all []Copy, err error) {
	err = tx.Each(`SELECT id, created_at, renewed_at, size FROM authenticator_copies WHERE user_id = $1 ORDER BY renewed_at DESC, id`,
		[]any{user}, func(scan func(...any) error) error {
			var c Copy
			var created, renewed int64
			if err := scan(&c.ID, &created, &renewed, &c.Size); err != nil {
				return err
			}
			c.CreatedAt, c.RenewedAt = db.Time(created), db.Time(renewed)
			all = append(all, c)
			return nil
		})
	return all, err
}

func find(tx *db.Tx, user, device string) (id string, found bool, err error) {
	found, err = tx.Found("SELECT id FROM authenticator_copies WHERE user_id = $1 AND device_id = $2", []any{user, device}, &id)
	return id, found, err
}

func insert(tx *db.Tx, id, user, device string, sealed []byte, size int) error {
	_, err := tx.Exec(`INSERT INTO authenticator_copies (id, user_id, device_id, sealed, size, created_at, renewed_at) VALUES ($1, $2, $3, $4, $5, $6, $6)`,
		id, user, device, sealed, size, tx.Now.UnixMilli())
	return err
}

func update(tx *db.Tx, id string, sealed []byte, size int) error {
	_, err := tx.Exec("UPDATE authenticator_copies SET sealed = $2, size = $3, renewed_at = $4 WHERE id = $1", id, sealed, size, tx.Now.UnixMilli())
	return err
}

func remove(tx *db.Tx, user, id string) (bool, error) {
	n, err := tx.Exec("DELETE FROM authenticator_copies WHERE user_id = $1 AND id = $2", user, id)
	return n == 1, err
}

func content(tx *db.Tx, user, id string) (sealed []byte, found bool, err error) {
	found, err = tx.Found("SELECT sealed FROM authenticator_copies WHERE user_id = $1 AND id = $2", []any{user, id}, &sealed)
	return sealed, found, err
}

func setLink(tx *db.Tx, user, id string, hash []byte, until time.Time) (bool, error) {
	n, err := tx.Exec("UPDATE authenticator_copies SET link_hash = $3, link_until = $4 WHERE user_id = $1 AND id = $2",
		user, id, hash, until.UnixMilli())
	return n == 1, err
}

func hasLink(tx *db.Tx, hash []byte) (bool, error) {
	var one int
	return tx.Found("SELECT 1 FROM authenticator_copies WHERE link_hash = $1 AND link_until > $2", []any{hash, tx.Now.UnixMilli()}, &one)
}

// spendLink uses a link up: of two that show it at once, on any node, one gets the copy.
func spendLink(tx *db.Tx, hash []byte) (id string, sealed []byte, found bool, err error) {
	found, err = tx.Found(`UPDATE authenticator_copies SET link_hash = NULL WHERE link_hash = $1 AND link_until > $2 RETURNING id, sealed`,
		[]any{hash, tx.Now.UnixMilli()}, &id, &sealed)
	return id, sealed, found, err
}
