// woggle field: the details that the organisation asks people for.
package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kong"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
)

type fieldCommand struct {
	Place `embed:""`

	Add    fieldAdd    `cmd:"" help:"Ask people for one more detail."`
	List   fieldList   `cmd:"" help:"List the details that are asked for."`
	Remove fieldRemove `cmd:"" help:"Ask no more for a detail, and delete what people said."`
}

// AfterApply hands the place to the command below.
func (f *fieldCommand) AfterApply(k *kong.Context) error {
	k.Bind(&f.Place)
	return nil
}

type fieldAdd struct {
	ID       string            `arg:"" help:"Short name: given_name, family_name, or any other, as in second_email."`
	Label    map[string]string `required:"" placeholder:"en=TEXT" mapsep:"none" help:"What people read, by language: --label en='Second e-mail' --label cy='Ail e-bost'."`
	Explain  map[string]string `placeholder:"en=TEXT" mapsep:"none" help:"A sentence that explains it, by language."`
	Kind     string            `enum:"text,email,phone,date,choice,yes-no" default:"text" help:"text, email, phone, date, choice or yes-no (${default})."`
	Option   []string          `placeholder:"TEXT" sep:"none" help:"What can be chosen; give it several times."`
	Required bool              `help:"A sign-in stops to ask for it."`
	Pattern  string            `placeholder:"REGEXP" help:"What the whole value must match (RE2)."`
}

// Run adds the field.
func (c *fieldAdd) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		err := o.db.Tx(p.ctx, func(tx *db.Tx) error {
			return directory.AddField(tx, audit.System, directory.Field{ID: c.ID, Kind: directory.Kind(c.Kind), Required: c.Required,
				Labels: c.Label, Help: c.Explain, Options: c.Option, Pattern: c.Pattern})
		})
		if err == nil {
			fmt.Fprintf(p.out, "People are now asked for %s.\n", c.ID)
		}
		return err
	})
}

type fieldList struct {
	JSON bool `help:"Print JSON."`
}

// fieldRow is a field as lists show it.
type fieldRow struct {
	ID       string            `json:"id"`
	Kind     directory.Kind    `json:"kind"`
	Required bool              `json:"required"`
	Labels   map[string]string `json:"labels"`
	Help     map[string]string `json:"help,omitempty"`
	Options  []string          `json:"options,omitempty"`
	Pattern  string            `json:"pattern,omitempty"`
}

// Run lists the fields in the order in which they are asked.
func (c *fieldList) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		var fields []directory.Field
		err := o.db.View(p.ctx, func(tx *db.Tx) (err error) {
			fields, err = directory.Fields(tx)
			return err
		})
		rows := []fieldRow{}
		for _, f := range fields {
			rows = append(rows, fieldRow{f.ID, f.Kind, f.Required, f.Labels, f.Help, f.Options, f.Pattern})
		}
		switch {
		case err != nil:
			return err
		case c.JSON:
			return p.printJSON(rows)
		}
		table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
		for _, r := range rows {
			required := ""
			if r.Required {
				required = "required"
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", r.ID, r.Kind, r.Labels["en"], required, strings.Join(r.Options, ", "))
		}
		return table.Flush()
	})
}

type fieldRemove struct {
	ID string `arg:"" help:"Short name of the field."`
}

// Run removes the field.
func (c *fieldRemove) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		err := o.db.Tx(p.ctx, func(tx *db.Tx) error { return directory.RemoveField(tx, audit.System, c.ID) })
		if err == nil {
			fmt.Fprintf(p.out, "People are not asked for %s any more; what they said is deleted.\n", c.ID)
		}
		return err
	})
}
