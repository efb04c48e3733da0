// The SQL of the three words that are read to helpers.
package signin

import "woggle/internal/db"

const spokenColumns = "id, words_hash, attempt_id, helper_id, expires_at"

func findSpoken(tx *db.Tx, where string, arg any) (s spoken, found bool, err error) {
	var expires int64
	found, err = tx.Found("SELECT "+spokenColumns+" FROM spoken_words WHERE "+where, []any{arg}, &s.id, &s.hash, &s.attempt, &s.helper, &expires)
	s.expiresAt = db.Time(expires)
	return s, found, err
}

func spokenOf(tx *db.Tx, attempt string) (spoken, bool, error) {
	return findSpoken(tx, "attempt_id = $1", attempt)
}

func spokenBy(tx *db.Tx, hash []byte) (spoken, bool, error) {
	return findSpoken(tx, "words_hash = $1", hash)
}

func spokenByID(tx *db.Tx, id string) (spoken, bool, error) { return findSpoken(tx, "id = $1", id) }

// insertSpoken stores three words and tells whether they were free.
func insertSpoken(tx *db.Tx, s spoken) (bool, error) {
	n, err := tx.Exec("INSERT INTO spoken_words ("+spokenColumns+") VALUES ($1, $2, $3, $4, $5) ON CONFLICT (words_hash) DO NOTHING",
		s.id, s.hash, s.attempt, s.helper, s.expiresAt.UnixMilli())
	return n == 1, err
}

// takeSpoken notes which helper was read the words.
func takeSpoken(tx *db.Tx, id, helper string) error {
	_, err := tx.Exec("UPDATE spoken_words SET helper_id = $2 WHERE id = $1", id, helper)
	return err
}

func dropSpoken(tx *db.Tx, attempt string) error {
	_, err := tx.Exec("DELETE FROM spoken_words WHERE attempt_id = $1", attempt)
	return err
}
