// Many people changed at once, in the database. Each change is checked, noted and recorded as if it were the only one.
package directory

import (
	"maps"
	"slices"
	"strings"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/problem"
)

// AddAll stores new users under the ids that they have (db.NewID), and records each. Its errors are Problems, among them that a user
// name is taken; then the transaction has to be given up.
func AddAll(tx *db.Tx, actor string, all []User) error {
	values, events := make([]any, 0, 15*len(all)), make([]audit.Event, 0, len(all))
	ids := make([]string, 0, len(all))
	for _, u := range all {
		if err := u.check(); err != nil {
			return err
		}
		values = append(values, u.ID, u.Username, Canonical(u.Username), u.Email, Canonical(u.Email), u.GivenName, u.FamilyName, u.Locale,
			string(u.Role), string(u.Status), db.Millis(u.FrozenAt), u.Epoch, db.Millis(u.FirstUseUntil), tx.Now.UnixMilli(), int64(0))
		events = append(events, audit.Event{Type: audit.UserAdded, Actor: actor, User: u.ID, Detail: audit.Detail{"role": string(u.Role)}})
		ids = append(ids, u.ID)
	}
	added, err := tx.InsertAll(`INSERT INTO users (id, username, username_key, email, email_key, given_name, family_name, locale,
			role, status, frozen_at, epoch, first_use_until, created_at, signed_in_at)`, 15, values, "ON CONFLICT (username_key) DO NOTHING")
	if err != nil {
		return err
	}
	if added < int64(len(all)) {
		return taken()
	}
	if err := settleNew(tx, all); err != nil {
		return err
	}
	if err := noteAll(tx, UserChange, ids); err != nil {
		return err
	}
	return audit.RecordAll(tx, events)
}

// SetAllValues is SetValues for many: values by user and field. None of them may be a name. The caller has read the values that there
// are, and gives only those that differ.
func SetAllValues(tx *db.Tx, actor string, all map[string]map[string]string) error {
	if len(all) == 0 {
		return nil
	}
	fields, err := Fields(tx)
	if err != nil {
		return err
	}
	var rows []any
	var events []audit.Event
	ids := slices.Sorted(maps.Keys(all))
	for _, user := range ids {
		tidy, err := checkValues(fields, all[user])
		if err != nil {
			return err
		}
		changed := slices.Sorted(maps.Keys(tidy))
		for _, field := range changed {
			if tidy[field] == "" {
				err = setValue(tx, user, field, "")
			} else {
				rows = append(rows, user, field, tidy[field])
			}
			if err != nil {
				return err
			}
		}
		events = append(events, audit.Event{Type: audit.DetailsChanged, Actor: actor, User: user,
			Detail: audit.Detail{"fields": strings.Join(changed, ", ")}})
	}
	_, err = tx.InsertAll("INSERT INTO field_values (user_id, field_id, value)", 3, rows,
		"ON CONFLICT (user_id, field_id) DO UPDATE SET value = excluded.value")
	if err != nil {
		return err
	}
	if err := noteAll(tx, UserChange, ids); err != nil {
		return err
	}
	return audit.RecordAll(tx, events)
}

// JoinAll puts users, by the id of a group that they are not in, into the groups, and records each. Its error is NotFound if a group is
// not there; the users must be.
func JoinAll(tx *db.Tx, actor string, all map[string][]string) error {
	ids := slices.Sorted(maps.Keys(all))
	names := make(map[string]string, len(ids))
	err := chunks(ids, func(list string, args []any) error { // held, as HoldGroup does
		held, err := groups(tx, "UPDATE groups SET name = name WHERE id IN ("+list+") RETURNING id, name, parent_id", args...)
		for _, g := range held {
			names[g.ID] = g.Name
		}
		return err
	})
	if err != nil {
		return err
	}
	if len(names) < len(ids) {
		return problem.New(problem.NotFound, "directory.group.not-found")
	}
	var rows []any
	var events []audit.Event
	var joined []string
	for _, group := range ids {
		for _, user := range all[group] {
			rows, joined = append(rows, group, user), append(joined, user)
			events = append(events, audit.Event{Type: audit.GroupJoined, Actor: actor, User: user, Detail: audit.Detail{"group": group, "name": names[group]}})
		}
	}
	_, err = tx.InsertAll("INSERT INTO group_members (group_id, user_id)", 2, rows, "ON CONFLICT (group_id, user_id) DO NOTHING")
	if err != nil {
		return err
	}
	if err := settleAll(tx, joined); err != nil {
		return err
	}
	if err := noteAll(tx, UserChange, joined); err != nil {
		return err
	}
	if err := noteAll(tx, GroupChange, ids); err != nil {
		return err
	}
	return audit.RecordAll(tx, events)
}

// noteAll is note for many. Where nobody watches it is one question.
func noteAll(tx *db.Tx, kind ChangeKind, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	watched, err := exists(tx, "SELECT 1 FROM directory_watchers LIMIT 1")
	if err != nil || !watched {
		return err
	}
	for _, id := range ids {
		if err := note(tx, kind, id); err != nil {
			return err
		}
	}
	return nil
}

// HoldAll is Hold for many, by id. Who is not there any more is not among them.
func HoldAll(tx *db.Tx, ids []string) (map[string]User, error) {
	found := make(map[string]User, len(ids))
	err := chunks(slices.Sorted(slices.Values(ids)), func(list string, args []any) error {
		all, err := users(tx, "UPDATE users SET epoch = epoch WHERE id IN ("+list+") RETURNING "+userColumns, args...)
		for _, u := range all {
			found[u.ID] = u
		}
		return err
	})
	return found, err
}

// ByUsernames are the users with the user names, by the canonical form of these.
func ByUsernames(tx *db.Tx, names []string) (map[string]User, error) {
	keys := make([]string, len(names))
	for i, name := range names {
		keys[i] = Canonical(name)
	}
	found := map[string]User{}
	err := chunks(keys, func(list string, args []any) error {
		all, err := users(tx, "SELECT "+userColumns+" FROM users WHERE username_key IN ("+list+")", args...)
		for _, u := range all {
			found[Canonical(u.Username)] = u
		}
		return err
	})
	return found, err
}

// ByEmails are the users who have the addresses, by the canonical form of these: of an address that several share, all.
func ByEmails(tx *db.Tx, addresses []string) (map[string][]User, error) {
	keys := make([]string, 0, len(addresses))
	for _, address := range addresses {
		if key := Canonical(address); key != "" { // else everybody without an address would be found
			keys = append(keys, key)
		}
	}
	found := map[string][]User{}
	err := chunks(keys, func(list string, args []any) error {
		all, err := users(tx, "SELECT "+userColumns+" FROM users WHERE email_key IN ("+list+") ORDER BY id", args...)
		for _, u := range all {
			found[Canonical(u.Email)] = append(found[Canonical(u.Email)], u)
		}
		return err
	})
	return found, err
}

// ValuesOf are the values of the users' details, but their names, by user and field.
func ValuesOf(tx *db.Tx, ids []string) (map[string]map[string]string, error) {
	return pairs(tx, "SELECT user_id, field_id, value FROM field_values WHERE user_id IN (", ids)
}

// MembershipsOf are the ids of the groups that the users are in, with their names, by user and group.
func MembershipsOf(tx *db.Tx, ids []string) (map[string]map[string]string, error) {
	return pairs(tx, "SELECT user_id, group_id, name FROM group_members JOIN groups ON groups.id = group_id WHERE user_id IN (", ids)
}

func pairs(tx *db.Tx, query string, ids []string) (map[string]map[string]string, error) {
	found := map[string]map[string]string{}
	err := chunks(ids, func(list string, args []any) error {
		return tx.Each(query+list+")", args, func(scan func(...any) error) error {
			var user, key, value string
			err := scan(&user, &key, &value)
			if found[user] == nil {
				found[user] = map[string]string{}
			}
			found[user][key] = value
			return err
		})
	})
	return found, err
}

// Remove deletes a member who never signed in, with all that is theirs, and records it. Others are disabled, never removed: what they
// did has to have a name. Its errors are NotFound and Forbidden.
func Remove(tx *db.Tx, actor, id string) error {
	u, err := Hold(tx, id)
	if err != nil {
		return err
	}
	if !u.SignedInAt.IsZero() || u.Role != Member {
		return problem.New(problem.Forbidden, "directory.user.used")
	}
	if err := note(tx, UserChange, id); err != nil {
		return err
	}
	if err := changeUser(tx, "DELETE FROM users WHERE id = $1", id); err != nil {
		return err
	}
	return audit.Record(tx, audit.Event{Type: audit.UserRemoved, Actor: actor, User: id, Detail: audit.Detail{"name": u.Username}})
}
