// woggle external-mfa: Woggle as the second step of sign-ins at Microsoft (external MFA).
package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kong"

	"woggle/internal/app/externalmfa"
	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/outgoing"
)

type externalMFACommand struct {
	Place `embed:""`

	Script  externalMFAScript  `cmd:"" help:"Write a script for Microsoft Graph PowerShell: register, add, people or remove."`
	Connect externalMFAConnect `cmd:"" help:"Answer a tenant's sign-ins; print what to type into Entra."`
	Check   externalMFACheck   `cmd:"" help:"See whether it can work: the addresses, the keys, the people."`
	List    externalMFAList    `cmd:"" help:"List the tenants that are answered, and the people who are linked."`
	Link    externalMFALink    `cmd:"" help:"Link a person here to an account at Microsoft, or many from a file."`
	Unlink  externalMFAUnlink  `cmd:"" help:"Take a person apart from their account at Microsoft."`
	Remove  externalMFARemove  `cmd:"" help:"Answer a tenant no more. Remove the method there first."`
}

// AfterApply hands the place to the command below.
func (c *externalMFACommand) AfterApply(k *kong.Context) error {
	k.Bind(&c.Place)
	return nil
}

type externalMFAConnect struct {
	Tenant string `arg:"" help:"Id of the tenant, as the Entra portal shows it under Overview."`
	App    string `arg:"" help:"Id of the app registration, as the script prints it."`
	Cloud  string `enum:"global,us,china" default:"global" help:"global, us or china (${default})."`
	Match  string `enum:"username,microsoft365,link" default:"username" help:"How people are found the first time: username, where the user principal name is the user name here; microsoft365, as woggle microsoft365 match has found them; link, by woggle external-mfa link only (${default})."`
}

// Run stores the connection.
func (c *externalMFAConnect) Run(p *program, k *kong.Context, place *Place) error {
	connection := externalmfa.Connection{ClientID: strings.ToLower(c.App), Tenant: strings.ToLower(c.Tenant), Cloud: c.Cloud, MatchBy: externalmfa.MatchBy(c.Match)}
	cloud, err := externalmfa.CheckConnection(connection, externalmfa.Microsoft())
	if err != nil {
		return err
	}
	return p.work(k, place, func(o *office) error {
		if err := externalmfa.CheckBase(o.site.Base); err != nil {
			fmt.Fprintln(p.err, "warning:", err)
		}
		if err := o.db.Tx(p.ctx, func(tx *db.Tx) error { return externalmfa.Connect(tx, audit.System, connection) }); err != nil {
			return err
		}
		s := externalmfa.Script{Cloud: cloud, Base: o.site.Base.String()}
		table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
		fmt.Fprintf(table, "The sign-ins of tenant %s are answered. In Entra, the method has:\n", connection.Tenant)
		for _, line := range [][2]string{{"Client ID", connection.ClientID}, {"Discovery endpoint", s.Discovery()}, {"App ID", connection.ClientID},
			{"Redirect URI of the app", s.Authorize()}} {
			fmt.Fprintf(table, "  %s\t%s\n", line[0], line[1])
		}
		fmt.Fprintln(table, "A script does it: woggle external-mfa script add > add.ps1")
		return table.Flush()
	})
}

// connection is the one that is meant: the one with the app's id, or the only one there is.
func (o *office) connection(p *program, app string) (found externalmfa.Connection, err error) {
	var all []externalmfa.Connection
	err = o.db.View(p.ctx, func(tx *db.Tx) (err error) {
		all, err = externalmfa.Connections(tx)
		return err
	})
	if app != "" {
		all = slices.DeleteFunc(all, func(c externalmfa.Connection) bool { return c.ClientID != strings.ToLower(app) })
	}
	switch {
	case err != nil:
		return found, err
	case len(all) == 0:
		return found, errors.New("there is no such connection; woggle external-mfa list shows them, woggle external-mfa connect makes one")
	case len(all) > 1:
		return found, errors.New("there are several connections: name the app with --app ID")
	}
	return all[0], nil
}

type externalMFAScript struct {
	Step   string `arg:"" enum:"register,add,people,remove" help:"register the app, add the method, register people for it, or remove the method."`
	Tenant string `placeholder:"ID" help:"Id of the tenant, for register."`
	Cloud  string `enum:"global,us,china" default:"global" help:"Cloud of the tenant, for register: global, us or china (${default})."`
	App    string `placeholder:"ID" help:"Id of the app registration, where there are several connections."`
	Name   string `placeholder:"NAME" help:"Name of the method, as people read it at Microsoft; it can never be changed. Without one it is the organisation's."`
	Group  string `placeholder:"ID" help:"Id of the group at Microsoft that may use the method, or is registered for it; without one everybody."`
}

// Run prints the script.
func (c *externalMFAScript) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		s := externalmfa.Script{Tenant: strings.ToLower(c.Tenant), Organisation: o.site.Brand.Name, Name: c.Name, Group: strings.ToLower(c.Group), Base: o.site.Base.String()}
		name := c.Cloud
		if c.Step != externalmfa.Steps[0] {
			connection, err := o.connection(p, c.App)
			if err != nil {
				return err
			}
			s.Tenant, s.ClientID, name = connection.Tenant, connection.ClientID, connection.Cloud
		}
		if s.Name == "" {
			s.Name = o.site.Brand.Name
		}
		var err error
		if s.Cloud, err = externalmfa.FindCloud(externalmfa.Microsoft(), name); err != nil {
			return err
		}
		if err := s.Check(); err != nil {
			return err
		}
		if err := externalmfa.CheckBase(o.site.Base); err != nil {
			fmt.Fprintln(p.err, "warning:", err)
		}
		text, err := s.Write(c.Step)
		if err != nil {
			return err
		}
		_, err = fmt.Fprint(p.out, text)
		return err
	})
}

type externalMFACheck struct {
	App string `placeholder:"ID" help:"Id of the app registration, where there are several connections."`
}

// Run tries what can be tried from here, and says what cannot.
func (c *externalMFACheck) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		connection, err := o.connection(p, c.App)
		if err != nil {
			return err
		}
		cloud, err := externalmfa.FindCloud(externalmfa.Microsoft(), connection.Cloud)
		if err != nil {
			return err
		}
		client, wrong := outgoing.New(false), 0
		tell := func(what string, err error, do string) {
			if err == nil {
				fmt.Fprintf(p.out, "fine: %s\n", what)
				return
			}
			wrong++
			fmt.Fprintf(p.out, "wrong: %s: %v\n  %s\n", what, err, do)
		}
		tell("the address of this site", externalmfa.CheckBase(o.site.Base), "see address in the settings")
		tell("Microsoft's keys", externalmfa.CheckTenant(p.ctx, client, cloud, connection.Tenant),
			"this computer has to reach "+cloud.Authority+", and the tenant's id has to be right; until then nobody gets through")
		tell("what Microsoft reads of us", externalmfa.CheckPublic(p.ctx, client, o.site.Base.String()),
			"the server has to run, and be reached at its public address; from inside some networks that cannot be tried")
		linked := 0
		err = o.eachLink(p, connection.Tenant, func(*db.Tx, externalmfa.Link) error { linked++; return nil })
		if err != nil {
			return err
		}
		fmt.Fprintf(p.out, "%s linked; who is not yet is found by: %s\n", count(linked, "account"), connection.MatchBy)
		fmt.Fprintln(p.out, "What cannot be seen from here: consent, the method's state, the Conditional Access policy, and the licences (P1).")
		if wrong > 0 {
			return errTold
		}
		return nil
	})
}

// eachLink goes through the links of a tenant, a page at a time.
func (o *office) eachLink(p *program, tenant string, do func(*db.Tx, externalmfa.Link) error) error {
	after := ""
	for more := true; more; {
		var page []externalmfa.Link
		err := o.db.View(p.ctx, func(tx *db.Tx) (err error) {
			if page, err = externalmfa.Links(tx, tenant, after, rowsAtOnce); err != nil {
				return err
			}
			for _, link := range page {
				if err := do(tx, link); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if more = len(page) == rowsAtOnce; more {
			after = page[len(page)-1].Object
		}
	}
	return nil
}

type externalMFAList struct {
	JSON bool `help:"Print JSON."`
}

// connectionRow is a connection as the list shows it.
type connectionRow struct {
	App    string              `json:"app"`
	Tenant string              `json:"tenant"`
	Cloud  string              `json:"cloud"`
	Match  externalmfa.MatchBy `json:"match"`
	Since  time.Time           `json:"since"`
	Links  []linkRow           `json:"links"`
}

type linkRow struct {
	Username string    `json:"username"`
	Object   string    `json:"object"`
	Name     string    `json:"name"` // as Microsoft wrote it
	Since    time.Time `json:"since"`
}

// Run lists the connections, each with the people of its tenant.
func (c *externalMFAList) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		var all []externalmfa.Connection
		err := o.db.View(p.ctx, func(tx *db.Tx) (err error) {
			all, err = externalmfa.Connections(tx)
			return err
		})
		if err != nil {
			return err
		}
		rows := []connectionRow{}
		for _, c := range all {
			row := connectionRow{c.ClientID, c.Tenant, c.Cloud, c.MatchBy, c.CreatedAt, []linkRow{}}
			err := o.eachLink(p, c.Tenant, func(tx *db.Tx, l externalmfa.Link) error {
				user, err := directory.ByID(tx, l.User)
				row.Links = append(row.Links, linkRow{user.Username, l.Object, l.Name, l.CreatedAt})
				return err
			})
			if err != nil {
				return err
			}
			rows = append(rows, row)
		}
		if c.JSON {
			return p.printJSON(rows)
		}
		table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
		for _, r := range rows {
			fmt.Fprintf(table, "app %s\ttenant %s\t%s\tmatch by %s\t%s\n", r.App, r.Tenant, r.Cloud, r.Match, count(len(r.Links), "link"))
			for _, l := range r.Links {
				fmt.Fprintf(table, "  %s\t%s\t%s\t\t\n", l.Username, l.Object, l.Name)
			}
		}
		return table.Flush()
	})
}

type externalMFALink struct {
	Username string `arg:"" optional:"" help:"User name here."`
	Object   string `arg:"" optional:"" help:"Object id of the account at Microsoft."`
	File     string `placeholder:"FILE" help:"CSV with the columns name (the user name here) and object, as the script people writes it."`
	App      string `placeholder:"ID" help:"Id of the app registration, where there are several connections."`
}

// Run links all that it can, and says what it could not.
func (c *externalMFALink) Run(p *program, k *kong.Context, place *Place) error {
	pairs := [][2]string{{c.Username, c.Object}}
	if c.File != "" {
		var err error
		if pairs, err = readPairs(c.File); err != nil {
			return err
		}
	} else if c.Object == "" {
		return errors.New("name the person and the object id, or a file with --file")
	}
	return p.work(k, place, func(o *office) error {
		connection, err := o.connection(p, c.App)
		if err != nil {
			return err
		}
		wrong := 0
		for _, pair := range pairs {
			name, object := pair[0], strings.ToLower(pair[1])
			err := o.change(p.ctx, name, func(tx *db.Tx, user directory.User) error {
				return externalmfa.Tie(tx, audit.System, externalmfa.Link{Tenant: connection.Tenant, Object: object, User: user.ID, Name: name})
			})
			if err != nil {
				wrong++
				fmt.Fprintf(p.err, "%s was not linked: %s\n", name, sentence(err))
			}
		}
		fmt.Fprintf(p.out, "%s linked.\n", count(len(pairs)-wrong, "account"))
		if wrong > 0 {
			return errTold
		}
		return nil
	})
}

// readPairs reads the file of names and object ids. Other columns may stand in it.
func readPairs(file string) (pairs [][2]string, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(io.LimitReader(f, 32<<20))
	head, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", file, err)
	}
	head[0] = strings.TrimPrefix(head[0], "\ufeff") // as PowerShell begins a file
	name, object := slices.Index(head, "name"), slices.Index(head, "object")
	if name < 0 || object < 0 {
		return nil, fmt.Errorf("%s has to begin with a line that names the columns name and object", file)
	}
	for {
		line, err := r.Read()
		if err == io.EOF {
			return pairs, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s cannot be read: %w", file, err)
		}
		pairs = append(pairs, [2]string{strings.TrimSpace(line[name]), strings.TrimSpace(line[object])})
	}
}

type externalMFAUnlink struct {
	Username string `arg:"" help:"User name here."`
}

// Run takes the person's links away.
func (c *externalMFAUnlink) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		return o.change(p.ctx, c.Username, func(tx *db.Tx, user directory.User) error {
			n, err := externalmfa.Untie(tx, audit.System, user.ID)
			if err == nil && n == 0 {
				err = fmt.Errorf("%s is not linked to any account at Microsoft", user.Username)
			}
			tx.AfterCommit(func() {
				fmt.Fprintf(p.out, "%s of %s taken away. Where people are found by name, the next sign-in links them again.\n", count(n, "link"), user.Username)
			})
			return err
		})
	})
}

type externalMFARemove struct {
	App string `arg:"" help:"Id of the app registration."`
}

// Run deletes the connection.
func (c *externalMFARemove) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		return o.db.Tx(p.ctx, func(tx *db.Tx) error {
			there, err := externalmfa.Disconnect(tx, audit.System, strings.ToLower(c.App))
			if err == nil && !there {
				err = fmt.Errorf("there is no connection of the app %q; woggle external-mfa list shows them", c.App)
			}
			tx.AfterCommit(func() { fmt.Fprintln(p.out, "Its sign-ins are answered no more. Links stay, in case it comes back.") })
			return err
		})
	})
}
