// woggle backup: copies of the database, and the keys to them.
package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"time"

	"filippo.io/age"
	"github.com/alecthomas/kong"

	"woggle/internal/backup"
)

type backupCommand struct {
	Make backupMake `cmd:"" default:"withargs" help:"Make a backup now, while the server runs or not, and test it."`
	Key  backupKey  `cmd:"" help:"Make the pair of keys that backups are encrypted with and read."`
}

type backupMake struct {
	Place `embed:""`
	To    string   `arg:"" optional:"" placeholder:"TO" help:"A folder, or a new file (the folder of the settings)."`
	For   []string `placeholder:"AGE1…" help:"Public keys of who can read it (those of the settings)."`
	Check bool     `help:"Make none: tell how old the newest is; it fails if that is too old."`
	JSON  bool     `help:"Print JSON."`
}

// backupRow is a backup as it is printed.
type backupRow struct {
	Path   string    `json:"path"`
	At     time.Time `json:"at"`
	Size   int64     `json:"size"`
	People int64     `json:"people"`
	SHA256 string    `json:"sha256"`
	Took   float64   `json:"seconds"`
	Trail  int       `json:"audit_faults"`
}

// Run makes a backup, or looks at the newest.
func (c *backupMake) Run(p *program, k *kong.Context) error {
	return p.work(k, &c.Place, func(o *office) error {
		folder := cmp.Or(c.To, o.site.Backups.Folder)
		if folder == "" {
			return errors.New("say where the backup goes: woggle backup FOLDER, or set backup_folder")
		}
		if c.Check {
			return p.checkBackups(folder, time.Now(), c.JSON)
		}
		to := cmp.Or(c.To, backup.In(folder, o.db.Now()))
		m := o.site.maker(o.db, o.ring)
		if len(c.For) > 0 {
			m.Recipients = nil
		}
		for _, text := range c.For {
			one, err := age.ParseX25519Recipient(text)
			if err != nil {
				return fmt.Errorf("%q is no public key of age: it begins with age1; woggle backup key FILE makes a new pair", text)
			}
			m.Recipients = append(m.Recipients, one)
		}
		if len(m.Recipients) == 0 {
			return errors.New("nobody could read the backup: make a pair of keys with " +
				"woggle backup key FILE, and name the public one with --for or as backup_recipients")
		}
		made, err := backup.Make(p.ctx, m, to)
		if err != nil {
			return err
		}
		return p.printBackup(made, c.JSON)
	})
}

func (p *program) printBackup(made backup.Made, json bool) error {
	people := made.Rows("users")
	if json {
		return p.printJSON(backupRow{made.Path, made.At, made.Size, people, made.Digest, (made.Wrote + made.Tested).Seconds(), len(made.Trail)})
	}
	fmt.Fprintf(p.out, "%s: %s, %d bytes, made in %s, and put back into a database of its own in %s.\nThe key file is not in it: keep that elsewhere.\n",
		made.Path, countPeople(people), made.Size, made.Wrote.Round(time.Millisecond), made.Tested.Round(time.Millisecond))
	if len(made.Trail) > 0 {
		fmt.Fprintln(p.out, "The audit trail in it is not whole, as it is in the database: woggle audit verify tells more.")
	}
	return nil
}

func countPeople(n int64) string {
	if n == 1 {
		return "1 person"
	}
	return fmt.Sprintf("%d people", n)
}

// tooOld is when there should be a newer one: a night was missed, and half a day to see to it is over.
const tooOld = 36 * time.Hour

// checkBackups tells how old the newest is.
func (p *program) checkBackups(folder string, now time.Time, json bool) error {
	all, err := backup.List(folder)
	if err != nil {
		return fmt.Errorf("the folder of the backups cannot be read: %w", err)
	}
	if len(all) == 0 {
		return fmt.Errorf("there is no backup in %s", folder)
	}
	newest, age := all[0], now.Sub(all[0].At)
	if json {
		err = p.printJSON(backupRow{Path: newest.Path, At: newest.At, Size: newest.Size})
	} else {
		fmt.Fprintf(p.out, "The newest of %s is %s, %s old, %d bytes.\n", count(len(all), "backup"), newest.Path, age.Round(time.Minute), newest.Size)
	}
	if err == nil && age > tooOld {
		err = fmt.Errorf("the newest backup is %s old: there should be one of each night", age.Round(time.Hour))
	}
	return err
}

type backupKey struct {
	File string `arg:"" placeholder:"FILE" help:"The new file for the secret key."`
}

// Run makes the pair. The secret one must not stay where the database is, or whoever takes one has the other.
func (c *backupKey) Run(p *program) error {
	pair, err := age.GenerateX25519Identity()
	if err != nil {
		return err
	}
	f, err := os.OpenFile(c.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("the file cannot be made; name one that is not there: %w", err)
	}
	_, err = fmt.Fprintf(f, "# Reads the backups of Woggle. Keep it away from the server: a safe, a password manager, paper.\n"+
		"# public key: %s\n%s\n", pair.Recipient(), pair)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "backup_recipients = [%q]\n\nThat is for the settings. %s reads the backups, and nothing else does:\n"+
		"take it away from this computer, and keep it in two places.\n",
		pair.Recipient(), c.File)
	return nil
}
