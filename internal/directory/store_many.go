// Several users or groups at once, in the database.
package directory

import (
	"strconv"
	"strings"

	"woggle/internal/db"
)

// atOnce is how many keys one statement names at most.
const atOnce = 100

// chunks calls do with at most atOnce of the ids at a time, and with the list of their placeholders.
func chunks(ids []string, do func(list string, args []any) error) error {
	for len(ids) > 0 {
		some := ids[:min(len(ids), atOnce)]
		ids = ids[len(some):]
		marks, args := make([]string, len(some)), make([]any, len(some))
		for i, id := range some {
			marks[i], args[i] = "$"+strconv.Itoa(i+1), id
		}
		if err := do(strings.Join(marks, ", "), args); err != nil {
			return err
		}
	}
	return nil
}

// ByIDs are the users with the ids, by id. Who is not there any more is not among them.
func ByIDs(tx *db.Tx, ids []string) (map[string]User, error) {
	found := make(map[string]User, len(ids))
	err := chunks(ids, func(list string, args []any) error {
		all, err := users(tx, "SELECT "+userColumns+" FROM users WHERE id IN ("+list+")", args...)
		for _, u := range all {
			found[u.ID] = u
		}
		return err
	})
	return found, err
}

// ByUsername is the user with the user name, found in any case and width. An e-mail address finds nobody here.
func ByUsername(tx *db.Tx, username string) (User, bool, error) {
	all, err := users(tx, "SELECT "+userColumns+" FROM users WHERE username_key = $1", Canonical(username))
	if err != nil || len(all) == 0 {
		return User{}, false, err
	}
	return all[0], true, nil
}

// ByEmail are the users who have the e-mail address, which families share, at most count, in the order of their ids.
func ByEmail(tx *db.Tx, email string, count int) ([]User, error) {
	key := Canonical(email)
	if key == "" {
		return nil, nil // else everybody without an address would be found
	}
	return users(tx, "SELECT "+userColumns+" FROM users WHERE email_key = $1 ORDER BY id LIMIT $2", key, count)
}

// ListByID is a page of users in the order of their ids: at most count of them, after the one with the id after (empty:
// from the first).
func ListByID(tx *db.Tx, after string, count int) ([]User, error) {
	return users(tx, "SELECT "+userColumns+" FROM users WHERE id > $1 ORDER BY id LIMIT $2", after, count)
}

// GroupsByIDs are the groups with the ids, by id. One that is not there any more is not among them.
func GroupsByIDs(tx *db.Tx, ids []string) (map[string]Group, error) {
	found := make(map[string]Group, len(ids))
	err := chunks(ids, func(list string, args []any) error {
		all, err := groups(tx, "SELECT id, name, parent_id FROM groups WHERE id IN ("+list+")", args...)
		for _, g := range all {
			found[g.ID] = g
		}
		return err
	})
	return found, err
}

// GroupNamed is the group with the very name.
func GroupNamed(tx *db.Tx, name string) (Group, bool, error) {
	all, err := groups(tx, "SELECT id, name, parent_id FROM groups WHERE name = $1", Tidy(name))
	if err != nil || len(all) == 0 {
		return Group{}, false, err
	}
	return all[0], true, nil
}
