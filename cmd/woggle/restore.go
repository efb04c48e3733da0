// woggle restore: putting a backup back.
package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"woggle/internal/backup"
	"woggle/internal/db"
	"woggle/internal/keys"
	"woggle/internal/server"
)

type restoreCommand struct {
	Place    `embed:""`
	Backup   string `arg:"" placeholder:"BACKUP" help:"The file of the backup."`
	Identity string `required:"" placeholder:"FILE" help:"File with the secret key that reads it."`
	Replace  int64  `placeholder:"PEOPLE" help:"Overwrite a database with so many people in it."`
}

// Run puts the backup back, all of it or nothing, and ends what it may have brought back.
func (c *restoreCommand) Run(p *program, k *kong.Context) error {
	settings := Settings{Place: c.Place}
	site, found := settings.resolve(p, k)
	for _, f := range found {
		if !f.Warning {
			fmt.Fprintln(p.err, f)
		}
	}
	if errorsIn(found) > 0 {
		return errTold
	}
	owners, err := backup.ReadIdentities(c.Identity)
	if err != nil {
		return fmt.Errorf("the secret key cannot be read: %w", err)
	}
	ring, err := keys.Load(site.Keys)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no key file at %s: put that of the backup there first; without it, nothing in the database could be read",
			site.Keys)
	}
	if err != nil {
		return err
	}
	d, err := place(p.ctx, site)
	if err != nil {
		return err
	}
	defer d.Close()
	m, done, err := server.Restore(p.ctx, d, ring, c.Backup, owners, c.Replace)
	var people backup.PeopleError
	switch {
	case errors.As(err, &people):
		return fmt.Errorf("%w. To put the backup in their place, stop the server and add --replace %d: "+
			"what is there now will be gone", people, people.People)
	case errors.Is(err, server.ErrWrongKeys):
		return fmt.Errorf("the key file %s does not belong to this backup: nothing in it could be read, and nobody could sign in; "+
			"put the one there that was the database's", site.Keys)
	case err != nil:
		return fmt.Errorf("nothing was put back: %w", err)
	}
	fmt.Fprintf(p.out, "Put back: %s, as they were on %s (Woggle %s, %s).\n", countPeople(m.Rows("users")), m.At.Local().Format("2006-01-02 15:04"), m.Version, m.Engine)
	p.printUndone(done)
	return nil
}

// place opens the database that the backup goes into, and makes it if there is none.
func place(ctx context.Context, site Site) (*db.DB, error) {
	if path, lite := strings.CutPrefix(site.Database, "sqlite:"); lite {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, fmt.Errorf("the folder for the database cannot be made: %w", err)
		}
	}
	d, err := db.Open(site.Database, time.Now)
	if err != nil {
		return nil, err
	}
	if err := d.Migrate(ctx); err != nil {
		d.Close()
		return nil, explainOpen(err, site)
	}
	return d, nil
}
