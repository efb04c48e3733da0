// The SQL of vouching.
package helping

import (
	"time"

	"woggle/internal/db"
)

const vouchingColumns = "id, user_id, first_id, first_at, second_id, second_at, undone_at"

func vouchings(tx *db.Tx, where string, args ...any) (all []vouching, err error) {
	err = tx.Each("SELECT "+vouchingColumns+" FROM vouches WHERE "+where, args, func(scan func(...any) error) error {
		var v vouching
		var first, second, undone int64
		err := scan(&v.id, &v.user, &v.first, &first, &v.second, &second, &undone)
		v.firstAt, v.secondAt, v.undoneAt = db.Time(first), db.Time(second), db.Time(undone)
		all = append(all, v)
		return err
	})
	return all, err
}

func oneVouching(all []vouching, err error) (vouching, bool, error) {
	if err != nil || len(all) == 0 {
		return vouching{}, false, err
	}
	return all[0], true, nil
}

// openVouching is the one that a first helper has begun since then, and no second has ended.
func openVouching(tx *db.Tx, user string, since time.Time) (vouching, bool, error) {
	return oneVouching(vouchings(tx, "user_id = $1 AND first_at > $2 AND second_at = 0 AND undone_at = 0 ORDER BY first_at DESC, id LIMIT 1",
		user, since.UnixMilli()))
}

func vouchingByID(tx *db.Tx, id string) (vouching, bool, error) {
	return oneVouching(vouchings(tx, "id = $1", id))
}

// endedVouchings are those that a second helper has ended since then, and nobody has undone, the newest first.
func endedVouchings(tx *db.Tx, since time.Time) ([]vouching, error) {
	return vouchings(tx, "second_at > $1 AND undone_at = 0 ORDER BY second_at DESC, id LIMIT 200", since.UnixMilli())
}

func insertVouching(tx *db.Tx, v vouching) error {
	_, err := tx.Exec("INSERT INTO vouches (id, user_id, first_id, first_at) VALUES ($1, $2, $3, $4)", v.id, v.user, v.first, v.firstAt.UnixMilli())
	return err
}

// endVouching is the second helper's word. Of two at once one is second.
func endVouching(tx *db.Tx, id, second string) (bool, error) {
	n, err := tx.Exec("UPDATE vouches SET second_id = $2, second_at = $3 WHERE id = $1 AND second_at = 0 AND undone_at = 0 AND first_id <> $2",
		id, second, tx.Now.UnixMilli())
	return n == 1, err
}

// undoneNow marks a vouching as undone, if it was ended since then and is not undone.
func undoneNow(tx *db.Tx, id string, since time.Time) (bool, error) {
	n, err := tx.Exec("UPDATE vouches SET undone_at = $2 WHERE id = $1 AND undone_at = 0 AND second_at > $3", id, tx.Now.UnixMilli(), since.UnixMilli())
	return n == 1, err
}

func undoneSince(tx *db.Tx, user string, since time.Time) (bool, error) {
	var one int
	return tx.Found("SELECT 1 FROM vouches WHERE user_id = $1 AND undone_at > $2 LIMIT 1", []any{user, since.UnixMilli()}, &one)
}

// Restored ends every vouching that waits for a second helper, after a backup was put back (threat T88): whether that one has spoken
// since is not known, and a first helper's word counts once.
func Restored(tx *db.Tx) error {
	_, err := tx.Exec("DELETE FROM vouches WHERE second_at = 0")
	return err
}
