// The SQL beside grants: of apps (secrets, assertions, what they sent ahead, what they are told of), and of what people said yes to
// (consents, devices).
package oidc

import (
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"woggle/internal/db"
	"woggle/internal/problem"
	"woggle/internal/session"
)

// insertSecret keeps a secret, of an app that is there. An app that was removed and added again begins with none: a secret is
// never older than its app, whatever the clocks of two nodes say.
func insertSecret(tx *db.Tx, app string, hash []byte) error {
	n, err := tx.Exec(`INSERT INTO oidc_secrets (id, app_id, hash, created_at)
		SELECT $1, a.id, $3, CASE WHEN a.created_at > $4 THEN a.created_at ELSE $4 END FROM apps a WHERE a.id = $2`,
		db.NewID(), app, hash, tx.Now.UnixMilli())
	if err == nil && n == 0 {
		err = problem.New(problem.NotFound, "app.unknown")
	}
	return err
}

// endSecrets ends all secrets of the app but the newest.
func endSecrets(tx *db.Tx, app string, keep int) error {
	_, err := tx.Exec("DELETE FROM oidc_secrets WHERE app_id = $1 AND id NOT IN (SELECT id FROM oidc_secrets WHERE app_id = $1 ORDER BY id DESC LIMIT $2)",
		app, keep)
	return err
}

func secretHashes(tx *db.Tx, app string) (hashes [][]byte, err error) {
	err = tx.Each("SELECT s.hash FROM oidc_secrets s JOIN apps a ON a.id = s.app_id WHERE s.app_id = $1 AND s.created_at >= a.created_at", []any{app}, func(scan func(...any) error) error {
		var hash []byte
		err := scan(&hash)
		hashes = append(hashes, hash)
		return err
	})
	return hashes, err
}

// spendAssertion tells whether an assertion comes for the first time.
func spendAssertion(tx *db.Tx, hash []byte, until time.Time) (bool, error) {
	n, err := tx.Exec("INSERT INTO oidc_assertions (hash, expires_at) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING", hash, db.Millis(until))
	return n == 1, err
}

func insertPushed(tx *db.Tx, hash []byte, app string, params url.Values, until time.Time) error {
	raw, err := json.Marshal(params)
	if err != nil {
		return err
	}
	_, err = tx.Exec("INSERT INTO oidc_pushed (hash, app_id, params, expires_at) VALUES ($1, $2, $3, $4)", hash, app, string(raw), db.Millis(until))
	return err
}

// takePushed takes a request that the app has sent ahead: once (RFC 9126 section 4).
func takePushed(tx *db.Tx, hash []byte, app string) (params url.Values, found bool, err error) {
	var raw string
	found, err = tx.Found("DELETE FROM oidc_pushed WHERE hash = $1 AND app_id = $2 AND expires_at > $3 RETURNING params",
		[]any{hash, app, tx.Now.UnixMilli()}, &raw)
	if err != nil || !found {
		return nil, false, err
	}
	return params, true, json.Unmarshal([]byte(raw), &params)
}

// untold are visits to the app that are over, and that it is time to tell of, the oldest first.
func untold(tx *db.Tx, app string, count int) (all []told, err error) {
	err = tx.Each(`SELECT v.id, v.user_id, v.app_id, v.ended_at, COALESCE(l.tries, 0) FROM visits v LEFT JOIN oidc_logouts l ON l.visit_id = v.id
		WHERE v.app_id = $1 AND v.ended_at > 0 AND v.ended_at > $2 AND v.told_at = 0 AND COALESCE(l.next_at, 0) <= $3 ORDER BY v.ended_at LIMIT $4`,
		[]any{app, tx.Now.Add(-toldGiveUp - toldLongest).UnixMilli(), tx.Now.UnixMilli(), count}, func(scan func(...any) error) error {
			var t told
			var ended int64
			err := scan(&t.ID, &t.User, &t.App, &ended, &t.Tries)
			t.EndedAt = db.Time(ended)
			all = append(all, t)
			return err
		})
	return all, err
}

// claimVisit keeps other nodes from telling of the visit for a while: of several at once, one may.
func claimVisit(tx *db.Tx, visit string, pause time.Duration) (bool, error) {
	n, err := tx.Exec(`INSERT INTO oidc_logouts (visit_id, tries, next_at) VALUES ($1, 1, $3)
		ON CONFLICT (visit_id) DO UPDATE SET tries = oidc_logouts.tries + 1, next_at = excluded.next_at WHERE oidc_logouts.next_at <= $2`,
		visit, tx.Now.UnixMilli(), tx.Now.Add(pause).UnixMilli())
	return n == 1, err
}

// strikeOff notes that the app was told, or never will be. The claim stays for longer than anybody could still hold the visit for
// untold: a node that had read it before may be about to claim it.
func strikeOff(tx *db.Tx, visit string) error {
	if err := session.Told(tx, visit); err != nil {
		return err
	}
	_, err := tx.Exec("UPDATE oidc_logouts SET next_at = $2 WHERE visit_id = $1", visit, tx.Now.Add(2*toldGiveUp).UnixMilli())
	return err
}

func consentOf(tx *db.Tx, user, app string) (scope []string, at time.Time, err error) {
	var text string
	var given int64
	_, err = tx.Found(`SELECT c.scope, c.given_at FROM oidc_consents c JOIN apps a ON a.id = c.app_id
		WHERE c.user_id = $1 AND c.app_id = $2 AND c.given_at >= a.created_at`, []any{user, app}, &text, &given)
	return strings.Fields(text), db.Time(given), err
}

func putConsent(tx *db.Tx, user, app string, scope []string) error {
	_, err := tx.Exec(`INSERT INTO oidc_consents (user_id, app_id, scope, given_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (user_id, app_id) DO UPDATE SET scope = excluded.scope, given_at = excluded.given_at`,
		user, app, strings.Join(scope, " "), tx.Now.UnixMilli())
	return err
}

func insertDevice(tx *db.Tx, d device, hash []byte) error {
	_, err := tx.Exec("INSERT INTO oidc_devices (id, code_hash, app_id, scope, pause, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
		d.ID, hash, d.App, strings.Join(d.Scope, " "), d.Pause.Milliseconds(), db.Millis(d.Expires))
	return err
}

func deviceByID(tx *db.Tx, id string) (device, bool, error) { return readDevice(tx, "id = $1", id) }

// waitingDevice is the device that shows the code and waits.
func waitingDevice(tx *db.Tx, hash []byte) (device, bool, error) {
	return readDevice(tx, "code_hash = $1 AND state = '' AND expires_at > $2", hash, tx.Now.UnixMilli())
}

func readDevice(tx *db.Tx, where string, args ...any) (d device, found bool, err error) {
	var scope string
	var pause, asked, expires int64
	found, err = tx.Found("SELECT id, app_id, scope, state, grant_id, pause, asked_at, expires_at FROM oidc_devices WHERE "+where, args,
		&d.ID, &d.App, &scope, &d.State, &d.Grant, &pause, &asked, &expires)
	d.Scope, d.Pause, d.AskedAt, d.Expires = strings.Fields(scope), time.Duration(pause)*time.Millisecond, db.Time(asked), db.Time(expires)
	return d, found, err
}

// moveDevice takes a device from one state to the next, once.
func moveDevice(tx *db.Tx, id, from, to, grant string) (bool, error) {
	n, err := tx.Exec("UPDATE oidc_devices SET state = $3, grant_id = $4 WHERE id = $1 AND state = $2", id, from, to, grant)
	return n == 1, err
}

func noteAsked(tx *db.Tx, d device) error {
	_, err := tx.Exec("UPDATE oidc_devices SET asked_at = $2, pause = $3 WHERE id = $1", d.ID, tx.Now.UnixMilli(), d.Pause.Milliseconds())
	return err
}
