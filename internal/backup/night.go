// The backup of every night, by one of all nodes.
package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
)

// State is what the nodes know together about backups. It is made of what the last ones came to.
type State struct {
	At     time.Time     `json:"at"` // the instant that the last good one is of
	File   string        `json:"file"`
	Size   int64         `json:"size"`   // bytes
	SHA256 string        `json:"sha256"` // of the file, in hex
	Took   time.Duration `json:"took"`
	People int64         `json:"people"`

	FailedAt time.Time `json:"failed_at"`
	Why      string    `json:"why"`

	Holder string    `json:"holder"` // the run that is at it
	Until  time.Time `json:"until"`  // when another may begin, whatever became of that one
}

// Failing tells that the last try was in vain.
func (s State) Failing() bool { return s.FailedAt.After(s.At) }

// Late tells whether there should be a newer backup.
func (s State) Late(now time.Time) bool { return now.Sub(s.At) > lateAfter }

const (
	quietHour  = 2         // of the night, where the people are
	spread     = 2 * 60    // minutes after it, so that not all the world's disks and networks are busy at once
	lease      = time.Hour // longer than a backup takes
	againAfter = time.Hour // after a failure
	lateAfter  = 26 * time.Hour
)

// Every is how often Tend is to be called.
const Every = 5 * time.Minute

// Night makes a backup each night.
type Night struct {
	Maker  *Maker
	Folder string
	Keep   int // how many
	Zone   *time.Location
	Log    *slog.Logger
	minute int // after the quiet hour
}

// Tonight chooses the minute of the night.
func (n *Night) Tonight() *Night {
	n.minute = rand.IntN(spread)
	return n
}

// due tells whether it is time: each night; at once where there is none yet or one was missed; and again after a failure.
func (n *Night) due(s State, now time.Time) bool {
	local := now.In(n.Zone)
	quiet := time.Date(local.Year(), local.Month(), local.Day(), quietHour, n.minute, 0, 0, n.Zone)
	switch {
	case now.Before(s.Until) || s.Failing() && now.Sub(s.FailedAt) < againAfter:
		return false
	case s.Late(now):
		return true
	}
	return !now.Before(quiet) && s.At.Before(quiet)
}

// Tend makes a backup if it is time, and no other node is at it.
func (n *Night) Tend(ctx context.Context) {
	now := n.Maker.DB.Now()
	state, err := Read(ctx, n.Maker.DB)
	if err == nil && !n.due(state, now) {
		return
	}
	holder := db.NewID()
	taken := false
	if err == nil {
		taken, err = n.take(ctx, holder)
	}
	if err == nil && !taken {
		return
	}
	if err == nil {
		err = errors.Join(n.lookBack(ctx, state), n.run(ctx))
	}
	if err != nil && ctx.Err() == nil {
		n.Log.Error("something is wrong with the backups; what failed is tried again, and the older ones stay", "error", err)
	}
	if taken {
		n.release(ctx, holder)
	}
}

// lookBack reads the last backup once more: a day later it comes from the disk, and not from what the system remembers of it. That it
// was moved away or removed is nobody's fault.
func (n *Night) lookBack(ctx context.Context, last State) error {
	digest, err := digestOf(last.File)
	if errors.Is(err, fs.ErrNotExist) || err == nil && digest == last.SHA256 {
		return nil
	}
	err = errors.Join(fmt.Errorf("the backup of last time, %s, is not what it was any more: look after the disk", last.File), err)
	event := audit.Event{Type: audit.BackupFailed, Actor: audit.System, Detail: audit.Detail{"why": err.Error()}}
	return errors.Join(err, n.Maker.DB.Tx(ctx, func(tx *db.Tx) error { return audit.Record(tx, event) }))
}

// run makes the backup, and thins the older ones.
func (n *Night) run(ctx context.Context) error {
	made, err := Make(ctx, n.Maker, In(n.Folder, n.Maker.DB.Now()))
	if err != nil {
		return err
	}
	n.Log.Info("a backup was made, and put back to test it", "file", made.Path, "bytes", made.Size,
		"people", made.Rows("users"), "wrote", made.Wrote, "tested", made.Tested)
	if len(made.Trail) > 0 {
		n.Log.Error("the audit trail is not whole: somebody has changed it, or the key file; woggle audit verify tells more", "faults", len(made.Trail))
	}
	return Thin(n.Folder, n.Keep)
}

// Make makes a backup, and notes what came of it: for the figures, for woggle check, and in the audit trail.
func Make(ctx context.Context, m *Maker, to string) (Made, error) {
	made, failure := m.Make(ctx, to)
	if ctx.Err() != nil || errors.Is(failure, errThere) {
		return made, errors.Join(failure, ctx.Err())
	}
	err := m.DB.Tx(ctx, func(tx *db.Tx) error {
		event := audit.Event{Type: audit.BackupMade, Actor: audit.System, Detail: audit.Detail{"name": filepath.Base(made.Path),
			"bytes": strconv.FormatInt(made.Size, 10), "sha256": made.Digest, "people": strconv.FormatInt(made.Rows("users"), 10)}}
		if failure != nil {
			event.Type, event.Detail = audit.BackupFailed, audit.Detail{"why": failure.Error()}
		}
		err := change(tx, func(s *State) {
			if failure != nil {
				s.FailedAt, s.Why = tx.Now, failure.Error()
			} else {
				s.At, s.File, s.Size, s.SHA256 = made.At, made.Path, made.Size, made.Digest
				s.Took, s.People = made.Wrote+made.Tested, made.Rows("users")
			}
		})
		if err != nil {
			return err
		}
		return audit.Record(tx, event)
	})
	return made, errors.Join(failure, err)
}

// take begins a run, unless another is at it or was quicker.
func (n *Night) take(ctx context.Context, holder string) (mine bool, err error) {
	err = n.Maker.DB.Tx(ctx, func(tx *db.Tx) error {
		return change(tx, func(s *State) {
			if mine = n.due(*s, tx.Now); mine {
				s.Holder, s.Until = holder, tx.Now.Add(lease)
			}
		})
	})
	return mine, err
}

// release ends a run, also when the server stops.
func (n *Night) release(ctx context.Context, holder string) {
	err := n.Maker.DB.Tx(context.WithoutCancel(ctx), func(tx *db.Tx) error {
		return change(tx, func(s *State) {
			if s.Holder == holder {
				s.Holder, s.Until = "", time.Time{}
			}
		})
	})
	if err != nil {
		n.Log.Warn("the turn to make backups could not be given back; it ends by itself in an hour", "error", err)
	}
}
