// Users in the database.
package directory

import (
	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/problem"
)

const userColumns = `id, username, email, given_name, family_name, locale, role, status, frozen_at, epoch,
	first_use_until, created_at, signed_in_at`

func scanUser(scan func(...any) error) (u User, err error) {
	var frozen, firstUse, created, signedIn int64
	err = scan(&u.ID, &u.Username, &u.Email, &u.GivenName, &u.FamilyName, &u.Locale, &u.Role, &u.Status, &frozen, &u.Epoch,
		&firstUse, &created, &signedIn)
	u.FrozenAt, u.FirstUseUntil = db.Time(frozen), db.Time(firstUse)
	u.CreatedAt, u.SignedInAt = db.Time(created), db.Time(signedIn)
	return u, err
}

func users(tx *db.Tx, query string, args ...any) (all []User, err error) {
	err = tx.Each(query, args, func(scan func(...any) error) error {
		u, err := scanUser(scan)
		all = append(all, u)
		return err
	})
	return all, err
}

// Find is the user whose user name was typed, or the one user who has the e-mail address that was typed. An address
// that several people share finds nobody. A user name goes before an address. It does the same work whether there is
// such a user or not.
func Find(tx *db.Tx, typed string) (User, bool, error) {
	key := Canonical(typed)
	if key == "" {
		return User{}, false, nil // else everybody without an address would be found
	}
	// A shared address may have thousands of people; two are enough to know.
	all, err := users(tx, `SELECT `+userColumns+` FROM users WHERE username_key = $1
		UNION ALL SELECT * FROM (SELECT `+userColumns+` FROM users WHERE email_key = $1 LIMIT 2) AS by_email`, key)
	if err != nil {
		return User{}, false, err
	}
	for _, u := range all {
		if Canonical(u.Username) == key {
			return u, true, nil
		}
	}
	if len(all) == 1 {
		return all[0], true, nil
	}
	return User{}, false, nil
}

// ByID is the user with the id. Its error is NotFound if there is none.
func ByID(tx *db.Tx, id string) (User, error) {
	all, err := users(tx, "SELECT "+userColumns+" FROM users WHERE id = $1", id)
	if err != nil {
		return User{}, err
	}
	if len(all) == 0 {
		return User{}, nobody()
	}
	return all[0], nil
}

// Hold is ByID, and makes other transactions that change this user, or read it with Hold, wait until this one is over, on
// either engine: what is read from then on holds until the commit. Without it, two removals at once could each leave the
// other's method as the last one, and a change could be made that was forbidden a moment ago.
func Hold(tx *db.Tx, id string) (User, error) {
	all, err := users(tx, "UPDATE users SET epoch = epoch WHERE id = $1 RETURNING "+userColumns, id)
	if err == nil && len(all) == 0 {
		err = nobody()
	}
	if err != nil {
		return User{}, err
	}
	return all[0], nil
}

func nobody() error { return problem.New(problem.NotFound, "directory.user.not-found") }

// Add stores a new user under a new id and gives it back as stored. Without a role the user is a member, without a
// status active, without a time of creation made now. It records nothing, because only its caller knows who asked
// for it. Its errors are Problems, among them that the user name is taken; the transaction can go on after them.
func Add(tx *db.Tx, u User) (User, error) {
	u = u.tidy()
	if u.ID = db.NewID(); u.Role == "" {
		u.Role = Member
	}
	if u.Status == "" {
		u.Status = Active
	}
	if u.CreatedAt.IsZero() {
		u.CreatedAt = tx.Now
	}
	if err := u.check(); err != nil {
		return User{}, err
	}
	added, err := tx.Exec(`INSERT INTO users (id, username, username_key, email, email_key, given_name, family_name, locale,
			role, status, frozen_at, epoch, first_use_until, created_at, signed_in_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT (username_key) DO NOTHING`,
		u.ID, u.Username, Canonical(u.Username), u.Email, Canonical(u.Email), u.GivenName, u.FamilyName, u.Locale,
		string(u.Role), string(u.Status), db.Millis(u.FrozenAt), u.Epoch, db.Millis(u.FirstUseUntil), db.Millis(u.CreatedAt),
		db.Millis(u.SignedInAt))
	if err != nil {
		return User{}, err
	}
	if added == 0 {
		return User{}, taken()
	}
	if err := note(tx, UserChange, u.ID); err != nil {
		return User{}, err
	}
	if err := insertWords(tx, u.ID, wordsOf(u)); err != nil {
		return User{}, err
	}
	if u.Status != Active || u.Frozen() || !u.SignedInAt.IsZero() { // else the column's default is right
		if err := settle(tx, u.ID); err != nil {
			return User{}, err
		}
	}
	return ByID(tx, u.ID)
}

func taken() error { return problem.Field("username", "directory.username.taken") }

// List is a page of users in the order of their user names: at most count of them, after the user name after (empty:
// from the first), of the group with the id group (empty: of all).
func List(tx *db.Tx, after string, count int, group string) ([]User, error) {
	if group == "" {
		return users(tx, "SELECT "+userColumns+" FROM users WHERE username_key > $1 ORDER BY username_key LIMIT $2",
			Canonical(after), count)
	}
	return users(tx, "SELECT "+userColumns+` FROM users JOIN group_members ON user_id = id
		WHERE group_id = $3 AND username_key > $1 ORDER BY username_key LIMIT $2`, Canonical(after), count, group)
}

// Update stores the user's user name, e-mail address, names and locale, and nothing else: what decides over rights has
// functions of its own, so that a form that was open for long cannot bring an old right back. It records nothing, because
// only its caller knows who asked for it. Its errors are NotFound and Problems.
func Update(tx *db.Tx, u User) error {
	u = u.tidy()
	if err := u.check(); err != nil {
		return err
	}
	err := changeUser(tx, `UPDATE users SET username = $2, username_key = $3, email = $4, email_key = $5, given_name = $6,
		family_name = $7, locale = $8 WHERE id = $1`,
		u.ID, u.Username, Canonical(u.Username), u.Email, Canonical(u.Email), u.GivenName, u.FamilyName, u.Locale)
	if db.Unique(err) {
		return taken()
	}
	if err != nil {
		return err
	}
	if err := storeWords(tx, u); err != nil {
		return err
	}
	return note(tx, UserChange, u.ID)
}

// changeUser runs an UPDATE of one user. Its error is NotFound if it changed no row.
func changeUser(tx *db.Tx, query string, args ...any) error {
	changed, err := tx.Exec(query, args...)
	if err == nil && changed == 0 {
		return nobody()
	}
	return err
}

// SetLocale stores the language that the person chose.
func SetLocale(tx *db.Tx, id, locale string) error {
	return changeUser(tx, "UPDATE users SET locale = $2 WHERE id = $1", id, locale)
}

// EndFirstUse makes the password that an administrator gave one that adds no first method any more.
func EndFirstUse(tx *db.Tx, id string) error {
	return changeUser(tx, "UPDATE users SET first_use_until = 0 WHERE id = $1", id)
}

// MarkSignedIn notes that the person signed in now.
func MarkSignedIn(tx *db.Tx, id string) error {
	var standing Standing
	found, err := tx.Found("UPDATE users SET signed_in_at = $2 WHERE id = $1 RETURNING standing", []any{id, tx.Now.UnixMilli()}, &standing)
	switch {
	case err == nil && !found:
		return nobody()
	case err == nil && standing == Never:
		return settle(tx, id)
	}
	return err
}

// RaiseEpoch ends every session of the user: those made before carry an older epoch. What ended them is the caller's to
// record.
func RaiseEpoch(tx *db.Tx, id string) error {
	if err := changeUser(tx, "UPDATE users SET epoch = epoch + 1 WHERE id = $1", id); err != nil {
		return err
	}
	return noteEnding(tx, id)
}

// noteEnding notes that all sessions of the user's have ended, for those who have to be told.
func noteEnding(tx *db.Tx, id string) error {
	_, err := tx.Exec("INSERT INTO endings (user_id, at) VALUES ($1, $2) ON CONFLICT (user_id) DO UPDATE SET at = excluded.at",
		id, tx.Now.UnixMilli())
	return err
}

// Endings are the users all of whose sessions have ended since somebody last saw to it, at most count of them.
func Endings(tx *db.Tx, count int) (ids []string, err error) {
	err = tx.Each("SELECT user_id FROM endings ORDER BY user_id LIMIT $1", []any{count}, func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		ids = append(ids, id)
		return err
	})
	return ids, err
}

// SeenTo strikes the user from Endings.
func SeenTo(tx *db.Tx, id string) error {
	_, err := tx.Exec("DELETE FROM endings WHERE user_id = $1", id)
	return err
}

// Restored ends every session of everybody, and the right of every first-use password, after a backup was put back (threat
// T88): both may have ended since it was made.
func Restored(tx *db.Tx) error {
	// Not one more than before: since the backup it may have been raised so far already, and known devices hold it.
	_, err := tx.Exec("UPDATE users SET epoch = $1, first_use_until = 0", tx.Now.UnixMilli())
	return err
}

var statusEvents = map[Status]audit.Type{Active: audit.UserEnabled, Locked: audit.UserLocked, Disabled: audit.UserDisabled}

// SetStatus changes whether the user may sign in and records it; keeping somebody out also ends their sessions. A status
// that the user has already is no change. Its errors are NotFound, and Forbidden for keeping out the last
// administrator.
func SetStatus(tx *db.Tx, actor, id string, status Status) error {
	event, known := statusEvents[status]
	if !known {
		return problem.Field("status", "directory.status.unknown")
	}
	u, err := holdWithPeers(tx, id)
	if err != nil {
		return err
	}
	if u.Role == Administrator && status != Active {
		if err := keepAdministrator(tx, id); err != nil {
			return err
		}
	}
	raise := 1
	if status == Active {
		raise = 0
	}
	changed, err := tx.Exec("UPDATE users SET status = $2, epoch = epoch + $3 WHERE id = $1 AND status <> $2",
		id, string(status), raise)
	if err != nil || changed == 0 {
		return err
	}
	if err := settle(tx, id); err != nil {
		return err
	}
	if err := note(tx, UserChange, id); err != nil {
		return err
	}
	if status != Active {
		if err := noteEnding(tx, id); err != nil {
			return err
		}
	}
	return audit.Record(tx, audit.Event{Type: event, Actor: actor, User: id})
}

// SetRole changes what the user may do for others and records it. Its errors are NotFound, and Forbidden for taking the
// role of the last administrator.
func SetRole(tx *db.Tx, actor, id string, role Role) error {
	if role != Member && role != Helper && role != Administrator {
		return problem.Field("role", "directory.role.unknown")
	}
	u, err := holdWithPeers(tx, id)
	if err != nil {
		return err
	}
	if u.Role == Administrator && role != Administrator {
		if err := keepAdministrator(tx, id); err != nil {
			return err
		}
	}
	changed, err := tx.Exec("UPDATE users SET role = $2 WHERE id = $1 AND role <> $2", id, string(role))
	if err != nil || changed == 0 {
		return err
	}
	return audit.Record(tx, audit.Event{Type: audit.RoleChanged, Actor: actor, User: id,
		Detail: audit.Detail{"role": string(role)}})
}

// holdWithPeers is Hold, and holds all administrators if the user is one: before the user, so that two who remove each other do not
// wait for each other.
func holdWithPeers(tx *db.Tx, id string) (User, error) {
	u, err := ByID(tx, id)
	if err == nil && u.Role == Administrator {
		err = holdAdministrators(tx)
	}
	if err != nil {
		return User{}, err
	}
	return Hold(tx, id)
}

// holdAdministrators writes their rows, which holds them until the commit: else two administrators who remove each other at one
// instant would both succeed, each having counted the other.
func holdAdministrators(tx *db.Tx) error {
	_, err := tx.Exec("UPDATE users SET role = role WHERE role = 'administrator'")
	return err
}

// keepAdministrator refuses if nobody but the user could still administer.
func keepAdministrator(tx *db.Tx, id string) error {
	if err := holdAdministrators(tx); err != nil { // also who became one a moment ago
		return err
	}
	var others int64
	err := tx.Row("SELECT count(*) FROM users WHERE role = 'administrator' AND status = 'active' AND id <> $1",
		[]any{id}, &others)
	if err == nil && others == 0 {
		return problem.New(problem.Forbidden, "directory.user.last-administrator")
	}
	return err
}

// Freeze keeps everything of the user's from being changed until somebody unfreezes it; freezing again keeps the first time.
// It is one part of what "this wasn't me" does: signin, which does the rest, also ends the sessions and records it.
func Freeze(tx *db.Tx, id string) error {
	err := changeUser(tx, "UPDATE users SET frozen_at = CASE WHEN frozen_at = 0 THEN $2 ELSE frozen_at END WHERE id = $1",
		id, tx.Now.UnixMilli())
	if err != nil {
		return err
	}
	return settle(tx, id)
}

// Unfreeze lets the user's things be changed again and records it.
func Unfreeze(tx *db.Tx, actor, id string) error {
	changed, err := tx.Exec("UPDATE users SET frozen_at = 0 WHERE id = $1 AND frozen_at <> 0", id)
	if err != nil {
		return err
	}
	if changed == 0 {
		_, err := ByID(tx, id)
		return err
	}
	if err := settle(tx, id); err != nil {
		return err
	}
	return audit.Record(tx, audit.Event{Type: audit.Unfrozen, Actor: actor, User: id})
}

// Administrators are the active administrators, in the order of their user names.
func Administrators(tx *db.Tx) ([]User, error) {
	return users(tx, "SELECT "+userColumns+` FROM users WHERE role = 'administrator' AND status = 'active'
		ORDER BY username_key`)
}

// Count is how many users there are, whatever their status.
func Count(tx *db.Tx) (count int64, err error) {
	err = tx.Row("SELECT count(*) FROM users", nil, &count)
	return count, err
}
