// woggle user import: what it prints.
package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/problem"
	"woggle/internal/register"
	"woggle/internal/register/sheet"
)

// show prints a preview.
func (c *userImport) show(p *program, o *office, preview *register.Preview, say func(*problem.Problem) string) error {
	t := preview.Table
	fmt.Fprintf(p.out, "%s: %s, %s below the heading in row %d", c.File, fileKind(t), count(preview.Rows, "row"), preview.Heading)
	if preview.Remembered {
		fmt.Fprint(p.out, "; columns as the last time")
	}
	fmt.Fprintln(p.out)
	if t.Broken {
		fmt.Fprintln(p.out, "Some characters could not be read; their rows are told below.")
	}
	columns := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	for i, heading := range preview.Mapping.Headings {
		what := preview.Mapping.Columns[i]
		if what == "" {
			what = "not used"
		}
		if heading != "" {
			fmt.Fprintf(columns, "  %s\t%s\n", heading, what)
		}
	}
	if err := columns.Flush(); err != nil || len(preview.Blocked) > 0 {
		return err
	}
	fmt.Fprintf(p.out, "\n%s\n", summary(preview.Change.Counts))
	return c.details(p, o, preview, say)
}

func fileKind(t *sheet.Table) string {
	kind := string(t.Format)
	switch {
	case t.Encoding != "":
		kind += " in " + t.Encoding
	case t.Others > 0:
		kind += fmt.Sprintf(", sheet %s (not read: %s)", t.Sheet, count(t.Others, "more sheet"))
	default:
		kind += ", sheet " + t.Sheet
	}
	return kind
}

// summary is counts as a person says them.
func summary(c register.Counts) string {
	var parts []string
	for _, one := range []struct {
		n    int
		said string
	}{{c.Joined, "joined"}, {c.Returned, "returned"}, {c.Changed, "changed"}, {c.Moved, "moved"}, {c.Left, "left"}, {c.Unchanged, "unchanged"},
		{c.Groups, "new groups"}, {c.Refused, "refused"}, {c.Warned, "to look at"}, {c.Kept, "not undone"}} {
		if one.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", one.n, one.said))
		}
	}
	return strings.Join(parts, ", ")
}

// shownFirst is how many of each kind are shown without --all.
const shownFirst = 10

var kinds = []struct {
	kind  register.Kind
	title string
}{{register.GroupAdded, "New groups"}, {register.Joined, "Joined"}, {register.Returned, "Returned"}, {register.Changed, "Changed"},
	{register.Moved, "Moved"}, {register.Left, "Left, to be disabled"}}

func (c *userImport) details(p *program, o *office, preview *register.Preview, say func(*problem.Problem) string) error {
	for _, k := range kinds {
		after, shown := int64(0), 0
		for more := true; more; {
			var steps []register.Step
			err := o.db.View(p.ctx, func(tx *db.Tx) (err error) {
				steps, err = register.Steps(tx, preview.Change.ID, k.kind, after, rowsAtOnce)
				return err
			})
			if err != nil {
				return err
			}
			for _, s := range steps {
				if shown == 0 {
					fmt.Fprintf(p.out, "\n%s:\n", k.title)
				}
				if shown++; shown > shownFirst && !c.All {
					fmt.Fprintln(p.out, "  … (--all shows everybody)")
					steps = nil
					break
				}
				after = s.Position
				fmt.Fprintf(p.out, "  %s%s\n", s.Name, edits(s))
			}
			more = len(steps) == rowsAtOnce
		}
	}
	if preview.Change.Counts.Refused > 0 {
		fmt.Fprintf(p.out, "\nRefused; the others can be applied without them:\n")
		if err := c.troubles(p, o, preview.Change.ID, say, func(t register.Trouble) bool { return t.Refused }); err != nil {
			return err
		}
	}
	if preview.Change.Counts.Warned > 0 {
		fmt.Fprintf(p.out, "\nTo look at:\n")
		if err := c.troubles(p, o, preview.Change.ID, say, func(t register.Trouble) bool { return !t.Refused }); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(p.out)
	return err
}

// edits is what a step changes, in a line.
func edits(s register.Step) string {
	var parts []string
	for _, e := range s.Edits {
		group := strings.HasPrefix(e.What, "group:")
		switch {
		case !e.Shown() || s.Kind == register.GroupAdded || s.Kind == register.Left && !group && e.What != register.Leaves:
		case group && e.After != "":
			parts = append(parts, "into "+e.Label)
		case group:
			parts = append(parts, "out of "+e.Label)
		case s.Kind == register.Joined && (e.What == directory.GivenNameField || e.What == directory.FamilyNameField || e.What == register.Username ||
			e.What == register.Status):
		case e.Before == "":
			parts = append(parts, e.What+" "+e.After)
		default:
			parts = append(parts, fmt.Sprintf("%s %s → %s", e.What, e.Before, e.After))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return ": " + strings.Join(parts, ", ")
}

// troubles prints those that are wanted.
func (c *userImport) troubles(p *program, o *office, change string, say func(*problem.Problem) string, wanted func(register.Trouble) bool) error {
	after, shown := int64(0), 0
	for {
		var some []register.Trouble
		err := o.db.View(p.ctx, func(tx *db.Tx) (err error) {
			some, after, err = register.Troubles(tx, change, after, rowsAtOnce)
			return err
		})
		if err != nil || len(some) == 0 {
			return err
		}
		for _, t := range some {
			if !wanted(t) {
				continue
			}
			if shown++; shown > 2*shownFirst && !c.All {
				_, err := fmt.Fprintln(p.out, "  … (--all shows every row, --repair FILE writes them into a file)")
				return err
			}
			fmt.Fprintf(p.out, "  %s%s\n", where(t), reasons(t, say))
		}
	}
}

func where(t register.Trouble) string {
	var parts []string
	if t.Line > 0 {
		parts = append(parts, fmt.Sprintf("row %d", t.Line))
	}
	if t.Name != "" {
		parts = append(parts, t.Name)
	}
	return strings.Join(parts, ", ") + ": "
}

func reasons(t register.Trouble, say func(*problem.Problem) string) string {
	var parts []string
	for _, one := range t.Problems {
		text := say(one)
		if one.Field != "" {
			text = one.Field + ": " + text
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " ")
}
