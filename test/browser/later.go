// Time that goes by. The program has no clock that could be moved, and nobody waits in a test; so the records grow older.
package browser

import (
	"context"
	"encoding/json"
	"path/filepath"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/session"
	"woggle/internal/signin"
)

// ages are the records that live for a while, and their times.
var ages = []string{
	"UPDATE attempts SET created_at = created_at - $1, touched_at = touched_at - $1",
	"UPDATE challenges SET created_at = created_at - $1, sent_at = sent_at - $1, expires_at = expires_at - $1",
	"UPDATE methods SET starts_at = starts_at - $1, expires_at = expires_at - $1 WHERE expires_at > 0",
	"UPDATE links SET expires_at = expires_at - $1",
	"UPDATE limits SET started_at = started_at - $1, blocked_until = blocked_until - $1",
	"UPDATE sessions SET created_at = created_at - $1, auth_at = auth_at - $1, seen_at = seen_at - $1, expires_at = expires_at - $1",
}

// Later makes everything in the records older that lives for a while: proofs and sessions, sign-ins in progress, codes,
// cards and passes, links, and tries that were counted.
func (c *County) Later(age time.Duration) {
	c.t.Helper()
	c.records(func(tx *db.Tx) error {
		for _, statement := range ages {
			if _, err := tx.Exec(statement, age.Milliseconds()); err != nil {
				return err
			}
		}
		return olderProofs(tx, age)
	})
}

// Decides sets the policy of the organisation.
func (c *County) Decides(p signin.Policy) {
	c.t.Helper()
	c.records(func(tx *db.Tx) error { return signin.SetPolicy(tx, audit.System, p) })
}

// records changes the records of the program behind its back.
func (c *County) records(change func(tx *db.Tx) error) {
	c.t.Helper()
	files, err := filepath.Glob(filepath.Join(c.folder, "*", "woggle.db"))
	if err != nil || len(files) != 1 {
		c.t.Fatalf("the records are in %v: %v", files, err)
	}
	records, err := db.Open("sqlite:"+files[0], time.Now)
	if err != nil {
		c.t.Fatal(err)
	}
	defer records.Close()
	if err := records.Tx(context.Background(), change); err != nil {
		c.t.Fatal(err)
	}
}

// olderProofs makes older what was proved in each session.
func olderProofs(tx *db.Tx, age time.Duration) error {
	proofs := map[string][]session.Proof{}
	err := tx.Each("SELECT id, proofs FROM sessions", nil, func(scan func(...any) error) error {
		var id, raw string
		var made []session.Proof
		if err := scan(&id, &raw); err != nil {
			return err
		}
		err := json.Unmarshal([]byte(raw), &made)
		proofs[id] = made
		return err
	})
	if err != nil {
		return err
	}
	for id, made := range proofs {
		for i := range made {
			made[i].At = made[i].At.Add(-age)
		}
		raw, err := json.Marshal(made)
		if err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE sessions SET proofs = $2 WHERE id = $1", id, string(raw)); err != nil {
			return err
		}
	}
	return nil
}
