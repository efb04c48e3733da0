// Alarms: signs that somebody tries passwords on many people.
package signin

import (
	"encoding/hex"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/limit"
	"woggle/internal/message"
)

const day = 24 * time.Hour

var (
	spraying = limit.Rule{Name: "spraying", Max: 20, Window: 10 * time.Minute}
	sighting = limit.Rule{Name: "sighting", Max: 1, Window: 10 * time.Minute}
	alarms   = limit.Rule{Name: "alarm", Max: 1, Window: day}
)

// watch looks at a wrong password that was typed in a browser not known to the person. The same one for many people is
// somebody trying it on all of them; one person who mistypes it again and again is not.
func (f *Flow) watch(tx *db.Tx, a *Attempt, password string) error {
	if a.Known != "" {
		return nil
	}
	again, err := sighting.Take(tx, f.fingerprint(password, f.person(a)))
	if err != nil || again > 0 {
		return err
	}
	if _, err := spraying.Take(tx, f.fingerprint(password)); err != nil {
		return err
	}
	return f.alarm(tx, spraying, f.fingerprint(password), audit.Event{Type: audit.SprayingSuspected, Actor: audit.System})
}

// fingerprint is a short one of a password, and of whoever it was tried on: enough to see the same again, too short to
// find it.
func (f *Flow) fingerprint(password string, person ...string) string {
	return hex.EncodeToString(f.Keys.MAC("spray", append([]string{password}, person...)...)[:4])
}

// alarm records that a bound for all together was reached, once each time, and writes to the administrators, at most
// once a day.
func (f *Flow) alarm(tx *db.Tx, rule limit.Rule, who string, event audit.Event) error {
	began, err := rule.Began(tx, who)
	if err != nil || !began {
		return err
	}
	if err := audit.Record(tx, event); err != nil {
		return err
	}
	tx.AfterCommit(func() { f.Log.Warn("somebody tries passwords on many people", "limit", rule.Name) })
	if wait, err := alarms.Take(tx, ""); err != nil || wait > 0 || !f.Outbox.Serves(message.Email) {
		return err
	}
	administrators, err := directory.Administrators(tx)
	if err != nil {
		return err
	}
	for _, administrator := range administrators {
		if administrator.Email == "" || administrator.Status != directory.Active {
			continue
		}
		// No button "this wasn't me": their own account is well.
		if err := f.mail(tx, administrator, mail{purpose: message.Notice, key: "signin.notice.guessing"}); err != nil {
			return err
		}
	}
	return nil
}
