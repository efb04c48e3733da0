// The SQL of recovery codes. They go with their method.
package recovery

import "woggle/internal/db"

func insertCode(tx *db.Tx, method string, fingerprint []byte) error {
	_, err := tx.Exec("INSERT INTO recovery_codes (method_id, fingerprint) VALUES ($1, $2)", method, fingerprint)
	return err
}

// deleteCode uses a code up and tells whether it was there: of all who do so at once, one is told yes.
func deleteCode(tx *db.Tx, method string, fingerprint []byte) (bool, error) {
	n, err := tx.Exec("DELETE FROM recovery_codes WHERE method_id = $1 AND fingerprint = $2", method, fingerprint)
	return n == 1, err
}

func countCodes(tx *db.Tx, method string) (count int, err error) {
	return count, tx.Row("SELECT count(*) FROM recovery_codes WHERE method_id = $1", []any{method}, &count)
}
