// For how long events are kept.
package audit

import (
	"strconv"
	"time"

	"woggle/internal/db"
	"woggle/internal/keys"
)

// DefaultKeep is for how many days events are kept where nothing else was decided: long enough for what comes out late, such as at the
// audit of a year, and no longer, because they say where people were.
const DefaultKeep = 730

const keepSetting = "audit-keep"

// Keep is for how many days events are kept; 0 is for ever.
func Keep(tx *db.Tx) (days int, err error) {
	var text string
	found, err := tx.Found("SELECT value FROM settings WHERE name = $1", []any{keepSetting}, &text)
	if err != nil || !found {
		return DefaultKeep, err
	}
	return strconv.Atoi(text)
}

// SetKeep decides it, and records what held before.
func SetKeep(tx *db.Tx, actor string, days int) error {
	before, err := Keep(tx)
	if err != nil || before == days {
		return err
	}
	_, err = tx.Exec("INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
		keepSetting, strconv.Itoa(days))
	if err != nil {
		return err
	}
	return Record(tx, Event{Type: AuditKeepChanged, Actor: actor, Detail: Detail{"before": strconv.Itoa(before), "days": strconv.Itoa(days)}})
}

// Sweep deletes one block of events that are older than they are kept, and tells whether there was one. That it did is an event.
func Sweep(tx *db.Tx, ring *keys.Ring) (bool, error) {
	days, err := Keep(tx)
	if err != nil || days == 0 {
		return false, err
	}
	until := tx.Now.Add(-time.Duration(days) * 24 * time.Hour)
	done, err := Prune(tx, ring, until)
	if err != nil || !done {
		return false, err
	}
	return true, Record(tx, Event{Type: AuditPruned, Actor: System, Detail: Detail{"until": until.Format(time.DateOnly)}})
}
