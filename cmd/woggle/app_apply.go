// Applying the apps file, at the start and by command.
package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"woggle/internal/app"
	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/server"
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
		if err := oneNameEach(tx, wanted, true); err != nil {
			return err
		}
		changes, err = app.Apply(tx, audit.System, wanted)
		return err
	})
	return changes, unknown, err
}

// oneNameEach refuses apps of one name in their protocol, which would both be closed. Wanted are all of the apps file, or one that is
// added by command.
func oneNameEach(tx *db.Tx, wanted []*app.App, file bool) error {
	there, err := app.List(tx)
	if err != nil {
		return err
	}
	all := slices.Clone(wanted)
	for _, a := range there {
		read, known := server.AppReaders()[a.Protocol]
		replaced := file && a.FromFile || slices.ContainsFunc(wanted, func(w *app.App) bool { return w.ID == a.ID })
		if !replaced && known && read(a) == nil {
			all = append(all, a)
		}
	}
	taken := map[[2]string]string{}
	for _, a := range all {
		name := [2]string{a.Protocol, a.Audience}
		if other, is := taken[name]; is && a.Audience != "" {
			return fmt.Errorf("the apps %s and %s both go by the name %s in %s, so that neither could be found: remove one", a.ID, other, a.Audience, a.Protocol)
		}
		taken[name] = a.ID
	}
	return nil
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
