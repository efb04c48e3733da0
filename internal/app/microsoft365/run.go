// Doing what was planned, in rounds of up to twenty requests, and going on where it was stopped.
package microsoft365

import (
	"context"
	"errors"
	"fmt"
	"time"

	"woggle/internal/app/microsoft365/graph"
	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
)

// Match stores which accounts are whose, where that is new. What was matched by itself is by the user name or the immutable id;
// an e-mail address counts only for those that were confirmed. It gives the pairs that are new.
func (m *Manager) Match(ctx context.Context, c Connected, pairs []Pair) (stored []Pair, err error) {
	for _, pair := range pairs {
		if !pair.news() {
			continue
		}
		err := m.DB.Tx(ctx, func(tx *db.Tx) error {
			if _, err := directory.Hold(tx, pair.User.ID); err != nil {
				return err
			}
			a, _, err := accountIn(tx, c.Tenant.ID, pair.User.ID)
			if err != nil {
				return err
			}
			by := pair.By
			if by == Known {
				by = a.By
			}
			other := a.Object != pair.Person.ID
			a.Tenant, a.User, a.By = c.Tenant.ID, pair.User.ID, by
			a.Object, a.UPN, a.ImmutableID = pair.Person.ID, pair.Person.UPN, pair.Person.ImmutableID
			if other {
				a.DisabledAt = time.Time{}
			}
			if err := saveAccount(tx, a); err != nil || !other {
				return err
			}
			return audit.Record(tx, audit.Event{Type: audit.AccountMatched, Actor: audit.System, User: pair.User.ID,
				Detail: audit.Detail{"hint": pair.Person.UPN, "by": string(by), "tenant": c.Tenant.ID}})
		})
		if err != nil {
			return stored, fmt.Errorf("%s: %w", pair.User.Username, err)
		}
		stored = append(stored, pair)
	}
	return stored, nil
}

// news tells whether something about the pair is not stored yet. An immutable id that was changed at Microsoft is not taken
// over by itself: it decides who somebody is there.
func (p Pair) news() bool {
	if p.Person == nil || p.By == Known && p.Account.ImmutableID != "" && p.Account.ImmutableID != p.Person.ImmutableID {
		return false
	}
	return p.By != Known || p.Account.UPN != p.Person.UPN || p.Account.ImmutableID != p.Person.ImmutableID
}

// Pending are the steps of the tenant's plan in which there is more to do; false if there is no such plan.
func (m *Manager) Pending(ctx context.Context, tenant string) (all []Step, found bool, err error) {
	err = m.DB.View(ctx, func(tx *db.Tx) (err error) {
		var p plan
		if p, found, err = openPlan(tx, tenant); err != nil || !found {
			return err
		}
		all, err = stepsOf(tx, p.id)
		return err
	})
	return all, found, err
}

// Start stores the plan. Its error is that another is not finished.
func (m *Manager) Start(ctx context.Context, tenant string, steps []Step) error {
	return m.DB.Tx(ctx, func(tx *db.Tx) error {
		made, err := insertPlan(tx, db.NewID(), tenant, steps)
		if err == nil && !made {
			err = errors.New("another plan for this tenant is not finished; look at it with: woggle microsoft365 provision")
		}
		return err
	})
}

// Drop ends the tenant's plan, whatever is left to do.
func (m *Manager) Drop(ctx context.Context, tenant string) error {
	return m.DB.Tx(ctx, func(tx *db.Tx) error {
		p, found, err := openPlan(tx, tenant)
		switch {
		case err != nil:
			return err
		case !found:
			return errors.New("there is no plan to drop")
		case p.until.After(tx.Now):
			return fmt.Errorf("somebody works on this plan; stop them first, or wait until %s", p.until.Format(time.TimeOnly))
		}
		return endPlan(tx, p.id)
	})
}

// run is one going through a plan.
type run struct {
	*Manager
	plan   plan
	client *graph.Client
	runner string
	tell   func(Step)
}

// Run does what the tenant's plan still has to do, and tells every step that ended. What failed before is tried again. The plan stays open
// while a step of it has failed. Only one works on a plan at a time.
func (m *Manager) Run(ctx context.Context, t Tenant, tell func(Step)) error {
	client, _, err := m.client(ctx, t)
	if err != nil {
		return err
	}
	r := &run{Manager: m, client: client, runner: db.NewID(), tell: tell}
	err = m.DB.Tx(ctx, func(tx *db.Tx) error {
		p, found, err := openPlan(tx, t.ID)
		if err != nil {
			return err
		}
		if !found {
			return errors.New("there is no plan to carry out")
		}
		r.plan = p
		if err := r.mine(tx); err != nil {
			return err
		}
		return retryFailed(tx, p.id)
	})
	if err != nil {
		return err
	}
	for more := true; more && err == nil; {
		more, err = r.round(ctx)
	}
	// Also when we were stopped: else nobody could go on for some minutes.
	return errors.Join(err, m.DB.Tx(context.WithoutCancel(ctx), func(tx *db.Tx) error { return release(tx, r.plan.id, r.runner) }))
}

// mine makes the plan ours for a while longer. Its error is that somebody else works on it.
func (r *run) mine(tx *db.Tx) error {
	mine, err := claim(tx, r.plan.id, r.runner)
	if err == nil && !mine {
		err = fmt.Errorf("somebody else works on this plan; if they died, it can go on after %s", r.plan.until.Local().Format(time.TimeOnly))
	}
	return err
}

// round does the next steps that are of one kind. It is false if there are none.
func (r *run) round(ctx context.Context) (more bool, err error) {
	begun, err := r.begin(ctx)
	if err != nil || len(begun) == 0 {
		return false, err
	}
	outcomes, err := r.carryOut(ctx, begun)
	if err != nil {
		return false, err // what was begun is looked into when somebody goes on
	}
	return true, r.finish(ctx, outcomes)
}

// outcome is what came of a step.
type outcome struct {
	step    Step
	account Account // as it is now; of a step that failed, as it was
	err     error
}

// begin takes the next steps and notes that they are being done, so that after a crash nothing that may have been done is
// taken for undone. Steps that do not fit any more, because the person has left or come back since, are skipped.
func (r *run) begin(ctx context.Context) (begun []outcome, err error) {
	for len(begun) == 0 && err == nil {
		var some bool
		err = r.DB.Tx(ctx, func(tx *db.Tx) (err error) {
			begun = nil
			some, err = r.take(tx, &begun)
			return err
		})
		if !some {
			break
		}
	}
	return begun, err
}

// take takes steps of one kind. It is false if there are no more; then the plan ends unless something failed.
func (r *run) take(tx *db.Tx, begun *[]outcome) (bool, error) {
	if err := r.mine(tx); err != nil {
		return false, err
	}
	next, err := nextSteps(tx, r.plan.id, graph.BatchMost)
	if err != nil {
		return false, err
	}
	if len(next) == 0 {
		failed, err := steps(tx, "WHERE plan_id = $1 AND state = 'failed' LIMIT 1", r.plan.id)
		if err == nil && len(failed) == 0 {
			err = endPlan(tx, r.plan.id)
		}
		return false, err
	}
	for _, s := range next {
		if s.Kind != next[0].Kind {
			break
		}
		account, why, err := r.fits(tx, s)
		if err != nil {
			return false, err
		}
		if s.State = Doing; why != "" {
			s.State, s.Trouble = Skipped, why
		}
		if err := setState(tx, r.plan.id, s); err != nil {
			return false, err
		}
		if why != "" {
			tx.AfterCommit(func() { r.tell(s) })
			continue
		}
		*begun = append(*begun, outcome{step: s, account: account})
	}
	return true, nil
}

// fits tells why a step is not to be done any more, or empty. Of somebody who is to get an account it keeps the immutable id first, so that
// the account is theirs whatever happens next.
func (r *run) fits(tx *db.Tx, s Step) (a Account, why string, err error) {
	user, err := directory.Hold(tx, s.User)
	if err != nil {
		return a, "", err
	}
	a, known, err := accountIn(tx, r.plan.tenant, s.User)
	switch active := user.Status == directory.Active; {
	case err != nil:
		return a, "", err
	case s.Kind == Disable && active:
		return a, "the person is back", nil
	case s.Kind != Disable && !active:
		return a, "the person has left", nil
	case s.Data.Object != "" && a.Object != s.Data.Object:
		return a, "another account was matched meanwhile", nil
	case s.Kind == GiveLicence && a.Object == "":
		return a, "the account was not made", nil
	case s.Kind != Create:
		return a, "", nil
	case known && a.Object != "":
		return a, "the person has an account meanwhile", nil
	case known && a.ImmutableID == s.Data.ImmutableID:
		return a, "", nil
	}
	a = Account{Tenant: r.plan.tenant, User: s.User, UPN: s.UPN, ImmutableID: s.Data.ImmutableID, By: Made}
	return a, "", saveAccount(tx, a)
}

// finish writes down what came of the steps.
func (r *run) finish(ctx context.Context, outcomes []outcome) error {
	// What was done at Microsoft is written down also when we are being stopped.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	return r.DB.Tx(ctx, func(tx *db.Tx) error {
		if err := r.mine(tx); err != nil {
			return err
		}
		for _, o := range outcomes {
			s := o.step
			if s.State, s.Trouble = Done, ""; o.err != nil {
				s.State, s.Trouble = Failed, o.err.Error()
			}
			if o.err == nil {
				if err := r.record(tx, o); err != nil {
					return err
				}
			}
			if err := setState(tx, r.plan.id, s); err != nil {
				return err
			}
			tx.AfterCommit(func() { r.tell(s) })
		}
		return nil
	})
}

// record stores the account as it is now, and that it was changed.
func (r *run) record(tx *db.Tx, o outcome) error {
	if o.step.Kind == Disable {
		o.account.DisabledAt = tx.Now
	}
	if err := saveAccount(tx, o.account); err != nil {
		return err
	}
	return audit.Record(tx, audit.Event{Type: audit.AccountChanged, Actor: audit.System, User: o.step.User,
		Detail: audit.Detail{"hint": o.account.UPN, "what": string(o.step.Kind), "tenant": r.plan.tenant}})
}
