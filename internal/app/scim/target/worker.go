// The worker: one run on one target at a time, as long as its lease lasts.
package target

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
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
