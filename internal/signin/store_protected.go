// Who has a method that proves possession and can be used, kept beside the person (directory.SetProtected).
package signin

import (
	"woggle/internal/db"
	"woggle/internal/directory"
)

// protecting are methods to rely on: codes that run out are kept for a bad day. $1 is now.
const protecting = `methods.kind IN ('phone', 'authenticator', 'passkey', 'card') AND methods.disabled_at = 0
	AND (methods.expires_at = 0 OR methods.expires_at > $1)`

// protect notes whether the user is protected, after their methods were changed.
func protect(tx *db.Tx, user string) error {
	var one int
	has, err := tx.Found("SELECT 1 FROM methods WHERE "+protecting+" AND user_id = $2 LIMIT 1", []any{tx.Now.UnixMilli(), user}, &one)
	if err != nil {
		return err
	}
	return directory.SetProtected(tx, user, has)
}

// Mend notes it for everybody with an id after the one and up to the other, for whom it is not right: a card's time ends by itself.
func Mend(tx *db.Tx, after, last string) error {
	var wrong []string
	err := tx.Each("SELECT id FROM users WHERE id > $2 AND id <= $3 AND protected <> EXISTS (SELECT 1 FROM methods WHERE "+protecting+
		" AND user_id = users.id)", []any{tx.Now.UnixMilli(), after, last}, func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		wrong = append(wrong, id)
		return err
	})
	for _, id := range wrong {
		if err == nil {
			err = protect(tx, id)
		}
	}
	return err
}

// UsersByEnding are the ids of users who have a phone whose number ends with the three digits, at most count.
func UsersByEnding(tx *db.Tx, digits string, count int) (users []string, err error) {
	err = tx.Each("SELECT DISTINCT user_id FROM methods WHERE kind = 'phone' AND substr(hint, length(hint) - 2) = $1 ORDER BY user_id LIMIT $2",
		[]any{digits, count}, func(scan func(...any) error) error {
			var user string
			err := scan(&user)
			users = append(users, user)
			return err
		})
	return users, err
}
