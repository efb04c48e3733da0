// The commands that change what a person may do.
package main

import (
	"fmt"
	"time"

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

type userPass struct {
	who   `embed:""`
	Hours int  `default:"24" placeholder:"N" help:"How long the pass works, 1 to 720 (${default})."`
	JSON  bool `help:"Print JSON."`
}

// pass is an access pass as it is printed.
type pass struct {
	Username string    `json:"username"`
	Pass     string    `json:"pass"`
	Until    time.Time `json:"until"`
	Address  string    `json:"address"`
}

// Run prints a new pass; one that was given before stops working.
func (c *userPass) Run(p *program, k *kong.Context, place *Place) error {
	if c.Hours < 1 || c.Hours > 720 {
		return fmt.Errorf("--hours %d: a pass works for 1 to 720 hours", c.Hours)
	}
	return p.work(k, place, func(o *office) error {
		s, err := o.server(p)
		if err != nil {
			return err
		}
		given := pass{Address: o.site.Base.String() + "/signin"}
		err = o.change(p.ctx, c.Username, func(tx *db.Tx, user directory.User) (err error) {
			if user.Status != directory.Active {
				return fmt.Errorf("%s is %s and could not use a pass; first: woggle user enable %s", user.Username, user.Status, user.Username)
			}
			life := time.Duration(c.Hours) * time.Hour
			given.Username, given.Until = user.Username, tx.Now.Add(life)
			given.Pass, err = s.GivePass(tx, audit.System, user, life)
			return err
		})
		switch {
		case err != nil:
			return err
		case c.JSON:
			return p.printJSON(given)
		}
		_, err = fmt.Fprintf(p.out, "%s\n\n%s signs in with it in place of the password at %s\nIt works once, until %s, and is shown only here. Tell it to nobody else.\n",
			given.Pass, given.Username, given.Address, given.Until.Local().Format("2006-01-02 15:04"))
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
