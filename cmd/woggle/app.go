// woggle app: the apps that people sign in to.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/alecthomas/kong"

	"woggle/internal/app"
	"woggle/internal/app/oidc"
	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/server"
)

type appCommand struct {
	Place `embed:""`

	Add    appAdd    `cmd:"" help:"Add an app, or change one that was added so."`
	List   appList   `cmd:"" help:"List the apps."`
	Show   appShow   `cmd:"" help:"Show an app, and what has to be typed into it."`
	Secret appSecret `cmd:"" help:"Make a new secret for an app of OpenID Connect. It is shown once."`
	Remove appRemove `cmd:"" help:"Remove an app: nobody signs in to it any more."`
	Apply  appApply  `cmd:"" help:"Apply the apps file now, without a restart."`
}

// AfterApply hands the place to the command below.
func (a *appCommand) AfterApply(k *kong.Context) error {
	k.Bind(&a.Place)
	return nil
}

type appAdd struct {
	ID       string        `arg:"" help:"Short name, as in rota. For OpenID Connect it is the client id."`
	Protocol string        `arg:"" help:"oidc, saml, wsfed, forwardauth, or link for a tile only."`
	Name     string        `required:"" help:"What people call it."`
	Launch   string        `placeholder:"URL" help:"Address that its tile opens; without one it has no tile."`
	Logo     string        `placeholder:"FILE" help:"Its logo, SVG or PNG."`
	Group    []string      `placeholder:"NAME" sep:"none" help:"Who may use it; give it several times. Without one, everybody may."`
	Fresh    time.Duration `placeholder:"TIME" help:"How old the second proof may be, as in 10m."`
	Method   []string      `placeholder:"KIND" help:"Take only these second proofs: phone, authenticator."`
	Tell     []string      `placeholder:"DETAIL" help:"What it is told besides the name: groups, or details."`
	Set      []string      `placeholder:"NAME=VALUE" sep:"none" help:"A setting of the protocol; give it several times."`
	File     []string      `placeholder:"NAME=PATH" sep:"none" help:"A setting that is read from a file, as in metadata=sp.xml."`
}

// Run stores the app.
func (c *appAdd) Run(p *program, k *kong.Context, place *Place) error {
	a := &app.App{ID: c.ID, Name: c.Name, Protocol: c.Protocol, Launch: c.Launch, Tell: c.Tell,
		Need: app.Need{Fresh: c.Fresh, Methods: kindsOf(c.Method)}}
	var err error
	if a.Settings, err = c.settings(); err != nil {
		return err
	}
	if c.Logo != "" {
		if a.Logo, err = os.ReadFile(c.Logo); err != nil {
			return fmt.Errorf("the logo cannot be read: %w", err)
		}
	}
	if err := checkApp(a); err != nil {
		return err
	}
	return p.work(k, place, func(o *office) error {
		err := o.db.Tx(p.ctx, func(tx *db.Tx) error {
			ids, unknown, err := app.GroupIDs(tx, c.Group)
			if err != nil {
				return err
			}
			if len(unknown) > 0 {
				return fmt.Errorf("there is no group %q", unknown[0])
			}
			a.Groups = ids
			if before, err := findApp(tx, a.ID); err == nil && before.FromFile {
				return fmt.Errorf("the app %s stands in the apps file: change it there", a.ID)
			}
			if err := oneNameEach(tx, []*app.App{a}, false); err != nil {
				return err
			}
			return app.Put(tx, audit.System, a)
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(p.out, "%s was added. It is open within 5 seconds.\n", a.Name)
		p.printFacts(o, a)
		return nil
	})
}

// settings are what was typed with --set and --file. A value is read as TOML where it is that, as in true or ["a", "b"], and
// is a text otherwise.
func (c *appAdd) settings() (json.RawMessage, error) {
	values := map[string]any{}
	for _, typed := range c.Set {
		name, text, found := strings.Cut(typed, "=")
		if !found {
			return nil, fmt.Errorf("--set %s: write it as NAME=VALUE", typed)
		}
		var value any = text
		var parsed map[string]any
		if _, err := toml.Decode("x = "+text, &parsed); err == nil && len(parsed) == 1 && !strings.ContainsAny(text, "\r\n") {
			value = parsed["x"]
		}
		if before, twice := values[name]; twice {
			list, is := before.([]any)
			if !is {
				list = []any{before}
			}
			value = append(list, value)
		}
		values[name] = value
	}
	for _, typed := range c.File {
		name, path, found := strings.Cut(typed, "=")
		if !found {
			return nil, fmt.Errorf("--file %s: write it as NAME=PATH", typed)
		}
		text, err := readBounded(path, maxFile)
		if err != nil {
			return nil, fmt.Errorf("--file %s cannot be read: %w", typed, err)
		}
		values[name] = text
	}
	return json.Marshal(values)
}

func findApp(tx *db.Tx, id string) (*app.App, error) {
	all, err := app.List(tx)
	for _, a := range all {
		if a.ID == id {
			return a, err
		}
	}
	if err == nil {
		err = fmt.Errorf("there is no app %q; woggle app list shows them all", id)
	}
	return nil, err
}

// printFacts prints what has to be typed into the app.
func (p *program) printFacts(o *office, a *app.App) {
	table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	for _, fact := range server.AppFacts(o.site.Base.String(), a) {
		fmt.Fprintf(table, "  %s\t%s\n", fact.Name, fact.Value)
	}
	table.Flush()
}

type appList struct {
	JSON bool `help:"Print JSON."`
}

// appRow is an app as lists show it.
type appRow struct {
	ID       string          `json:"id"`
	Name     string          `json:"name"`
	Protocol string          `json:"protocol"`
	Launch   string          `json:"launch,omitempty"`
	Disabled bool            `json:"disabled"`
	Groups   []string        `json:"groups"` // names; empty: everybody
	Fresh    string          `json:"fresh,omitempty"`
	Methods  []string        `json:"methods,omitempty"`
	Tell     []string        `json:"tell,omitempty"`
	FromFile bool            `json:"from_file"`
	Settings json.RawMessage `json:"settings"`
}

// Run lists the apps in the order of their short names.
func (c *appList) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		rows, err := o.apps(p, "")
		if err != nil {
			return err
		}
		if c.JSON {
			return p.printJSON(rows)
		}
		table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
		for _, r := range rows {
			who := "everybody"
			if len(r.Groups) > 0 {
				who = strings.Join(r.Groups, ", ")
			}
			if r.Disabled {
				who = "closed"
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", r.ID, r.Name, r.Protocol, who)
		}
		return table.Flush()
	})
}

// apps are all apps, or the one with the id.
func (o *office) apps(p *program, id string) (rows []appRow, err error) {
	err = o.db.View(p.ctx, func(tx *db.Tx) error {
		rows = []appRow{}
		all, err := app.List(tx)
		if err != nil {
			return err
		}
		names, err := groupNames(tx)
		if err != nil {
			return err
		}
		for _, a := range all {
			if id != "" && a.ID != id {
				continue
			}
			r := appRow{ID: a.ID, Name: a.Name, Protocol: a.Protocol, Launch: a.Launch, Disabled: a.Disabled, Groups: []string{},
				Tell: a.Tell, FromFile: a.FromFile, Settings: a.Settings}
			for _, group := range a.Groups {
				r.Groups = append(r.Groups, names(group))
			}
			for _, kind := range a.Need.Methods {
				r.Methods = append(r.Methods, string(kind))
			}
			if a.Need.Fresh > 0 {
				r.Fresh = a.Need.Fresh.String()
			}
			rows = append(rows, r)
		}
		return nil
	})
	return rows, err
}

type appShow struct {
	ID string `arg:"" help:"Short name of the app."`
}

// Run shows all of an app but its secrets, which nobody can read any more.
func (c *appShow) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		rows, err := o.apps(p, c.ID)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return fmt.Errorf("there is no app %q; woggle app list shows them all", c.ID)
		}
		if err := p.printJSON(rows[0]); err != nil {
			return err
		}
		var a *app.App
		if err := o.db.View(p.ctx, func(tx *db.Tx) (err error) {
			a, err = findApp(tx, c.ID)
			return err
		}); err != nil {
			return err
		}
		if len(server.AppFacts(o.site.Base.String(), a)) > 0 {
			fmt.Fprintln(p.out, "\nWhat the app wants to know:")
			p.printFacts(o, a)
		}
		return nil
	})
}

type appSecret struct {
	ID     string `arg:"" help:"Short name of the app."`
	EndOld bool   `help:"Make none, but end the one before the newest: the app has the new one."`
	JSON   bool   `help:"Print JSON."`
}

// Run makes a secret and shows it, or ends the old one.
func (c *appSecret) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		secret := ""
		err := o.db.Tx(p.ctx, func(tx *db.Tx) error {
			a, err := findApp(tx, c.ID)
			switch {
			case err != nil:
				return err
			case a.Protocol != oidc.Name:
				return fmt.Errorf("only an app of OpenID Connect has a secret, and %s is one of %s", c.ID, a.Protocol)
			case c.EndOld:
				return oidc.EndOldSecrets(tx, audit.System, c.ID)
			}
			secret, err = oidc.NewSecret(tx, o.ring, audit.System, c.ID)
			return err
		})
		switch {
		case err != nil:
			return err
		case c.EndOld:
			fmt.Fprintf(p.out, "Only the newest secret of %s works now.\n", c.ID)
			return nil
		case c.JSON:
			return p.printJSON(map[string]string{"client_id": c.ID, "client_secret": secret})
		}
		fmt.Fprintf(p.out, "%s\n\nThis is the new secret of %s. It is shown once, so put it into the app now. The one before works on until the app has this\n"+
			"one: then run woggle app secret %s --end-old.\n", secret, c.ID, c.ID)
		return nil
	})
}

type appRemove struct {
	ID string `arg:"" help:"Short name of the app."`
}

// Run removes the app.
func (c *appRemove) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		err := o.db.Tx(p.ctx, func(tx *db.Tx) error {
			a, err := findApp(tx, c.ID)
			if err != nil {
				return err
			}
			if a.FromFile {
				return fmt.Errorf("the app %s stands in the apps file: take it out there", c.ID)
			}
			return app.Remove(tx, audit.System, c.ID)
		})
		if err == nil {
			fmt.Fprintf(p.out, "%s was removed. Within 5 seconds nobody signs in to it any more.\n", c.ID)
		}
		return err
	})
}

type appApply struct {
	Apps string `placeholder:"FILE" help:"The apps file, if the settings name another or none."`
}

// Run applies the file and tells what changed.
func (c *appApply) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		entries := o.site.Apps
		if c.Apps != "" {
			var found []Finding
			if entries, found = readApps(c.Apps); errorsIn(found) > 0 {
				for _, f := range found {
					fmt.Fprintln(p.err, f)
				}
				return errTold
			}
		}
		if entries == nil {
			return fmt.Errorf("no apps file is named: set apps = \"apps.toml\" in the settings, or give --apps FILE")
		}
		changes, unknown, err := applyApps(p.ctx, o.db, entries)
		if err != nil {
			return err
		}
		for _, name := range unknown {
			fmt.Fprintf(p.err, "There is no group %q: an app that only it may use is open to nobody.\n", name)
		}
		for _, change := range changes {
			fmt.Fprintf(p.out, "%s was %s.\n", change.ID, change.What)
		}
		if len(changes) == 0 {
			fmt.Fprintln(p.out, "Nothing has changed.")
		}
		return nil
	})
}
