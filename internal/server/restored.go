// After a backup was put back.
package server

import (
	"context"
	"time"

	"filippo.io/age"

	"woggle/internal/audit"
	"woggle/internal/backup"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/helping"
	"woggle/internal/keys"
	"woggle/internal/method/authenticator"
	"woggle/internal/method/card"
	"woggle/internal/method/passkey"
	"woggle/internal/method/recovery"
	"woggle/internal/signin"
)

// Undone is what Restored did.
type Undone struct {
	Newest        time.Time // of the events in the backup: what was changed later is lost
	Links, Passes int64     // that are void
	Sets, Cards   int64     // of recovery codes, and printed cards, that are void
}

// Restored makes a database safe that was put back from a backup (threat T88). A backup is the past: sessions, open
// sign-ins, links, passes, first-use passwords, passwords that waited, recovery codes, cards, codes of apps and words of
// helpers that ended or were used since are back, so all of them end here.
func Restored(ctx context.Context, d *db.DB) (done Undone, err error) {
	err = d.Tx(ctx, func(tx *db.Tx) (err error) {
		done, err = undo(tx)
		return err
	})
	return done, err
}

// Restore puts a backup into a database, which was brought up to date, and makes it safe in the same transaction: there is no instant
// at which what was spent could be used. If there are people, their number must be that in replace. Its errors are ErrWrongKeys and
// those of backup.Restore.
func Restore(ctx context.Context, d *db.DB, ring *keys.Ring, path string, owners []age.Identity,
	replace int64) (m backup.Manifest, done Undone, err error) {
	m, err = backup.Restore(ctx, d, path, owners, replace, func(tx *db.Tx) error {
		mine, begun, err := belongs(tx, ring)
		if err != nil {
			return err
		}
		if begun && !mine {
			return ErrWrongKeys
		}
		done, err = undo(tx)
		return err
	})
	return m, done, err
}

func undo(tx *db.Tx) (done Undone, err error) {
	if done.Newest, err = audit.Newest(tx); err != nil {
		return done, err
	}
	if err := directory.Restored(tx); err != nil {
		return done, err
	}
	if done.Links, done.Passes, err = signin.Restored(tx, done.Newest); err != nil {
		return done, err
	}
	if err := authenticator.Restored(tx); err != nil {
		return done, err
	}
	if done.Sets, err = recovery.Restored(tx); err != nil {
		return done, err
	}
	if done.Cards, err = card.Restored(tx); err != nil {
		return done, err
	}
	if err := passkey.Restored(tx); err != nil {
		return done, err
	}
	if err := helping.Restored(tx); err != nil {
		return done, err
	}
	return done, audit.Record(tx, audit.Event{Type: audit.BackupRestored, Actor: audit.System})
}
