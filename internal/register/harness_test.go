package register

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/problem"
)

var background = context.Background()

const ruth = "ruth" // who imports

// county is a directory under test, and its register.
type county struct {
	*testing.T
	*Register
	clock *dbtest.Clock
}

// each runs a story on every engine.
func each(t *testing.T, story func(c *county)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) { story(&county{t, &Register{DB: d}, clock}) })
}

func (c *county) tx(do func(*db.Tx) error) {
	c.Helper()
	if err := c.DB.Tx(background, do); err != nil {
		c.Fatal(err)
	}
}

// add puts somebody into the directory by hand.
func (c *county) add(u directory.User, groups ...string) (id string) {
	c.Helper()
	c.tx(func(tx *db.Tx) error {
		added, err := directory.Add(tx, u)
		id = added.ID
		for _, name := range groups {
			g, found, err := directory.GroupNamed(tx, name)
			if err == nil && !found {
				g, err = directory.AddGroup(tx, name, "")
			}
			if err != nil {
				return err
			}
			if err := directory.Join(tx, ruth, g.ID, added.ID); err != nil {
				return err
			}
		}
		return err
	})
	return id
}

func (c *county) user(name string) (u directory.User) {
	c.Helper()
	c.tx(func(tx *db.Tx) (err error) {
		var found bool
		if u, found, err = directory.ByUsername(tx, name); !found {
			c.Fatalf("there is no %s", name)
		}
		return err
	})
	return u
}

// ask is a file in the words of a test: lines with commas.
func ask(lines ...string) Ask {
	return Ask{File: []byte(strings.Join(lines, "\n") + "\n"), Name: "members.csv"}
}

func (a Ask) whole() Ask { a.Whole = true; return a }

const head = "Membership number,First name,Last name,E-mail,Group"

func (c *county) preview(a Ask) *Preview {
	c.Helper()
	p, err := c.Preview(background, ruth, a)
	if err != nil {
		c.Fatal(err)
	}
	return p
}

// imports previews and applies.
func (c *county) imports(a Ask) Change {
	c.Helper()
	p := c.preview(a)
	if len(p.Blocked) > 0 {
		c.Fatalf("blocked: %v", p.Blocked)
	}
	change, err := c.Apply(background, ruth, p.Change.ID)
	if err != nil {
		c.Fatal(err)
	}
	return change
}

// state is all that an import may touch, in words.
func (c *county) state() string {
	c.Helper()
	var out strings.Builder
	c.tx(func(tx *db.Tx) error {
		out.Reset()
		users, err := directory.List(tx, "", 10_000, "")
		if err != nil {
			return err
		}
		var ids []string
		for _, u := range users {
			ids = append(ids, u.ID)
		}
		people, err := load(tx, ids, false)
		for _, u := range users {
			p := people[u.ID]
			var groups []string
			for _, name := range p.groups {
				groups = append(groups, name)
			}
			slices.Sort(groups)
			fmt.Fprintf(&out, "%s|%s|%s|%s|%s|%v|%v|%+v\n", u.Username, u.Email, u.Name(), u.Role, u.Status, groups, p.values, p.entry)
		}
		all, err2 := directory.Groups(tx)
		for _, g := range all {
			fmt.Fprintf(&out, "%s<%s\n", g.Name, g.Parent)
		}
		if err == nil {
			err = err2
		}
		return err
	})
	return out.String()
}

// told are the troubles of a change: "row key".
func (c *county) told(id string) (all []string) {
	c.Helper()
	c.tx(func(tx *db.Tx) error {
		troubles, _, err := Troubles(tx, id, 0, 10_000)
		all = nil
		for _, t := range troubles {
			for _, p := range t.Problems {
				key := strings.TrimPrefix(p.Key, "register.")
				if !t.Refused {
					key = "(" + key + ")"
				}
				all = append(all, fmt.Sprintf("%d %s", t.Line, key))
			}
		}
		return err
	})
	return all
}

// steps are the steps of a change: "kind name: edits".
func (c *county) steps(id string) (all []string) {
	c.Helper()
	c.tx(func(tx *db.Tx) error {
		steps, err := stepsBetween(tx, id, 0, 1<<40)
		all = nil
		for _, s := range steps {
			line := string(s.Kind) + " " + s.Name
			for _, e := range s.Edits {
				if e.Shown() && s.Kind != GroupAdded && s.Kind != Joined {
					what := e.What
					if e.Label != "" {
						what = e.Label
					}
					line += fmt.Sprintf("; %s %s>%s", what, e.Before, e.After)
				}
			}
			all = append(all, line)
		}
		return err
	})
	return all
}

func (c *county) events(user string) (all []string) {
	c.Helper()
	c.tx(func(tx *db.Tx) error {
		events, err := audit.Find(tx, audit.Query{Count: 10_000})
		all = nil
		for _, e := range slices.Backward(events) {
			if e.User != user {
				continue
			}
			all = append(all, string(e.Type)+" by "+e.Actor)
		}
		return err
	})
	return all
}

func (c *county) same(what string, got, want any) {
	c.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		c.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

func (c *county) fails(err error, kind problem.Kind, key string) {
	c.Helper()
	if !problem.Is(err, kind) || problem.Of(err).Key != key {
		c.Errorf("%v, want %s", err, key)
	}
}

// open is a county on the engine that every machine has.
func open(t *testing.T) *county {
	d, clock := dbtest.Open(t)
	return &county{t, &Register{DB: d}, clock}
}
