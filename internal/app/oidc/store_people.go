// The SQL of what people said yes to: consents and devices.
package oidc

import (
	"strings"
	"time"

	"woggle/internal/db"
)

func consentOf(tx *db.Tx, user, app string) (scope []string, at time.Time, err error) {
	var text string
	var given int64
	_, err = tx.Found("SELECT scope, given_at FROM oidc_consents WHERE user_id = $1 AND app_id = $2", []any{user, app}, &text, &given)
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
