// The settings of backups.
package main

import (
	"cmp"
	"fmt"
	"log/slog"

	"filippo.io/age"

	"woggle/internal/backup"
	"woggle/internal/db"
	"woggle/internal/keys"
)

// Backups is where they go, how many are kept, and who can read them.
type Backups struct {
	Folder     string // empty: none are made by night
	Keep       int
	Recipients []age.Recipient
}

// mostKept bounds what a slip of the finger can fill.
const mostKept = 1000

func (c *rules) backups() {
	b := Backups{Folder: c.BackupFolder, Keep: cmp.Or(c.BackupKeep, 14)}
	for _, text := range c.BackupRecipients {
		one, err := age.ParseX25519Recipient(text)
		if err != nil {
			c.wrong("backup_recipients", fmt.Sprintf("%q is no public key of age", text), "it begins with age1; woggle backup key FILE makes a new pair")
			continue
		}
		b.Recipients = append(b.Recipients, one)
	}
	if c.BackupFolder != "" && len(c.BackupRecipients) == 0 {
		c.wrong("backup_recipients", "nobody could read the backups",
			`make a pair of keys with woggle backup key FILE, and name the public one: backup_recipients = ["age1…"]`)
	}
	if b.Keep < 1 || b.Keep > mostKept {
		c.wrong("backup_keep", fmt.Sprintf("%d backups cannot be kept", b.Keep), fmt.Sprintf("write a number from 1 to %d", mostKept))
	}
	c.site.Backups = b
}

// night makes them by night, or is nil.
func (s Site) night(d *db.DB, ring *keys.Ring, log *slog.Logger) *backup.Night {
	if s.Backups.Folder == "" {
		return nil
	}
	n := &backup.Night{Maker: s.maker(d, ring), Folder: s.Backups.Folder, Keep: s.Backups.Keep, Zone: s.Zone, Log: log}
	return n.Tonight()
}

// maker makes backups of the site's database.
func (s Site) maker(d *db.DB, ring *keys.Ring) *backup.Maker {
	return &backup.Maker{DB: d, Keys: ring, Recipients: s.Backups.Recipients, Version: version(), Scratch: s.Data}
}
