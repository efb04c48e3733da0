// The SQL of the methods that people have set up.
package signin

import (
	"slices"

	"woggle/internal/db"
)

const methodColumns = `id, user_id, kind, name, hint, secret, data, counter, preferred, failures, disabled_at, starts_at, expires_at, created_at, used_at, lookup`

// Methods are what the user has set up, the oldest first. An access pass or a card that is over is not among them, nor a card
// whose time has not come; of two passwords, the one that waited is the password once its wait is over (hold.go).
func Methods(tx *db.Tx, user string) ([]Enrolled, error) {
	return methods(tx, `(expires_at = 0 OR expires_at > $2) AND (kind <> $3 OR starts_at <= $2)`, user, tx.Now.UnixMilli(), string(Card))
}

// Cards are all cards of the user, the oldest first, whenever they work.
func Cards(tx *db.Tx, user string) ([]Enrolled, error) {
	return methods(tx, "kind = $2", user, string(Card))
}

// methods are those of the user, $1, of whom the condition is true.
func methods(tx *db.Tx, condition string, args ...any) ([]Enrolled, error) {
	var all []Enrolled
	err := tx.Each(`SELECT `+methodColumns+` FROM methods WHERE user_id = $1 AND `+condition+` ORDER BY created_at, id`,
		args, func(scan func(...any) error) error {
			var e Enrolled
			var disabled, starts, expires, created, used int64
			err := scan(&e.ID, &e.User, &e.Kind, &e.Name, &e.Hint, &e.Secret, &e.Data, &e.Counter, &e.Preferred, &e.Failures,
				&disabled, &starts, &expires, &created, &used, &e.Lookup)
			e.DisabledAt, e.StartsAt, e.ExpiresAt = db.Time(disabled), db.Time(starts), db.Time(expires)
			e.CreatedAt, e.UsedAt = db.Time(created), db.Time(used)
			all = append(all, e)
			return err
		})
	return settled(all, tx.Now), err
}

// dropWaiting deletes a password of the user that waits, and tells whether there was one.
func dropWaiting(tx *db.Tx, user string) (bool, error) {
	n, err := tx.Exec("DELETE FROM methods WHERE user_id = $1 AND kind = $2 AND starts_at > $3", user, string(NextPassword), tx.Now.UnixMilli())
	return n > 0, err
}

// promoteNext puts a password whose wait is over in the place of the one before, and tells whether there was one.
func promoteNext(tx *db.Tx, user string) (bool, error) {
	var id string
	due, err := tx.Found("SELECT id FROM methods WHERE user_id = $1 AND kind = $2 AND starts_at <= $3",
		[]any{user, string(NextPassword), tx.Now.UnixMilli()}, &id)
	if err != nil || !due {
		return false, err
	}
	if _, err := tx.Exec("DELETE FROM methods WHERE user_id = $1 AND kind = $2", user, string(Password)); err != nil {
		return false, err
	}
	_, err = tx.Exec("UPDATE methods SET kind = $2, starts_at = 0 WHERE id = $1", id, string(Password))
	return true, err
}

// InsertMethod stores a method as it is, without a word to anybody: for enrolment, which says it, and for imports.
func InsertMethod(tx *db.Tx, e Enrolled) error {
	if e.Data == "" {
		e.Data = "{}"
	}
	if e.CreatedAt.IsZero() {
		e.CreatedAt = tx.Now
	}
	_, err := tx.Exec(`INSERT INTO methods (`+methodColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0, $10, $11, $12, $13, $14)`,
		e.ID, e.User, string(e.Kind), e.Name, e.Hint, e.Secret, e.Data, e.Counter, e.Preferred,
		db.Millis(e.StartsAt), db.Millis(e.ExpiresAt), db.Millis(e.CreatedAt), db.Millis(e.UsedAt), e.Lookup)
	if err != nil || !e.Kind.Possession() {
		return err
	}
	return protect(tx, e.User)
}

// UsersByLookup are the ids of the users who have a method with one of the fingerprints.
func UsersByLookup(tx *db.Tx, lookups ...string) (users []string, err error) {
	for _, lookup := range lookups {
		err := tx.Each("SELECT DISTINCT user_id FROM methods WHERE lookup = $1 AND lookup <> ''", []any{lookup}, func(scan func(...any) error) error {
			var user string
			defer func() { users = append(users, user) }()
			return scan(&user)
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(users)
	return slices.Compact(users), nil
}

// Unfindable counts the methods of a kind that no fingerprint finds, because they were last used before there were any.
func Unfindable(tx *db.Tx, kind Kind) (count int64, err error) {
	return count, tx.Row("SELECT count(*) FROM methods WHERE kind = $1 AND lookup = ''", []any{string(kind)}, &count)
}

// MakeFindable gives a method the fingerprint of what it holds.
func MakeFindable(tx *db.Tx, id, lookup string) error {
	_, err := tx.Exec("UPDATE methods SET lookup = $2 WHERE id = $1", id, lookup)
	return err
}

// DeleteMethod deletes one method of the user and tells whether it was there.
func DeleteMethod(tx *db.Tx, user, id string) (bool, error) {
	n, err := tx.Exec("DELETE FROM methods WHERE id = $1 AND user_id = $2", id, user)
	if err != nil || n == 0 {
		return false, err
	}
	return true, protect(tx, user)
}

// markUsed notes that a method of the user was used now, and tells whether it was there.
func markUsed(tx *db.Tx, user, id string) (bool, error) {
	n, err := tx.Exec("UPDATE methods SET used_at = $3 WHERE id = $1 AND user_id = $2", id, user, tx.Now.UnixMilli())
	return n == 1, err
}

// DeleteMethods deletes all methods of one kind of the user.
func DeleteMethods(tx *db.Tx, user string, kind Kind) error {
	_, err := tx.Exec("DELETE FROM methods WHERE user_id = $1 AND kind = $2", user, string(kind))
	if err != nil || !kind.Possession() {
		return err
	}
	return protect(tx, user)
}

func deleteAllMethods(tx *db.Tx, user string) error {
	if _, err := tx.Exec("DELETE FROM methods WHERE user_id = $1", user); err != nil {
		return err
	}
	return protect(tx, user)
}

// ReplaceSecret seals a better secret into a row: a password hash made with today's parameters.
func ReplaceSecret(tx *db.Tx, id string, secret []byte) error {
	_, err := tx.Exec("UPDATE methods SET secret = $2 WHERE id = $1", id, secret)
	return err
}

// ReplaceData stores what a method's chapter knows of it now.
func ReplaceData(tx *db.Tx, id, data string) error {
	_, err := tx.Exec("UPDATE methods SET data = $2 WHERE id = $1", id, data)
	return err
}

// Advance moves a method's counter to step, if it stands lower: the same time step proves something only once, on
// every node and after a restart (RFC 6238 section 5.2).
func Advance(tx *db.Tx, id string, step int64) (bool, error) {
	n, err := tx.Exec("UPDATE methods SET counter = $2 WHERE id = $1 AND counter < $2", id, step)
	return n == 1, err
}

// AdvanceNow is Advance for a method that works between two moments: outside of them nothing is used up (threat T40).
func AdvanceNow(tx *db.Tx, id string, step int64) (bool, error) {
	n, err := tx.Exec("UPDATE methods SET counter = $2 WHERE id = $1 AND counter < $2 AND starts_at <= $3 AND (expires_at = 0 OR expires_at > $3)",
		id, step, tx.Now.UnixMilli())
	return n == 1, err
}

// AdvanceAll moves the counters of all methods of a kind to step that stand lower.
func AdvanceAll(tx *db.Tx, kind Kind, step int64) error {
	_, err := tx.Exec("UPDATE methods SET counter = $2 WHERE kind = $1 AND counter < $2", string(kind), step)
	return err
}

// DeleteKind deletes all methods of a kind, of everybody, and tells how many there were. Who is protected is left to Mend.
func DeleteKind(tx *db.Tx, kind Kind) (int64, error) {
	return tx.Exec("DELETE FROM methods WHERE kind = $1", string(kind))
}

func rename(tx *db.Tx, user, id, name string) (bool, error) {
	n, err := tx.Exec("UPDATE methods SET name = $3 WHERE id = $1 AND user_id = $2", id, user, name)
	return n == 1, err
}

// prefer makes one method the default, and all others not.
func prefer(tx *db.Tx, user, id string) error {
	_, err := tx.Exec("UPDATE methods SET preferred = (id = $2) WHERE user_id = $1", user, id)
	return err
}

// methodRight ends a method's row of wrong codes. It was used if the right code was its own.
func methodRight(tx *db.Tx, id string, used bool) error {
	_, err := tx.Exec("UPDATE methods SET failures = 0, used_at = CASE WHEN $2 THEN $3 ELSE used_at END WHERE id = $1", id, used, tx.Now.UnixMilli())
	return err
}

// methodWrong counts a wrong code, and disables the method at the hundredth in a row (NIST SP 800-63B-4 section 3.2.2).
func methodWrong(tx *db.Tx, id string) (failures int64, err error) {
	_, err = tx.Found(`UPDATE methods SET failures = failures + 1,
			disabled_at = CASE WHEN failures + 1 >= $3 THEN $2 ELSE disabled_at END
		WHERE id = $1 RETURNING failures`, []any{id, tx.Now.UnixMilli(), mostFailures}, &failures)
	return failures, err
}
