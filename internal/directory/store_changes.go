// What has changed, for those who keep a copy of the directory in another system.
package directory

import "woggle/internal/db"

// ChangeKind says what a change is one of.
type ChangeKind string

// The kinds of changes.
const (
	UserChange  ChangeKind = "user"
	GroupChange ChangeKind = "group"
)

// Change says that a user or a group is not what it was, or is gone. However often it changed, it is one change, whose
// version is another one after each time.
type Change struct {
	Kind    ChangeKind
	ID      string
	Version string
}

// Watch begins to note changes for the watcher. Those who are watched for already go on.
func Watch(tx *db.Tx, watcher string) error {
	_, err := tx.Exec("INSERT INTO directory_watchers (name) VALUES ($1) ON CONFLICT (name) DO NOTHING", watcher)
	return err
}

// Unwatch notes no more changes for the watcher, and forgets those that it has not seen.
func Unwatch(tx *db.Tx, watcher string) error {
	_, err := tx.Exec("DELETE FROM directory_watchers WHERE name = $1", watcher)
	return err
}

// note keeps the change for every watcher. Where nobody watches it is one statement that writes nothing. A change that
// waits already keeps its place in the queue, so that what changes all the time is not put off for ever.
func note(tx *db.Tx, kind ChangeKind, id string) error {
	_, err := tx.Exec(`INSERT INTO directory_changes (watcher, kind, id, version, changed_at)
		SELECT name, CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS BIGINT) FROM directory_watchers WHERE TRUE
		ON CONFLICT (watcher, kind, id) DO UPDATE SET version = excluded.version`, string(kind), id, db.NewID(), tx.Now.UnixMilli())
	return err
}

// NoteFor makes one watcher look again at a user or group.
func NoteFor(tx *db.Tx, watcher string, kind ChangeKind, id string) error {
	_, err := tx.Exec(`INSERT INTO directory_changes (watcher, kind, id, version, changed_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (watcher, kind, id) DO UPDATE SET version = excluded.version`,
		watcher, string(kind), id, db.NewID(), tx.Now.UnixMilli())
	return err
}

// Changes are the changes that have waited longest for the watcher, at most count.
func Changes(tx *db.Tx, watcher string, count int) (all []Change, err error) {
	err = tx.Each(`SELECT kind, id, version FROM directory_changes WHERE watcher = $1 ORDER BY changed_at, kind DESC, id LIMIT $2`,
		[]any{watcher, count}, func(scan func(...any) error) error {
			var c Change
			err := scan(&c.Kind, &c.ID, &c.Version)
			all = append(all, c)
			return err
		})
	return all, err
}

// Seen takes the change from the watcher's queue, unless it has changed once more since it was read.
func Seen(tx *db.Tx, watcher string, c Change) error {
	_, err := tx.Exec("DELETE FROM directory_changes WHERE watcher = $1 AND kind = $2 AND id = $3 AND version = $4",
		watcher, string(c.Kind), c.ID, c.Version)
	return err
}

// CountChanges is how many changes wait for the watcher.
func CountChanges(tx *db.Tx, watcher string) (count int64, err error) {
	return count, tx.Row("SELECT count(*) FROM directory_changes WHERE watcher = $1", []any{watcher}, &count)
}
