// The SQL of challenges that were answered.
package passkey

import (
	"time"

	"woggle/internal/db"
)

// restored is the id of the row that ends all challenges made before a backup was put back.
const restored = "restored"

// insertSpent notes that a challenge which ends at the time was answered, and tells whether it was not before. Nor is one new
// that was made before a backup was put back: whether it was answered is not known any more.
func insertSpent(tx *db.Tx, id string, end time.Time) (bool, error) {
	n, err := tx.Exec(`INSERT INTO passkey_challenges (id, expires_at)
		SELECT CAST($1 AS TEXT), CAST($2 AS BIGINT) WHERE NOT EXISTS (SELECT 1 FROM passkey_challenges WHERE id = $3 AND expires_at >= $2)
		ON CONFLICT (id) DO NOTHING`, id, end.UnixMilli(), restored)
	return n == 1, err
}

// Restored ends every challenge that was made until now, after a backup was put back (threat T88).
func Restored(tx *db.Tx) error {
	_, err := tx.Exec(`INSERT INTO passkey_challenges (id, expires_at) VALUES ($1, $2)
		ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at`, restored, tx.Now.Add(life).UnixMilli())
	return err
}

// Sweep forgets answered challenges that would be refused anyway. It leaves them an hour, should the clocks of nodes differ.
func Sweep(tx *db.Tx) error {
	_, err := tx.Exec("DELETE FROM passkey_challenges WHERE expires_at < $1", tx.Now.Add(-time.Hour).UnixMilli())
	return err
}
