// Finding: whom a row is about, and how somebody new is called.
package register

import (
	"context"
	"strconv"
	"strings"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/problem"
)

// found is who is there of some rows.
type found struct {
	byKey  map[string]*person // by what the register knows them by
	byName map[string]*person
	byMail map[string][]*person
}

// find reads everybody whom the rows may be about, in a few statements.
func (c *comparer) find(ctx context.Context, wishes []*wish) (*found, error) {
	var keys, names, mails []string
	for _, w := range wishes {
		if w.key == "" {
			continue
		}
		keys, mails = append(keys, directory.Canonical(w.key)), append(mails, w.values[Email])
		names = append(names, w.candidate())
	}
	f := &found{}
	err := c.db.View(ctx, func(tx *db.Tx) error {
		*f = found{byKey: map[string]*person{}, byName: map[string]*person{}, byMail: map[string][]*person{}}
		entries, err := entriesOf(tx, "number_key", keys)
		if err != nil {
			return err
		}
		named, err := directory.ByUsernames(tx, names)
		if err != nil {
			return err
		}
		mailed, err := directory.ByEmails(tx, mails)
		if err != nil {
			return err
		}
		ids := sorted(entries)
		for _, u := range named {
			ids = append(ids, u.ID)
		}
		for _, users := range mailed {
			for _, u := range users {
				ids = append(ids, u.ID)
			}
		}
		all, err := load(tx, ids, false)
		f.sort(all)
		return err
	})
	return f, err
}

func (f *found) sort(all map[string]*person) {
	for _, id := range sorted(all) {
		p := all[id]
		if p.entry.number != "" {
			f.byKey[directory.Canonical(p.entry.number)] = p
		}
		f.byName[directory.Canonical(p.user.Username)] = p
		if key := directory.Canonical(p.user.Email); key != "" {
			f.byMail[key] = append(f.byMail[key], p)
		}
	}
}

// candidate is the user name that the row gives, or that somebody new would have.
func (w *wish) candidate() string {
	if name := w.values[Username]; name != "" {
		return name
	}
	return usernameOf(w.values[Given], w.values[Family], w.values[Email], w.key)
}

// person is whom the row is about, or nil for somebody new: whom the register knows by the key; else who has the user name that the row
// gives, or alone has its address, if the register does not know them by another key and the names agree. A user name alone makes
// nobody the one who had it before (threat T86).
func (c *comparer) person(w *wish, f *found) *person {
	if p := f.byKey[directory.Canonical(w.key)]; p != nil && w.key != "" {
		if other := f.byName[directory.Canonical(w.values[Username])]; other != nil && other != p {
			w.refuse("", "name-taken", problem.Args{"text": w.values[Username], "name": other.name()})
		}
		return p
	}
	if name := w.values[Username]; name != "" {
		p := f.byName[directory.Canonical(name)]
		switch {
		case p == nil:
		case p.entry.number != "" && c.key() == Number || !agree(w, p):
			w.refuse("", "name-taken", problem.Args{"text": name, "name": p.name()})
			return nil
		default:
			return c.first(w, p)
		}
	}
	if all := f.byMail[directory.Canonical(w.values[Email])]; len(all) == 1 && (all[0].entry.number == "" || c.key() != Number) && agree(w, all[0]) {
		return c.first(w, all[0])
	}
	return nil
}

// first makes sure that no two rows of the file are taken for one person.
func (c *comparer) first(w *wish, p *person) *person {
	if c.present[p.user.ID] {
		w.refuse("", "same-person", problem.Args{"name": p.name()})
	}
	return p
}

// agree tells whether the names of a row and of a person are not those of two people.
func agree(w *wish, p *person) bool {
	same := func(a, b string) bool {
		return a == "" || b == "" || letters(a) == letters(b) && fold(a) == fold(b) || strings.EqualFold(a, b)
	}
	return same(w.values[Given], p.user.GivenName) && same(w.values[Family], p.user.FamilyName)
}

// name sees to it that somebody new has a name, and a user name that is nobody's.
func (c *comparer) name(ctx context.Context, w *wish, f *found) error {
	if w.values[Given] == "" && w.values[Family] == "" {
		w.refuse("", "no-name")
		return nil
	}
	name := w.values[Username]
	if name == "" {
		made, err := c.unused(ctx, w.candidate(), f)
		w.values[Username] = made
		return err
	}
	key := directory.Canonical(name)
	if c.taken[key] {
		w.refuse("", "name-twice", problem.Args{"text": name})
		return nil
	}
	if other := c.leaders[skeleton(name)]; other != "" {
		w.refuse("", "look-alike", problem.Args{"text": name, "name": other})
		return nil
	}
	c.taken[key] = true
	return nil
}

// unused is the user name, or the first with a number behind it, that nobody has.
func (c *comparer) unused(ctx context.Context, base string, f *found) (string, error) {
	if n := c.next[base]; n == 0 {
		c.next[base] = 2
		if f.byName[base] == nil && !c.taken[base] && c.leaders[skeleton(base)] == "" {
			c.taken[base] = true
			return base, nil
		}
	}
	for {
		name := base + strconv.Itoa(c.next[base])
		c.next[base]++
		if c.taken[name] || c.leaders[skeleton(name)] != "" {
			continue
		}
		there := false
		err := c.db.Ask(ctx, func(tx *db.Tx) (err error) {
			_, there, err = directory.ByUsername(tx, name)
			return err
		})
		if err != nil || !there {
			c.taken[name] = true
			return name, err
		}
	}
}
