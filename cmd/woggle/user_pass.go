// The access passes that commands give.
package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/alecthomas/kong"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/server"
	"woggle/internal/signin"
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
	Pass    string     `json:"pass"`
	From    *time.Time `json:"from,omitempty"` // absent: from now on
	Until   time.Time  `json:"until"`
	Several bool       `json:"several,omitempty"`
	Address string     `json:"address"`
}

// give gives a person a pass that works from then on, in the transaction of the command.
func (l lasting) give(tx *db.Tx, o *office, s *server.Server, user directory.User, from time.Time, several bool) (given pass, err error) {
	terms := signin.PassTerms{From: from, Life: time.Duration(l.Hours) * time.Hour, Several: several}
	given = pass{Until: tx.Now.Add(terms.Life), Several: several, Address: o.site.Base.String() + "/signin"}
	if from.After(tx.Now) {
		given.From, given.Until = &from, from.Add(terms.Life)
	}
	given.Pass, err = s.GivePass(tx, audit.System, user, terms)
	return given, err
}

// print tells what the person does with the pass.
func (g pass) print(p *program, username string) error {
	const clock = "2006-01-02 15:04"
	uses, from := "once", ""
	if g.Several {
		uses = "as often as they like"
	}
	if g.From != nil {
		from = ", from " + g.From.Local().Format(clock)
	}
	_, err := fmt.Fprintf(p.out, "%s\n\n%s signs in with it in place of the password at %s\nIt works %s%s, until %s, and is shown only here. Tell it to nobody else.\n",
		g.Pass, username, g.Address, uses, from, g.Until.Local().Format(clock))
	return err
}

type userPass struct {
	who     `embed:""`
	lasting `embed:""`
	From    string `placeholder:"TIME" help:"When it begins to work, as in 2026-12-01T09:00; now, if it is not given."`
	Several bool   `help:"Let it be used more than once in its time."`
	Letter  string `placeholder:"FILE" help:"Write a letter with the pass and a QR code of the sign-in page into a new file (PDF), and print no pass."`
	Cancel  bool   `help:"Void the pass that the person has, and give none."`
	JSON    bool   `help:"Print JSON."`
}

// starts reads --from.
func (c *userPass) starts(o *office) (time.Time, error) {
	if c.From == "" {
		return time.Time{}, nil
	}
	zone := o.site.Zone
	if zone == nil {
		zone = time.UTC
	}
	for _, form := range []string{"2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02"} {
		if at, err := time.ParseInLocation(form, c.From, zone); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("--from %s: write a day and a time as in 2026-12-01T09:00", c.From)
}

// Run prints a new pass; one that was given before stops working.
func (c *userPass) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		s, err := o.server(p)
		if err != nil {
			return err
		}
		if c.Cancel {
			return c.cancel(p, o, s)
		}
		from, err := c.starts(o)
		if err != nil {
			return err
		}
		var given struct {
			Username string `json:"username"`
			pass
		}
		file, err := c.letterFile()
		if err != nil {
			return err
		}
		var letter []byte
		err = o.change(p.ctx, c.Username, func(tx *db.Tx, user directory.User) (err error) {
			if user.Status != directory.Active {
				return fmt.Errorf("%s is %s and could not use a pass; first: woggle user enable %s", user.Username, user.Status, user.Username)
			}
			given.Username = user.Username
			if given.pass, err = c.give(tx, o, s, user, from, c.Several); err != nil || c.Letter == "" {
				return err
			}
			letter, err = s.PassLetter(tx, user, given.Pass)
			return err
		})
		if file != nil {
			_, wrong := file.Write(letter)
			err = errors.Join(err, wrong, file.Close())
		}
		switch {
		case err != nil && file != nil:
			return errors.Join(err, os.Remove(c.Letter))
		case err != nil:
			return err
		case c.Letter != "":
			fmt.Fprintf(p.out, "The letter for %s is in %s. Print it, hand it over, and delete the file: whoever has it can sign in as %s.\n",
				given.Username, c.Letter, given.Username)
			return nil
		case c.JSON:
			return p.printJSON(given)
		}
		return given.print(p, given.Username)
	})
}

// letterFile opens the file of the letter before anything is done, readable by its owner only, and never one that is there.
func (c *userPass) letterFile() (*os.File, error) {
	if c.Letter == "" {
		return nil, nil
	}
	return os.OpenFile(c.Letter, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

func (c *userPass) cancel(p *program, o *office, s *server.Server) error {
	there := false
	err := o.change(p.ctx, c.Username, func(tx *db.Tx, user directory.User) (err error) {
		there, err = s.CancelPass(tx, audit.System, user)
		return err
	})
	switch {
	case err != nil:
		return err
	case !there:
		fmt.Fprintf(p.out, "%s has no pass.\n", c.Username)
	default:
		fmt.Fprintf(p.out, "The pass of %s does not work any more.\n", c.Username)
	}
	return nil
}
