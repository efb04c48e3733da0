// Changes, their steps and their problems, in the database.
package register

import (
	"encoding/json"
	"errors"

	"woggle/internal/db"
	"woggle/internal/problem"
)

const changeColumns = "id, state, actor, file, whole, basis, steps, done, counts, mapping, created_at, applied_at, undone_at"

func changes(tx *db.Tx, where string, args ...any) (all []Change, err error) {
	err = tx.Each("SELECT "+changeColumns+" FROM register_changes "+where, args, func(scan func(...any) error) error {
		var c Change
		var counts, mapping string
		var created, applied, undone int64
		err := scan(&c.ID, &c.State, &c.Actor, &c.File, &c.Whole, &c.basis, &c.steps, &c.done, &counts, &mapping, &created, &applied, &undone)
		if err != nil {
			return err
		}
		if err := errors.Join(json.Unmarshal([]byte(counts), &c.Counts), json.Unmarshal([]byte(mapping), &c.mapping)); err != nil {
			return err
		}
		c.CreatedAt, c.AppliedAt, c.UndoneAt = db.Time(created), db.Time(applied), db.Time(undone)
		all = append(all, c)
		return nil
	})
	return all, err
}

// Find is the change with the id. Its error is NotFound.
func Find(tx *db.Tx, id string) (Change, error) {
	all, err := changes(tx, "WHERE id = $1 AND state <> 'staging'", id)
	if err == nil && len(all) == 0 {
		err = problem.New(problem.NotFound, "register.not-found")
	}
	if err != nil {
		return Change{}, err
	}
	return all[0], nil
}

// List are the newest changes that were begun to be applied, at most count.
func List(tx *db.Tx, count int) ([]Change, error) {
	return changes(tx, "WHERE state NOT IN ('staging', 'staged') ORDER BY created_at DESC, id DESC LIMIT $1", count)
}

func insertChange(tx *db.Tx, c Change) error {
	mapping, err := json.Marshal(c.mapping)
	if err != nil {
		return err
	}
	_, err = tx.Exec("INSERT INTO register_changes (id, state, actor, file, whole, basis, mapping, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		c.ID, string(staging), c.Actor, c.File, c.Whole, c.basis, string(mapping), tx.Now.UnixMilli())
	return err
}

// storeChange stores how far the change has come.
func storeChange(tx *db.Tx, c Change) error {
	counts, err := json.Marshal(c.Counts)
	if err != nil {
		return err
	}
	_, err = tx.Exec("UPDATE register_changes SET state = $2, steps = $3, done = $4, counts = $5, applied_at = $6, undone_at = $7 WHERE id = $1",
		c.ID, string(c.State), c.steps, c.done, string(counts), db.Millis(c.AppliedAt), db.Millis(c.UndoneAt))
	return err
}

// dropSome deletes up to count steps and problems of a change that was not applied, and the change itself once it has none.
func dropSome(tx *db.Tx, id string, count int) (more bool, err error) {
	const mine = " WHERE change_id = (SELECT id FROM register_changes WHERE id = $1 AND state IN ('staging', 'staged'))"
	for _, table := range []string{"register_steps", "register_problems"} {
		n, err := tx.Exec("DELETE FROM "+table+mine+" AND position IN (SELECT position FROM "+table+mine+" ORDER BY position LIMIT $2)", id, count)
		if err != nil {
			return false, err
		}
		more = more || n == int64(count)
	}
	if !more {
		_, err = tx.Exec("DELETE FROM register_changes WHERE id = $1 AND state IN ('staging', 'staged')", id)
	}
	return more, err
}

func insertSteps(tx *db.Tx, change string, all []Step) error {
	rows := make([]any, 0, 7*len(all))
	for _, s := range all {
		edits, err := json.Marshal(s.Edits)
		if err != nil {
			return err
		}
		rows = append(rows, change, s.Position, int64(s.Line), string(s.Kind), s.Subject, s.Name, string(edits))
	}
	_, err := tx.InsertAll("INSERT INTO register_steps (change_id, position, line, kind, subject, name, edits)", 7, rows, "")
	return err
}

// stepsBetween are the steps from the one after the first position to the last position, in their order.
func stepsBetween(tx *db.Tx, change string, after, last int64) ([]Step, error) {
	return steps(tx, "change_id = $1 AND position > $2 AND position <= $3 ORDER BY position", change, after, last)
}

// Steps are those of a kind after the position, in their order, at most count.
func Steps(tx *db.Tx, change string, kind Kind, after int64, count int) ([]Step, error) {
	return steps(tx, "change_id = $1 AND kind = $2 AND position > $3 ORDER BY position LIMIT $4", change, string(kind), after, count)
}

func steps(tx *db.Tx, where string, args ...any) (all []Step, err error) {
	err = tx.Each("SELECT position, line, kind, subject, name, edits FROM register_steps WHERE "+where, args, func(scan func(...any) error) error {
		var s Step
		var edits string
		if err := scan(&s.Position, &s.Line, &s.Kind, &s.Subject, &s.Name, &edits); err != nil {
			return err
		}
		err := json.Unmarshal([]byte(edits), &s.Edits)
		all = append(all, s)
		return err
	})
	return all, err
}

// said is a problem as it is stored.
type said struct {
	Key   string       `json:"k"`
	Field string       `json:"f,omitempty"`
	Args  problem.Args `json:"a,omitempty"`
}

// insertTroubles stores troubles behind the position first.
func insertTroubles(tx *db.Tx, change string, first int64, all []Trouble) error {
	rows := make([]any, 0, 7*len(all))
	for i, t := range all {
		var problems []said
		for _, p := range t.Problems {
			problems = append(problems, said{p.Key, p.Field, p.Args})
		}
		text, err := json.Marshal(problems)
		if err != nil {
			return err
		}
		cells, err := json.Marshal(append([]string{}, t.Cells...))
		if err != nil {
			return err
		}
		rows = append(rows, change, first+int64(i), int64(t.Line), t.Name, t.Refused, string(text), string(cells))
	}
	_, err := tx.InsertAll("INSERT INTO register_problems (change_id, position, line, name, refused, problems, cells)", 7, rows, "")
	return err
}

// Troubles are a change's after the position, at most count, and the position of the last of them.
func Troubles(tx *db.Tx, change string, after int64, count int) (all []Trouble, last int64, err error) {
	last = after
	err = tx.Each(`SELECT position, line, name, refused, problems, cells FROM register_problems WHERE change_id = $1 AND position > $2
		ORDER BY position LIMIT $3`, []any{change, after, count}, func(scan func(...any) error) error {
		var t Trouble
		var text, cells string
		if err := scan(&last, &t.Line, &t.Name, &t.Refused, &text, &cells); err != nil {
			return err
		}
		var problems []said
		if err := json.Unmarshal([]byte(text), &problems); err != nil {
			return err
		}
		for _, p := range problems {
			t.Problems = append(t.Problems, problem.Field(p.Field, p.Key, p.Args))
		}
		err := json.Unmarshal([]byte(cells), &t.Cells)
		all = append(all, t)
		return err
	})
	return all, last, err
}

// forget deletes up to count steps and problems of changes that nobody needs any more, and tells whether there may be more. What a
// change was, and how many people it was about, stays.
func forget(tx *db.Tx, count int) (more bool, err error) {
	old := `(SELECT id FROM register_changes WHERE state IN ('staging', 'staged') AND created_at < $1
		OR state IN ('stopped', 'undone', 'applied') AND created_at < $2)`
	args := []any{tx.Now.Add(-previewLife).UnixMilli(), tx.Now.Add(-UndoLife - previewLife).UnixMilli(), count}
	for _, table := range []string{"register_steps", "register_problems"} {
		n, err := tx.Exec("DELETE FROM "+table+" WHERE (change_id, position) IN (SELECT change_id, position FROM "+table+
			" WHERE change_id IN "+old+" LIMIT $3)", args...)
		if err != nil {
			return false, err
		}
		more = more || n == int64(count)
	}
	if !more {
		_, err = tx.Exec("DELETE FROM register_changes WHERE state IN ('staging', 'staged') AND created_at < $1", args[0])
	}
	return more, err
}

// storeDone stores up to which step the change stands in the directory.
func storeDone(tx *db.Tx, change string, done int64) error {
	_, err := tx.Exec("UPDATE register_changes SET done = $2 WHERE id = $1", change, done)
	return err
}
