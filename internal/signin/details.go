// Details wanted: what the organisation asks of a person who arrives.
package signin

import (
	"errors"
	"net/http"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/page"
)

// FieldRow is one field of a details form.
type FieldRow struct {
	directory.Field
	Value string
}

type detailsPage struct {
	Form
	Rows []FieldRow
}

func (f *Flow) askDetails(w http.ResponseWriter, r *http.Request, a *Attempt, typed map[string]string, problems page.Problems) error {
	data := detailsPage{Form: f.Form(a, Step{Kind: Details})}
	err := f.DB.View(r.Context(), func(tx *db.Tx) (err error) {
		data.Rows, err = DetailRows(tx, a.User, typed)
		return err
	})
	if err != nil {
		return err
	}
	return f.Pages.Show(w, r, "signin/details", data, page.Wrong(problems))
}

// DetailRows are all fields with the person's values, or with what was just typed.
func DetailRows(tx *db.Tx, user directory.User, typed map[string]string) ([]FieldRow, error) {
	fields, err := directory.Fields(tx)
	if err != nil {
		return nil, err
	}
	values, err := directory.Values(tx, user)
	if err != nil {
		return nil, err
	}
	var rows []FieldRow
	for _, field := range fields {
		value, ok := typed[field.ID]
		if !ok {
			value = values[field.ID]
		}
		rows = append(rows, FieldRow{field, value})
	}
	return rows, nil
}

// TypedDetails are the values that a details form sent, by field.
func TypedDetails(r *http.Request, fields []directory.Field) map[string]string {
	typed := map[string]string{}
	for _, field := range fields {
		typed[field.ID] = r.PostFormValue("field-" + field.ID)
	}
	return typed
}

func (f *Flow) saveDetails(w http.ResponseWriter, r *http.Request) error {
	var typed map[string]string
	err := f.Act(w, r, Details, "", func(tx *db.Tx, a *Attempt, _ Step) error {
		fields, err := directory.Fields(tx)
		if err != nil {
			return err
		}
		typed = TypedDetails(r, fields)
		if err = directory.SetValues(tx, a.User.ID, a.User, typed); err != nil {
			return err
		}
		return f.facts(tx, a)
	})
	var wrong directory.Problems
	if !errors.As(err, &wrong) {
		return err
	}
	// Nothing was stored. The page is shown again with all that was typed.
	var a *Attempt
	err = f.DB.View(r.Context(), func(tx *db.Tx) (err error) {
		a, err = f.load(tx, r, r.PostFormValue("a"))
		return err
	})
	if err != nil {
		return err
	}
	if a == nil {
		return f.refused(w, r, nil, ReasonUnknown)
	}
	return f.askDetails(w, r, a, typed, page.Problems(wrong))
}
