// The SQL of apps and their requests.
package app

import (
	"encoding/json"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/problem"
	"woggle/internal/session"
)

const columns = "id, name, protocol, launch, logo, disabled, groups, need, tell, settings, from_file"

// List are all apps, in the order of their ids. Their settings are not parsed.
func List(tx *db.Tx) (all []*App, err error) {
	err = tx.Each("SELECT "+columns+" FROM apps ORDER BY id", nil, func(scan func(...any) error) error {
		var a App
		var groups, need, tell, settings string
		if err := scan(&a.ID, &a.Name, &a.Protocol, &a.Launch, &a.Logo, &a.Disabled, &groups, &need, &tell, &settings, &a.FromFile); err != nil {
			return err
		}
		a.Settings = json.RawMessage(settings)
		all = append(all, &a)
		return unpack(map[string]any{groups: &a.Groups, need: &a.Need, tell: &a.Tell})
	})
	return all, err
}

func unpack(texts map[string]any) error {
	for text, into := range texts {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			return err
		}
	}
	return nil
}

// Put stores the app, a new one or a change of one that is there, and records it. It has been checked.
func Put(tx *db.Tx, actor string, a *App) error {
	groups, err := json.Marshal(append([]string{}, a.Groups...))
	if err != nil {
		return err
	}
	need, err := json.Marshal(a.Need)
	if err != nil {
		return err
	}
	tell, err := json.Marshal(append([]string{}, a.Tell...))
	if err != nil {
		return err
	}
	settings := string(a.Settings)
	if settings == "" {
		settings = "{}"
	}
	var one int
	there, err := tx.Found("SELECT 1 FROM apps WHERE id = $1", []any{a.ID}, &one)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO apps (`+columns+`, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, protocol = excluded.protocol, launch = excluded.launch, logo = excluded.logo,
			disabled = excluded.disabled, groups = excluded.groups, need = excluded.need, tell = excluded.tell,
			settings = excluded.settings, from_file = excluded.from_file`,
		a.ID, a.Name, a.Protocol, a.Launch, a.Logo, a.Disabled, string(groups), string(need), string(tell), settings, a.FromFile, tx.Now.UnixMilli())
	if err != nil {
		return err
	}
	event := audit.AppAdded
	if there {
		event = audit.AppChanged
	}
	return audit.Record(tx, audit.Event{Type: event, Actor: actor, Detail: audit.Detail{"app": a.ID, "name": a.Name, "protocol": a.Protocol}})
}

// Remove deletes the app, ends what it was given, and records it; whoever is signed in to it there stays so there. Its error is
// NotFound.
func Remove(tx *db.Tx, actor, id string) error {
	var name string
	there, err := tx.Found("DELETE FROM apps WHERE id = $1 RETURNING name", []any{id}, &name)
	if err == nil && !there {
		err = problem.New(problem.NotFound, "app.unknown")
	}
	if err != nil {
		return err
	}
	if err := session.LeaveApp(tx, id); err != nil {
		return err
	}
	return audit.Record(tx, audit.Event{Type: audit.AppRemoved, Actor: actor, Detail: audit.Detail{"app": id, "name": name}})
}

func insertRequest(tx *db.Tx, q *Request, browser []byte) error {
	demand, err := json.Marshal(q.Demand)
	if err != nil {
		return err
	}
	q.CreatedAt = tx.Now
	_, err = tx.Exec(`INSERT INTO app_requests (id, protocol, app_id, data, demand, browser_hash, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		q.ID, q.Protocol, q.App.ID, string(q.Data), string(demand), browser, tx.Now.UnixMilli())
	return err
}

// findRequest is the request with the id if it belongs to the browser, or to none yet; nil where there is none.
func findRequest(tx *db.Tx, id string, browsers [][]byte) (q *Request, app string, err error) {
	for _, browser := range browsers {
		q = &Request{}
		var data, demand string
		var used, created int64
		// The fingerprint of the browser is part of the search, so that an address that was copied is worth nothing elsewhere.
		found, err := tx.Found(`SELECT id, protocol, app_id, data, demand, answered_for, used_at, created_at, browser_hash IS NOT NULL FROM app_requests
			WHERE id = $1 AND (browser_hash = $2 OR browser_hash IS NULL)`, []any{id, browser},
			&q.ID, &q.Protocol, &app, &data, &demand, &q.answered, &used, &created, &q.bound)
		if err != nil {
			return nil, "", err
		}
		if found {
			q.Data, q.CreatedAt, q.used = json.RawMessage(data), db.Time(created), used > 0
			return q, app, json.Unmarshal([]byte(demand), &q.Demand)
		}
	}
	return nil, "", nil
}

// nameOfRequest is the name of the app that has sent the request, or empty.
func nameOfRequest(tx *db.Tx, id string) (name string, err error) {
	_, err = tx.Found("SELECT a.name FROM app_requests r JOIN apps a ON a.id = r.app_id WHERE r.id = $1", []any{id}, &name)
	return name, err
}

// bindRequest gives the request to the browser, if it is nobody's yet.
func bindRequest(tx *db.Tx, id string, browser []byte) (bool, error) {
	n, err := tx.Exec("UPDATE app_requests SET browser_hash = $2 WHERE id = $1 AND browser_hash IS NULL", id, browser)
	return n == 1, err
}

func answerRequest(tx *db.Tx, id, user string) error {
	_, err := tx.Exec("UPDATE app_requests SET answered_for = $2 WHERE id = $1 AND used_at = 0", id, user)
	return err
}

func spendRequest(tx *db.Tx, id string) (bool, error) {
	n, err := tx.Exec("UPDATE app_requests SET used_at = $2 WHERE id = $1 AND used_at = 0 AND created_at > $3",
		id, tx.Now.UnixMilli(), tx.Now.Add(-life).UnixMilli())
	return n == 1, err
}

// swept is how many rows are deleted at once, so that nobody waits for it.
const swept = 1000

// Sweep deletes requests that are long over, and tells whether there may be more. No rule depends on it.
func Sweep(tx *db.Tx) (more bool, err error) {
	n, err := tx.Exec("DELETE FROM app_requests WHERE id IN (SELECT id FROM app_requests WHERE created_at < $1 LIMIT $2)",
		tx.Now.Add(-24*life).UnixMilli(), swept)
	return n == swept, err
}
