// Making a pass, and recognising one.
package accesspass

import (
	"strings"
	"time"

	"woggle/internal/audit"
	"woggle/internal/code"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/keys"
	"woggle/internal/problem"
	"woggle/internal/signin"
)

// length is 12 characters, 59 bits: with the person's name and bounded tries more than the 40 that are asked for
// (NIST SP 800-63B-4 section 4.1.1).
const length = 12

// Shortest and Longest are how long a pass may live. It may begin up to Ahead from now.
const (
	Shortest = 10 * time.Minute
	Longest  = 30 * 24 * time.Hour
	Ahead    = 90 * 24 * time.Hour
)

// Issue gives the user a new pass on the terms, and voids the one before. It is returned in groups of four and stored nowhere.
// Its errors are Invalid problems of the fields life and from.
func Issue(tx *db.Tx, ring *keys.Ring, actor string, user directory.User, terms signin.PassTerms) (string, error) {
	if terms.Life < Shortest || terms.Life > Longest {
		return "", problem.Field("life", "accesspass.life")
	}
	if terms.From.After(tx.Now.Add(Ahead)) {
		return "", problem.Field("from", "accesspass.ahead")
	}
	if terms.From.Before(tx.Now) {
		terms.From = tx.Now
	}
	pass := code.Letters(length)
	if err := signin.DeleteMethods(tx, user.ID, signin.AccessPass); err != nil {
		return "", err
	}
	err := signin.InsertMethod(tx, signin.Enrolled{ID: db.NewID(), User: user.ID, Kind: signin.AccessPass,
		Secret: fingerprint(ring, user.ID, pass), Data: signin.PassData(terms), StartsAt: terms.From, ExpiresAt: terms.From.Add(terms.Life)})
	if err != nil {
		return "", err
	}
	return code.Grouped(pass), audit.Record(tx, audit.Event{Type: audit.PassIssued, Actor: actor, User: user.ID,
		Detail: audit.Detail{"from": terms.From.UTC().Format(time.RFC3339), "until": terms.From.Add(terms.Life).UTC().Format(time.RFC3339)}})
}

// Match finds the attempt's person's pass, if typed is it and it works at the time, as far as it counts still (signin.PassStands):
// that is asked only of who typed the right one, so that no answer's time tells who has a pass.
func Match(ring *keys.Ring) func(tx *db.Tx, a *signin.Attempt, typed string, at time.Time) (signin.Enrolled, bool, error) {
	return func(tx *db.Tx, a *signin.Attempt, typed string, at time.Time) (signin.Enrolled, bool, error) {
		pass := clean(typed)
		for _, e := range a.Enrolled {
			if e.Kind == signin.AccessPass && len(pass) == length && !e.StartsAt.After(at) && e.ExpiresAt.After(at) &&
				ring.CheckMAC(e.Secret, "pass", e.User, pass) {
				stands, err := signin.PassStands(tx, a.User, e)
				return e, stands, err
			}
		}
		return signin.Enrolled{}, false, nil
	}
}

func fingerprint(ring *keys.Ring, user, pass string) []byte { return ring.MAC("pass", user, pass) }

// clean reads a pass as people type it: any case, with spaces or dashes.
func clean(typed string) string {
	if len(typed) > 64 {
		return ""
	}
	return strings.NewReplacer(" ", "", "-", "", "\u00a0", "", "\u2013", "").Replace(strings.ToLower(strings.TrimSpace(typed)))
}
