// The SQL of SAML.
package saml

import (
	"encoding/json"
	"time"

	"woggle/internal/db"
)

// pairwise is the name by which the app of the entity id knows the user for good, and no other app does. It is random, so
// that nobody works out one name from another, and stays when keys change.
func pairwise(tx *db.Tx, entity, user string) (name string, err error) {
	for range 2 {
		found, err := tx.Found("SELECT name FROM saml_names WHERE entity = $1 AND user_id = $2", []any{entity, user}, &name)
		if err != nil || found {
			return name, err
		}
		_, err = tx.Exec(`INSERT INTO saml_names (entity, user_id, name, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (entity, user_id) DO NOTHING`,
			entity, user, db.NewToken()[:26], tx.Now.UnixMilli()) // 130 bits
		if err != nil {
			return "", err
		}
	}
	return "", db.ErrStale // another node makes the name at this moment: once more, to see it
}

// first notes that the request of the app is answered, and tells whether it is the first time (threat T72).
func first(tx *db.Tx, entity, id string) (bool, error) {
	n, err := tx.Exec(`INSERT INTO saml_requests (entity, id, at) VALUES ($1, $2, $3) ON CONFLICT (entity, id) DO NOTHING`,
		entity, id, tx.Now.UnixMilli())
	return n == 1, err
}

func insertFarewell(tx *db.Tx, f *farewell, browser []byte) error {
	raw, err := json.Marshal(f)
	if err != nil {
		return err
	}
	_, err = tx.Exec("INSERT INTO saml_farewells (id, browser_hash, data, version, created_at) VALUES ($1, $2, $3, 0, $4)",
		f.id, browser, string(raw), tx.Now.UnixMilli())
	return err
}

// findFarewell is the farewell with the id, if it belongs to the browser or to none yet and is not long over; or nil. An
// answer of an app comes without the browser's cookies: then there are no browsers, and any will do.
func findFarewell(tx *db.Tx, id string, browsers [][]byte) (*farewell, error) {
	var raw string
	var owner []byte
	f := &farewell{id: id}
	found, err := tx.Found("SELECT data, version, browser_hash FROM saml_farewells WHERE id = $1 AND created_at > $2",
		[]any{id, tx.Now.Add(-farewellLife).UnixMilli()}, &raw, &f.version, &owner)
	if err != nil || !found {
		return nil, err
	}
	if f.bound = owner != nil; f.bound && browsers != nil && !oneOf(owner, browsers) {
		return nil, nil
	}
	return f, json.Unmarshal([]byte(raw), f)
}

// updateFarewell stores the farewell, and binds it to the browser if it was nobody's. When somebody else was faster, the
// transaction runs again.
func updateFarewell(tx *db.Tx, f *farewell, browser []byte) error {
	raw, err := json.Marshal(f)
	if err != nil {
		return err
	}
	n, err := tx.Exec("UPDATE saml_farewells SET data = $3, version = version + 1, browser_hash = COALESCE(browser_hash, $4) WHERE id = $1 AND version = $2",
		f.id, f.version, string(raw), browser)
	if err == nil && n == 0 {
		err = db.ErrStale
	}
	return err
}

// How long is remembered what was answered: longer than a request can wait, which is the desk's hour and our five minutes.
const (
	remembered   = 2 * time.Hour
	farewellLife = time.Hour
)

// Sweep deletes a part of what is long over, and tells whether there may be more. No rule depends on it.
func Sweep(tx *db.Tx) (more bool, err error) {
	const part = 1000
	answered, err := tx.Exec(`DELETE FROM saml_requests WHERE (entity, id) IN (SELECT entity, id FROM saml_requests WHERE at < $1 LIMIT $2)`,
		tx.Now.Add(-remembered).UnixMilli(), part)
	if err != nil {
		return false, err
	}
	left, err := tx.Exec(`DELETE FROM saml_farewells WHERE id IN (SELECT id FROM saml_farewells WHERE created_at < $1 LIMIT $2)`,
		tx.Now.Add(-farewellLife).UnixMilli(), part)
	return answered == part || left == part, err
}
