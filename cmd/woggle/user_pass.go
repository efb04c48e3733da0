// The access passes that commands give.
package main

import (
	"fmt"
	"time"

	"github.com/alecthomas/kong"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/server"
)

// lasting is for how long a pass is given.
type lasting struct {
	Hours int `default:"24" placeholder:"N" help:"How long the pass works, 1 to 720 (${default})."`
}

// Validate is called by the parser.
func (l lasting) Validate() error {
	if l.Hours < 1 || l.Hours > 720 {
		return fmt.Errorf("--hours %d: a pass works for 1 to 720 hours", l.Hours)
	}
	return nil
}

// pass is an access pass as it is printed.
type pass struct {
	Pass    string    `json:"pass"`
	Until   time.Time `json:"until"`
	Address string    `json:"address"`
}

// give gives a person a pass, in the transaction of the command.
func (l lasting) give(tx *db.Tx, o *office, s *server.Server, user directory.User) (given pass, err error) {
	life := time.Duration(l.Hours) * time.Hour
	given = pass{Until: tx.Now.Add(life), Address: o.site.Base.String() + "/signin"}
	given.Pass, err = s.GivePass(tx, audit.System, user, life)
	return given, err
}

// print tells what the person does with the pass.
func (g pass) print(p *program, username string) error {
	_, err := fmt.Fprintf(p.out, "%s\n\n%s signs in with it in place of the password at %s\nIt works once, until %s, and is shown only here. Tell it to nobody else.\n",
		g.Pass, username, g.Address, g.Until.Local().Format("2006-01-02 15:04"))
	return err
}

type userPass struct {
	who     `embed:""`
	lasting `embed:""`
	JSON    bool `help:"Print JSON."`
}

// Run prints a new pass; one that was given before stops working.
func (c *userPass) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		s, err := o.server(p)
		if err != nil {
			return err
		}
		var given struct {
			Username string `json:"username"`
			pass
		}
		err = o.change(p.ctx, c.Username, func(tx *db.Tx, user directory.User) (err error) {
			if user.Status != directory.Active {
				return fmt.Errorf("%s is %s and could not use a pass; first: woggle user enable %s", user.Username, user.Status, user.Username)
			}
			given.Username = user.Username
			given.pass, err = c.give(tx, o, s, user)
			return err
		})
		switch {
		case err != nil:
			return err
		case c.JSON:
			return p.printJSON(given)
		}
		return given.print(p, given.Username)
	})
}
