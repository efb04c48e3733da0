// The worker: one run on one target at a time, as long as its lease lasts.
package target

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/keys"
	"woggle/internal/problem"
)

// How long things last.
const (
	lease    = time.Minute
	shortest = 10 * time.Second // before a target that failed is asked again; twice as long each time
	longest  = time.Hour
	time24   = 24 * time.Hour // the longest for one resource
	// Every is how soon a node looks for something to send.
	Every = 5 * time.Second
)

// ErrHeld says that another node works on the target.
var ErrHeld = errors.New("another node works on this target at this moment")

var errLost = errors.New("the lease is lost: another node goes on")

// Worker sends. Each node has one.
type Worker struct {
	DB   *db.DB
	Keys *keys.Ring
	HTTP *http.Client // see package outgoing
	Log  *slog.Logger
}

// Tend works on every target that has something to send and that nobody works on.
func (w *Worker) Tend(ctx context.Context) {
	var ids []string
	err := w.DB.Ask(ctx, func(tx *db.Tx) (err error) {
		ids, err = due(tx)
		return err
	})
	if err != nil {
		if ctx.Err() == nil {
			w.Log.Error("what is to be sent over SCIM could not be read; it is tried again", "error", err)
		}
		return
	}
	for _, id := range ids {
		if _, err := w.Work(ctx, id); err != nil && ctx.Err() == nil && !errors.Is(err, ErrHeld) && !errors.Is(err, errLost) {
			w.Log.Warn("people could not be sent over SCIM; it is tried again", "target", id, "error", err)
		}
	}
}

// run is one worker's work on one target.
type run struct {
	*Worker
	db     *db.DB
	target *Target
	holder string
	client *client
	counts Counts
}

// Work sends what waits for the target with the id until nothing does. Its error is ErrHeld if another node does so, and the
// target's trouble if everything has to wait.
func (w *Worker) Work(ctx context.Context, id string) (Counts, error) {
	r := &run{Worker: w, db: w.DB, holder: db.NewID()}
	waiting := false
	err := w.DB.Tx(ctx, func(tx *db.Tx) (err error) {
		r.target = nil
		all, err := list(tx)
		if err != nil {
			return err
		}
		for _, t := range all {
			if t.ID == id {
				r.target = t
			}
		}
		if r.target == nil {
			return problem.New(problem.NotFound, "scim.target.not-found", problem.Args{"name": id})
		}
		if waiting, err = r.prepare(tx); err != nil || !waiting {
			return err
		}
		held, err := take(tx, id, r.holder, tx.Now.Add(lease))
		if err == nil && !held {
			err = ErrHeld
		}
		return err
	})
	if err != nil || !waiting {
		return r.counts, err
	}
	defer func() {
		// Whoever is told to stop still lets the next one in at once.
		err := w.DB.Tx(context.WithoutCancel(ctx), func(tx *db.Tx) error { return release(tx, id, r.holder) })
		if err != nil {
			w.Log.Warn("a lease could not be given back; it ends by itself", "target", id, "error", err)
		}
	}()
	token, err := w.Keys.Open(r.target.token, "scim_targets", "token", id)
	if err != nil {
		return r.counts, err
	}
	r.client = &client{http: w.HTTP, base: r.target.Base, token: string(token), before: r.keep}
	err = r.work(ctx)
	return r.counts, errors.Join(err, r.judge(ctx, err))
}

// prepare queues again what was refused and is due, and tells whether there is anything to do.
func (r *run) prepare(tx *db.Tx) (bool, error) {
	again, err := retries(tx, r.target.ID)
	if err != nil {
		return false, err
	}
	for _, c := range again {
		c.retryAt = db.Time(0)
		if err := putCopy(tx, r.target.ID, c); err != nil {
			return false, err
		}
		if err := directory.NoteFor(tx, r.target.watcher(), c.kind, c.id); err != nil {
			return false, err
		}
	}
	changes, err := directory.Changes(tx, r.target.watcher(), 1)
	return len(changes) > 0 || r.target.walk != "", err
}

// keep makes the lease last through the next request.
func (r *run) keep(ctx context.Context) error {
	var held bool
	err := r.db.Tx(ctx, func(tx *db.Tx) (err error) {
		held, err = keep(tx, r.target.ID, r.holder, tx.Now.Add(lease))
		return err
	})
	if err == nil && !held {
		err = errLost
	}
	return err
}

// judge notes the target's trouble, or that there is none any more.
func (r *run) judge(ctx context.Context, err error) error {
	var trouble *away
	if err != nil && !errors.As(err, &trouble) {
		return nil
	}
	return r.db.Tx(ctx, func(tx *db.Tx) error {
		if trouble == nil {
			return setTrouble(tx, r.target.ID, "", db.Time(0))
		}
		return setTrouble(tx, r.target.ID, trouble.why, tx.Now.Add(max(trouble.after, pause(longest, r.target.failures))))
	})
}

// pause is how long to wait after so many failures in a row.
func pause(most time.Duration, failures int64) time.Duration {
	return min(shortest<<min(failures, 20), most)
}

// atOnce is how many changes are read at once.
const atOnce = 20

func (r *run) work(ctx context.Context) error {
	for {
		if err := r.step(ctx); err != nil {
			return err
		}
		var changes []directory.Change
		err := r.db.Ask(ctx, func(tx *db.Tx) (err error) {
			changes, err = directory.Changes(tx, r.target.watcher(), atOnce)
			return err
		})
		if err != nil || len(changes) == 0 && r.target.walk == "" {
			return err
		}
		for _, change := range changes {
			err := r.send(ctx, change)
			if err != nil {
				err = r.refuse(ctx, change, err)
			}
			if err != nil {
				return err
			}
		}
	}
}

// walk is how far a compare has come.
type walk struct {
	phase string
	whole bool   // the target is asked as well
	after string // id
}

// The phases of a walk, in their order. The last two are those of a whole compare.
const (
	people         = "people"
	groupsPhase    = "groups"
	standingPeople = "standing-people"
	standingGroups = "standing-groups"
)

func (w walk) String() string {
	mode := "local"
	if w.whole {
		mode = "whole"
	}
	return w.phase + ":" + mode + ":" + w.after
}

func readWalk(text string) walk {
	parts := strings.SplitN(text, ":", 3)
	if len(parts) < 3 {
		return walk{}
	}
	return walk{parts[0], parts[1] == "whole", parts[2]}
}

// step goes one step further in a walk, if there is one.
func (r *run) step(ctx context.Context) (err error) {
	w := readWalk(r.target.walk)
	next := walk{}
	switch w.phase {
	case "":
		return nil
	case people:
		next, err = r.walkPeople(ctx, w)
	case groupsPhase:
		next, err = r.walkGroups(ctx, w)
	case standingPeople:
		next, err = r.walkStanding(ctx, w, directory.UserChange, r.checkPerson)
	case standingGroups:
		next, err = r.walkStanding(ctx, w, directory.GroupChange, r.checkGroup)
	}
	if err != nil {
		return err
	}
	text := ""
	if next.phase != "" {
		text = next.String()
	}
	r.target.walk = text
	return r.db.Tx(ctx, func(tx *db.Tx) error { return setWalk(tx, r.target.ID, text) })
}

// peopleAtOnce is how many people one step of a walk looks at.
const peopleAtOnce = 200

// walkPeople notes those who are not as they were sent.
func (r *run) walkPeople(ctx context.Context, w walk) (next walk, err error) {
	return next, r.db.Tx(ctx, func(tx *db.Tx) error {
		next = walk{phase: groupsPhase, whole: w.whole}
		users, err := directory.ListByID(tx, w.after, peopleAtOnce)
		if err != nil {
			return err
		}
		for _, user := range users {
			next = walk{people, w.whole, user.ID}
			wanted, err := wantedPerson(tx, r.target, user.ID)
			if err != nil {
				return err
			}
			c, err := copyOf(tx, r.target.ID, directory.UserChange, user.ID)
			if err != nil {
				return err
			}
			if difference(wanted, c) != "" {
				if err := directory.NoteFor(tx, r.target.watcher(), directory.UserChange, user.ID); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// walkGroups notes all groups: there are few.
func (r *run) walkGroups(ctx context.Context, w walk) (next walk, err error) {
	if w.whole {
		next = walk{phase: standingPeople, whole: true}
	}
	return next, r.db.Tx(ctx, func(tx *db.Tx) error {
		ids, err := groupIDs(tx, r.target)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := directory.NoteFor(tx, r.target.watcher(), directory.GroupChange, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// walkStanding asks the target for some of what stands there.
func (r *run) walkStanding(ctx context.Context, w walk, kind directory.ChangeKind, check func(context.Context, replica) error) (walk, error) {
	var some []replica
	err := r.db.Ask(ctx, func(tx *db.Tx) (err error) {
		some, err = copiesAfter(tx, r.target.ID, kind, w.after, atOnce)
		return err
	})
	if err != nil {
		return w, err
	}
	if len(some) == 0 && kind == directory.UserChange {
		return walk{phase: standingGroups, whole: true}, nil
	}
	if len(some) == 0 {
		return walk{}, nil
	}
	for _, c := range some {
		if c.remoteID == "" {
			continue
		}
		if err := check(ctx, c); err != nil {
			return w, err
		}
	}
	return walk{w.phase, true, some[len(some)-1].id}, nil
}

// checkPerson looks at somebody there, and sends them anew if they are not as they should be.
func (r *run) checkPerson(ctx context.Context, c replica) error {
	there, err := r.client.get(ctx, "Users", c.remoteID)
	gone := isRefused(err, http.StatusNotFound)
	if err != nil && !gone {
		var why *refused
		if errors.As(err, &why) {
			return nil // it cannot say; what is to be sent is sent all the same
		}
		return err
	}
	return r.db.Tx(ctx, func(tx *db.Tx) error {
		wanted, err := wantedPerson(tx, r.target, c.id)
		if err != nil {
			return err
		}
		here := wanted.document
		if !wanted.active {
			here = map[string]any{"active": false}
		}
		if !gone && holds(there.all, here) {
			return nil
		}
		if c.sent = ""; gone {
			c.remoteID, c.active = "", false
		}
		if err := putCopy(tx, r.target.ID, c); err != nil {
			return err
		}
		return directory.NoteFor(tx, r.target.watcher(), directory.UserChange, c.id)
	})
}

// checkGroup believes the target about who is in a group, so that the difference is sent.
func (r *run) checkGroup(ctx context.Context, c replica) error {
	there, err := r.client.get(ctx, "Groups", c.remoteID)
	if isRefused(err, http.StatusNotFound) {
		return r.db.Tx(ctx, func(tx *db.Tx) error {
			if err := deleteCopy(tx, r.target.ID, c.kind, c.id); err != nil {
				return err
			}
			return directory.NoteFor(tx, r.target.watcher(), directory.GroupChange, c.id)
		})
	}
	var why *refused
	if errors.As(err, &why) {
		return nil
	}
	if err != nil {
		return err
	}
	return r.db.Tx(ctx, func(tx *db.Tx) error {
		before, err := told(tx, r.target.ID, c.id)
		if err != nil {
			return err
		}
		for user := range before {
			if err := untell(tx, r.target.ID, c.id, user); err != nil {
				return err
			}
		}
		for _, member := range there.Members {
			user, err := byRemote(tx, r.target.ID, member.Value)
			if err != nil {
				return err
			}
			if user != "" { // else it is somebody of the target's own
				if err := tell(tx, r.target.ID, c.id, user, member.Value); err != nil {
					return err
				}
			}
		}
		c.sent = ""
		if err := putCopy(tx, r.target.ID, c); err != nil {
			return err
		}
		return directory.NoteFor(tx, r.target.watcher(), directory.GroupChange, c.id)
	})
}
