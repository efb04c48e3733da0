// The commands that change what a person may do.
package main

import (
	"fmt"

	"github.com/alecthomas/kong"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
)

// who names the person that a command is about.
type who struct {
	Username string `arg:"" help:"User name."`
}

func (w who) setStatus(p *program, k *kong.Context, place *Place, status directory.Status, told string) error {
	return p.work(k, place, func(o *office) error {
		err := o.change(p.ctx, w.Username, func(tx *db.Tx, user directory.User) error {
			return directory.SetStatus(tx, audit.System, user.ID, status)
		})
		if err == nil {
			fmt.Fprintf(p.out, "%s %s\n", w.Username, told)
		}
		return err
	})
}

type userDisable struct {
	who `embed:""`
}

// Run keeps the person out.
func (c *userDisable) Run(p *program, k *kong.Context, place *Place) error {
	return c.setStatus(p, k, place, directory.Disabled, "is disabled, and signed out everywhere.")
}

type userEnable struct {
	who `embed:""`
}

// Run lets the person in again.
func (c *userEnable) Run(p *program, k *kong.Context, place *Place) error {
	return c.setStatus(p, k, place, directory.Active, "may sign in.")
}

type userUnfreeze struct {
	who `embed:""`
}

// Run allows changes again.
func (c *userUnfreeze) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		err := o.change(p.ctx, c.Username, func(tx *db.Tx, user directory.User) error {
			return directory.Unfreeze(tx, audit.System, user.ID)
		})
		if err == nil {
			fmt.Fprintf(p.out, "%s may change sign-in methods again.\n", c.Username)
		}
		return err
	})
}

type userReset struct {
	who `embed:""`
}

// Run removes the person's methods.
func (c *userReset) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		s, err := o.server(p)
		if err != nil {
			return err
		}
		removed := 0
		err = o.change(p.ctx, c.Username, func(tx *db.Tx, user directory.User) (err error) {
			removed, err = s.ResetMethods(tx, audit.System, user)
			return err
		})
		if err == nil {
			fmt.Fprintf(p.out, "%s was taken from %s, who is signed out everywhere.\nThey set up a new one with a pass: woggle user pass %s\n",
				count(removed, "sign-in method"), c.Username, c.Username)
		}
		return err
	})
}
