// The SQL of connections, links and requests.
package externalmfa

import (
	"encoding/json"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/problem"
)

// MatchBy is how somebody is found who comes for the first time.
type MatchBy string

// The ways to find people. Their object id is what counts from then on.
const (
	ByLink      MatchBy = "link"         // not at all: an administrator links everybody
	ByUsername  MatchBy = "username"     // the user principal name is the user name here
	ByMicrosoft MatchBy = "microsoft365" // as the Microsoft 365 connection has matched them
)

// Connection is one app registration of a tenant, whose sign-ins we answer.
type Connection struct {
	ClientID  string // of the app registration; Entra's client id here is the same
	Tenant    string
	Cloud     string
	MatchBy   MatchBy
	CreatedAt time.Time
}

// Link says whose second step answers for an object of a tenant.
type Link struct {
	Tenant, Object string
	User           string
	Name           string // as Entra wrote it when the link was made
	CreatedAt      time.Time
}

const connectionColumns = "client_id, tenant, cloud, match_by, created_at"

func scanConnection(scan func(...any) error) (c Connection, err error) {
	var created int64
	err = scan(&c.ClientID, &c.Tenant, &c.Cloud, (*string)(&c.MatchBy), &created)
	c.CreatedAt = db.Time(created)
	return c, err
}

func findConnection(tx *db.Tx, clientID string) (c Connection, found bool, err error) {
	err = tx.Each("SELECT "+connectionColumns+" FROM external_mfa_connections WHERE client_id = $1", []any{clientID},
		func(scan func(...any) error) (err error) {
			found = true
			c, err = scanConnection(scan)
			return err
		})
	return c, found, err
}

// Connections are all connections, the oldest first.
func Connections(tx *db.Tx) (all []Connection, err error) {
	err = tx.Each("SELECT "+connectionColumns+" FROM external_mfa_connections ORDER BY created_at, client_id", nil,
		func(scan func(...any) error) error {
			c, err := scanConnection(scan)
			all = append(all, c)
			return err
		})
	return all, err
}

// Connect stores a connection, or changes the one with the client id, and records it.
func Connect(tx *db.Tx, actor string, c Connection) error {
	_, err := tx.Exec(`INSERT INTO external_mfa_connections (`+connectionColumns+`) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (client_id) DO UPDATE SET tenant = excluded.tenant, cloud = excluded.cloud, match_by = excluded.match_by`,
		c.ClientID, c.Tenant, c.Cloud, string(c.MatchBy), tx.Now.UnixMilli())
	if err != nil {
		return err
	}
	return audit.Record(tx, audit.Event{Type: audit.ExternalMFAConnected, Actor: actor,
		Detail: audit.Detail{"tenant": c.Tenant, "client": c.ClientID, "match": string(c.MatchBy)}})
}

// Disconnect deletes a connection and records it: from then on its sign-ins are turned away. Links stay, because they stay
// true. It tells whether it was there.
func Disconnect(tx *db.Tx, actor, clientID string) (bool, error) {
	n, err := tx.Exec("DELETE FROM external_mfa_connections WHERE client_id = $1", clientID)
	if err != nil || n == 0 {
		return false, err
	}
	return true, audit.Record(tx, audit.Event{Type: audit.ExternalMFARemoved, Actor: actor, Detail: audit.Detail{"client": clientID}})
}

const linkColumns = "tenant, object, user_id, name, created_at"

// links are those that the condition finds.
func links(tx *db.Tx, where string, args ...any) (all []Link, err error) {
	err = tx.Each("SELECT "+linkColumns+" FROM external_mfa_links WHERE "+where, args, func(scan func(...any) error) error {
		var l Link
		var created int64
		err := scan(&l.Tenant, &l.Object, &l.User, &l.Name, &created)
		l.CreatedAt = db.Time(created)
		all = append(all, l)
		return err
	})
	return all, err
}

// Links are the links of a tenant, at most count after the object id after, by which they are ordered.
func Links(tx *db.Tx, tenant, after string, count int) ([]Link, error) {
	return links(tx, "tenant = $1 AND object > $2 ORDER BY object LIMIT $3", tenant, after, count)
}

func linkOf(tx *db.Tx, tenant, object string) (Link, bool, error) {
	return one(links(tx, "tenant = $1 AND object = $2", tenant, object))
}

func linkOfUser(tx *db.Tx, tenant, user string) (Link, bool, error) {
	return one(links(tx, "user_id = $2 AND tenant = $1", tenant, user))
}

func one(all []Link, err error) (Link, bool, error) {
	if err != nil || len(all) == 0 {
		return Link{}, false, err
	}
	return all[0], true, nil
}

// Tie links a person and an object, and records it. Its error is Invalid where either is linked to another: which of them
// is meant, only somebody who knows both can say, who takes the old link away first.
func Tie(tx *db.Tx, actor string, l Link) error {
	if !isGUID(l.Object) {
		return problem.New(problem.Invalid, "externalmfa.no-object")
	}
	n, err := tx.Exec("INSERT INTO external_mfa_links ("+linkColumns+") VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
		l.Tenant, l.Object, l.User, l.Name, tx.Now.UnixMilli())
	if err != nil {
		return err
	}
	if n == 0 {
		there, found, err := linkOf(tx, l.Tenant, l.Object)
		if err == nil && (!found || there.User != l.User) {
			err = problem.New(problem.Invalid, "externalmfa.linked-already")
		}
		return err
	}
	return audit.Record(tx, audit.Event{Type: audit.ExternalMFALinked, Actor: actor, User: l.User,
		Detail: audit.Detail{"name": l.Name, "tenant": l.Tenant, "object": l.Object}})
}

// Untie deletes the links of a person, in all tenants, and records it. It tells how many there were.
func Untie(tx *db.Tx, actor, user string) (int, error) {
	all, err := links(tx, "user_id = $1 ORDER BY tenant", user)
	for _, l := range all {
		if _, err := tx.Exec("DELETE FROM external_mfa_links WHERE tenant = $1 AND object = $2", l.Tenant, l.Object); err != nil {
			return 0, err
		}
		err := audit.Record(tx, audit.Event{Type: audit.ExternalMFAUnlinked, Actor: actor, User: user,
			Detail: audit.Detail{"name": l.Name, "tenant": l.Tenant, "object": l.Object}})
		if err != nil {
			return 0, err
		}
	}
	return len(all), err
}

// asked is a request that was kept.
type asked struct {
	question
	ClientID   string
	User       string // whom the attempt is about
	Attempt    string // empty until it was begun
	Not        whyNot // why nobody can be asked; decided once
	CreatedAt  time.Time
	AnsweredAt time.Time
	id         []byte // fingerprint, which is its key
}

// keep stores a request once. It tells whether it is new: of two that have the same nonce and state, one is.
func keep(tx *db.Tx, id, once []byte, clientID string, q question) (bool, error) {
	data, err := json.Marshal(q)
	if err != nil {
		return false, err
	}
	n, err := tx.Exec(`INSERT INTO external_mfa_requests (id_hash, once, client_id, data, created_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (once) DO NOTHING`, id, once, clientID, string(data), tx.Now.UnixMilli())
	return n == 1, err
}

// findAsked is the request with one of the fingerprints, or nil.
func findAsked(tx *db.Tx, ids [][]byte) (*asked, error) {
	for _, id := range ids {
		a := &asked{id: id}
		var data string
		var created, answered int64
		found, err := tx.Found(`SELECT client_id, data, user_id, attempt_id, refused, created_at, answered_at FROM external_mfa_requests
			WHERE id_hash = $1`, []any{id}, &a.ClientID, &data, &a.User, &a.Attempt, (*string)(&a.Not), &created, &answered)
		if err != nil || found {
			a.CreatedAt, a.AnsweredAt = db.Time(created), db.Time(answered)
			if err == nil {
				err = json.Unmarshal([]byte(data), &a.question)
			}
			return a, err
		}
	}
	return nil, nil
}

// begun notes the attempt of a request. Of two windows that open it at once, one begins; the other runs again.
func (a *asked) begun(tx *db.Tx, user, attempt string) error {
	n, err := tx.Exec("UPDATE external_mfa_requests SET user_id = $2, attempt_id = $3 WHERE id_hash = $1 AND attempt_id = '' AND answered_at = 0",
		a.id, user, attempt)
	if err == nil && n == 0 {
		return db.ErrStale
	}
	return err
}

// refuse notes why nobody can be asked. It tells whether that is new.
func (a *asked) refuse(tx *db.Tx, not whyNot) (bool, error) {
	n, err := tx.Exec("UPDATE external_mfa_requests SET refused = $2 WHERE id_hash = $1 AND refused = ''", a.id, string(not))
	return n == 1, err
}

// answered uses a request up. Of two answers at once, one is given.
func (a *asked) answered(tx *db.Tx) error {
	n, err := tx.Exec("UPDATE external_mfa_requests SET answered_at = $2 WHERE id_hash = $1 AND answered_at = 0", a.id, tx.Now.UnixMilli())
	if err == nil && n == 0 {
		return db.ErrStale
	}
	return err
}

// Sweep deletes requests that are long over. A nonce and state are remembered for longer than any hint is believed.
func Sweep(tx *db.Tx) error {
	_, err := tx.Exec("DELETE FROM external_mfa_requests WHERE created_at < $1", tx.Now.Add(-24*time.Hour).UnixMilli())
	return err
}
