// Plans and their steps in the database.
package microsoft365

import (
	"encoding/json"
	"time"

	"woggle/internal/db"
)

// lease is for how long somebody who works on a plan need not be heard of: longer than the longest pause that Microsoft may
// ask for between two rounds.
const lease = 10 * time.Minute

// plan is a stored plan.
type plan struct {
	id, tenant string
	createdAt  time.Time
	runner     string
	until      time.Time
}

// openPlan is the tenant's plan in which there is more to do.
func openPlan(tx *db.Tx, tenant string) (p plan, found bool, err error) {
	var created, until int64
	found, err = tx.Found("SELECT id, tenant_id, created_at, runner, until FROM microsoft365_plans WHERE tenant_id = $1 AND ended_at = 0", []any{tenant},
		&p.id, &p.tenant, &created, &p.runner, &until)
	p.createdAt, p.until = db.Time(created), db.Time(until)
	return p, found, err
}

// insertPlan stores a plan with its steps. It is false if the tenant has an open one already.
func insertPlan(tx *db.Tx, id, tenant string, steps []Step) (bool, error) {
	made, err := tx.Exec(`INSERT INTO microsoft365_plans (id, tenant_id, created_at, ended_at, runner, until) VALUES ($1, $2, $3, 0, '', 0)
		ON CONFLICT DO NOTHING`, id, tenant, tx.Now.UnixMilli())
	if err != nil || made == 0 {
		return false, err
	}
	for _, s := range steps {
		data, err := s.Data.text()
		if err != nil {
			return false, err
		}
		_, err = tx.Exec(`INSERT INTO microsoft365_steps (plan_id, place, user_id, kind, upn, data, state, trouble, ended_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, '', 0)`, id, s.Place, s.User, string(s.Kind), s.UPN, data, string(Waiting))
		if err != nil {
			return false, err
		}
	}
	return true, nil
}

// claim makes the runner the one who works on the plan, unless somebody else does and was heard of lately.
func claim(tx *db.Tx, id, runner string) (bool, error) {
	changed, err := tx.Exec(`UPDATE microsoft365_plans SET runner = $2, until = $3 WHERE id = $1 AND ended_at = 0
		AND (runner = $2 OR until <= $4)`, id, runner, tx.Now.Add(lease).UnixMilli(), tx.Now.UnixMilli())
	return changed > 0, err
}

// release lets somebody else go on.
func release(tx *db.Tx, id, runner string) error {
	_, err := tx.Exec("UPDATE microsoft365_plans SET until = 0 WHERE id = $1 AND runner = $2", id, runner)
	return err
}

func endPlan(tx *db.Tx, id string) error {
	_, err := tx.Exec("UPDATE microsoft365_plans SET ended_at = $2 WHERE id = $1 AND ended_at = 0", id, tx.Now.UnixMilli())
	return err
}

func steps(tx *db.Tx, query string, args ...any) (all []Step, err error) {
	err = tx.Each("SELECT place, user_id, kind, upn, data, state, trouble, ended_at FROM microsoft365_steps "+query, args, func(scan func(...any) error) error {
		var s Step
		var kind, state, data string
		var ended int64
		if err := scan(&s.Place, &s.User, &kind, &s.UPN, &data, &state, &s.Trouble, &ended); err != nil {
			return err
		}
		s.Kind, s.State, s.EndedAt = Kind(kind), State(state), db.Time(ended)
		all = append(all, s)
		return json.Unmarshal([]byte(data), &all[len(all)-1].Data)
	})
	return all, err
}

// stepsOf are all steps of a plan.
func stepsOf(tx *db.Tx, id string) ([]Step, error) {
	return steps(tx, "WHERE plan_id = $1 ORDER BY place", id)
}

// nextSteps are the first steps that are to be done, at most so many.
func nextSteps(tx *db.Tx, id string, most int) ([]Step, error) {
	return steps(tx, "WHERE plan_id = $1 AND state IN ('waiting', 'doing') ORDER BY place LIMIT $2", id, most)
}

func setState(tx *db.Tx, id string, s Step) error {
	ended := int64(0)
	if s.State == Done || s.State == Skipped || s.State == Failed {
		ended = tx.Now.UnixMilli()
	}
	_, err := tx.Exec("UPDATE microsoft365_steps SET state = $3, trouble = $4, ended_at = $5 WHERE plan_id = $1 AND place = $2",
		id, s.Place, string(s.State), s.Trouble, ended)
	return err
}

// retryFailed lets what failed be tried again.
func retryFailed(tx *db.Tx, id string) error {
	_, err := tx.Exec("UPDATE microsoft365_steps SET state = 'waiting' WHERE plan_id = $1 AND state = 'failed'", id)
	return err
}
