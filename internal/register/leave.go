// Leavers: who is not in the register any more.
package register

import (
	"context"
	"fmt"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/problem"
	"woggle/internal/register/sheet"
)

// leave makes after somebody who has left, and tells whether they may be kept out. Who is kept out already stays so, and does not come
// back by a later file.
func (c *comparer) leave(w *wish, before, after *person) bool {
	after.entry.gone = "kept"
	if before.user.Status != directory.Active {
		return true
	}
	if before.user.Role == directory.Administrator {
		switch {
		case c.adminsUp <= 1:
			w.refuse("", "last-administrator")
			return false
		case !c.ask.Administrators:
			w.refuse("", "administrator")
			return false
		}
		c.adminsUp--
	}
	after.entry.gone, after.user.Status = "yes", directory.Disabled
	return true
}

// A file that was cut, or is of one district only, makes many people look as if they had left. More than a third of all, and more than a
// few, need a word of their own.
const (
	fewLeavers   = 5
	leaversShare = 3
)

// leavers are those whom the register knows and the file does not have. It reads them twice: to count, and to put them out, because a
// third of a large organisation need not be in memory.
func (c *comparer) leavers(ctx context.Context) ([]*problem.Problem, error) {
	if c.keyless > 0 {
		// One of these rows may be somebody who would be taken for gone.
		return []*problem.Problem{problem.New(problem.Invalid, "register.leavers.keyless", problem.Args{"count": c.keyless})}, nil
	}
	all, missing := 0, 0
	err := c.missing(ctx, func(ids []string, known int) error {
		all, missing = all+known, missing+len(ids)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if missing > fewLeavers && leaversShare*missing > all && !c.ask.ManyLeave {
		return []*problem.Problem{problem.New(problem.Invalid, "register.leavers.many", problem.Args{"count": missing, "all": all})}, nil
	}
	return nil, c.missing(ctx, func(ids []string, _ int) error {
		var people map[string]*person
		err := c.db.View(ctx, func(tx *db.Tx) (err error) {
			people, err = load(tx, ids, false)
			return err
		})
		if err != nil {
			return err
		}
		for _, id := range sorted(people) {
			before := people[id]
			after := before.clone()
			w := &wish{row: sheet.Row{Cells: c.cells(before)}}
			c.leave(w, before, after)
			if err := c.put(w, Left, before, after); err != nil {
				return err
			}
		}
		return nil
	})
}

// missing gives do the ids of those whom the file does not have, some at a time, and of how many they are.
func (c *comparer) missing(ctx context.Context, do func(ids []string, of int) error) error {
	for after := ""; ; {
		var ids []string
		err := c.db.View(ctx, func(tx *db.Tx) (err error) {
			ids, err = present(tx, after, atOnce)
			return err
		})
		if err != nil || len(ids) == 0 {
			return err
		}
		after = ids[len(ids)-1]
		var gone []string
		for _, id := range ids {
			if !c.present[id] {
				gone = append(gone, id)
			}
		}
		if err := do(gone, len(ids)); err != nil {
			return fmt.Errorf("leavers: %w", err)
		}
	}
}

// cells are a leaver in the columns of the file, for the list of what was not applied.
func (c *comparer) cells(p *person) []string {
	cells := make([]string, len(c.Columns))
	for i, what := range c.Columns {
		switch {
		case what == c.key():
			cells[i] = p.entry.number
		case what == FullName:
			cells[i] = p.user.Name()
		case what != "":
			cells[i] = p.get(what)
		}
	}
	return cells
}
