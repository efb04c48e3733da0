// The SQL of telling apps that a visit is over.
package oidc

import (
	"time"

	"woggle/internal/db"
	"woggle/internal/session"
)

// untold are visits to apps of this protocol that are over, and that it is time to tell of, the oldest first.
func untold(tx *db.Tx, count int) (all []told, err error) {
	err = tx.Each(`SELECT v.id, v.user_id, v.app_id, v.ended_at, COALESCE(l.tries, 0) FROM visits v JOIN apps a ON a.id = v.app_id
		LEFT JOIN oidc_logouts l ON l.visit_id = v.id
		WHERE v.ended_at > 0 AND v.told_at = 0 AND a.protocol = $1 AND COALESCE(l.next_at, 0) <= $2 ORDER BY v.ended_at LIMIT $3`,
		[]any{Name, tx.Now.UnixMilli(), count}, func(scan func(...any) error) error {
			var t told
			var ended int64
			err := scan(&t.ID, &t.User, &t.App, &ended, &t.Tries)
			t.EndedAt = db.Time(ended)
			all = append(all, t)
			return err
		})
	return all, err
}

// claimVisit keeps other nodes from telling of the visit for a while: of several at once, one may.
func claimVisit(tx *db.Tx, visit string, pause time.Duration) (bool, error) {
	n, err := tx.Exec(`INSERT INTO oidc_logouts (visit_id, tries, next_at) VALUES ($1, 1, $3)
		ON CONFLICT (visit_id) DO UPDATE SET tries = oidc_logouts.tries + 1, next_at = excluded.next_at WHERE oidc_logouts.next_at <= $2`,
		visit, tx.Now.UnixMilli(), tx.Now.Add(pause).UnixMilli())
	return n == 1, err
}

// strikeOff notes that the app was told, or never will be.
func strikeOff(tx *db.Tx, visit string) error {
	if err := session.Told(tx, visit); err != nil {
		return err
	}
	_, err := tx.Exec("DELETE FROM oidc_logouts WHERE visit_id = $1", visit)
	return err
}
