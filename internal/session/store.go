// The SQL of sessions.
package session

import (
	"encoding/json"
	"time"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/problem"
)

func insert(tx *db.Tx, s Session, fingerprint []byte) error {
	proofs, err := json.Marshal(s.Proofs)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO sessions (id, token_hash, user_id, epoch, proofs, auth_at, stay, address, agent, created_at, seen_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11)`,
		s.ID, fingerprint, s.User.ID, s.User.Epoch, string(proofs), db.Millis(s.AuthAt), s.Stay, s.Address, s.Agent,
		db.Millis(s.CreatedAt), db.Millis(s.ExpiresAt))
	return err
}

func raise(tx *db.Tx, id string, fingerprint []byte, proofs []Proof, at time.Time) error {
	raw, err := json.Marshal(proofs)
	if err != nil {
		return err
	}
	n, err := tx.Exec("UPDATE sessions SET token_hash = $2, proofs = $3, auth_at = $4, seen_at = $5 WHERE id = $1 AND ended_at = 0",
		id, fingerprint, string(raw), db.Millis(at), tx.Now.UnixMilli())
	if err == nil && n == 0 {
		return problem.New(problem.Gone, "signin.refused.left") // it was ended a moment ago
	}
	return err
}

const columns = `s.id, s.proofs, s.auth_at, s.stay, s.address, s.agent, s.created_at, s.seen_at, s.expires_at`

// live is what makes a session of an active person count; expiry is decided by the caller, who knows about idleness.
const live = `s.ended_at = 0 AND s.epoch = u.epoch AND u.status = 'active'`

func find(tx *db.Tx, fingerprint []byte) (*Session, error) {
	var s Session
	var role, status string
	var frozen int64
	found, err := scanInto(&s, func(dest ...any) (bool, error) {
		return tx.Found(`SELECT `+columns+`, u.id, u.username, u.email, u.given_name, u.family_name, u.locale, u.role, u.status, u.frozen_at, u.epoch
			FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.token_hash = $1 AND `+live, []any{fingerprint},
			append(dest, &s.User.ID, &s.User.Username, &s.User.Email, &s.User.GivenName, &s.User.FamilyName, &s.User.Locale,
				&role, &status, &frozen, &s.User.Epoch)...)
	})
	if err != nil || !found {
		return nil, err
	}
	s.User.Role, s.User.Status, s.User.FrozenAt = directory.Role(role), directory.Status(status), db.Time(frozen)
	return &s, nil
}

func scanInto(s *Session, scan func(dest ...any) (bool, error)) (bool, error) {
	var proofs string
	var auth, created, seen, expires int64
	found, err := scan(&s.ID, &proofs, &auth, &s.Stay, &s.Address, &s.Agent, &created, &seen, &expires)
	if err != nil || !found {
		return found, err
	}
	s.AuthAt, s.CreatedAt, s.SeenAt, s.ExpiresAt = db.Time(auth), db.Time(created), db.Time(seen), db.Time(expires)
	return true, json.Unmarshal([]byte(proofs), &s.Proofs)
}

func touch(tx *db.Tx, id string) error {
	_, err := tx.Exec("UPDATE sessions SET seen_at = $2 WHERE id = $1", id, tx.Now.UnixMilli())
	return err
}

func list(tx *db.Tx, user string) ([]Session, error) {
	var sessions []Session
	err := tx.Each(`SELECT `+columns+` FROM sessions s JOIN users u ON u.id = s.user_id
		WHERE s.user_id = $1 AND s.expires_at > $2 AND (s.stay OR s.seen_at > $3) AND `+live+` ORDER BY s.seen_at DESC LIMIT 50`,
		[]any{user, tx.Now.UnixMilli(), tx.Now.Add(-idle).UnixMilli()}, func(scan func(...any) error) error {
			var s Session
			_, err := scanInto(&s, func(dest ...any) (bool, error) { return true, scan(dest...) })
			sessions = append(sessions, s)
			return err
		})
	return sessions, err
}

func end(tx *db.Tx, user, id string) (bool, error) {
	n, err := tx.Exec("UPDATE sessions SET ended_at = $3 WHERE id = $1 AND user_id = $2 AND ended_at = 0", id, user, tx.Now.UnixMilli())
	return n == 1, err
}

func endOthers(tx *db.Tx, user, keep string) error {
	_, err := tx.Exec("UPDATE sessions SET ended_at = $3 WHERE user_id = $1 AND id <> $2 AND ended_at = 0", user, keep, tx.Now.UnixMilli())
	return err
}

// Sweep deletes sessions that ended long ago. No rule depends on it.
func Sweep(tx *db.Tx) error {
	old := tx.Now.Add(-30 * 24 * time.Hour).UnixMilli()
	_, err := tx.Exec("DELETE FROM sessions WHERE expires_at < $1", old)
	return err
}
