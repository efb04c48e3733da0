// woggle scim target: the systems in which people are kept from here.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kong"

	"woggle/internal/app/scim/target"
	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/outgoing"
)

type scimTarget struct {
	Add    targetAdd    `cmd:"" help:"Begin to keep people in another system."`
	List   targetList   `cmd:"" help:"List those systems: what stands there, what waits, what is wrong."`
	Run    targetRun    `cmd:"" help:"Send at once what waits, or tell what would be sent."`
	Remove targetRemove `cmd:"" help:"Send nothing any more; who is there stays there."`
}

type targetAdd struct {
	Name       string   `arg:"" help:"Short name, as in wiki."`
	Address    string   `required:"" placeholder:"URL" help:"Address of its SCIM service, as in https://wiki.example.org/scim/v2."`
	Token      string   `required:"" placeholder:"FILE" help:"File with the bearer token that it gave you."`
	Group      []string `placeholder:"NAME" sep:"none" help:"Send the people of this group only; give it several times."`
	Detail     []string `placeholder:"ID" help:"Tell this detail as well; give it several times."`
	PeopleOnly bool     `help:"Send no groups."`
}

// Run makes the target. The server begins to send within seconds.
func (c *targetAdd) Run(p *program, k *kong.Context, place *Place) error {
	token, err := os.ReadFile(c.Token)
	if err != nil {
		return fmt.Errorf("the token cannot be read: %w", err)
	}
	return p.work(k, place, func(o *office) error {
		err := o.db.Tx(p.ctx, func(tx *db.Tx) error {
			like := target.Target{Name: c.Name, Base: c.Address, Details: c.Detail, PeopleOnly: c.PeopleOnly}
			for _, name := range c.Group {
				id, err := groupNamed(tx, name)
				if err != nil {
					return err
				}
				like.Groups = append(like.Groups, id)
			}
			_, err := target.Add(tx, o.ring, audit.System, like, strings.TrimSpace(string(token)))
			return err
		})
		if err == nil {
			fmt.Fprintf(p.out, "People are kept in %s from now on. What is sent: woggle scim target list\n", c.Name)
		}
		return err
	})
}

type targetList struct {
	JSON bool `help:"Print JSON."`
}

type targetRow struct {
	Name     string       `json:"name"`
	Address  string       `json:"address"`
	People   int64        `json:"people"`
	Inactive int64        `json:"inactive"`
	Groups   int64        `json:"groups"`
	Waiting  int64        `json:"waiting"`
	Trouble  string       `json:"trouble"`
	RetryAt  *time.Time   `json:"retry_at"`
	Refused  []refusedRow `json:"refused"` // at most ten
}

type refusedRow struct {
	Kind directory.ChangeKind `json:"kind"`
	Name string               `json:"name"`
	Why  string               `json:"why"`
}

// Run lists the targets.
func (c *targetList) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		var rows []targetRow
		err := o.db.View(p.ctx, func(tx *db.Tx) error {
			rows = nil
			all, err := target.List(tx)
			for _, t := range all {
				row := targetRow{t.Name, t.Base, t.People, t.Inactive, t.GroupCount, t.Waiting, t.Trouble, orNil(t.RetryAt), []refusedRow{}}
				for _, r := range t.Refused {
					name, err := nameOf(tx, r)
					if err != nil {
						return err
					}
					row.Refused = append(row.Refused, refusedRow{r.Kind, name, r.Why})
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
		fmt.Fprintln(table, "NAME\tADDRESS\tPEOPLE\tINACTIVE\tGROUPS\tWAITING\tHEALTH")
		for _, r := range rows {
			health := "well"
			if r.Trouble != "" {
				health = r.Trouble + " (again at " + r.RetryAt.Local().Format("15:04:05") + ")"
			}
			fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%d\t%d\t%s\n", r.Name, r.Address, r.People, r.Inactive, r.Groups, r.Waiting, health)
		}
		if err := table.Flush(); err != nil {
			return err
		}
		for _, r := range rows {
			for _, one := range r.Refused {
				fmt.Fprintf(p.out, "%s refuses the %s %s: %s\n", r.Name, one.Kind, one.Name, one.Why)
			}
		}
		return nil
	})
}

// nameOf is whom or what the target refuses, for people to read.
func nameOf(tx *db.Tx, r target.Refusal) (string, error) {
	if r.Kind == directory.GroupChange {
		found, err := directory.GroupsByIDs(tx, []string{r.ID})
		return found[r.ID].Name, err
	}
	found, err := directory.ByIDs(tx, []string{r.ID})
	return found[r.ID].Username, err
}

type targetRun struct {
	Name    string `arg:"" help:"Name of the target."`
	Preview bool   `xor:"how" help:"Tell what would be sent, and send nothing."`
	Full    bool   `xor:"how" help:"Compare everybody, there as well as here."`
}

// Run sends, or tells what would be sent.
func (c *targetRun) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		var t *target.Target
		err := o.db.Tx(p.ctx, func(tx *db.Tx) (err error) {
			if t, err = target.Named(tx, c.Name); err == nil && c.Full {
				err = target.Compare(tx, t)
			}
			return err
		})
		switch {
		case err != nil:
			return err
		case c.Preview:
			return preview(p.ctx, p, o, t)
		}
		local := o.site.Base.Hostname() == "localhost" || strings.HasPrefix(o.site.Base.Hostname(), "127.")
		worker := &target.Worker{DB: o.db, Keys: o.ring, HTTP: outgoing.New(local), Log: p.logger(o.site.JSON)}
		counts, err := worker.Work(p.ctx, t.ID)
		fmt.Fprintf(p.out, "Made %d, changed %d, ended %d, members moved %d, refused %d.\n", counts.Made, counts.Changed, counts.Ended, counts.Moved, counts.Refused)
		return err
	})
}

var actionWords = map[string]string{"make": "would be made", "change": "would be changed", "end": "would be made inactive", "move": "would get or lose members"}

// preview prints a line for everybody who is not as they were sent.
func preview(ctx context.Context, p *program, o *office, t *target.Target) error {
	print := func(actions []target.Action) {
		for _, a := range actions {
			what := actionWords[a.What]
			if a.Kind == directory.GroupChange && a.What == "end" {
				what = "would be removed"
			}
			fmt.Fprintf(p.out, "%s %s %s\n", a.Kind, a.Name, what)
		}
	}
	for after, total := "", 0; ; {
		var actions []target.Action
		next := ""
		err := o.db.View(ctx, func(tx *db.Tx) (err error) {
			actions, next, err = target.Preview(tx, t, after, rowsAtOnce)
			if err == nil && next == "" {
				actions, err = target.PreviewGroups(tx, t)
			}
			return err
		})
		if err != nil {
			return err
		}
		print(actions)
		if total += len(actions); next == "" {
			if total == 0 {
				fmt.Fprintln(p.out, "Nothing would be sent.")
			}
			return nil
		}
		after = next
	}
}

type targetRemove struct {
	Name string `arg:"" help:"Name of the target."`
}

// Run ends the target.
func (c *targetRemove) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		err := o.db.Tx(p.ctx, func(tx *db.Tx) error {
			t, err := target.Named(tx, c.Name)
			if err != nil {
				return err
			}
			return target.Remove(tx, audit.System, t)
		})
		if err == nil {
			fmt.Fprintf(p.out, "Nothing more is sent to %s. Who is there stays there.\n", c.Name)
		}
		return err
	})
}
