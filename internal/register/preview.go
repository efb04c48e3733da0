// The preview: what an import would do, worked out and kept, before anything happens.
package register

import (
	"context"
	"slices"
	"time"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/problem"
	"woggle/internal/register/sheet"
)

// Register is the chapter's door.
type Register struct {
	DB   *db.DB
	Zone *time.Location // of the organisation, which decides what day it is; nil: UTC
}

// Ask is what is asked for with a file.
type Ask struct {
	File      []byte
	Name      string   // of the file
	Map       []string // see Mapping.Override
	Whole     bool     // everybody is in the file: who is not has left
	ManyLeave bool     // the word that it is right that so many have left
	// Administrators is the word that those of them who have left may be kept out as well, but for the last one.
	Administrators bool
}

// Preview is what an import would do.
type Preview struct {
	Change     Change             // without an id where the import is blocked, or has nothing to do
	Table      *sheet.Table       // without its rows
	Rows       int                // under the heading
	Heading    int                // the row that it is
	Mapping    Mapping            // of the columns
	Remembered bool               // from an import before
	Blocked    []*problem.Problem // why nothing of the file can be applied
}

// Preview reads a file and works out what it would change. Its errors are problems of the file; what a person can put right in the
// mapping is in Blocked. Nobody is changed, but steps are stored, which Apply does and Drop forgets.
func (r *Register) Preview(ctx context.Context, actor string, ask Ask) (*Preview, error) {
	t, err := sheet.Read(ask.File)
	if err != nil {
		return nil, err
	}
	ask.File = nil // cells of a CSV are a copy
	p, fields, err := r.prepare(ctx, t, ask)
	if err != nil {
		return nil, err
	}
	rows := t.Rows[p.Heading:]
	p.Heading, t.Rows = t.Rows[p.Heading-1].Number, nil
	p.Rows = len(rows)
	c := &comparer{reader: newReader(p.Mapping, fields, rows), ask: ask, db: r.DB, today: r.today(), seen: map[string]int{},
		doubled: map[string]int{}, mails: map[string]int{}, phones: map[string]int{}, taken: map[string]bool{}, next: map[string]int{},
		present: map[string]bool{}, leaders: map[string]string{}}
	if p.Blocked = c.block(); len(p.Blocked) == 0 {
		p.Blocked = c.misplaced(rows)
	}
	if len(p.Blocked) > 0 {
		return p, nil
	}
	return p, r.stage(ctx, actor, c, p, rows)
}

func (r *Register) today() string {
	zone := r.Zone
	if zone == nil {
		zone = time.UTC
	}
	return r.DB.Now().In(zone).Format(time.DateOnly)
}

// prepare finds the heading, and the mapping: that which was asked for, else that of the last such file, else a guess. Heading is, for
// now, the number of rows up to it.
func (r *Register) prepare(ctx context.Context, t *sheet.Table, ask Ask) (*Preview, []directory.Field, error) {
	p := &Preview{Table: t}
	var fields []directory.Field
	err := r.DB.View(ctx, func(tx *db.Tx) (err error) {
		if fields, err = directory.Fields(tx); err != nil {
			return err
		}
		at := heading(t, fields, ask.Map)
		headings := slices.Clone(t.Rows[at].Cells)
		for _, row := range t.Rows[at+1:] { // a row may be longer than the heading
			for len(headings) < len(row.Cells) {
				headings = append(headings, "")
			}
		}
		p.Heading, p.Mapping = at+1, guessed(headings, fields)
		p.Mapping.Signature = signature(t.Rows[at].Cells)
		before, found, err := remembered(tx, p.Mapping.Signature)
		if found && len(before.Columns) <= len(headings) {
			before.Headings = headings
			before.Columns = append(before.Columns, make([]string, len(headings)-len(before.Columns))...)
			before.settle(fields)
			p.Mapping, p.Remembered = before, true
		}
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return p, fields, p.Mapping.Override(fields, ask.Map...)
}

// block is what is missing in the mapping.
func (c *comparer) block() []*problem.Problem {
	switch {
	case c.key() == "":
		return []*problem.Problem{problem.New(problem.Invalid, "register.column.no-key")}
	case c.ask.Whole && c.key() == Email:
		return []*problem.Problem{problem.New(problem.Invalid, "register.column.whole")}
	}
	return nil
}

// rowsAtOnce is how many rows are compared at a time.
const rowsAtOnce = 500

// stage compares all rows, and stores what comes of it. A preview that does not come to its end is forgotten after a day.
func (r *Register) stage(ctx context.Context, actor string, c *comparer, p *Preview, rows []sheet.Row) error {
	change := Change{ID: db.NewID(), State: Staged, Actor: actor, File: p.fileName(c.ask.Name), Whole: c.ask.Whole, mapping: p.Mapping}
	c.out = &staged{ctx: ctx, db: r.DB, change: change.ID}
	err := r.DB.Tx(ctx, func(tx *db.Tx) error {
		t, err := turnNow(tx)
		if err != nil {
			return err
		}
		change.basis, change.CreatedAt = t.version, tx.Now
		if err := insertChange(tx, change); err != nil {
			return err
		}
		return c.begin(tx)
	})
	if err != nil {
		return err
	}
	c.scan(rows)
	for some := range slices.Chunk(rows, rowsAtOnce) {
		if err := c.rows(ctx, some); err != nil {
			return err
		}
	}
	if c.ask.Whole {
		if p.Blocked, err = c.leavers(ctx); err != nil {
			return err
		}
	}
	if err := c.out.flush(); err != nil {
		return err
	}
	change.steps, change.Counts = c.out.steps, c.counts
	p.Change = change
	if len(p.Blocked) > 0 {
		p.Change.ID = ""
		return r.Drop(ctx, change.ID)
	}
	return r.DB.Tx(ctx, func(tx *db.Tx) error { return storeChange(tx, change) })
}

// fileName is the name by which lists show the file.
func (p *Preview) fileName(name string) string { return cut(directory.Tidy(name)) }

// begin reads what is needed for every row.
func (c *comparer) begin(tx *db.Tx) error {
	admins, err := directory.Administrators(tx)
	if err != nil {
		return err
	}
	c.adminsUp = len(admins)
	helpers, err := directory.AllHelpers(tx)
	if err != nil {
		return err
	}
	clear(c.leaders)
	for _, u := range append(admins, helpers...) {
		c.leaders[skeleton(u.Username)] = u.Username
	}
	c.tree, err = newTree(tx, c.madeGroup)
	return err
}

// madeGroup puts out the step that makes a group, before those that put people into it.
func (c *comparer) madeGroup(g directory.Group) {
	c.counts.Groups++
	c.out.step(Step{Kind: GroupAdded, Subject: g.ID, Name: g.Name, Edits: []Edit{{What: inGroup + g.ID, Before: g.Parent, After: "yes", Label: g.Name}}})
}

// staged stores steps and troubles, some at a time.
type staged struct {
	ctx      context.Context
	db       *db.DB
	change   string
	steps    int64 // so far
	troubles int64
	waiting  []Step
	told     []Trouble
	err      error
}

func (s *staged) step(one Step) error {
	s.steps++
	one.Position = s.steps
	if s.waiting = append(s.waiting, one); len(s.waiting) < stepsAtOnce {
		return s.err
	}
	return s.flush()
}

func (s *staged) trouble(one Trouble) error {
	s.troubles++
	if s.told = append(s.told, one); len(s.told) < stepsAtOnce {
		return s.err
	}
	return s.flush()
}

func (s *staged) flush() error {
	if s.err == nil && len(s.waiting)+len(s.told) > 0 {
		var began time.Time
		s.err = s.db.Tx(s.ctx, func(tx *db.Tx) error {
			began = time.Now()
			if err := insertSteps(tx, s.change, s.waiting); err != nil {
				return err
			}
			return insertTroubles(tx, s.change, s.troubles-int64(len(s.told))+1, s.told)
		})
		s.waiting, s.told = s.waiting[:0], s.told[:0]
		rest(s.ctx, time.Since(began))
	}
	return s.err
}
