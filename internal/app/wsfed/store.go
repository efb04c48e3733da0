// The SQL of answered requests.
package wsfed

import (
	"time"

	"woggle/internal/db"
	"woggle/internal/limit"
)

// answered notes one more answer to a request. It gives when the first one was made, and how many in the running window.
func answered(tx *db.Tx, id string) (first time.Time, tries int64, err error) {
	var at int64
	err = tx.Row(`INSERT INTO wsfed_answers (id, first_at, window_at, tries) VALUES ($1, $2, $2, 1)
		ON CONFLICT (id) DO UPDATE SET
			tries = CASE WHEN wsfed_answers.window_at + $3 <= $2 THEN 1 ELSE wsfed_answers.tries + 1 END,
			window_at = CASE WHEN wsfed_answers.window_at + $3 <= $2 THEN $2 ELSE wsfed_answers.window_at END
		RETURNING first_at, tries`, []any{id, tx.Now.UnixMilli(), window.Milliseconds()}, &at, &tries)
	return db.Time(at), tries, err
}

// bookmarks is how long a request is known again.
const bookmarks = 30 * 24 * time.Hour

// swept is how many rows are deleted at once, so that nobody waits for it.
const swept = 1000

// Sweep deletes what was answered long ago, and tells whether there may be more. Loops don't depend on it; an older bookmark is
// answered by the app, not by us.
func Sweep(tx *db.Tx) (more bool, err error) {
	if err := limit.Forget(tx, loopRule); err != nil {
		return false, err
	}
	n, err := tx.Exec("DELETE FROM wsfed_answers WHERE id IN (SELECT id FROM wsfed_answers WHERE first_at < $1 LIMIT $2)",
		tx.Now.Add(-bookmarks).UnixMilli(), swept)
	return n == swept, err
}
