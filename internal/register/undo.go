// Taking a change back: because it was undone, or because it did not come to its end.
package register

import (
	"context"
	"errors"
	"slices"
	"time"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/problem"
)

// Undo takes back what a change did, up to UndoLife after it. What somebody has changed since stays as it is, and is told, person by
// person, among the change's Troubles and in Counts.Kept. Who joined by it and has never signed in is removed; who has is disabled. Its
// errors are NotFound, Gone and Busy.
func (r *Register) Undo(ctx context.Context, actor, id string) (Change, error) {
	w, err := r.begin(ctx, actor, id, Applied, Undoing)
	if err != nil {
		return Change{}, err
	}
	// A half undone import is nothing that anybody wants: it goes on to its end whoever has stopped waiting.
	ctx = context.WithoutCancel(ctx)
	if err := w.backward(ctx); err != nil {
		return w.change, err
	}
	return w.change, w.end(ctx, Undone)
}

// backward takes back the steps that were done, the last first.
func (w *run) backward(ctx context.Context) error {
	for w.change.done > 0 {
		var began time.Time
		first := max(0, w.change.done-stepsAtOnce)
		kept := 0
		err := w.DB.Tx(ctx, func(tx *db.Tx) error {
			began = time.Now()
			if err := keepTurn(tx, w.holder); err != nil {
				return err
			}
			some, err := stepsBetween(tx, w.change.ID, first, w.change.done)
			if err != nil {
				return err
			}
			told, err := w.undo(tx, some)
			if err != nil {
				return err
			}
			if kept = len(told); kept > 0 {
				if err := insertTroubles(tx, w.change.ID, w.behind(), told); err != nil {
					return err
				}
			}
			return storeDone(tx, w.change.ID, first)
		})
		if err != nil {
			return err
		}
		w.change.done, w.change.Counts.Kept = first, w.change.Counts.Kept+kept
		rest(ctx, time.Since(began))
	}
	return nil
}

// behind is the first position for what an undo tells: behind the troubles of all rows, and of the steps that were undone before.
func (w *run) behind() int64 { return 1<<40 - w.change.done*2 }

// undo takes back some steps in the transaction, and tells what it left.
func (w *run) undo(tx *db.Tx, some []Step) (told []Trouble, err error) {
	people, err := load(tx, subjects(some, true), true)
	if err != nil {
		return nil, err
	}
	var all []pair
	for _, s := range slices.Backward(some) {
		if s.Kind == GroupAdded {
			continue
		}
		before := people[s.Subject]
		if before == nil {
			told = keep(told, s, "register.undo.removed")
			continue
		}
		after, left := reversed(s, before)
		if left != "" {
			told = keep(told, s, left)
		}
		all = append(all, pair{before, after})
	}
	all, told, err = w.standing(tx, all, told)
	if err != nil {
		return nil, err
	}
	if err := write(tx, w.actor, all); err != nil {
		return nil, err
	}
	for _, s := range slices.Backward(some) {
		if s.Kind == GroupAdded {
			left, err := w.removeGroup(tx, s)
			if err != nil {
				return nil, err
			}
			if left != "" {
				told = keep(told, s, left)
			}
		}
	}
	return told, nil
}

func keep(told []Trouble, s Step, key string) []Trouble {
	return append(told, Trouble{Line: s.Line, Name: s.Name, Refused: true, Problems: []*problem.Problem{problem.New(problem.Gone, key)}})
}

// reversed is the person without what the step did, but for what somebody has changed since; left says so, as a key.
func reversed(s Step, before *person) (after *person, left string) {
	after = before.clone()
	if s.Kind == Joined {
		if before.user.SignedInAt.IsZero() && before.user.Role == directory.Member {
			return nobody(before.user.ID), ""
		}
		if before.user.Status == directory.Active && before.user.Role == directory.Member {
			after.user.Status = directory.Disabled
		}
		after.entry.gone = "yes"
		return after, "register.undo.signed-in"
	}
	for _, e := range s.Edits {
		switch {
		case e.Before == e.After:
		case before.get(e.What) != e.After:
			left = "register.undo.changed"
		default:
			after.set(e, e.Before)
		}
	}
	return after, left
}

// standing leaves people as they are who cannot have back what they had: a user name that is somebody else's by now, a group or a detail
// that is gone.
func (w *run) standing(tx *db.Tx, all []pair, told []Trouble) ([]pair, []Trouble, error) {
	var names, groups []string
	for _, p := range all {
		if p.both() && p.after.user.Username != p.before.user.Username {
			names = append(names, p.after.user.Username)
		}
		groups = append(groups, sorted(p.after.groups)...)
	}
	taken, err := directory.ByUsernames(tx, names)
	if err != nil {
		return nil, nil, err
	}
	slices.Sort(groups)
	there, err := directory.GroupsByIDs(tx, slices.Compact(groups))
	if err != nil {
		return nil, nil, err
	}
	fields, err := directory.Fields(tx)
	if err != nil {
		return nil, nil, err
	}
	for _, p := range all {
		if !p.both() {
			continue
		}
		left := false
		if other, is := taken[directory.Canonical(p.after.user.Username)]; is && other.ID != p.after.user.ID {
			p.after.user.Username, left = p.before.user.Username, true
		}
		for id := range p.after.groups {
			if _, is := there[id]; !is {
				delete(p.after.groups, id)
				left = true
			}
		}
		for id, value := range p.after.values {
			known := slices.ContainsFunc(fields, func(f directory.Field) bool { return f.ID == id && f.Check(value) == nil })
			if !known && value != p.before.values[id] {
				p.after.values[id], left = p.before.values[id], true
			}
		}
		if left {
			told = append(told, Trouble{Name: p.after.name(), Refused: true, Problems: []*problem.Problem{problem.New(problem.Gone, "register.undo.taken")}})
		}
	}
	return all, told, nil
}

// removeGroup removes a group that the change made, unless somebody uses it.
func (w *run) removeGroup(tx *db.Tx, s Step) (left string, err error) {
	used, err := directory.GroupUsed(tx, s.Subject)
	if err != nil || used {
		return "register.undo.group", err
	}
	err = directory.RemoveGroup(tx, w.actor, s.Subject)
	if problem.Is(err, problem.NotFound) { // somebody has done so
		return "", nil
	}
	return "", err
}

// Every is how often a server calls Settle: soon after a lease that ran out.
const Every = lease

// Settle takes back what an apply or an undo has left whose program died, and forgets what is too old. Every server calls it now and
// then; it does nothing while there is nothing to do.
func (r *Register) Settle(ctx context.Context) error {
	if err := r.takeBack(ctx); err != nil && !problem.Is(err, problem.Busy) {
		return err
	}
	return r.inPieces(ctx, func(tx *db.Tx) (bool, error) { return forget(tx, atOnce*2) })
}

// Drop forgets a preview that is not wanted. A change that was applied stays.
func (r *Register) Drop(ctx context.Context, id string) error {
	return r.inPieces(ctx, func(tx *db.Tx) (bool, error) { return dropSome(tx, id, atOnce*2) })
}

// inPieces does what others should not wait for at once.
func (r *Register) inPieces(ctx context.Context, do func(*db.Tx) (more bool, err error)) error {
	for more := true; more; {
		var began time.Time
		err := r.DB.Tx(ctx, func(tx *db.Tx) (err error) {
			began = time.Now()
			more, err = do(tx)
			return err
		})
		if err != nil {
			return err
		}
		rest(ctx, time.Since(began))
	}
	return nil
}

// takeBack sees to a change whose holder does not renew the lease any more. Its error is Busy while the holder does.
func (r *Register) takeBack(ctx context.Context) error {
	var t turn
	err := r.DB.Ask(ctx, func(tx *db.Tx) (err error) {
		t, err = turnNow(tx)
		return err
	})
	if err != nil || t.change == "" {
		return err
	}
	w := &run{Register: r, holder: db.NewID()}
	err = r.DB.Tx(ctx, func(tx *db.Tx) error {
		taken, err := takeTurn(tx, t, t.change, w.holder)
		if err == nil && !taken {
			err = problem.New(problem.Busy, "register.busy").After(lease)
		}
		if err != nil {
			return err
		}
		w.change, err = Find(tx, t.change)
		w.actor = w.change.Actor
		return err
	})
	if err != nil {
		return err
	}
	if err := w.backward(ctx); err != nil {
		return err
	}
	state := Stopped
	if w.change.State == Undoing {
		state = Undone
	}
	err = w.end(ctx, state)
	if errors.Is(err, errLost) {
		return nil
	}
	return err
}
