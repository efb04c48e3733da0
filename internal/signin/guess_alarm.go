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

// strainedMost is how many wrong tries a network has while an attack on everybody is on.
const strainedMost = 3

var (
	everyone = limit.Rule{Name: "everyone", Max: 1000, Window: 10 * time.Minute}
	spraying = limit.Rule{Name: "spraying", Max: 20, Window: 10 * time.Minute}
	sighting = limit.Rule{Name: "sighting", Max: 1, Window: 10 * time.Minute}
	alarms   = limit.Rule{Name: "alarm", Max: 1, Window: day}
)

// strained tells how long a try has to wait, that was just counted, because of what others do. It binds no browser that
// the person has used before.
//
// Past the bound for everybody nobody is refused for the tries of others, because a stranger with many addresses could
// then keep out all who sign in for the first time: each network has few wrong tries instead of many.
func (f *Flow) strained(tx *db.Tx, a *Attempt, password string) (time.Duration, error) {
	if wait, err := spraying.Wait(tx, f.fingerprint(password)); err != nil || wait > 0 {
		return wait, err
	}
	wait, err := everyone.Wait(tx, "")
	if err != nil || wait == 0 {
		return 0, err
	}
	for _, b := range places(a, address, network) {
		// Its row is ours until the commit, so of many tries at once none is overlooked.
		if tries, err := b.rule.Tries(tx, b.who); err != nil || tries > strainedMost {
			return wait, err
		}
	}
	return 0, nil
}

// watch looks at a wrong password that was typed in a browser not known to the person. The same one for many people is
// somebody trying it on all of them; one person who mistypes it again and again is not.
func (f *Flow) watch(tx *db.Tx, a *Attempt, password string) error {
	if a.Known != "" {
		return nil
	}
	if _, err := everyone.Take(tx, ""); err != nil {
		return err
	}
	attack := audit.Event{Type: audit.GuessesBlocked, Actor: audit.System, Detail: audit.Detail{"limit": everyone.Name}}
	if err := f.alarm(tx, everyone, "", attack); err != nil {
		return err
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
	if wait, err := alarms.Take(tx, ""); err != nil || wait > 0 {
		return err
	}
	return f.Warn(tx, "signin.notice.guessing")
}

// Warn writes the letter of the key to all administrators. args are name, value pairs for its sentences.
func (f *Flow) Warn(tx *db.Tx, key string, args ...any) error {
	if !f.Outbox.Serves(message.Email) {
		return nil
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
		if err := f.mail(tx, administrator, mail{purpose: message.Notice, key: key, args: args}); err != nil {
			return err
		}
	}
	return nil
}
