// Applying the apps file, at the start and by command.
package main

import (
	"context"
	"strings"

	"woggle/internal/app"
	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
)

// applyApps makes the apps of the file those that there are. Groups that there are not are told: such an app is not open to
// more people than was meant, but to nobody.
func applyApps(ctx context.Context, d *db.DB, entries []appEntry) (changes []app.Change, unknown []string, err error) {
	err = d.Tx(ctx, func(tx *db.Tx) error {
		unknown = nil // of a run before
		wanted := []*app.App{}
		for _, entry := range entries {
			a := entry.App
			ids, strange, err := app.GroupIDs(tx, entry.Groups)
			if err != nil {
				return err
			}
			a.Groups, unknown = ids, append(unknown, strange...)
			wanted = append(wanted, &a)
		}
		if changes, err = app.Apply(tx, audit.System, wanted); err != nil {
			return err
		}
		for _, a := range wanted {
			if err := alone(tx, a); err != nil {
				return err
			}
		}
		return nil
	})
	return changes, unknown, err
}

// alone demands that no other app goes by the name of this one. Its settings have been read.
func alone(tx *db.Tx, a *app.App) error {
	all, err := app.List(tx)
	for _, other := range all {
		if err == nil && checkApp(other) == nil { // one whose settings cannot be read is closed, and has no name
			err = apart(a, other)
		}
	}
	return err
}

// groupNames gives the name of a group by its id.
func groupNames(tx *db.Tx) (func(id string) string, error) {
	groups, err := directory.Groups(tx)
	return func(id string) string {
		for _, g := range groups {
			if g.ID == id {
				return g.Name
			}
		}
		return "(a group that there is not)"
	}, err
}

// cutFile is the name of the setting that a key stands for with what is in a file.
func cutFile(key string) (string, bool) { return strings.CutSuffix(key, "_file") }

func list(names []string) string { return strings.Join(names, ", ") }
