// Targets, and what stands there, in the database.
package target

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"woggle/internal/db"
	"woggle/internal/directory"
)

func insert(tx *db.Tx, t *Target) (bool, error) {
	groups, err := json.Marshal(append([]string{}, t.Groups...))
	if err != nil {
		return false, err
	}
	details, err := json.Marshal(append([]string{}, t.Details...))
	if err != nil {
		return false, err
	}
	added, err := tx.Exec(`INSERT INTO scim_targets (id, name, base, token, groups, details, people_only, created_at, walk)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (name) DO NOTHING`,
		t.ID, t.Name, t.Base, t.token, string(groups), string(details), t.PeopleOnly, db.Millis(t.CreatedAt), t.walk)
	return added == 1, err
}

func remove(tx *db.Tx, id string) error {
	_, err := tx.Exec("DELETE FROM scim_targets WHERE id = $1", id)
	return err
}

func list(tx *db.Tx) (all []*Target, err error) {
	err = tx.Each(`SELECT id, name, base, token, groups, details, people_only, created_at, walk, failures, retry_at, trouble
		FROM scim_targets ORDER BY name`, nil, func(scan func(...any) error) error {
		t := &Target{}
		var groups, details string
		var created, retry int64
		err := scan(&t.ID, &t.Name, &t.Base, &t.token, &groups, &details, &t.PeopleOnly, &created, &t.walk, &t.failures, &retry, &t.Trouble)
		if err != nil {
			return err
		}
		t.CreatedAt, t.RetryAt = db.Time(created), db.Time(retry)
		if err := json.Unmarshal([]byte(groups), &t.Groups); err != nil {
			return err
		}
		all = append(all, t)
		return json.Unmarshal([]byte(details), &t.Details)
	})
	return all, err
}

// figures tells what stands at the target.
func figures(tx *db.Tx, t *Target) error {
	err := tx.Row(`SELECT coalesce(sum(CASE WHEN kind = 'user' AND active THEN 1 ELSE 0 END), 0),
			coalesce(sum(CASE WHEN kind = 'user' AND NOT active THEN 1 ELSE 0 END), 0),
			coalesce(sum(CASE WHEN kind = 'group' THEN 1 ELSE 0 END), 0)
		FROM scim_copies WHERE target_id = $1 AND remote_id <> ''`, []any{t.ID}, &t.People, &t.Inactive, &t.GroupCount)
	if err != nil {
		return err
	}
	t.Refused = nil
	return tx.Each(`SELECT kind, id, trouble FROM scim_copies WHERE target_id = $1 AND retry_at > 0 ORDER BY kind, id LIMIT 10`,
		[]any{t.ID}, func(scan func(...any) error) error {
			var r Refusal
			err := scan(&r.Kind, &r.ID, &r.Why)
			t.Refused = append(t.Refused, r)
			return err
		})
}

// due are the targets that somebody may work on now.
func due(tx *db.Tx) (ids []string, err error) {
	err = tx.Each("SELECT id FROM scim_targets WHERE retry_at <= $1 AND held_until < $1", []any{tx.Now.UnixMilli()}, func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		ids = append(ids, id)
		return err
	})
	return ids, err
}

// take takes the lease of a target for a holder, unless somebody else has it.
func take(tx *db.Tx, id, holder string, until time.Time) (bool, error) {
	changed, err := tx.Exec("UPDATE scim_targets SET holder = $2, held_until = $3 WHERE id = $1 AND (held_until < $4 OR holder = $2)",
		id, holder, until.UnixMilli(), tx.Now.UnixMilli())
	return changed == 1, err
}

// keep makes the lease last longer, if it is still the holder's and has not ended.
func keep(tx *db.Tx, id, holder string, until time.Time) (bool, error) {
	changed, err := tx.Exec("UPDATE scim_targets SET held_until = $3 WHERE id = $1 AND holder = $2 AND held_until >= $4",
		id, holder, until.UnixMilli(), tx.Now.UnixMilli())
	return changed == 1, err
}

func release(tx *db.Tx, id, holder string) error {
	_, err := tx.Exec("UPDATE scim_targets SET holder = '', held_until = 0 WHERE id = $1 AND holder = $2", id, holder)
	return err
}

func setWalk(tx *db.Tx, id, walk string) error {
	_, err := tx.Exec("UPDATE scim_targets SET walk = $2 WHERE id = $1", id, walk)
	return err
}

// setTrouble notes that the target failed again, or, without a time, that it works.
func setTrouble(tx *db.Tx, id, why string, retry time.Time) error {
	if retry.IsZero() {
		_, err := tx.Exec("UPDATE scim_targets SET failures = 0, retry_at = 0, trouble = '' WHERE id = $1 AND failures > 0", id)
		return err
	}
	_, err := tx.Exec("UPDATE scim_targets SET failures = failures + 1, retry_at = $2, trouble = $3 WHERE id = $1", id, retry.UnixMilli(), why)
	return err
}

// replica is what stands at the target of one person or group.
type replica struct {
	kind     directory.ChangeKind
	id       string
	remoteID string // empty: it was not made
	sent     string // fingerprint of what was last sent; empty: not known
	active   bool
	failures int64
	retryAt  time.Time
	trouble  string
}

const copyColumns = "kind, id, remote_id, sent, active, failures, retry_at, trouble"

func copies(tx *db.Tx, where string, args ...any) (all []replica, err error) {
	err = tx.Each("SELECT "+copyColumns+" FROM scim_copies WHERE "+where, args, func(scan func(...any) error) error {
		var c replica
		var retry int64
		err := scan(&c.kind, &c.id, &c.remoteID, &c.sent, &c.active, &c.failures, &retry, &c.trouble)
		c.retryAt = db.Time(retry)
		all = append(all, c)
		return err
	})
	return all, err
}

// copyOf is the memory of one person or group; empty if there is none.
func copyOf(tx *db.Tx, target string, kind directory.ChangeKind, id string) (replica, error) {
	all, err := copies(tx, "target_id = $1 AND kind = $2 AND id = $3", target, string(kind), id)
	if err != nil || len(all) == 0 {
		return replica{kind: kind, id: id}, err
	}
	return all[0], nil
}

// copiesAfter is a page of all copies, in the order of kind and id.
func copiesAfter(tx *db.Tx, target string, kind directory.ChangeKind, after string, count int) ([]replica, error) {
	return copies(tx, "target_id = $1 AND kind = $2 AND id > $3 ORDER BY id LIMIT $4", target, string(kind), after, count)
}

func retries(tx *db.Tx, target string) ([]replica, error) {
	return copies(tx, "target_id = $1 AND retry_at > 0 AND retry_at <= $2 LIMIT 100", target, tx.Now.UnixMilli())
}

func putCopy(tx *db.Tx, target string, c replica) error {
	_, err := tx.Exec("INSERT INTO scim_copies (target_id, "+copyColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (target_id, kind, id) DO UPDATE SET remote_id = excluded.remote_id, sent = excluded.sent, active = excluded.active,
			failures = excluded.failures, retry_at = excluded.retry_at, trouble = excluded.trouble`,
		target, string(c.kind), c.id, c.remoteID, c.sent, c.active, c.failures, db.Millis(c.retryAt), c.trouble)
	return err
}

func deleteCopy(tx *db.Tx, target string, kind directory.ChangeKind, id string) error {
	if kind == directory.GroupChange {
		if _, err := tx.Exec("DELETE FROM scim_copy_members WHERE target_id = $1 AND group_id = $2", target, id); err != nil {
			return err
		}
	}
	_, err := tx.Exec("DELETE FROM scim_copies WHERE target_id = $1 AND kind = $2 AND id = $3", target, string(kind), id)
	return err
}

// standing are the ids at the target of those of the users who are active there.
func standing(tx *db.Tx, target string, users []string) (remote map[string]string, err error) {
	remote = make(map[string]string, len(users))
	for len(users) > 0 {
		some := users[:min(len(users), 500)]
		users = users[len(some):]
		marks, args := make([]string, len(some)), []any{target}
		for i, id := range some {
			args = append(args, id)
			marks[i] = "$" + strconv.Itoa(i+2)
		}
		all, err := copies(tx, "target_id = $1 AND kind = 'user' AND active AND remote_id <> '' AND id IN ("+strings.Join(marks, ", ")+")", args...)
		if err != nil {
			return nil, err
		}
		for _, c := range all {
			remote[c.id] = c.remoteID
		}
	}
	return remote, nil
}

// told are the members that the target was told of, with their ids there.
func told(tx *db.Tx, target, group string) (remote map[string]string, err error) {
	remote = map[string]string{}
	err = tx.Each("SELECT user_id, remote_id FROM scim_copy_members WHERE target_id = $1 AND group_id = $2", []any{target, group},
		func(scan func(...any) error) error {
			var user, id string
			err := scan(&user, &id)
			remote[user] = id
			return err
		})
	return remote, err
}

func tell(tx *db.Tx, target, group, user, remote string) error {
	_, err := tx.Exec(`INSERT INTO scim_copy_members (target_id, group_id, user_id, remote_id) VALUES ($1, $2, $3, $4)
		ON CONFLICT (target_id, group_id, user_id) DO UPDATE SET remote_id = excluded.remote_id`, target, group, user, remote)
	return err
}

func untell(tx *db.Tx, target, group, user string) error {
	_, err := tx.Exec("DELETE FROM scim_copy_members WHERE target_id = $1 AND group_id = $2 AND user_id = $3", target, group, user)
	return err
}

// byRemote is whose the ids at the target are.
func byRemote(tx *db.Tx, target string, remote string) (user string, err error) {
	_, err = tx.Found("SELECT id FROM scim_copies WHERE target_id = $1 AND kind = 'user' AND remote_id = $2 LIMIT 1", []any{target, remote}, &user)
	return user, err
}
