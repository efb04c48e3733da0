// Visits: which apps a session has signed in to, and when that is over.
package session

import (
	"time"

	"woggle/internal/db"
	"woggle/internal/directory"
)

// Visit is a session's stay at an app. It ends with its session, in the same transaction.
type Visit struct {
	ID      string // what the app calls it: sid (OpenID Connect Back-Channel Logout section 2.1), SessionIndex (SAML)
	Session string
	User    string
	App     string
	Epoch   int64
	Offline bool   // the app may go on after the person has signed out, as was asked for (OpenID Connect Core section 11)
	Data    string // the protocol's own, such as the name by which the app knows the person
	EndedAt time.Time
	Revoked bool // it ended for another reason than that the person signed out: nothing of it goes on
}

// Visit notes that the session has signed in to the app, and gives the one stay that it has there. What was noted as
// offline stays so. Its error is Gone when the session was ended a moment ago: a visit that began after that would never
// be ended with it.
func (m *Manager) Visit(tx *db.Tx, s *Session, app, data string, offline bool) (Visit, error) {
	if err := hold(tx, s.ID); err != nil {
		return Visit{}, err
	}
	return enter(tx, Visit{ID: db.NewID(), Session: s.ID, User: s.User.ID, App: app, Epoch: s.User.Epoch, Offline: offline, Data: data}, s.ExpiresAt)
}

// VisitLive is what makes a grant of a visit count, for the queries of protocols: v is the visit, u its user, and $now
// stands for the number of the argument with the time in milliseconds. A visit of a session that has just run out is over;
// one that is offline goes on.
func VisitLive(now string) string {
	return `NOT v.revoked AND u.status = 'active' AND u.epoch = v.epoch AND (v.offline OR v.ended_at = 0 AND v.expires_at > ` + now + `)`
}

// VisitsOf are the stays of the session that are not over.
func VisitsOf(tx *db.Tx, session string) ([]Visit, error) {
	return visits(tx, "WHERE session_id = $1 AND ended_at = 0 ORDER BY id", session)
}

// Settle ends the visits of people all of whose sessions were ended at once: their account was disabled, or they said that
// it was not them. Their grants were worth nothing from that moment; this is for the apps, which are told.
func Settle(tx *db.Tx) error {
	users, err := directory.Endings(tx, 100)
	if err != nil {
		return err
	}
	for _, id := range users {
		if err := settle(tx, id); err != nil {
			return err
		}
		if err := directory.SeenTo(tx, id); err != nil {
			return err
		}
	}
	return nil
}
