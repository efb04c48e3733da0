// The SQL of the apps that approve sign-ins.
package authenticator

import (
	"time"

	"woggle/internal/db"
	"woggle/internal/limit"
)

const deviceColumns = `id, user_id, COALESCE(method_id, ''), challenge_id, epoch, push`

func findDevice(tx *db.Tx, where string, arg string) (d device, found bool, err error) {
	found, err = tx.Found(`SELECT `+deviceColumns+` FROM authenticator_devices WHERE `+where+` = $1`, []any{arg},
		&d.ID, &d.User, &d.Method, &d.Challenge, &d.Epoch, &d.Push)
	return d, found, err
}

func deviceByID(tx *db.Tx, id string) (device, bool, error) { return findDevice(tx, "id", id) }

func deviceOfMethod(tx *db.Tx, method string) (device, bool, error) {
	return findDevice(tx, "method_id", method)
}

func deviceOfSetUp(tx *db.Tx, challenge string) (device, bool, error) {
	return findDevice(tx, "challenge_id", challenge)
}

// insertDevice stores an app that waits for its authenticator. It tells whether its key is a new one.
func insertDevice(tx *db.Tx, d device) (bool, error) {
	n, err := tx.Exec(`INSERT INTO authenticator_devices (id, user_id, challenge_id, epoch, push, created_at, seen_at) VALUES ($1, $2, $3, $4, $5, $6, $6)
		ON CONFLICT (id) DO NOTHING`, d.ID, d.User, d.Challenge, d.Epoch, d.Push, tx.Now.UnixMilli())
	return n == 1, err
}

// bindDevice gives the app its authenticator.
func bindDevice(tx *db.Tx, id, method string, epoch int64) error {
	_, err := tx.Exec("UPDATE authenticator_devices SET method_id = $2, epoch = $3 WHERE id = $1", id, method, epoch)
	return err
}

// reviveDevice lets the app of an authenticator go on after every session of its person was ended.
func reviveDevice(tx *db.Tx, method string, epoch int64) error {
	_, err := tx.Exec("UPDATE authenticator_devices SET epoch = $2 WHERE method_id = $1 AND epoch <> $2", method, epoch)
	return err
}

func setPush(tx *db.Tx, id string, push []byte) error {
	_, err := tx.Exec("UPDATE authenticator_devices SET push = $2 WHERE id = $1", id, push)
	return err
}

// dropPush forgets where an app is reached, unless it has said it anew.
func dropPush(tx *db.Tx, d device) error {
	_, err := tx.Exec("UPDATE authenticator_devices SET push = NULL WHERE id = $1 AND push = $2", d.ID, d.Push)
	return err
}

// seenAfter is how often it is written down that an app was there.
const seenAfter = time.Minute

func seeDevice(tx *db.Tx, id string) error {
	_, err := tx.Exec("UPDATE authenticator_devices SET seen_at = $2 WHERE id = $1 AND seen_at <= $3", id, tx.Now.UnixMilli(), tx.Now.Add(-seenAfter).UnixMilli())
	return err
}

func deleteDevice(tx *db.Tx, id string) error {
	_, err := tx.Exec("DELETE FROM authenticator_devices WHERE id = $1", id)
	return err
}

// spendProof uses a proof up, and tells whether it is new: of two that show it at once, on any node, one does.
func spendProof(tx *db.Tx, hash []byte, until time.Time) (bool, error) {
	n, err := tx.Exec("INSERT INTO authenticator_proofs (hash, until) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING", hash, until.UnixMilli())
	return n == 1, err
}

// Sweep deletes what is over: proofs that would be too old, apps whose set-up was left, and how often apps asked.
func Sweep(tx *db.Tx) error {
	if err := limit.Forget(tx, deviceAsks, devicePairs, deviceUnknown); err != nil {
		return err
	}
	if _, err := tx.Exec("DELETE FROM authenticator_proofs WHERE until < $1", tx.Now.UnixMilli()); err != nil {
		return err
	}
	_, err := tx.Exec("DELETE FROM authenticator_devices WHERE method_id IS NULL AND created_at < $1", tx.Now.Add(-24*time.Hour).UnixMilli())
	return err
}
