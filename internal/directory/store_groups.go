// Groups and who is in them, in the database.
package directory

import (
	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/problem"
)

// AddGroup stores a new group, within the group with the id parent unless that is empty. Its errors are Invalid problems
// of the fields name and parent.
func AddGroup(tx *db.Tx, name, parent string) (Group, error) {
	return InsertGroup(tx, Group{ID: db.NewID(), Name: name, Parent: parent})
}

// InsertGroup is AddGroup for a group that has an id already (db.NewID).
func InsertGroup(tx *db.Tx, g Group) (Group, error) {
	g.Name = Tidy(g.Name)
	if err := checkGroupName(g.Name); err != nil {
		return Group{}, err
	}
	if g.Parent != "" {
		known, err := exists(tx, "SELECT 1 FROM groups WHERE id = $1", g.Parent)
		if err != nil {
			return Group{}, err
		}
		if !known {
			return Group{}, problem.Field("parent", "directory.group.not-found")
		}
	}
	added, err := tx.Exec("INSERT INTO groups (id, name, parent_id) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING",
		g.ID, g.Name, g.Parent)
	if err == nil && added == 0 {
		err = problem.Field("name", "directory.group.taken")
	}
	if err == nil {
		err = note(tx, GroupChange, g.ID)
	}
	return g, err
}

// Groups are all groups, in the order of their names.
func Groups(tx *db.Tx) ([]Group, error) {
	return groups(tx, "SELECT id, name, parent_id FROM groups ORDER BY name")
}

// GroupsOf are the groups that the user is in, in the order of their names; groups around those are not among them.
func GroupsOf(tx *db.Tx, user string) ([]Group, error) {
	return groups(tx, `SELECT id, name, parent_id FROM groups JOIN group_members ON group_id = id
		WHERE user_id = $1 ORDER BY name`, user)
}

// GroupsAround are the groups that the user is in, and all that those stand within, in the order of their names.
func GroupsAround(tx *db.Tx, user string) ([]Group, error) {
	// UNION drops what was there, so that groups which stand within each other come to an end.
	return groups(tx, `WITH RECURSIVE around (id, name, parent_id) AS (
			SELECT g.id, g.name, g.parent_id FROM groups g JOIN group_members m ON m.group_id = g.id WHERE m.user_id = $1
			UNION SELECT g.id, g.name, g.parent_id FROM groups g JOIN around a ON g.id = a.parent_id)
		SELECT id, name, parent_id FROM around ORDER BY name`, user)
}

func groups(tx *db.Tx, query string, args ...any) (all []Group, err error) {
	err = tx.Each(query, args, func(scan func(...any) error) error {
		var g Group
		err := scan(&g.ID, &g.Name, &g.Parent)
		all = append(all, g)
		return err
	})
	return all, err
}

// Join puts the user into the group and records it; being in it already is no change. Its error is NotFound if there is
// no such group or user.
func Join(tx *db.Tx, actor, group, user string) error {
	// Chosen from both tables, because a broken foreign key would end the whole transaction.
	added, err := tx.Exec(`INSERT INTO group_members (group_id, user_id)
		SELECT groups.id, users.id FROM groups CROSS JOIN users WHERE groups.id = $1 AND users.id = $2
		ON CONFLICT (group_id, user_id) DO NOTHING`, group, user)
	if err != nil {
		return err
	}
	if added == 1 {
		if err := settle(tx, user); err != nil {
			return err
		}
		return recordMember(tx, audit.GroupJoined, actor, group, user)
	}
	member, err := exists(tx, "SELECT 1 FROM group_members WHERE group_id = $1 AND user_id = $2", group, user)
	if err == nil && !member {
		err = problem.New(problem.NotFound, "directory.group.not-found")
	}
	return err
}

// Leave takes the user out of the group and records it; not being in it is no change.
func Leave(tx *db.Tx, actor, group, user string) error {
	removed, err := tx.Exec("DELETE FROM group_members WHERE group_id = $1 AND user_id = $2", group, user)
	if err != nil || removed == 0 {
		return err
	}
	return recordMember(tx, audit.GroupLeft, actor, group, user)
}

// recordMember keeps the group's name, which may be another one day.
func recordMember(tx *db.Tx, event audit.Type, actor, group, user string) error {
	if err := note(tx, UserChange, user); err != nil {
		return err
	}
	if err := note(tx, GroupChange, group); err != nil {
		return err
	}
	var name string
	if err := tx.Row("SELECT name FROM groups WHERE id = $1", []any{group}, &name); err != nil {
		return err
	}
	return audit.Record(tx, audit.Event{Type: event, Actor: actor, User: user, Detail: audit.Detail{"group": group, "name": name}})
}

func exists(tx *db.Tx, query string, args ...any) (bool, error) {
	var one int
	return tx.Found(query, args, &one)
}

// HoldGroup is the group with the id, and makes other transactions that change it, or read it with HoldGroup, wait until this
// one is over. Its error is NotFound if there is none.
func HoldGroup(tx *db.Tx, id string) (Group, error) {
	all, err := groups(tx, "UPDATE groups SET name = name WHERE id = $1 RETURNING id, name, parent_id", id)
	if err == nil && len(all) == 0 {
		err = problem.New(problem.NotFound, "directory.group.not-found")
	}
	if err != nil {
		return Group{}, err
	}
	return all[0], nil
}

// RenameGroup gives the group another name and records it; the name that it has is no change. Its errors are NotFound and
// Invalid problems of the field name.
func RenameGroup(tx *db.Tx, actor, id, name string) error {
	name = Tidy(name)
	if err := checkGroupName(name); err != nil {
		return err
	}
	before, err := HoldGroup(tx, id)
	if err != nil || before.Name == name {
		return err
	}
	// Whoever has the name is asked for first, because a broken rule of the table would end the whole transaction; who takes
	// it at the same instant ends it all the same.
	other, known, err := GroupNamed(tx, name)
	if err != nil {
		return err
	}
	if known && other.ID != id {
		return problem.Field("name", "directory.group.taken")
	}
	_, err = tx.Exec("UPDATE groups SET name = $2 WHERE id = $1", id, name)
	if db.Unique(err) {
		return problem.Field("name", "directory.group.taken")
	}
	if err != nil {
		return err
	}
	if err := note(tx, GroupChange, id); err != nil {
		return err
	}
	return audit.Record(tx, audit.Event{Type: audit.GroupRenamed, Actor: actor, Detail: audit.Detail{"group": id, "name": name, "before": before.Name}})
}

// RemoveGroup deletes the group and records it, for everybody who was in it as well. The groups within it move to the one
// around it. Its error is NotFound if there is no such group.
func RemoveGroup(tx *db.Tx, actor, id string) error {
	g, err := HoldGroup(tx, id)
	if err != nil {
		return err
	}
	members, err := Members(tx, id)
	if err != nil {
		return err
	}
	for _, user := range members {
		if err := Leave(tx, actor, id, user); err != nil {
			return err
		}
	}
	if _, err := tx.Exec("UPDATE groups SET parent_id = $2 WHERE parent_id = $1", id, g.Parent); err != nil {
		return err
	}
	if _, err := tx.Exec("DELETE FROM groups WHERE id = $1", id); err != nil {
		return err
	}
	if err := note(tx, GroupChange, id); err != nil {
		return err
	}
	return audit.Record(tx, audit.Event{Type: audit.GroupRemoved, Actor: actor, Detail: audit.Detail{"group": id, "name": g.Name}})
}

// Members are the ids of the users in the group, in their order.
func Members(tx *db.Tx, group string) (ids []string, err error) {
	err = tx.Each("SELECT user_id FROM group_members WHERE group_id = $1 ORDER BY user_id", []any{group}, func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		ids = append(ids, id)
		return err
	})
	return ids, err
}

// GroupUsed tells whether somebody is in the group or helps it, or another group stands within it.
func GroupUsed(tx *db.Tx, id string) (bool, error) {
	return exists(tx, `SELECT 1 FROM group_members WHERE group_id = $1 UNION ALL SELECT 1 FROM group_helpers WHERE group_id = $1
		UNION ALL SELECT 1 FROM groups WHERE parent_id = $1 LIMIT 1`, id)
}
