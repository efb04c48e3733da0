// Helpers in the database: who may help whom.
package directory

import (
	"strings"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/problem"
)

// Helps tells whether the helper may help the person, as both are stored now (threats T45 and T84). An administrator helps
// everybody but administrators; a helper helps the members of the groups that they are helper of, and of the groups within
// those. Nobody helps themselves, an administrator, or, among helpers, each other: whoever can let somebody in could
// otherwise climb to what that person may do.
func Helps(tx *db.Tx, helper, person string) (bool, error) {
	if helper == "" || person == "" || helper == person {
		return false, nil
	}
	both, err := users(tx, "SELECT "+userColumns+" FROM users WHERE id = $1 OR id = $2", helper, person)
	if err != nil || len(both) != 2 {
		return false, err
	}
	h, p := both[0], both[1]
	if h.ID != helper {
		h, p = p, h
	}
	switch {
	case h.Status != Active || h.Frozen(): // somebody else may have their account
		return false, nil
	case h.Role == Administrator:
		return p.Role != Administrator, nil
	case h.Role != Helper || p.Role != Member:
		return false, nil
	}
	return exists(tx, aroundPeople+` SELECT 1 FROM around JOIN group_helpers ON group_id = around.id WHERE around.user_id = $2 AND group_helpers.user_id = $1`,
		helper, person)
}

// aroundPeople are the groups of each person, with all that those stand within.
const aroundPeople = `WITH RECURSIVE around (user_id, id) AS (
	SELECT user_id, group_id FROM group_members
	UNION SELECT around.user_id, g.parent_id FROM around JOIN groups g ON g.id = around.id WHERE g.parent_id <> '')`

// within are the groups that a helper helps, with all that stand within those.
const within = `WITH RECURSIVE within (id) AS (
	SELECT group_id FROM group_helpers WHERE user_id = $1
	UNION SELECT g.id FROM groups g JOIN within w ON g.parent_id = w.id)`

// FindHelped are people whom the helper may help and whose user name, given or family name begins with what was typed, in the
// order of their user names: at most count. Nothing typed finds the first ones.
func FindHelped(tx *db.Tx, helper User, typed string, count int) ([]User, error) {
	typed = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(Tidy(typed))
	const match = `(username_key LIKE $2 ESCAPE '\' OR lower(given_name) LIKE lower($3) ESCAPE '\' OR lower(family_name) LIKE lower($3) ESCAPE '\'
		OR lower(given_name || ' ' || family_name) LIKE lower($3) ESCAPE '\')`
	args := []any{helper.ID, Canonical(typed) + "%", typed + "%", count}
	if helper.Role == Administrator {
		return users(tx, "SELECT "+userColumns+" FROM users WHERE role <> 'administrator' AND id <> $1 AND "+match+" ORDER BY username_key LIMIT $4", args...)
	}
	return users(tx, within+" SELECT "+userColumns+` FROM users WHERE role = 'member' AND id <> $1
		AND id IN (SELECT user_id FROM group_members WHERE group_id IN (SELECT id FROM within)) AND `+match+" ORDER BY username_key LIMIT $4", args...)
}

// HelperOf are the groups that the user is helper of, in the order of their names.
func HelperOf(tx *db.Tx, user string) ([]Group, error) {
	return groups(tx, `SELECT id, name, parent_id FROM groups JOIN group_helpers ON group_id = id WHERE user_id = $1 ORDER BY name`, user)
}

// AllHelpers are the users with the role, of whichever groups, in the order of their user names.
func AllHelpers(tx *db.Tx) ([]User, error) {
	return users(tx, "SELECT "+userColumns+" FROM users WHERE role = 'helper' ORDER BY username_key")
}

// AddHelper makes the user a helper of the group, and of the role if they were a member, and records it; being one already is
// no change. Its error is NotFound if there is no such group or user, and Invalid for an administrator, who helps everybody.
func AddHelper(tx *db.Tx, actor, group, user string) error {
	u, err := Hold(tx, user)
	if err != nil {
		return err
	}
	if u.Role == Administrator {
		return problem.New(problem.Invalid, "directory.helper.administrator")
	}
	g, err := HoldGroup(tx, group)
	if err != nil {
		return err
	}
	if err := SetRole(tx, actor, user, Helper); err != nil {
		return err
	}
	added, err := tx.Exec("INSERT INTO group_helpers (group_id, user_id) VALUES ($1, $2) ON CONFLICT (group_id, user_id) DO NOTHING", group, user)
	if err != nil || added == 0 {
		return err
	}
	return audit.Record(tx, audit.Event{Type: audit.HelperAdded, Actor: actor, User: user, Detail: audit.Detail{"group": group, "name": g.Name}})
}

// RemoveHelper ends that the user is helper of the group and records it. Who is helper of no group any more is a member again.
// Not being one is no change.
func RemoveHelper(tx *db.Tx, actor, group, user string) error {
	u, err := Hold(tx, user)
	if err != nil {
		return err
	}
	g, err := HoldGroup(tx, group)
	if err != nil {
		return err
	}
	removed, err := tx.Exec("DELETE FROM group_helpers WHERE group_id = $1 AND user_id = $2", group, user)
	if err != nil || removed == 0 {
		return err
	}
	err = audit.Record(tx, audit.Event{Type: audit.HelperRemoved, Actor: actor, User: user, Detail: audit.Detail{"group": group, "name": g.Name}})
	if err != nil {
		return err
	}
	left, err := HelperOf(tx, user)
	if err != nil || len(left) > 0 || u.Role != Helper {
		return err
	}
	return SetRole(tx, actor, user, Member)
}
