// woggle user import: people from the membership register.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kong"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/register"
	"woggle/internal/register/sheet"
)

type userImport struct {
	File   string   `arg:"" optional:"" help:"Excel workbook (.xlsx) or CSV from the membership system."`
	Map    []string `placeholder:"HEADING=WHAT" sep:"none" help:"What a column is, where it is not guessed: number, username, given_name, family_name, full_name, email, phone, groups, started, leaves, field:ID or ignore. #3 names the third column; separator=, and path=/ say how groups are written. May be given several times, and is remembered."`
	Whole  bool     `help:"Everybody is in the file: who came by the register before, and is not in it any more, is disabled."`
	Yes    bool     `help:"Apply it without asking."`
	Repair string   `placeholder:"FILE" help:"Write the rows that can't be used into a new CSV file, with the reason."`
	All    bool     `help:"Show every change, not the first of each kind."`
	JSON   bool     `help:"Print what would be or was done as JSON."`

	ManyLeave             bool `help:"With --whole: it is right that more than a third have left."`
	DisableAdministrators bool `help:"Administrators who have left are disabled as well; never the last one."`

	List bool   `xor:"other" help:"List the imports."`
	Undo string `xor:"other" placeholder:"ID" help:"Undo an import, up to 30 days after it."`
}

// Run shows what the import would do, and does it if that is what somebody wants.
func (c *userImport) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		r := &register.Register{DB: o.db, Zone: o.site.Zone}
		switch {
		case c.List:
			return c.list(p, o)
		case c.Undo != "":
			return c.undo(p, o, r)
		case c.File == "":
			return errors.New("name the file, as in: woggle user import members.xlsx")
		}
		preview, err := c.preview(p, r)
		if err != nil {
			return err
		}
		return c.decide(p, o, r, preview)
	})
}

func (c *userImport) preview(p *program, r *register.Register) (*register.Preview, error) {
	info, err := os.Stat(c.File)
	if err != nil {
		return nil, err
	}
	ask := register.Ask{Name: filepath.Base(c.File), Map: c.Map, Whole: c.Whole, ManyLeave: c.ManyLeave, Administrators: c.DisableAdministrators}
	if info.Size() <= sheet.MaxBytes { // a larger one is refused unread
		if ask.File, err = os.ReadFile(c.File); err != nil {
			return nil, err
		}
	} else {
		ask.File = make([]byte, sheet.MaxBytes+1)
	}
	return r.Preview(p.ctx, audit.System, ask)
}

// decide tells what would happen, and lets it happen or forgets it.
func (c *userImport) decide(p *program, o *office, r *register.Register, preview *register.Preview) (err error) {
	say, err := c.speaker()
	if err != nil {
		return err
	}
	id := preview.Change.ID
	applied := false
	defer func() {
		if !applied && id != "" { // nobody can come back to it here
			err = errors.Join(err, r.Drop(context.WithoutCancel(p.ctx), id))
		}
	}()
	if !c.JSON {
		if err := c.show(p, o, preview, say); err != nil {
			return err
		}
	}
	if len(preview.Blocked) > 0 {
		for _, one := range preview.Blocked {
			fmt.Fprintln(p.err, "woggle:", say(one)+hint(one))
		}
		return errTold
	}
	if c.Repair != "" {
		if err := c.repair(p, r, preview, say); err != nil {
			return err
		}
	}
	if preview.Change.Counts.People()+preview.Change.Counts.Groups == 0 {
		return c.print(p, preview.Change, "Nothing is to be changed.\n")
	}
	if !c.Yes && !c.asked(p) {
		return c.print(p, preview.Change, "Nothing was changed. To apply it: the same command with --yes\n")
	}
	change, err := r.Apply(p.ctx, audit.System, id)
	if err != nil {
		return err
	}
	applied = true
	return c.print(p, change, fmt.Sprintf("Done. To undo it within 30 days: woggle user import --undo %s\n", id))
}

// hint names the flag with which a bar is taken away.
func hint(p *problem.Problem) string {
	flags := map[string]string{"register.leavers.many": " (--many-leave)", "register.column.misplaced": " (--map)", "register.column.no-key": " (--map)"}
	return flags[p.Key]
}

// importRow is an import as programs read it.
type importRow struct {
	ID        string          `json:"id"`
	CreatedAt time.Time       `json:"created_at"`
	File      string          `json:"file"`
	State     register.State  `json:"state"`
	Undoable  bool            `json:"undoable"`
	Counts    register.Counts `json:"counts"`
}

// print ends the command: with a sentence, or with the change for a program.
func (c *userImport) print(p *program, change register.Change, sentence string) error {
	if c.JSON {
		return p.printJSON(importRow{change.ID, change.CreatedAt, change.File, change.State, change.Undoable(time.Now()), change.Counts})
	}
	_, err := io.WriteString(p.out, sentence)
	return err
}

// asked asks at a terminal whether to go on. Elsewhere nobody answers, which is no.
func (c *userImport) asked(p *program) bool {
	info, err := os.Stdin.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 || c.JSON {
		return false
	}
	fmt.Fprint(p.out, "Apply this? Type yes: ")
	answer, _ := bufio.NewReader(os.Stdin).ReadString('\n')
	return strings.EqualFold(strings.TrimSpace(answer), "yes")
}

func (c *userImport) repair(p *program, r *register.Register, preview *register.Preview, say func(*problem.Problem) string) error {
	if preview.Change.Counts.Refused == 0 {
		return nil
	}
	file, err := os.OpenFile(c.Repair, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	rows, err := r.Repair(p.ctx, preview, file, say)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	if !c.JSON {
		fmt.Fprintf(p.out, "%s written into %s. Put them right there, and import that file.\n", was(rows, "row"), c.Repair)
	}
	return nil
}

// was is a number of things that something happened to.
func was(n int, thing string) string {
	if n == 1 {
		return count(n, thing) + " was"
	}
	return count(n, thing) + " were"
}

// speaker puts problems into English.
func (c *userImport) speaker() (func(*problem.Problem) string, error) {
	locales, err := page.LoadLocales(nil)
	if err != nil {
		return nil, err
	}
	en := locales.Find("en")
	return func(one *problem.Problem) string {
		var args []any
		for name, value := range one.Args {
			args = append(args, name, value)
		}
		return en.Text(one.Key, args...)
	}, nil
}

// list lists imports, the newest first.
func (c *userImport) list(p *program, o *office) error {
	var all []register.Change
	err := o.db.View(p.ctx, func(tx *db.Tx) (err error) {
		all, err = register.List(tx, 100)
		return err
	})
	if err != nil {
		return err
	}
	if c.JSON {
		var rows []importRow
		for _, one := range all {
			rows = append(rows, importRow{one.ID, one.CreatedAt, one.File, one.State, one.Undoable(o.db.Now()), one.Counts})
		}
		return p.printJSON(rows)
	}
	table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	for _, one := range all {
		state := string(one.State)
		if one.State == register.Applied && !one.Undoable(o.db.Now()) {
			state += ", for good"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", one.ID, one.CreatedAt.Local().Format("2006-01-02 15:04"), one.File, state, summary(one.Counts))
	}
	return table.Flush()
}

// undo takes an import back, and tells what it left.
func (c *userImport) undo(p *program, o *office, r *register.Register) error {
	change, err := r.Undo(p.ctx, audit.System, c.Undo)
	if err != nil {
		return err
	}
	if c.JSON {
		return c.print(p, change, "")
	}
	fmt.Fprintf(p.out, "The import of %s was undone.\n", change.File)
	if change.Counts.Kept == 0 {
		return nil
	}
	say, err := c.speaker()
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "\nNot taken back:\n")
	return c.troubles(p, o, change.ID, say, func(t register.Trouble) bool { return t.Refused && len(t.Cells) == 0 })
}
