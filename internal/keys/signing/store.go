// The SQL of signing keys.
package signing

import (
	"context"
	"crypto"
	"time"

	"woggle/internal/db"
)

type row struct {
	id                            string
	use                           Use
	alg                           Alg
	certificate, private          []byte
	activeAt, retireAt, createdAt time.Time
}

// rows are the keys of a use, the newest first.
func (s *Store) rows(ctx context.Context, use Use) (all []row, err error) {
	err = s.db.Ask(ctx, func(tx *db.Tx) error {
		all = nil
		return tx.Each(`SELECT id, alg, certificate, private, active_at, retire_at, created_at FROM signing_keys
			WHERE purpose = $1 AND (retire_at = 0 OR retire_at > $2) ORDER BY active_at DESC, id`,
			[]any{string(use), tx.Now.UnixMilli()}, func(scan func(...any) error) error {
				r := row{use: use}
				var active, retired, created int64
				err := scan(&r.id, (*string)(&r.alg), &r.certificate, &r.private, &active, &retired, &created)
				r.activeAt, r.retireAt, r.createdAt = db.Time(active), db.Time(retired), db.Time(created)
				all = append(all, r)
				return err
			})
	})
	return all, err
}

// retire sets the end of the key that is to be followed at the time by another. Its error is ErrWaiting while that key
// does not sign yet itself. Where the change is at once, all keys end: whoever has got at one had the next one and the one before
// in the same hand.
func retire(tx *db.Tx, use Use, alg Alg, at time.Time) error {
	if !at.After(tx.Now) {
		_, err := tx.Exec(`UPDATE signing_keys SET retire_at = $3 WHERE purpose = $1 AND alg = $2 AND (retire_at = 0 OR retire_at > $3)`,
			string(use), string(alg), tx.Now.UnixMilli())
		return err
	}
	changed, err := tx.Exec(`UPDATE signing_keys SET retire_at = $4 WHERE purpose = $1 AND alg = $2 AND retire_at = 0 AND active_at <= $3`,
		string(use), string(alg), tx.Now.UnixMilli(), at.Add(Behind).UnixMilli())
	if err == nil && changed == 0 {
		err = ErrWaiting
	}
	return err
}

func insert(tx *db.Tx, r row) (bool, error) {
	n, err := tx.Exec(`INSERT INTO signing_keys (id, purpose, alg, certificate, private, active_at, retire_at, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, 0, $7) ON CONFLICT (purpose, alg) WHERE retire_at = 0 DO NOTHING`,
		r.id, string(r.use), string(r.alg), r.certificate, r.private, r.activeAt.UnixMilli(), tx.Now.UnixMilli())
	return n == 1, err
}

func asSigner(private any) crypto.Signer {
	signer, _ := private.(crypto.Signer)
	return signer
}
