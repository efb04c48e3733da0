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
	return findBy(tx, "WHERE s.token_hash = $1 AND "+live, fingerprint)
}

func findVisit(tx *db.Tx, visit, app string) (*Session, error) {
	return findBy(tx, `JOIN visits v ON v.session_id = s.id WHERE v.id = $1 AND v.app_id = $2 AND v.ended_at = 0 AND NOT v.revoked AND `+live, visit, app)
}

func findBy(tx *db.Tx, which string, args ...any) (*Session, error) {
	var s Session
	var role, status string
	var frozen int64
	found, err := scanInto(&s, func(dest ...any) (bool, error) {
		return tx.Found(`SELECT `+columns+`, u.id, u.username, u.email, u.given_name, u.family_name, u.locale, u.role, u.status, u.frozen_at, u.epoch
			FROM sessions s JOIN users u ON u.id = s.user_id `+which, args,
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

// hold keeps the session from being ended until the transaction is over.
func hold(tx *db.Tx, id string) error {
	n, err := tx.Exec("UPDATE sessions SET seen_at = $2 WHERE id = $1 AND ended_at = 0", id, tx.Now.UnixMilli())
	if err == nil && n == 0 {
		err = problem.New(problem.Gone, "signin.refused.left")
	}
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

// swept is how many rows are deleted at once, so that nobody waits for it.
const swept = 1000

// offlineMost is longer than the life of anything that an app may keep after its person has signed out.
const offlineMost = 100 * 24 * time.Hour

// Sweep deletes sessions and visits that ended long ago, and tells whether there may be more. No rule depends on it.
func Sweep(tx *db.Tx) (more bool, err error) {
	old := tx.Now.Add(-30 * 24 * time.Hour).UnixMilli()
	sessions, err := tx.Exec("DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at < $1 LIMIT $2)", old, swept)
	if err != nil {
		return false, err
	}
	visits, err := tx.Exec("DELETE FROM visits WHERE id IN (SELECT id FROM visits WHERE expires_at < $1 LIMIT $2)",
		tx.Now.Add(-offlineMost).UnixMilli(), swept)
	return sessions == swept || visits == swept, err
}

const visitColumns = "id, session_id, user_id, app_id, epoch, offline, data, ended_at, revoked"

func enter(tx *db.Tx, v Visit, expires time.Time) (Visit, error) {
	err := tx.Row(`INSERT INTO visits (id, session_id, user_id, app_id, epoch, offline, data, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (session_id, app_id) DO UPDATE SET offline = visits.offline OR excluded.offline, data = excluded.data,
			expires_at = excluded.expires_at
		RETURNING id, offline`, []any{v.ID, v.Session, v.User, v.App, v.Epoch, v.Offline, v.Data, tx.Now.UnixMilli(), db.Millis(expires)},
		&v.ID, &v.Offline)
	return v, err
}

// leave ends the visits of a session. Nothing of them goes on if they are revoked.
func leave(tx *db.Tx, user, session string, revoked bool) error {
	_, err := tx.Exec(`UPDATE visits SET ended_at = CASE WHEN ended_at = 0 THEN $3 ELSE ended_at END, revoked = revoked OR $4
		WHERE session_id = $1 AND user_id = $2`, session, user, tx.Now.UnixMilli(), revoked)
	return err
}

// leaveOthers revokes all visits of the user but those of one session, also of sessions that were signed out before.
func leaveOthers(tx *db.Tx, user, keep string) error {
	_, err := tx.Exec(`UPDATE visits SET ended_at = CASE WHEN ended_at = 0 THEN $3 ELSE ended_at END, revoked = TRUE
		WHERE user_id = $1 AND session_id <> $2 AND NOT revoked`, user, keep, tx.Now.UnixMilli())
	return err
}

// LeaveApp revokes all visits to an app that is removed: another one that gets its id some day is not to go on with what was
// given to this one. They are their sessions' no more, so that each can begin a new stay there.
func LeaveApp(tx *db.Tx, app string) error {
	_, err := tx.Exec(`UPDATE visits SET session_id = id, ended_at = CASE WHEN ended_at = 0 THEN $2 ELSE ended_at END, revoked = TRUE
		WHERE app_id = $1 AND session_id <> id`, app, tx.Now.UnixMilli())
	return err
}

// settle revokes the visits of the user that are of an older epoch, or all if they may not sign in.
func settle(tx *db.Tx, user string) error {
	_, err := tx.Exec(`UPDATE visits SET ended_at = CASE WHEN ended_at = 0 THEN $2 ELSE ended_at END, revoked = TRUE
		WHERE user_id = $1 AND NOT revoked AND EXISTS
			(SELECT 1 FROM users u WHERE u.id = $1 AND (u.epoch <> visits.epoch OR u.status <> 'active'))`, user, tx.Now.UnixMilli())
	return err
}

// Told notes that the app knows that the visit is over, or will not be told any more.
func Told(tx *db.Tx, visit string) error {
	_, err := tx.Exec("UPDATE visits SET told_at = $2 WHERE id = $1 AND told_at = 0", visit, tx.Now.UnixMilli())
	return err
}

func visits(tx *db.Tx, where string, args ...any) (all []Visit, err error) {
	err = tx.Each("SELECT "+visitColumns+" FROM visits "+where, args, func(scan func(...any) error) error {
		var v Visit
		var ended int64
		err := scan(&v.ID, &v.Session, &v.User, &v.App, &v.Epoch, &v.Offline, &v.Data, &ended, &v.Revoked)
		v.EndedAt = db.Time(ended)
		all = append(all, v)
		return err
	})
	return all, err
}
