// woggle helper: who helps the people of which group.
package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kong"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
)

type helperCommand struct {
	Place `embed:""`

	Add    helperAdd    `cmd:"" help:"Let a person help the people of a group, and of the groups within it."`
	List   helperList   `cmd:"" help:"List helpers and their groups."`
	Remove helperRemove `cmd:"" help:"Let a person help a group no more."`
}

// AfterApply hands the place to the command below.
func (c *helperCommand) AfterApply(k *kong.Context) error {
	k.Bind(&c.Place)
	return nil
}

// ofGroup names the helper, and whose helper they are.
type ofGroup struct {
	who   `embed:""`
	Group string `required:"" placeholder:"NAME" help:"The group."`
}

// change works on the person and the group, in one transaction.
func (c *ofGroup) change(p *program, k *kong.Context, place *Place, told string, do func(tx *db.Tx, actor, group, user string) error) error {
	return p.work(k, place, func(o *office) error {
		err := o.change(p.ctx, c.Username, func(tx *db.Tx, user directory.User) error {
			group, found, err := directory.GroupNamed(tx, directory.Tidy(c.Group))
			if err == nil && !found {
				err = fmt.Errorf("there is no group %q; a group is made with woggle user add --group", c.Group)
			}
			if err != nil {
				return err
			}
			return do(tx, audit.System, group.ID, user.ID)
		})
		if err == nil {
			fmt.Fprintf(p.out, "%s %s %s.\n", c.Username, told, c.Group)
		}
		return err
	})
}

type helperAdd struct {
	ofGroup `embed:""`
}

// Run makes somebody a helper.
func (c *helperAdd) Run(p *program, k *kong.Context, place *Place) error {
	return c.change(p, k, place, "helps the people of", directory.AddHelper)
}

type helperRemove struct {
	ofGroup `embed:""`
}

// Run ends it.
func (c *helperRemove) Run(p *program, k *kong.Context, place *Place) error {
	return c.change(p, k, place, "does not help the people of", directory.RemoveHelper)
}

type helperList struct {
	JSON bool `help:"Print JSON."`
}

type helperRow struct {
	Username string   `json:"username"`
	Name     string   `json:"name"`
	Groups   []string `json:"groups"`
}

// Run lists all helpers.
func (c *helperList) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		rows := []helperRow{}
		err := o.db.View(p.ctx, func(tx *db.Tx) error {
			rows = []helperRow{} // of a run before
			all, err := directory.AllHelpers(tx)
			if err != nil {
				return err
			}
			for _, u := range all {
				groups, err := directory.HelperOf(tx, u.ID)
				if err != nil {
					return err
				}
				row := helperRow{Username: u.Username, Name: u.Name(), Groups: []string{}}
				for _, g := range groups {
					row.Groups = append(row.Groups, g.Name)
				}
				rows = append(rows, row)
			}
			return nil
		})
		if err != nil {
			return err
		}
		if c.JSON {
			return p.printJSON(rows)
		}
		table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "USER NAME\tNAME\tHELPS")
		for _, row := range rows {
			groups := strings.Join(row.Groups, ", ")
			if groups == "" {
				groups = "nobody: helper of no group"
			}
			fmt.Fprintf(table, "%s\t%s\t%s\n", row.Username, row.Name, groups)
		}
		return table.Flush()
	})
}
