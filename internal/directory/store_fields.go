// Fields and their values in the database.
package directory

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/problem"
)

const fieldColumns = "id, kind, required, labels, help, options, pattern, position"

// Fields are all fields, in the order in which they are asked.
func Fields(tx *db.Tx) ([]Field, error) {
	return fields(tx, "SELECT "+fieldColumns+" FROM fields ORDER BY position, id")
}

// Missing are the required fields that the user has no value of, in the order in which they are asked. It is one query,
// which reads nothing of the user where the organisation asks for nothing.
func Missing(tx *db.Tx, user User) ([]Field, error) {
	return fields(tx, "SELECT "+fieldColumns+` FROM fields WHERE required AND CASE id
			WHEN 'given_name' THEN EXISTS (SELECT 1 FROM users WHERE users.id = $1 AND given_name = '')
			WHEN 'family_name' THEN EXISTS (SELECT 1 FROM users WHERE users.id = $1 AND family_name = '')
			ELSE NOT EXISTS (SELECT 1 FROM field_values WHERE user_id = $1 AND field_id = fields.id)
		END ORDER BY position, id`, user.ID)
}

func fields(tx *db.Tx, query string, args ...any) (all []Field, err error) {
	err = tx.Each(query, args, func(scan func(...any) error) error {
		var f Field
		var labels, help, options string
		if err := scan(&f.ID, &f.Kind, &f.Required, &labels, &help, &options, &f.Pattern, &f.Position); err != nil {
			return err
		}
		for _, part := range []struct {
			raw  string
			into any
		}{{labels, &f.Labels}, {help, &f.Help}, {options, &f.Options}} {
			if err := json.Unmarshal([]byte(part.raw), part.into); err != nil {
				return err
			}
		}
		all = append(all, f)
		return nil
	})
	return all, err
}

// AddField stores a new field and records it. Its errors are Problems, among them that the id is taken.
func AddField(tx *db.Tx, actor string, f Field) error {
	if err := f.check(); err != nil {
		return err
	}
	raw := make([]string, 3)
	for i, part := range []any{orEmpty(f.Labels), orEmpty(f.Help), append([]string{}, f.Options...)} {
		text, err := json.Marshal(part)
		if err != nil {
			return err
		}
		raw[i] = string(text)
	}
	if f.Position == 0 {
		if err := tx.Row("SELECT coalesce(max(position), 0) + 1 FROM fields", nil, &f.Position); err != nil {
			return err
		}
	}
	added, err := tx.Exec("INSERT INTO fields ("+fieldColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (id) DO NOTHING`, f.ID, string(f.Kind), f.Required, raw[0], raw[1], raw[2], f.Pattern, f.Position)
	if err != nil {
		return err
	}
	if added == 0 {
		return problem.Field("id", "directory.field.taken")
	}
	return recordField(tx, actor, f.ID)
}

func orEmpty(texts map[string]string) map[string]string {
	if texts == nil {
		return map[string]string{} // nil would be stored as null
	}
	return texts
}

// RemoveField deletes the field with everybody's values of it, and records it. People keep their names whatever is asked
// for. Its error is NotFound if there is no such field.
func RemoveField(tx *db.Tx, actor, id string) error {
	removed, err := tx.Exec("DELETE FROM fields WHERE id = $1", id)
	if err != nil {
		return err
	}
	if removed == 0 {
		return problem.New(problem.NotFound, "directory.field.not-found")
	}
	return recordField(tx, actor, id)
}

func recordField(tx *db.Tx, actor, id string) error {
	return audit.Record(tx, audit.Event{Type: audit.FieldChanged, Actor: actor, Detail: audit.Detail{"field": id}})
}

// Values are the user's values by the id of their field; a field without a value is not among them. Its error is NotFound
// if there is no such user.
func Values(tx *db.Tx, user User) (map[string]string, error) {
	values, known := map[string]string{}, false
	err := tx.Each(`SELECT 'given_name', given_name FROM users WHERE id = $1
		UNION ALL SELECT 'family_name', family_name FROM users WHERE id = $1
		UNION ALL SELECT field_id, value FROM field_values WHERE user_id = $1`, []any{user.ID}, func(scan func(...any) error) error {
		var id, value string
		err := scan(&id, &value)
		if known = true; value != "" {
			values[id] = value
		}
		return err
	})
	if err == nil && !known {
		err = nobody()
	}
	return values, err
}

// SetValues stores the user's values of the fields that are named in values and records which of them changed; an empty
// value deletes. The given and family name can be set also where the organisation does not ask for them. If anything is
// wrong nothing is stored, and the error is Problems with one for each wrong field, named by its id. Else its error is
// NotFound if there is no such user.
func SetValues(tx *db.Tx, actor string, user User, values map[string]string) error {
	all, err := Fields(tx)
	if err != nil {
		return err
	}
	current, err := Values(tx, user)
	if err != nil {
		return err
	}
	tidy, err := checkValues(all, values)
	if err != nil {
		return err
	}
	var changed []string
	for _, id := range slices.Sorted(maps.Keys(tidy)) {
		if tidy[id] == current[id] {
			continue
		}
		if err := setValue(tx, user.ID, id, tidy[id]); err != nil {
			return err
		}
		changed = append(changed, id)
	}
	if len(changed) == 0 {
		return nil
	}
	if err := nameChanged(tx, user.ID, changed); err != nil {
		return err
	}
	if err := note(tx, UserChange, user.ID); err != nil {
		return err
	}
	return audit.Record(tx, audit.Event{Type: audit.DetailsChanged, Actor: actor, User: user.ID,
		Detail: audit.Detail{"fields": strings.Join(changed, ", ")}})
}

// nameChanged makes a user findable by a new name, if it was among what was changed.
func nameChanged(tx *db.Tx, id string, changed []string) error {
	if !slices.Contains(changed, GivenNameField) && !slices.Contains(changed, FamilyNameField) {
		return nil
	}
	u, err := ByID(tx, id)
	if err != nil {
		return err
	}
	return storeWords(tx, u)
}

// checkValues gives the values in the form to store, or all that is wrong with them, in the order of the fields.
func checkValues(all []Field, values map[string]string) (map[string]string, error) {
	for _, id := range []string{GivenNameField, FamilyNameField} {
		if !slices.ContainsFunc(all, func(f Field) bool { return f.ID == id }) {
			all = append(all, Field{ID: id, Kind: Text})
		}
	}
	var wrong Problems
	tidy := map[string]string{}
	for _, f := range all {
		if typed, given := values[f.ID]; given {
			tidy[f.ID] = f.Tidy(typed)
			if err := f.Check(tidy[f.ID]); problem.Is(err, problem.Invalid) {
				wrong.add(f.ID, err)
			} else if err != nil {
				return nil, err
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(values)) {
		if _, known := tidy[id]; !known {
			wrong.add(id, problem.Field(id, "directory.field.not-found"))
		}
	}
	return tidy, wrong.err()
}

func setValue(tx *db.Tx, user, id, value string) (err error) {
	switch {
	case id == GivenNameField:
		return changeUser(tx, "UPDATE users SET given_name = $2 WHERE id = $1", user, value)
	case id == FamilyNameField:
		return changeUser(tx, "UPDATE users SET family_name = $2 WHERE id = $1", user, value)
	case value == "":
		_, err = tx.Exec("DELETE FROM field_values WHERE user_id = $1 AND field_id = $2", user, id)
	default:
		_, err = tx.Exec(`INSERT INTO field_values (user_id, field_id, value) VALUES ($1, $2, $3)
			ON CONFLICT (user_id, field_id) DO UPDATE SET value = excluded.value`, user, id, value)
	}
	return err
}
