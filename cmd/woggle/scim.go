// woggle scim: other systems that keep people here, and those in which people are kept from here.
package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kong"

	"woggle/internal/app/scim"
	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
)

type scimCommand struct {
	Place `embed:""`

	Add    scimAdd    `cmd:"" help:"Let another system, such as Microsoft Entra, keep people here; prints its token."`
	List   scimList   `cmd:"" help:"List the systems that keep people here."`
	Token  scimToken  `cmd:"" help:"Make one more token; the newest of those before goes on working."`
	Give   scimGive   `cmd:"" help:"Let a system see to people and groups that were here before it."`
	Remove scimRemove `cmd:"" help:"End a connection; its people and groups stay."`
	Target scimTarget `cmd:"" help:"See to other systems in which people are kept from here."`
}

// AfterApply hands the place to the command below.
func (s *scimCommand) AfterApply(k *kong.Context) error {
	k.Bind(&s.Place)
	return nil
}

// secretFile is where a secret goes that is shown once.
type secretFile struct {
	Out string `placeholder:"FILE" help:"Write the token into this new file, for nobody else to read, instead of printing it."`
}

// create makes the file before anything is changed: a token that could not be written would be lost.
func (s secretFile) create() (*os.File, error) {
	if s.Out == "" {
		return nil, nil
	}
	file, err := os.OpenFile(s.Out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%s is there already; name a new file", s.Out)
	}
	return file, err
}

// deliver makes a token within a transaction, and prints it or puts it into the file.
func (s secretFile) deliver(ctx context.Context, p *program, o *office, work func(tx *db.Tx) (token string, err error)) error {
	file, err := s.create()
	if err != nil {
		return err
	}
	var token string
	err = o.db.Tx(ctx, func(tx *db.Tx) (err error) {
		token, err = work(tx)
		return err
	})
	if file != nil {
		if err == nil {
			_, err = fmt.Fprintln(file, token)
		}
		if err = errors.Join(err, file.Close()); err != nil {
			os.Remove(s.Out)
			return err
		}
		token = "(in " + s.Out + ")"
	}
	if err == nil {
		fmt.Fprintf(p.out, "Tenant URL:    %s/scim/v2\nSecret token:  %s\n", o.site.Base, token)
	}
	return err
}

// tokenLife is how long a token works.
type tokenLife struct {
	Days int `default:"365" help:"How many days the token works (${default}; at most 730)."`
}

func (t tokenLife) duration() time.Duration { return time.Duration(t.Days) * 24 * time.Hour }

type scimAdd struct {
	Name       string `arg:"" help:"Short name, as in entra. The audit trail tells of it as scim:NAME."`
	tokenLife  `embed:""`
	secretFile `embed:""`
}

// Run makes the connection.
func (c *scimAdd) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		err := c.deliver(p.ctx, p, o, func(tx *db.Tx) (string, error) {
			_, token, err := scim.Add(tx, o.ring, audit.System, c.Name, c.duration())
			return token, err
		})
		if err == nil {
			fmt.Fprintf(p.out, "\nThe token is shown this once, and works for %s. A new one: woggle scim token %s\n", count(c.Days, "day"), c.Name)
		}
		return err
	})
}

type scimToken struct {
	Name       string `arg:"" help:"Name of the connection."`
	EndOthers  bool   `help:"Make none, and end all but the newest: once the other system has it, or at once if an old one got into wrong hands."`
	tokenLife  `embed:""`
	secretFile `embed:""`
}

// Run makes a token, or ends old ones.
func (c *scimToken) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		if c.EndOthers {
			err := o.db.Tx(p.ctx, func(tx *db.Tx) error {
				connection, err := scim.Named(tx, c.Name)
				if err != nil {
					return err
				}
				return scim.EndOldTokens(tx, audit.System, connection)
			})
			if err == nil {
				fmt.Fprintf(p.out, "Of %s only the newest token works.\n", c.Name)
			}
			return err
		}
		err := c.deliver(p.ctx, p, o, func(tx *db.Tx) (string, error) {
			connection, err := scim.Named(tx, c.Name)
			if err != nil {
				return "", err
			}
			return scim.NewToken(tx, o.ring, audit.System, connection, c.duration())
		})
		if err == nil {
			fmt.Fprintf(p.out, "\nThe token before it works until: woggle scim token %s --end-others\n", c.Name)
		}
		return err
	})
}

type scimList struct {
	JSON bool `help:"Print JSON."`
}

type scimRow struct {
	Name   string         `json:"name"`
	People int64          `json:"people"`
	Groups int64          `json:"groups"`
	Tokens []scimTokenRow `json:"tokens"` // the newest first
}

type scimTokenRow struct {
	Created time.Time  `json:"created_at"`
	Expires time.Time  `json:"expires_at"`
	Used    *time.Time `json:"used_at"` // null: never
}

// Run lists the connections.
func (c *scimList) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		rows := []scimRow{}
		var now time.Time
		err := o.db.View(p.ctx, func(tx *db.Tx) error {
			now = tx.Now
			all, err := scim.List(tx)
			rows = rows[:0]
			for _, one := range all {
				row := scimRow{Name: one.Name, People: one.People, Groups: one.Groups, Tokens: []scimTokenRow{}}
				for _, t := range one.Tokens {
					row.Tokens = append(row.Tokens, scimTokenRow{t.CreatedAt, t.ExpiresAt, orNil(t.UsedAt)})
				}
				rows = append(rows, row)
			}
			return err
		})
		if err != nil {
			return err
		}
		if c.JSON {
			return p.printJSON(rows)
		}
		table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "NAME\tPEOPLE\tGROUPS\tTOKEN\tLAST USED")
		for _, r := range rows {
			start := fmt.Sprintf("%s\t%d\t%d", r.Name, r.People, r.Groups)
			for _, t := range r.Tokens {
				used := "never"
				if t.Used != nil {
					used = t.Used.Local().Format("2006-01-02 15:04")
				}
				fmt.Fprintf(table, "%s\t%s\t%s\n", start, lastsUntil(t.Expires, now), used)
				start = "\t\t"
			}
		}
		return table.Flush()
	})
}

// lastsUntil says how long a token works, and that it soon will not.
func lastsUntil(end, now time.Time) string {
	text := "until " + end.Local().Format("2006-01-02")
	switch left := end.Sub(now); {
	case left <= 0:
		return "ended " + end.Local().Format("2006-01-02")
	case left < 30*24*time.Hour:
		return text + ", make a new one"
	}
	return text
}

type scimGive struct {
	Name     string   `arg:"" help:"Name of the connection."`
	Person   []string `placeholder:"NAME" sep:"none" help:"User name of somebody; give it several times."`
	Group    []string `placeholder:"NAME" sep:"none" help:"A group; its people are given by name, or with --everybody."`
	Everyone bool     `name:"everybody" help:"Everybody who has no role for others."`
}

// Run gives people and groups, all or none; everybody, some at a time.
func (c *scimGive) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		var connection scim.Connection
		err := o.db.Tx(p.ctx, func(tx *db.Tx) (err error) {
			if connection, err = scim.Named(tx, c.Name); err != nil {
				return err
			}
			for _, name := range c.Person {
				user, err := person(tx, name)
				if err != nil {
					return err
				}
				if err := scim.GivePerson(tx, audit.System, connection, user); err != nil {
					return err
				}
			}
			for _, name := range c.Group {
				id, err := groupNamed(tx, name)
				if err != nil {
					return err
				}
				if err := scim.GiveGroup(tx, audit.System, connection, directory.Group{ID: id}); err != nil {
					return err
				}
			}
			return nil
		})
		if err == nil && c.Everyone {
			err = c.everybody(p.ctx, o, connection)
		}
		if err == nil {
			err = o.db.View(p.ctx, func(tx *db.Tx) (err error) {
				connection, err = scim.Named(tx, c.Name)
				return err
			})
		}
		if err == nil {
			fmt.Fprintf(p.out, "%s now sees to %s and %s.\n", c.Name, people(connection.People), count(int(connection.Groups), "group"))
		}
		return err
	})
}

func (c *scimGive) everybody(ctx context.Context, o *office, connection scim.Connection) error {
	after := ""
	for {
		last := after
		err := o.db.Tx(ctx, func(tx *db.Tx) error {
			users, err := directory.ListByID(tx, after, rowsAtOnce)
			if err != nil {
				return err
			}
			for _, user := range users {
				if last = user.ID; user.Role != directory.Member {
					continue
				}
				if err := scim.GivePerson(tx, audit.System, connection, user); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || last == after {
			return err
		}
		after = last
	}
}

func people(n int64) string {
	if n == 1 {
		return "1 person"
	}
	return fmt.Sprintf("%d people", n)
}

type scimRemove struct {
	Name string `arg:"" help:"Name of the connection."`
}

// Run ends the connection.
func (c *scimRemove) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		err := o.db.Tx(p.ctx, func(tx *db.Tx) error {
			connection, err := scim.Named(tx, c.Name)
			if err != nil {
				return err
			}
			return scim.Remove(tx, audit.System, connection)
		})
		if err == nil {
			fmt.Fprintf(p.out, "%s changes nothing here any more. Its people and groups stay as they are.\n", c.Name)
		}
		return err
	})
}
