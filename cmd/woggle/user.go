// woggle user: people, seen to at the command line. It works on the database of the running server.
package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kong"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/keys"
	"woggle/internal/method/phone"
	"woggle/internal/server"
	"woggle/internal/signin"
)

type userCommand struct {
	Place `embed:""`

	Add      userAdd      `cmd:"" help:"Add a person."`
	List     userList     `cmd:"" help:"List people."`
	Disable  userDisable  `cmd:"" help:"Keep a person out; every session of theirs ends."`
	Enable   userEnable   `cmd:"" help:"Let a person in again who was disabled or locked."`
	Unfreeze userUnfreeze `cmd:"" help:"Allow changes again after somebody said: this wasn't me."`
	Pass     userPass     `cmd:"" help:"Give a person an access pass, to sign in with for the first time or again."`
	Import   userImport   `cmd:"" help:"Bring people in from the membership register, after a look at what would change."`
	Reset    userReset    `cmd:"" help:"Remove a person's phones and apps, so that they set up new ones."`
}

// AfterApply hands the place to the command below.
func (u *userCommand) AfterApply(k *kong.Context) error {
	k.Bind(&u.Place)
	return nil
}

// office is the open database, with what commands need to work on it.
type office struct {
	db   *db.DB
	ring *keys.Ring
	site Site
}

// work opens the database of the installation for a command. It never makes one: a command in the wrong folder would
// otherwise speak of an empty organisation.
func (p *program) work(k *kong.Context, place *Place, do func(o *office) error) error {
	settings := Settings{Place: *place}
	site, found := settings.resolve(p, k)
	for _, f := range found {
		if !f.Warning {
			fmt.Fprintln(p.err, f)
		}
	}
	if errorsIn(found) > 0 {
		return errTold
	}
	if path, lite := strings.CutPrefix(site.Database, "sqlite:"); lite {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("there is no database at %s; start the server once, or name its settings with --settings FILE", path)
		}
	}
	d, ring, err := open(p.ctx, site)
	if err != nil {
		return err
	}
	defer d.Close()
	return do(&office{d, ring, site})
}

// change works on one person, found by user name, in one transaction, which other changes of that person wait for.
func (o *office) change(ctx context.Context, username string, do func(*db.Tx, directory.User) error) error {
	return o.db.Tx(ctx, func(tx *db.Tx) error {
		user, err := person(tx, username)
		if err != nil {
			return err
		}
		if user, err = directory.Hold(tx, user.ID); err != nil {
			return err
		}
		return do(tx, user)
	})
}

// person finds by user name only, never by an address: a command is not to hit somebody else.
func person(tx *db.Tx, username string) (directory.User, error) {
	user, found, err := directory.Find(tx, username)
	if err == nil && (!found || directory.Canonical(user.Username) != directory.Canonical(username)) {
		err = fmt.Errorf("there is nobody with the user name %q; woggle user list shows them all", username)
	}
	return user, err
}

// server is the program as the server runs it, for what people are told of.
func (o *office) server(p *program) (*server.Server, error) {
	log := p.logger(o.site.JSON)
	return server.New(server.Options{DB: o.db, Keys: o.ring, Base: o.site.Base, Brand: o.site.Brand, Zone: o.site.Zone, SMTP: o.site.SMTP,
		Plan: phone.Plan{Default: o.site.Country, Allowed: o.site.Countries}, Log: log,
		Routes: o.site.Phones.Routes(o.site.Base, log), Limits: o.site.Phones.limits(), Approve: o.site.Approve})
}

// row is a person as lists show them.
type row struct {
	Username   string           `json:"username"`
	Email      string           `json:"email"`
	GivenName  string           `json:"given_name"`
	FamilyName string           `json:"family_name"`
	Role       directory.Role   `json:"role"`
	Status     directory.Status `json:"status"`
	Frozen     bool             `json:"frozen"`
	SignedInAt *time.Time       `json:"signed_in_at"` // null: never
}

func rowOf(u directory.User) row {
	r := row{Username: u.Username, Email: u.Email, GivenName: u.GivenName, FamilyName: u.FamilyName, Role: u.Role,
		Status: u.Status, Frozen: u.Frozen()}
	if !u.SignedInAt.IsZero() {
		r.SignedInAt = &u.SignedInAt
	}
	return r
}

type userAdd struct {
	Username string   `arg:"" help:"User name, as in jo.smith or jo.smith@example.org."`
	Email    string   `placeholder:"ADDRESS" help:"Where mail goes."`
	Given    string   `placeholder:"NAME" help:"Given name."`
	Family   string   `placeholder:"NAME" help:"Family name."`
	Role     string   `enum:"member,helper,administrator" default:"member" help:"member, helper or administrator (${default})."`
	Group    []string `placeholder:"NAME" sep:"none" help:"Group; made if there is none of that name. May be given several times."`
	Pass     bool     `help:"Give them an access pass at once, and print it."`
	lasting  `embed:""`
	JSON     bool `help:"Print the person as JSON."`
}

// Run adds the person, with their groups and their pass, or does nothing.
func (c *userAdd) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		s, err := o.server(p)
		if err != nil {
			return err
		}
		var added struct {
			row
			*pass
		}
		var user directory.User
		err = o.db.Tx(p.ctx, func(tx *db.Tx) (err error) {
			if user, err = c.add(tx); err != nil || !c.Pass {
				return err
			}
			given, err := c.give(tx, o, s, user, time.Time{}, false)
			added.pass = &given
			return err
		})
		switch added.row = rowOf(user); {
		case err != nil:
			return err
		case c.JSON:
			return p.printJSON(added)
		case c.Pass:
			fmt.Fprintf(p.out, "%s was added.\n\n", user.Name())
			return added.print(p, user.Username)
		}
		_, err = fmt.Fprintf(p.out, "%s was added. They sign in for the first time with a pass: woggle user pass %s\n", user.Name(), user.Username)
		return err
	})
}

func (c *userAdd) add(tx *db.Tx) (directory.User, error) {
	user, err := directory.Add(tx, directory.User{Username: c.Username, Email: c.Email, GivenName: c.Given, FamilyName: c.Family,
		Role: directory.Role(c.Role)})
	if err != nil {
		return user, err
	}
	err = audit.Record(tx, audit.Event{Type: audit.UserAdded, Actor: audit.System, User: user.ID, Detail: audit.Detail{"role": c.Role}})
	if err != nil {
		return user, err
	}
	for _, name := range c.Group {
		if err := join(tx, name, user.ID); err != nil {
			return user, err
		}
	}
	return user, nil
}

func join(tx *db.Tx, name, user string) error {
	groups, err := directory.Groups(tx)
	if err != nil {
		return err
	}
	for _, group := range groups {
		if group.Name == directory.Tidy(name) {
			return directory.Join(tx, audit.System, group.ID, user)
		}
	}
	group, err := directory.AddGroup(tx, name, "")
	if err != nil {
		return err
	}
	return directory.Join(tx, audit.System, group.ID, user)
}

type userList struct {
	Group string `placeholder:"NAME" xor:"only" help:"Only those in this group."`
	Phone string `placeholder:"NUMBER" xor:"only" help:"Only those who have this phone set up."`
	JSON  bool   `help:"Print JSON."`
}

// rowsAtOnce is how many people are read at once.
const rowsAtOnce = 500

// Run lists people in the order of their user names.
func (c *userList) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		rows, err := c.rows(p.ctx, p, o)
		if err != nil {
			return err
		}
		if c.JSON {
			return p.printJSON(rows)
		}
		table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
		for _, r := range rows {
			status, last := string(r.Status), "never signed in"
			if r.Frozen {
				status += ", frozen"
			}
			if r.SignedInAt != nil {
				last = r.SignedInAt.Local().Format("2006-01-02 15:04")
			}
			name := strings.TrimSpace(r.GivenName + " " + r.FamilyName)
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", r.Username, name, r.Email, r.Role, status, last)
		}
		return table.Flush()
	})
}

func (c *userList) rows(ctx context.Context, p *program, o *office) (rows []row, err error) {
	if c.Phone != "" {
		return c.havePhone(ctx, p, o)
	}
	group, after := "", ""
	for more := true; more; {
		var users []directory.User
		err := o.db.View(ctx, func(tx *db.Tx) (err error) {
			if c.Group != "" && group == "" {
				if group, err = groupNamed(tx, c.Group); err != nil {
					return err
				}
			}
			users, err = directory.List(tx, after, rowsAtOnce, group)
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, u := range users {
			rows, after = append(rows, rowOf(u)), u.Username
		}
		more = len(users) == rowsAtOnce
	}
	return rows, nil
}

// havePhone are the people who have the phone. Numbers are sealed, and found by a keyed fingerprint.
func (c *userList) havePhone(ctx context.Context, p *program, o *office) (rows []row, err error) {
	plan := phone.Plan{Default: o.site.Country, Allowed: o.site.Countries}
	number, err := plan.Parse(c.Phone, "", "")
	if refused := (*phone.NumberError)(nil); errors.As(err, &refused) {
		return nil, refused.Problem("en")
	}
	var unfindable int64
	err = o.db.View(ctx, func(tx *db.Tx) error {
		rows = nil
		users, err := signin.UsersByLookup(tx, phone.Lookups(o.ring, number.E164)...)
		if err != nil {
			return err
		}
		for _, id := range users {
			user, err := directory.ByID(tx, id)
			if err != nil {
				return err
			}
			rows = append(rows, rowOf(user))
		}
		unfindable, err = signin.Unfindable(tx, signin.Phone)
		return err
	})
	if err == nil && unfindable > 0 {
		fmt.Fprintf(p.err, "%s set up by an older version cannot be found by number until used again.\n", count(int(unfindable), "phone"))
	}
	slices.SortFunc(rows, func(a, b row) int { return strings.Compare(a.Username, b.Username) })
	return rows, err
}

func groupNamed(tx *db.Tx, name string) (id string, err error) {
	groups, err := directory.Groups(tx)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(groups, func(g directory.Group) bool { return g.Name == directory.Tidy(name) })
	if i >= 0 {
		return groups[i].ID, nil
	}
	names := []string{}
	for _, g := range groups {
		names = append(names, g.Name)
	}
	return "", fmt.Errorf("there is no group %q; there are: %s", name, strings.Join(names, ", "))
}
