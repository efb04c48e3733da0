// woggle microsoft365 match, provision and report: people.
package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kong"

	"woggle/internal/app/microsoft365"
	"woggle/internal/app/microsoft365/graph"
	"woggle/internal/db"
	"woggle/internal/directory"
)

// ids are the ids of the users with the user names.
func ids(ctx context.Context, d *db.DB, names []string) (found []string, err error) {
	err = d.View(ctx, func(tx *db.Tx) error {
		found = nil
		for _, name := range names {
			user, err := person(tx, name)
			if err != nil {
				return err
			}
			found = append(found, user.ID)
		}
		return nil
	})
	return found, err
}

type microsoft365Match struct {
	Tenant string   `placeholder:"ID" help:"Only needed where several tenants are connected."`
	Same   []string `placeholder:"NAME" help:"The account with the same e-mail address is this person's. May be given several times."`
	Go     bool     `name:"go" help:"Keep it."`
	JSON   bool     `help:"Print JSON."`
}

// matchRow is a person and their account as they are printed.
type matchRow struct {
	Username string                `json:"username"`
	Account  string                `json:"account"` // empty: none was found
	By       microsoft365.Evidence `json:"by"`
	Ready    bool                  `json:"ready"` // the account has an immutable id
	Doubt    string                `json:"doubt"`
}

// Run finds out which account is whose.
func (c *microsoft365Match) Run(p *program, k *kong.Context, place *Place) error {
	return p.tenants(k, place, func(m *microsoft365.Manager) error {
		tenant, err := m.Find(p.ctx, c.Tenant)
		if err != nil {
			return err
		}
		confirmed, err := ids(p.ctx, m.DB, c.Same)
		if err != nil {
			return err
		}
		matching, _, err := m.Look(p.ctx, tenant, confirmed)
		if err != nil {
			return err
		}
		var stored []microsoft365.Pair
		if c.Go {
			if stored, err = m.Match(p.ctx, tenant, matching.Pairs); err != nil {
				return err
			}
		}
		rows, strangers := []matchRow{}, []string{}
		for _, pair := range matching.Pairs {
			row := matchRow{Username: pair.User.Username, By: pair.By, Doubt: graph.Plain(pair.Doubt, 300)}
			if pair.Person != nil {
				row.Account, row.Ready = graph.Plain(pair.Person.UPN, 120), pair.Person.ImmutableID != ""
			}
			rows = append(rows, row)
		}
		for _, stranger := range matching.Strange {
			strangers = append(strangers, graph.Plain(stranger.UPN, 120))
		}
		if c.JSON {
			return p.printJSON(map[string]any{"people": rows, "unknown_here": strangers, "kept": len(stored)})
		}
		return c.print(p, rows, strangers, len(stored))
	})
}

func (c *microsoft365Match) print(p *program, rows []matchRow, strangers []string, stored int) error {
	table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "PERSON\tACCOUNT\tFOUND BY\tIMMUTABLE ID")
	for _, r := range rows {
		account, id := r.Account, "no"
		if account == "" {
			account = "none"
		}
		if r.Ready {
			id = "yes"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", r.Username, account, r.By, id)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, r := range rows {
		if r.Doubt != "" {
			fmt.Fprintf(p.out, "%s: %s\n", r.Username, r.Doubt)
		}
	}
	if len(strangers) > 0 {
		fmt.Fprintf(p.out, "\nNobody here has these accounts: %s\n", strings.Join(strangers, ", "))
	}
	if c.Go {
		_, err := fmt.Fprintf(p.out, "\n%s kept. Next: woggle microsoft365 provision\n", count(stored, "account"))
		return err
	}
	_, err := fmt.Fprintln(p.out, "\nNothing was kept. To do it: woggle microsoft365 match --go")
	return err
}

type microsoft365Provision struct {
	Tenant   string   `placeholder:"ID" help:"Only needed where several tenants are connected."`
	Create   bool     `help:"Make accounts for people who have none."`
	Location string   `placeholder:"CODE" help:"Country in which they use the service, as in GB."`
	Licence  []string `placeholder:"NAME" help:"Licence that everybody is to have, as in O365_BUSINESS_ESSENTIALS. May be given several times."`
	Group    []string `placeholder:"NAME" sep:"none" help:"New accounts and licences only for this group. May be given several times."`
	Anew     []string `placeholder:"NAME" help:"Make this person an account although one with their e-mail address exists."`
	Drop     bool     `help:"Give up what is left of the plan that was begun."`
	Go       bool     `name:"go" help:"Do it, or go on with it."`
	JSON     bool     `help:"Print JSON."`
}

// stepRow is a step as it is printed.
type stepRow struct {
	Account string             `json:"account"`
	What    microsoft365.Kind  `json:"what"`
	State   microsoft365.State `json:"state"`
	Trouble string             `json:"trouble"`
}

func rowOfStep(s microsoft365.Step) stepRow {
	return stepRow{graph.Plain(s.UPN, 120), s.Kind, s.State, graph.Plain(s.Trouble, 400)}
}

// inWords are the kinds of steps for people.
var inWords = map[microsoft365.Kind]string{microsoft365.Disable: "switch off, and sign out everywhere", microsoft365.Enable: "switch on again",
	microsoft365.GiveID: "give an immutable id", microsoft365.Create: "make the account", microsoft365.GiveLicence: "give a licence"}

// Run shows the difference between here and the tenant, and with --go removes it.
func (c *microsoft365Provision) Run(p *program, k *kong.Context, place *Place) error {
	return p.tenants(k, place, func(m *microsoft365.Manager) error {
		tenant, err := m.Find(p.ctx, c.Tenant)
		if err != nil {
			return err
		}
		if c.Drop {
			if err := m.Drop(p.ctx, tenant.Tenant.ID); err != nil {
				return err
			}
			_, err := fmt.Fprintln(p.out, "The plan was given up. What is done stays done.")
			return err
		}
		steps, begun, err := m.Pending(p.ctx, tenant.Tenant.ID)
		if err != nil {
			return err
		}
		var left []string
		if !begun {
			preview, err := c.preview(p.ctx, m, tenant)
			if err != nil {
				return err
			}
			steps, left = preview.Steps, preview.Left
			if c.Go && len(steps) > 0 {
				if err := m.Start(p.ctx, tenant.Tenant.ID, steps); err != nil {
					return err
				}
			}
		}
		if !c.Go || len(steps) == 0 {
			return c.show(p, steps, left, begun)
		}
		return c.carryOut(p, m, tenant, left)
	})
}

func (c *microsoft365Provision) preview(ctx context.Context, m *microsoft365.Manager, tenant microsoft365.Connected) (preview microsoft365.Preview, err error) {
	wishes := microsoft365.Wishes{Create: c.Create, Location: strings.ToUpper(c.Location), Licences: c.Licence}
	if wishes.Anew, err = ids(ctx, m.DB, c.Anew); err != nil {
		return preview, err
	}
	if len(c.Group) > 0 {
		if wishes.Only, err = inGroups(ctx, m.DB, c.Group); err != nil {
			return preview, err
		}
	}
	return m.Plan(ctx, tenant, wishes)
}

// inGroups are the ids of everybody in the groups with the names; not nil.
func inGroups(ctx context.Context, d *db.DB, names []string) (found []string, err error) {
	found = []string{}
	for _, name := range names {
		for after, more := "", true; more; {
			var users []directory.User
			err := d.View(ctx, func(tx *db.Tx) error {
				group, err := groupNamed(tx, name)
				if err != nil {
					return err
				}
				users, err = directory.List(tx, after, rowsAtOnce, group)
				return err
			})
			if err != nil {
				return nil, err
			}
			for _, u := range users {
				found, after = append(found, u.ID), u.Username
			}
			more = len(users) == rowsAtOnce
		}
	}
	return found, nil
}

// show prints what would be done.
func (c *microsoft365Provision) show(p *program, steps []microsoft365.Step, left []string, begun bool) error {
	if c.JSON {
		return c.printJSON(p, steps, left)
	}
	table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	for _, s := range steps {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", s.State, graph.Plain(s.UPN, 120), inWords[s.Kind], graph.Plain(s.Trouble, 400))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	p.printLeft(left)
	var err error
	switch {
	case begun:
		_, err = fmt.Fprintln(p.out, "\nThis plan was begun before. Go on: woggle microsoft365 provision --go; or give it up: --drop")
	case len(steps) == 0:
		_, err = fmt.Fprintln(p.out, "There is nothing to do.")
	default:
		_, err = fmt.Fprintf(p.out, "\n%s. Nothing was changed. To do it, add --go\n", count(len(steps), "change"))
	}
	return err
}

func (p *program) printLeft(left []string) {
	for _, line := range left {
		fmt.Fprintf(p.out, "left     %s\n", graph.Plain(line, 400))
	}
}

func (c *microsoft365Provision) printJSON(p *program, steps []microsoft365.Step, left []string) error {
	rows := []stepRow{}
	for _, s := range steps {
		rows = append(rows, rowOfStep(s))
	}
	return p.printJSON(map[string]any{"steps": rows, "left": append([]string{}, left...)})
}

// carryOut does the plan, and prints each step as it ends.
func (c *microsoft365Provision) carryOut(p *program, m *microsoft365.Manager, tenant microsoft365.Connected, left []string) error {
	var ended []microsoft365.Step
	failed := 0
	err := m.Run(p.ctx, tenant.Tenant, func(s microsoft365.Step) {
		ended = append(ended, s)
		if s.State == microsoft365.Failed {
			failed++
		}
		if !c.JSON {
			fmt.Fprintf(p.out, "%-8s %s: %s %s\n", s.State, graph.Plain(s.UPN, 120), inWords[s.Kind], graph.Plain(s.Trouble, 400))
		}
	})
	if c.JSON {
		if told := c.printJSON(p, ended, left); err == nil {
			err = told
		}
	} else {
		p.printLeft(left)
	}
	if err != nil {
		return fmt.Errorf("%w\nIt goes on where it stopped: woggle microsoft365 provision --go", err)
	}
	if failed > 0 && !c.JSON {
		fmt.Fprintf(p.out, "\n%s failed. Try again: woggle microsoft365 provision --go; or give it up: --drop\n", count(failed, "change"))
	}
	return toldIf(failed > 0)
}

type microsoft365Report struct {
	Tenant string `placeholder:"ID" help:"Only needed where several tenants are connected."`
	JSON   bool   `xor:"form" help:"Print JSON."`
	CSV    bool   `name:"csv" xor:"form" help:"Print a table for a spreadsheet."`
}

// Run tells what Microsoft's date means for the people of the tenant.
func (c *microsoft365Report) Run(p *program, k *kong.Context, place *Place) error {
	return p.tenants(k, place, func(m *microsoft365.Manager) error {
		tenant, err := m.Find(p.ctx, c.Tenant)
		if err != nil {
			return err
		}
		rows, err := m.Report(p.ctx, tenant)
		if err != nil {
			return err
		}
		counts := microsoft365.ByGroup(rows)
		switch {
		case c.CSV:
			return microsoft365.WriteCSV(p.out, rows)
		case c.JSON:
			return p.printJSON(map[string]any{"ends_on": microsoft365.PhonesEnd.Format("2006-01-02"), "people": rows, "groups": counts})
		}
		fmt.Fprintf(p.out, "Microsoft sends its last text and makes its last call on %s.\nWho has only a phone at Microsoft is then stopped until they set up a passkey; who signs in here is not.\n\n",
			microsoft365.PhonesEnd.Format("2 January 2006"))
		table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "GROUP\tONLY A PHONE\tNOTHING\tSOMETHING THAT STAYS\tSIGN IN HERE")
		for _, one := range counts {
			name := one.Group
			if name == "" {
				name = "(no group here)"
			}
			n := one.Standings
			fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\n", name, n[microsoft365.OnlyPhone], n[microsoft365.NoMethod], n[microsoft365.Safe], n[microsoft365.Ours])
		}
		fmt.Fprintln(table)
		for _, r := range rows {
			if r.Standing == microsoft365.OnlyPhone || r.Standing == microsoft365.NoMethod {
				fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", r.Standing, r.UPN, r.Name, strings.Join(r.Groups, ", "))
			}
		}
		return table.Flush()
	})
}
