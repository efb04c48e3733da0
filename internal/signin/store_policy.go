// The SQL of the policy, and of what people have put off.
package signin

import (
	"time"

	"woggle/internal/db"
)

// readPolicy is the policy as it is stored, or empty.
func readPolicy(tx *db.Tx) (body string, err error) {
	_, err = tx.Found("SELECT body FROM policies WHERE id = 'methods'", nil, &body)
	return body, err
}

func writePolicy(tx *db.Tx, body string) error {
	_, err := tx.Exec(`INSERT INTO policies (id, body, changed_at) VALUES ('methods', $1, $2)
		ON CONFLICT (id) DO UPDATE SET body = $1, changed_at = $2`, body, tx.Now.UnixMilli())
	return err
}

type snoozed struct {
	count int
	until time.Time
}

// snoozeOf is how often the person has put a nudge off, and until when.
func snoozeOf(tx *db.Tx, user string) (s snoozed, err error) {
	var until int64
	_, err = tx.Found("SELECT snoozes, until FROM nudges WHERE user_id = $1", []any{user}, &s.count, &until)
	s.until = db.Time(until)
	return s, err
}

func snooze(tx *db.Tx, user string, until time.Time) error {
	_, err := tx.Exec(`INSERT INTO nudges (user_id, snoozes, until) VALUES ($1, 1, $2)
		ON CONFLICT (user_id) DO UPDATE SET snoozes = nudges.snoozes + 1, until = $2`, user, until.UnixMilli())
	return err
}
