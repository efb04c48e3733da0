// The SQL of apps: their secrets, their assertions, the requests that they sent ahead.
package oidc

import (
	"encoding/json"
	"net/url"
	"time"

	"woggle/internal/db"
)

func insertSecret(tx *db.Tx, app string, hash []byte) error {
	_, err := tx.Exec("INSERT INTO oidc_secrets (id, app_id, hash, created_at) VALUES ($1, $2, $3, $4)", db.NewID(), app, hash, tx.Now.UnixMilli())
	return err
}

// endSecrets ends all secrets of the app but the newest.
func endSecrets(tx *db.Tx, app string, keep int) error {
	_, err := tx.Exec("DELETE FROM oidc_secrets WHERE app_id = $1 AND id NOT IN (SELECT id FROM oidc_secrets WHERE app_id = $1 ORDER BY id DESC LIMIT $2)",
		app, keep)
	return err
}

func secretHashes(tx *db.Tx, app string) (hashes [][]byte, err error) {
	err = tx.Each("SELECT hash FROM oidc_secrets WHERE app_id = $1", []any{app}, func(scan func(...any) error) error {
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
