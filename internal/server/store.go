// The SQL of what the installation knows about itself: which key file it was begun with, and how late it is.
package server

import (
	"context"
	"encoding/base64"
	"errors"
	"strconv"
	"time"

	"woggle/internal/db"
	"woggle/internal/keys"
)

const (
	keySetting   = "key-check"
	clockSetting = "clock" // the latest time that any node has seen, in UTC milliseconds
)

// ErrWrongKeys says that the key file does not belong to the database.
var ErrWrongKeys = errors.New("this key file does not belong to this database: nothing in it could be read, and nobody could sign in; " +
	"put the key file back with which the database was begun")

// CheckKeys tells whether the ring is the one that the database was begun with, and begins it if it is new. Of two
// nodes that begin it at once with two key files, one is refused. Its errors are ErrWrongKeys and the database's.
func CheckKeys(ctx context.Context, d *db.DB, ring *keys.Ring) error {
	belongs, begun, err := Belongs(ctx, d, ring)
	if err == nil && !begun {
		err = d.Tx(ctx, func(tx *db.Tx) error {
			mine := base64.StdEncoding.EncodeToString(ring.MAC(keySetting))
			_, err := tx.Exec("INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING", keySetting, mine)
			return err
		})
		if err == nil {
			belongs, _, err = Belongs(ctx, d, ring)
		}
	}
	if err == nil && !belongs {
		return ErrWrongKeys
	}
	return err
}

// Belongs tells whether the database was begun, and if so whether with the ring, which may be nil.
func Belongs(ctx context.Context, d *db.DB, ring *keys.Ring) (mine, begun bool, err error) {
	err = d.View(ctx, func(tx *db.Tx) error {
		mine, begun, err = belongs(tx, ring)
		return err
	})
	return mine, begun, err
}

func belongs(tx *db.Tx, ring *keys.Ring) (mine, begun bool, err error) {
	var mark string
	begun, err = tx.Found("SELECT value FROM settings WHERE name = $1", []any{keySetting}, &mark)
	if err != nil || !begun || ring == nil {
		return false, begun, err
	}
	mac, err := base64.StdEncoding.DecodeString(mark)
	return err == nil && ring.CheckMAC(mac, keySetting), begun, err
}

// TimeBehind is how far this node's clock is behind the latest time that any node has seen; zero if it is not.
func TimeBehind(ctx context.Context, d *db.DB) (behind time.Duration, err error) {
	err = d.View(ctx, func(tx *db.Tx) (err error) {
		behind, err = timeBehind(tx)
		return err
	})
	return max(0, behind), err
}

func timeBehind(tx *db.Tx) (time.Duration, error) {
	var text string
	found, err := tx.Found("SELECT value FROM settings WHERE name = $1", []any{clockSetting}, &text)
	if err != nil || !found {
		return 0, err
	}
	latest, err := strconv.ParseInt(text, 10, 64)
	return time.Duration(latest-tx.Now.UnixMilli()) * time.Millisecond, err
}

// MarkTime notes the time of this node's clock, unless a later one is noted, and tells how far it is behind that.
func MarkTime(ctx context.Context, d *db.DB) (behind time.Duration, err error) {
	err = d.Tx(ctx, func(tx *db.Tx) error {
		if behind, err = timeBehind(tx); err != nil || behind > 0 {
			return err
		}
		return setTime(tx)
	})
	return max(0, behind), err
}

// AcceptTime believes this node's clock, though a later time was seen.
func AcceptTime(ctx context.Context, d *db.DB) error { return d.Tx(ctx, setTime) }

func setTime(tx *db.Tx) error {
	_, err := tx.Exec(`INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
		clockSetting, strconv.FormatInt(tx.Now.UnixMilli(), 10))
	return err
}
