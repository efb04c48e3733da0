// Applying a change: its steps, a few at a time; all of them in the end, or none.
package register

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/problem"
)

// stepsAtOnce is how many steps one transaction does: a few milliseconds' work, for which sign-ins wait.
const stepsAtOnce = 50

// errLost means that the turn is somebody else's, who sees to the rest.
var errLost = errors.New("register: the turn was lost")

// stale says that somebody was changed since the preview.
func stale(args problem.Args) error { return problem.New(problem.Gone, "register.stale", args) }

// run is an apply or an undo under way.
type run struct {
	*Register
	change Change
	actor  string
	holder string
}

// Apply does a change that was previewed, as a whole. If somebody whom it is about was changed since, nothing happens, and its error is a
// Gone problem that names them. Whatever else ends it before its end, what was done is taken back before it returns; only if the
// program dies, or the database goes away, somebody else does so later (Settle). Its other errors are NotFound, Gone and Busy.
func (r *Register) Apply(ctx context.Context, actor, id string) (Change, error) {
	w, err := r.begin(ctx, actor, id, Staged, Applying)
	if err != nil {
		return Change{}, err
	}
	if err = w.check(ctx); err == nil {
		err = w.forward(ctx)
	}
	if err == nil {
		err = w.end(ctx, Applied)
	}
	if err == nil || errors.Is(err, errLost) {
		return w.change, err
	}
	// Not with the caller's context, which may be what has ended.
	ctx = context.WithoutCancel(ctx)
	back := w.backward(ctx)
	if back == nil {
		back = w.end(ctx, Stopped)
	}
	return w.change, errors.Join(err, back)
}

// begin takes the turn for a change that is in the state from. Of several at once, on any node, one gets it.
func (r *Register) begin(ctx context.Context, actor, id string, from, to State) (*run, error) {
	if err := r.takeBack(ctx); err != nil {
		return nil, err
	}
	w := &run{Register: r, actor: actor, holder: db.NewID()}
	return w, r.DB.Tx(ctx, func(tx *db.Tx) (err error) {
		now, err := turnNow(tx)
		if err != nil {
			return err
		}
		if w.change, err = Find(tx, id); err != nil {
			return err
		}
		switch {
		case w.change.State == Undoing || w.change.State == Applying || now.change != "":
			return problem.New(problem.Busy, "register.busy").After(lease)
		case w.change.State != from:
			return problem.New(problem.Gone, "register.done."+string(w.change.State))
		case from == Staged && w.change.basis != now.version:
			return problem.New(problem.Gone, "register.outdated")
		case from == Applied && !w.change.Undoable(tx.Now):
			return problem.New(problem.Gone, "register.undo.late", problem.Args{"days": int(UndoLife.Hours() / 24)})
		}
		taken, err := takeTurn(tx, now, id, w.holder)
		if err != nil {
			return err
		}
		if !taken {
			return problem.New(problem.Busy, "register.busy").After(lease)
		}
		w.change.State = to
		return storeChange(tx, w.change)
	})
}

// end gives the turn back. What the change came to is recorded with it.
func (w *run) end(ctx context.Context, state State) error {
	return w.DB.Tx(ctx, func(tx *db.Tx) error {
		if err := endTurn(tx, w.holder); err != nil {
			return err
		}
		done, event := w.change, audit.RegisterImported
		done.State = state
		switch state {
		case Applied:
			done.AppliedAt = tx.Now
			if err := remember(tx, done.mapping); err != nil {
				return err
			}
		case Undone:
			done.UndoneAt, event = tx.Now, audit.RegisterUndone
		case Stopped:
			event = audit.RegisterStopped
		}
		if err := storeChange(tx, done); err != nil {
			return err
		}
		tx.AfterCommit(func() { w.change = done })
		return audit.Record(tx, audit.Event{Type: event, Actor: w.actor, Detail: done.detail()})
	})
}

// detail is what the audit trail keeps of the change.
func (c Change) detail() audit.Detail {
	return audit.Detail{"change": c.ID, "file": c.File, "joined": strconv.Itoa(c.Counts.Joined), "returned": strconv.Itoa(c.Counts.Returned),
		"changed": strconv.Itoa(c.Counts.Changed), "moved": strconv.Itoa(c.Counts.Moved), "left": strconv.Itoa(c.Counts.Left),
		"groups": strconv.Itoa(c.Counts.Groups), "kept": strconv.Itoa(c.Counts.Kept)}
}

// each goes through the steps after the position, in their order, some at a time.
func (w *run) each(ctx context.Context, after int64, count int64, do func([]Step) error) error {
	for after < w.change.steps {
		last, some := min(after+count, w.change.steps), []Step(nil)
		err := w.DB.View(ctx, func(tx *db.Tx) (err error) {
			some, err = stepsBetween(tx, w.change.ID, after, last)
			return err
		})
		if err != nil {
			return err
		}
		if err := do(some); err != nil {
			return err
		}
		after = last
	}
	return nil
}

// check looks at everybody once before anything is done, so that a preview that does not hold any more mostly ends here.
func (w *run) check(ctx context.Context) error {
	return w.each(ctx, 0, atOnce, func(some []Step) error {
		if err := w.DB.Tx(ctx, func(tx *db.Tx) error { return keepTurn(tx, w.holder) }); err != nil {
			return err
		}
		return w.DB.View(ctx, func(tx *db.Tx) error {
			people, err := load(tx, subjects(some, false), false)
			if err != nil {
				return err
			}
			if err := unusedNames(tx, some); err != nil {
				return err
			}
			_, err = planned(some, people)
			return err
		})
	})
}

// unusedNames makes sure that nobody has the user name of somebody who joins.
func unusedNames(tx *db.Tx, some []Step) error {
	names := map[string]string{}
	for _, s := range some {
		for _, e := range s.Edits {
			if s.Kind == Joined && e.What == Username {
				names[e.After] = s.Name
			}
		}
	}
	found, err := directory.ByUsernames(tx, slices.Collect(maps.Keys(names)))
	for _, u := range found {
		return stale(problem.Args{"name": u.Username})
	}
	return err
}

// subjects are the people of steps, in their order; with newcomers also those who are not there yet.
func subjects(some []Step, newcomers bool) (ids []string) {
	for _, s := range some {
		if s.Kind != GroupAdded && (newcomers || s.Kind != Joined) {
			ids = append(ids, s.Subject)
		}
	}
	return ids
}

// planned is everybody before and after the steps. Its error is stale if somebody is not as the preview found them.
func planned(some []Step, people map[string]*person) ([]pair, error) {
	var all []pair
	for _, s := range some {
		if s.Kind == GroupAdded {
			continue
		}
		before := people[s.Subject]
		if (before == nil) != (s.Kind == Joined) {
			return nil, stale(problem.Args{"name": s.Name})
		}
		if before == nil {
			before = nobody(s.Subject)
		}
		after := before.clone()
		for _, e := range s.Edits {
			if before.get(e.What) != e.Before {
				return nil, stale(problem.Args{"name": s.Name})
			}
			after.set(e, e.After)
		}
		all = append(all, pair{before, after})
	}
	return all, nil
}

// forward does the steps, and rests after each transaction for as long as it had the turn to write. Within this process others are served
// in their order; another one can only try SQLite's lock again and again, and must find it free as often as not.
func (w *run) forward(ctx context.Context) error {
	return w.each(ctx, w.change.done, stepsAtOnce, func(some []Step) error {
		var began time.Time
		last := some[len(some)-1].Position
		err := w.DB.Tx(ctx, func(tx *db.Tx) error {
			began = time.Now()
			if err := keepTurn(tx, w.holder); err != nil {
				return err
			}
			if err := w.do(tx, some); err != nil {
				return err
			}
			return storeDone(tx, w.change.ID, last)
		})
		if err == nil {
			w.change.done = last
			rest(ctx, time.Since(began))
		}
		return err
	})
}

// rest lets time pass. That a context ends is seen by what comes next.
func rest(ctx context.Context, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// do does some steps in the transaction.
func (w *run) do(tx *db.Tx, some []Step) error {
	for _, s := range some {
		if s.Kind == GroupAdded {
			if err := w.addGroup(tx, s); err != nil {
				return err
			}
		}
	}
	people, err := load(tx, subjects(some, false), true)
	if err != nil {
		return err
	}
	all, err := planned(some, people)
	if err != nil {
		return err
	}
	return refused(write(tx, w.actor, all))
}

// refused tells a refusal by the directory, such as of a user name that was taken at the last moment, as what it is.
func refused(err error) error {
	if p := problem.Of(err); p.Kind != problem.Internal && p.Key != "register.stale" {
		return problem.New(problem.Gone, "register.stale-some").Because(err)
	}
	return err
}

func (w *run) addGroup(tx *db.Tx, s Step) error {
	g, err := directory.InsertGroup(tx, directory.Group{ID: s.Subject, Name: s.Name, Parent: s.Edits[0].Before})
	if err != nil {
		return refused(err)
	}
	return audit.Record(tx, audit.Event{Type: audit.GroupAdded, Actor: w.actor, Detail: audit.Detail{"group": g.ID, "name": g.Name}})
}
