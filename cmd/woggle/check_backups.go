// What woggle check says about backups.
package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"time"

	"woggle/internal/backup"
	"woggle/internal/db"
)

// probeBackups tells whether there will be a backup when one is needed. It makes none.
func probeBackups(ctx context.Context, site Site) (found []Finding) {
	warn := func(wrong, do string) []Finding {
		return append(found, Finding{Where: "backup_folder", Wrong: wrong, Do: do, Warning: true})
	}
	folder := site.Backups.Folder
	if folder == "" {
		return warn("no backups are made: whoever loses the disk loses everybody's phones and apps",
			`set backup_folder and backup_recipients; woggle backup key FILE makes the keys`)
	}
	f, err := os.CreateTemp(folder, ".woggle-check-*") // nothing else tells whether one may write there
	if err != nil {
		return warn("no backup can be written: "+err.Error(), "make the folder, and let the user that the server runs as write into it")
	}
	f.Close()
	os.Remove(f.Name())
	state, begun := backupState(ctx, site)
	now := time.Now()
	switch {
	case !begun: // the first start makes the database, and the first backup soon after
	case state.Failing():
		found = warn("the last try to make a backup, on "+state.FailedAt.Local().Format("2006-01-02 15:04")+", failed: "+state.Why,
			"see to that; the server tries again each hour")
	case state.At.IsZero():
		found = warn("there is no backup yet", "the server makes the first one a minute after its start; or run: woggle backup")
	case state.Late(now):
		found = warn("the newest backup is "+now.Sub(state.At).Round(time.Hour).String()+" old", "see whether the server runs, and what its log says")
	}
	return found
}

// backupState is what the nodes know. Whatever is wrong with the database itself, probeKeys tells.
func backupState(ctx context.Context, site Site) (state backup.State, begun bool) {
	if path, lite := strings.CutPrefix(site.Database, "sqlite:"); lite {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return state, false
		}
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	d, err := db.Open(site.Database, time.Now)
	if err != nil {
		return state, false
	}
	defer d.Close()
	state, err = backup.Read(ctx, d)
	return state, err == nil
}
