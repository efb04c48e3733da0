// What works without a request: the outbox, the sweeping of old rows, the watch over the clock.
package server

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"sync"
	"time"

	"woggle/internal/app/scim/target"
	"woggle/internal/audit"
	"woggle/internal/backup"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/limit"
	"woggle/internal/message"
	"woggle/internal/message/bill"
	"woggle/internal/method/authenticator"
	"woggle/internal/method/passkey"
	"woggle/internal/method/phone"
	"woggle/internal/register"
	"woggle/internal/signin"
)

// How often the background works, and how long old rows are of use to people who look into something.
const (
	sweepFirst   = time.Minute // not at the start, when there is enough to do
	sweepEvery   = time.Hour
	keepLimits   = 100 * 24 * time.Hour // longer than the longest window
	keepMessages = 30 * 24 * time.Hour
)

// Run works until the context ends.
func (s *Server) Run(ctx context.Context) {
	var work sync.WaitGroup
	work.Go(func() { s.outbox.Run(ctx) })
	work.Go(func() { every(ctx, clockFirst, clockEvery, func() { s.watchClock(ctx) }) })
	work.Go(func() { every(ctx, sweepFirst, sweepEvery, func() { s.sweep(ctx) }) })
	work.Go(func() { every(ctx, settleEvery, settleEvery, func() { s.tendApps(ctx) }) })
	work.Go(func() { every(ctx, sweepFirst, sweepEvery, func() { s.tendKeys(ctx) }) })
	work.Go(func() { every(ctx, settleEvery, settleEvery, func() { s.tellApps(ctx) }) })
	work.Go(func() { every(ctx, sweepFirst, sweepEvery, func() { s.sweepGrants(ctx) }) })
	work.Go(func() { every(ctx, sealEvery, sealEvery, func() { s.sealTrail(ctx) }) })
	work.Go(func() { every(ctx, sweepFirst, sweepEvery, func() { s.sweepTrail(ctx) }) })
	work.Go(func() { every(ctx, sweepFirst, mendEvery, func() { s.mendPeople(ctx) }) })
	work.Go(func() { every(ctx, target.Every, target.Every, func() { s.apps.targets.Tend(ctx) }) })
	if s.backups != nil {
		work.Go(func() { every(ctx, sweepFirst, backup.Every, func() { s.backups.Tend(ctx) }) })
	}
	work.Go(func() { every(ctx, register.Every, register.Every, func() { s.settleRegister(ctx) }) })
	work.Wait()
}

// every works after the first pause, and then again and again until the context ends.
func every(ctx context.Context, first, pause time.Duration, work func()) {
	timer := time.NewTimer(first)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			work()
			timer.Reset(pause)
		case <-ctx.Done():
			return
		}
	}
}

// settleRegister takes back an import whose program died, and forgets old ones.
func (s *Server) settleRegister(ctx context.Context) {
	r := register.Register{DB: s.db}
	if err := r.Settle(ctx); err != nil && ctx.Err() == nil {
		s.log.Error("an import that was broken off could not be taken back; it is tried again soon", "error", err)
	}
}

// sweep deletes what is long over, each chapter's rows in a transaction of its own, so that nobody waits long. Nothing
// depends on it, and nodes that sweep at once find less to do.
func (s *Server) sweep(ctx context.Context) {
	steps := map[string]func(*db.Tx) error{
		"attempts": signin.Sweep,
		"limits":   func(tx *db.Tx) error { return limit.Sweep(tx, keepLimits) },
		"phones":   phone.Sweep,
		"devices":  authenticator.Sweep,
		"passkeys": passkey.Sweep,
		"spending": bill.Sweep,
		"messages": func(tx *db.Tx) error { return message.Sweep(tx, keepMessages) },
	}
	maps.Copy(steps, sweepApps())
	for name, step := range steps {
		if err := s.db.Tx(ctx, step); err != nil && ctx.Err() == nil {
			s.log.Error("old rows could not be swept; it is tried again in an hour", "rows", name, "error", err)
		}
	}
}

// sealEvery is how long an event may wait for its seal.
const sealEvery = 5 * time.Second

// sealTrail seals what has happened since the last time, so that it cannot be changed unseen any more.
func (s *Server) sealTrail(ctx context.Context) {
	more := true
	for more && ctx.Err() == nil {
		err := s.db.Ask(ctx, func(tx *db.Tx) (err error) {
			more, err = audit.Unsealed(tx)
			return err
		})
		if err == nil && more {
			err = s.db.Tx(ctx, func(tx *db.Tx) error {
				_, err := audit.Seal(tx, s.keys)
				return err
			})
		}
		if err != nil {
			if ctx.Err() == nil {
				s.log.Error("the audit trail could not be sealed; it is tried again in a moment", "error", err)
			}
			return
		}
	}
}

// sweepTrail deletes events that are older than they are kept.
func (s *Server) sweepTrail(ctx context.Context) {
	for more := true; more; {
		err := s.db.Tx(ctx, func(tx *db.Tx) (err error) {
			more, err = audit.Sweep(tx, s.keys)
			return err
		})
		if err != nil {
			if ctx.Err() == nil {
				s.log.Error("old events could not be deleted; it is tried again in an hour", "error", err)
			}
			return
		}
	}
}

// mendEvery is how often everybody is looked at. It is for what ends by itself and for what other versions have left.
const mendEvery = 24 * time.Hour

// mendPeople puts right what the console counts and finds people by, some people at a time, so that nobody waits.
func (s *Server) mendPeople(ctx context.Context) {
	for after, last := "", " "; last != ""; after = last {
		err := s.db.Tx(ctx, func(tx *db.Tx) (err error) {
			if last, err = directory.Mend(tx, after); err != nil || last == "" {
				return err
			}
			return signin.Mend(tx, after, last)
		})
		if err != nil {
			if ctx.Err() == nil {
				s.log.Error("how people stand could not be counted again; it is tried again in a day", "error", err)
			}
			return
		}
	}
}

// The clock (threat T19). A clock that is behind would let used and expired things live again.
const (
	clockFirst  = time.Second
	clockEvery  = 30 * time.Second
	skewAlarm   = 5 * time.Second  // nodes differ: somebody should look
	SkewRefused = 90 * time.Second // three steps of an authenticator: not ready
)

// watchClock notes the time for other nodes and the next start, and says when it is behind.
func (s *Server) watchClock(ctx context.Context) {
	behind, err := MarkTime(ctx, s.db)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		s.log.Error("the time could not be noted", "error", err)
	case behind > SkewRefused:
		s.log.Error("this computer's clock is behind, and it is not ready to serve: set the clock right; if it is right and was "+
			"wrong before, start with --accept-clock", "behind", behind)
	case behind > skewAlarm:
		s.log.Warn("this computer's clock is behind, or another node's is ahead: let all nodes follow one time server", "behind", behind)
	}
}

// ready answers whether visitors should be sent here: the database answers, and the clock can be believed.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	behind, err := TimeBehind(ctx, s.db)
	switch {
	case errors.Is(err, context.Canceled):
	case err != nil:
		s.logFailure(r, err)
		say(w, http.StatusServiceUnavailable, "the database does not answer")
	case behind > SkewRefused:
		say(w, http.StatusServiceUnavailable, "this computer's clock is "+behind.Round(time.Second).String()+" behind")
	default:
		say(w, http.StatusOK, "ready")
	}
}
