// The SQL of attempts, challenges, links and the first set-up.
package signin

import (
	"encoding/json"
	"time"

	"woggle/internal/db"
)

func insertAttempt(tx *db.Tx, a *Attempt, browser []byte) error {
	state, err := json.Marshal(a)
	if err != nil {
		return err
	}
	a.CreatedAt, a.TouchedAt = tx.Now, tx.Now
	_, err = tx.Exec(`INSERT INTO attempts (id, browser_hash, user_id, state, created_at, touched_at) VALUES ($1, $2, $3, $4, $5, $5)`,
		a.ID, browser, a.User.ID, string(state), tx.Now.UnixMilli())
	return err
}

func findAttempt(tx *db.Tx, id string, browsers [][]byte) (*Attempt, error) {
	for _, browser := range browsers {
		// The fingerprint of the browser is part of the search, so that an attempt's id is worth nothing elsewhere.
		if a, err := readAttempt(tx, "id = $1 AND browser_hash = $2", id, browser); a != nil || err != nil {
			return a, err
		}
	}
	return nil, nil
}

// attemptByID is an attempt, whatever browser it is in, or nil.
func attemptByID(tx *db.Tx, id string) (*Attempt, error) { return readAttempt(tx, "id = $1", id) }

func readAttempt(tx *db.Tx, where string, args ...any) (*Attempt, error) {
	a := &Attempt{}
	var state string
	var created, touched int64
	found, err := tx.Found("SELECT id, user_id, state, wrong, ended, version, created_at, touched_at FROM attempts WHERE "+where, args,
		&a.ID, &a.User.ID, &state, &a.Wrong, &a.Ended, &a.version, &created, &touched)
	if err != nil || !found {
		return nil, err
	}
	a.CreatedAt, a.TouchedAt = db.Time(created), db.Time(touched)
	return a, json.Unmarshal([]byte(state), a)
}

func saveAttempt(tx *db.Tx, a *Attempt) error {
	state, err := json.Marshal(a)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`UPDATE attempts SET user_id = $3, state = $4, wrong = $5, ended = $6, touched_at = $7, version = version + 1
		WHERE id = $1 AND version = $2`, a.ID, a.version, a.User.ID, string(state), a.Wrong, a.Ended, tx.Now.UnixMilli())
	if err == nil && n == 0 {
		return db.ErrStale // another tab was quicker; what we read no longer holds
	}
	a.version++
	return err
}

// forgetWrong takes one wrong try of an attempt back. Whoever has read the attempt before reads it again.
func forgetWrong(tx *db.Tx, id string) error {
	_, err := tx.Exec("UPDATE attempts SET wrong = wrong - 1, version = version + 1 WHERE id = $1 AND wrong > 0", id)
	return err
}

const challengeColumns = `id, attempt_id, user_id, kind, purpose, method_id, secret, data, answer, tries, sends, sent_at, expires_at, used_at, created_at`

func scanChallenge(c *Challenge, scan func(...any) (bool, error)) (bool, error) {
	var sent, expires, used, created int64
	found, err := scan(&c.ID, &c.Attempt, &c.User, &c.Kind, &c.Purpose, &c.Method, &c.Secret, &c.Data, &c.Answer, &c.Tries, &c.Sends,
		&sent, &expires, &used, &created)
	c.SentAt, c.ExpiresAt, c.UsedAt, c.CreatedAt = db.Time(sent), db.Time(expires), db.Time(used), db.Time(created)
	return found, err
}

func insertChallenge(tx *db.Tx, c Challenge) error {
	_, err := tx.Exec(`INSERT INTO challenges (`+challengeColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', 0, $9, $10, $11, 0, $12)`,
		c.ID, c.Attempt, c.User, string(c.Kind), string(c.Purpose), c.Method, c.Secret, c.Data, c.Sends, db.Millis(c.SentAt),
		db.Millis(c.ExpiresAt), tx.Now.UnixMilli())
	return err
}

// closeChallenges ends what is open in the attempt, of one kind and purpose or, if they are empty, all of it. It tells which
// they were.
func closeChallenges(tx *db.Tx, attempt string, kind Kind, purpose Purpose) (closed []string, err error) {
	err = tx.Each(`UPDATE challenges SET used_at = $4
		WHERE attempt_id = $1 AND ($2 = '' OR kind = $2) AND ($3 = '' OR purpose = $3) AND used_at = 0 RETURNING id`,
		[]any{attempt, string(kind), string(purpose), tx.Now.UnixMilli()}, func(scan func(...any) error) error {
			var id string
			defer func() { closed = append(closed, id) }()
			return scan(&id)
		})
	return closed, err
}

// takeChallenge counts a try of the open challenge before it is made, if it has not expired, was not used and has
// tries left: one statement, so that it holds on every node.
func takeChallenge(tx *db.Tx, attempt string, kind Kind, purpose Purpose) (c Challenge, found bool, err error) {
	found, err = scanChallenge(&c, func(dest ...any) (bool, error) {
		return tx.Found(`UPDATE challenges SET tries = tries + 1
			WHERE attempt_id = $1 AND kind = $2 AND purpose = $3 AND used_at = 0 AND expires_at > $4 AND tries < $5
			RETURNING `+challengeColumns, []any{attempt, string(kind), string(purpose), tx.Now.UnixMilli(), mostWrong}, dest...)
	})
	return c, found, err
}

func useChallenge(tx *db.Tx, id string) (bool, error) {
	n, err := tx.Exec("UPDATE challenges SET used_at = $2 WHERE id = $1 AND used_at = 0", id, tx.Now.UnixMilli())
	return n == 1, err
}

// answerChallenge writes down what was said to an open challenge, if nothing was said before: there is one try.
func answerChallenge(tx *db.Tx, id string, answer Said) (bool, error) {
	n, err := tx.Exec(`UPDATE challenges SET answer = $2, tries = tries + 1
		WHERE id = $1 AND answer = '' AND used_at = 0 AND expires_at > $3`, id, string(answer), tx.Now.UnixMilli())
	return n == 1, err
}

func challengeByID(tx *db.Tx, id string) (c Challenge, found bool, err error) {
	found, err = scanChallenge(&c, func(dest ...any) (bool, error) {
		return tx.Found(`SELECT `+challengeColumns+` FROM challenges WHERE id = $1`, []any{id}, dest...)
	})
	return c, found, err
}

func currentChallenge(tx *db.Tx, attempt string, kind Kind, purpose Purpose) (c Challenge, found bool, err error) {
	found, err = scanChallenge(&c, func(dest ...any) (bool, error) {
		return tx.Found(`SELECT `+challengeColumns+` FROM challenges WHERE attempt_id = $1 AND kind = $2 AND purpose = $3 AND used_at = 0
			ORDER BY created_at DESC LIMIT 1`, []any{attempt, string(kind), string(purpose)}, dest...)
	})
	return c, found, err
}

// openChallenges are those to prove something with that nothing was said to, and that have not expired.
func openChallenges(tx *db.Tx, user string, kind Kind) (all []Challenge, err error) {
	err = tx.Each(`SELECT `+challengeColumns+` FROM challenges
		WHERE user_id = $1 AND used_at = 0 AND kind = $2 AND purpose = $3 AND answer = '' AND expires_at > $4 ORDER BY created_at DESC, id`,
		[]any{user, string(kind), string(ToProve), tx.Now.UnixMilli()}, func(scan func(...any) error) error {
			var c Challenge
			_, err := scanChallenge(&c, func(dest ...any) (bool, error) { return true, scan(dest...) })
			all = append(all, c)
			return err
		})
	return all, err
}

func updateChallenge(tx *db.Tx, c Challenge) error {
	n, err := tx.Exec("UPDATE challenges SET sends = $2, sent_at = $3, data = $4, expires_at = $5 WHERE id = $1 AND used_at = 0",
		c.ID, c.Sends, db.Millis(c.SentAt), c.Data, db.Millis(c.ExpiresAt))
	if err == nil && n == 0 {
		return db.ErrStale // withdrawn since it was read: nothing more may be sent for it
	}
	return err
}

func insertLink(tx *db.Tx, fingerprint []byte, purpose, user string, life time.Duration) error {
	_, err := tx.Exec("INSERT INTO links (token_hash, purpose, user_id, expires_at) VALUES ($1, $2, $3, $4)",
		fingerprint, purpose, user, tx.Now.Add(life).UnixMilli())
	return err
}

func peekLink(tx *db.Tx, fingerprint []byte, purpose string) (bool, error) {
	var one int
	return tx.Found("SELECT 1 FROM links WHERE token_hash = $1 AND purpose = $2 AND used_at = 0 AND expires_at > $3",
		[]any{fingerprint, purpose, tx.Now.UnixMilli()}, &one)
}

func useLink(tx *db.Tx, fingerprint []byte, purpose string) (user string, found bool, err error) {
	found, err = tx.Found(`UPDATE links SET used_at = $3 WHERE token_hash = $1 AND purpose = $2 AND used_at = 0 AND expires_at > $3
		RETURNING user_id`, []any{fingerprint, purpose, tx.Now.UnixMilli()}, &user)
	return user, found, err
}

func dropLinks(tx *db.Tx, purpose, user string) error {
	_, err := tx.Exec("UPDATE links SET used_at = $3 WHERE purpose = $1 AND user_id = $2 AND used_at = 0", purpose, user, tx.Now.UnixMilli())
	return err
}

// The setting that says whether an administrator has ever signed in.
const setupSetting, setupOver = "setup", "over"

func setupClosed(tx *db.Tx) (bool, error) {
	var one int
	return tx.Found("SELECT 1 FROM settings WHERE name = $1 AND value = $2", []any{setupSetting, setupOver}, &one)
}

// holdSetup makes other transactions that set up the first administrator wait until this one is over.
func holdSetup(tx *db.Tx) error {
	_, err := tx.Exec("INSERT INTO settings (name, value) VALUES ($1, 'begun') ON CONFLICT (name) DO UPDATE SET value = settings.value", setupSetting)
	return err
}

func closeSetup(tx *db.Tx) error {
	_, err := tx.Exec("INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value", setupSetting, setupOver)
	return err
}

// Restored ends every open attempt and voids all links, access passes and passwords that waited, after a backup was put back
// whose newest event is of the time (threat T88): they may have been used since it was made, and its owner may have thrown a
// password away that waited. One that had come into force by then stays.
func Restored(tx *db.Tx, newest time.Time) (links, passes int64, err error) {
	if _, err = tx.Exec("UPDATE attempts SET ended = $1, version = version + 1 WHERE ended = ''", ReasonLeft); err != nil {
		return 0, 0, err
	}
	if links, err = tx.Exec("DELETE FROM links WHERE used_at = 0 AND expires_at > $1", tx.Now.UnixMilli()); err != nil {
		return 0, 0, err
	}
	if _, err = tx.Exec("DELETE FROM methods WHERE kind = $1 AND starts_at > $2", string(NextPassword), db.Millis(newest)); err != nil {
		return 0, 0, err
	}
	passes, err = tx.Exec("DELETE FROM methods WHERE kind = $1", string(AccessPass))
	return links, passes, err
}

// Sweep deletes what is long over. No rule depends on it: expiry is decided when a row is read.
func Sweep(tx *db.Tx) error {
	old := tx.Now.Add(-24 * time.Hour).UnixMilli()
	for _, query := range []string{
		"DELETE FROM challenges WHERE attempt_id IN (SELECT id FROM attempts WHERE touched_at < $1)",
		"DELETE FROM attempts WHERE touched_at < $1",
		"DELETE FROM links WHERE expires_at < $1",
	} {
		if _, err := tx.Exec(query, old); err != nil {
			return err
		}
	}
	return forgetPlaces(tx)
}
