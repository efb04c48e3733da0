// Connections, tokens and links in the database.
package scim

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"woggle/internal/db"
)

func insertConnection(tx *db.Tx, c Connection) (bool, error) {
	added, err := tx.Exec("INSERT INTO scim_connections (id, name, created_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING",
		c.ID, c.Name, db.Millis(c.CreatedAt))
	return added == 1, err
}

func deleteConnection(tx *db.Tx, id string) error {
	_, err := tx.Exec("DELETE FROM scim_connections WHERE id = $1", id)
	return err
}

// connections are those with the name, or all where it is empty.
func connections(tx *db.Tx, name string) (all []Connection, err error) {
	err = tx.Each(`SELECT id, name, created_at,
			(SELECT count(*) FROM scim_links WHERE connection_id = scim_connections.id AND deleted_at = 0),
			(SELECT count(*) FROM scim_group_links WHERE connection_id = scim_connections.id)
		FROM scim_connections WHERE name = $1 OR $1 = '' ORDER BY name`, []any{name}, func(scan func(...any) error) error {
		var c Connection
		var created int64
		err := scan(&c.ID, &c.Name, &created, &c.People, &c.Groups)
		c.CreatedAt = db.Time(created)
		all = append(all, c)
		return err
	})
	for i := range all {
		if err == nil {
			all[i].Tokens, err = tokens(tx, all[i].ID)
		}
	}
	return all, err
}

func tokens(tx *db.Tx, connection string) (all []Token, err error) {
	err = tx.Each(`SELECT id, created_at, expires_at, used_at FROM scim_tokens WHERE connection_id = $1 ORDER BY id DESC`,
		[]any{connection}, func(scan func(...any) error) error {
			var t Token
			var created, expires, used int64
			err := scan(&t.ID, &created, &expires, &used)
			t.CreatedAt, t.ExpiresAt, t.UsedAt = db.Time(created), db.Time(expires), db.Time(used)
			all = append(all, t)
			return err
		})
	return all, err
}

func insertToken(tx *db.Tx, connection string, fingerprint []byte, expires time.Time) error {
	_, err := tx.Exec("INSERT INTO scim_tokens (id, connection_id, fingerprint, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
		db.NewID(), connection, fingerprint, tx.Now.UnixMilli(), expires.UnixMilli())
	return err
}

// keepTokens deletes all but the newest tokens of the connection. The connection's row is written first, so that of two who
// make a token at once the later one sees the other's.
func keepTokens(tx *db.Tx, connection string, newest int) error {
	if _, err := tx.Exec("UPDATE scim_connections SET name = name WHERE id = $1", connection); err != nil {
		return err
	}
	_, err := tx.Exec(`DELETE FROM scim_tokens WHERE connection_id = $1
		AND id NOT IN (SELECT id FROM scim_tokens WHERE connection_id = $1 ORDER BY id DESC LIMIT $2)`, connection, newest)
	return err
}

// bearer is the connection of a live token, found by one of its fingerprints, and when the token was last used.
func bearer(tx *db.Tx, fingerprints [][]byte) (c Connection, token Token, found bool, err error) {
	for _, fingerprint := range fingerprints {
		var used int64
		found, err = tx.Found(`SELECT c.id, c.name, t.id, t.used_at FROM scim_tokens t JOIN scim_connections c ON c.id = t.connection_id
			WHERE t.fingerprint = $1 AND t.expires_at > $2`, []any{fingerprint, tx.Now.UnixMilli()}, &c.ID, &c.Name, &token.ID, &used)
		if token.UsedAt = db.Time(used); found || err != nil {
			break
		}
	}
	return c, token, found, err
}

func touchToken(tx *db.Tx, id string) error {
	_, err := tx.Exec("UPDATE scim_tokens SET used_at = $2 WHERE id = $1", id, tx.Now.UnixMilli())
	return err
}

// link says that a connection keeps a person.
type link struct {
	connection, id, externalID string
	document                   map[string]any
	disabled                   bool // by this connection
	deleted, created, changed  time.Time
}

const linkColumns = "connection_id, user_id, external_id, document, disabled, deleted_at, created_at, changed_at"

func links(tx *db.Tx, where string, args ...any) (all []link, err error) {
	err = tx.Each("SELECT "+linkColumns+" FROM scim_links WHERE "+where, args, func(scan func(...any) error) error {
		var l link
		var document string
		var deleted, created, changed int64
		if err := scan(&l.connection, &l.id, &l.externalID, &document, &l.disabled, &deleted, &created, &changed); err != nil {
			return err
		}
		l.deleted, l.created, l.changed = db.Time(deleted), db.Time(created), db.Time(changed)
		all = append(all, l)
		return json.Unmarshal([]byte(document), &all[len(all)-1].document)
	})
	return all, err
}

// insertLink tells whether there was neither a link of the person nor of the externalId.
func insertLink(tx *db.Tx, l link) (bool, error) {
	document, err := json.Marshal(l.document)
	if err != nil {
		return false, err
	}
	added, err := tx.Exec("INSERT INTO scim_links ("+linkColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
		l.connection, l.id, l.externalID, string(document), l.disabled, db.Millis(l.deleted), db.Millis(l.created), db.Millis(l.changed))
	return added == 1, err
}

func updateLink(tx *db.Tx, l link) error {
	document, err := json.Marshal(l.document)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`UPDATE scim_links SET external_id = $3, document = $4, disabled = $5, deleted_at = $6, changed_at = $7
		WHERE connection_id = $1 AND user_id = $2`,
		l.connection, l.id, l.externalID, string(document), l.disabled, db.Millis(l.deleted), db.Millis(l.changed))
	return err
}

func linkByID(tx *db.Tx, connection, id string) ([]link, error) {
	return links(tx, "connection_id = $1 AND user_id = $2", connection, id)
}

func linkByExternalID(tx *db.Tx, connection, externalID string) ([]link, error) {
	if externalID == "" {
		return nil, nil
	}
	return links(tx, "connection_id = $1 AND external_id = $2 AND external_id <> ''", connection, externalID)
}

// linksByIDs are the links of those people whom the connection sees.
func linksByIDs(tx *db.Tx, connection string, ids []string) (found map[string]link, err error) {
	found = make(map[string]link, len(ids))
	for len(ids) > 0 {
		some := ids[:min(len(ids), 500)]
		ids = ids[len(some):]
		marks, args := make([]string, len(some)), []any{connection}
		for i, id := range some {
			args = append(args, id)
			marks[i] = "$" + strconv.Itoa(i+2)
		}
		all, err := links(tx, "connection_id = $1 AND deleted_at = 0 AND user_id IN ("+strings.Join(marks, ", ")+")", args...)
		if err != nil {
			return nil, err
		}
		for _, l := range all {
			found[l.id] = l
		}
	}
	return found, nil
}

// page is where a list begins: after an id, or after so many; and how many there are in all, -1 if they were not counted.
type page struct {
	after  string
	offset int
	count  int
	total  int
}

// linkPage are the ids of those whom the connection sees, in their order. It reads the index only.
func linkPage(tx *db.Tx, connection string, p page) ([]string, error) {
	return ids(tx, `SELECT user_id FROM scim_links WHERE connection_id = $1 AND deleted_at = 0 AND user_id > $2
		ORDER BY user_id LIMIT $3 OFFSET $4`, connection, p.after, p.count, p.offset)
}

func countLinks(tx *db.Tx, connection string) (count int, err error) {
	return count, tx.Row("SELECT count(*) FROM scim_links WHERE connection_id = $1 AND deleted_at = 0", []any{connection}, &count)
}

func ids(tx *db.Tx, query string, args ...any) (all []string, err error) {
	err = tx.Each(query, args, func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		all = append(all, id)
		return err
	})
	return all, err
}

// groupLink says that a connection keeps a group.
type groupLink struct {
	connection, id, externalID string
	created, changed           time.Time
}

func groupLinks(tx *db.Tx, where string, args ...any) (all []groupLink, err error) {
	err = tx.Each("SELECT connection_id, group_id, external_id, created_at, changed_at FROM scim_group_links WHERE "+where, args,
		func(scan func(...any) error) error {
			var l groupLink
			var created, changed int64
			err := scan(&l.connection, &l.id, &l.externalID, &created, &changed)
			l.created, l.changed = db.Time(created), db.Time(changed)
			all = append(all, l)
			return err
		})
	return all, err
}

func insertGroupLink(tx *db.Tx, l groupLink) (bool, error) {
	added, err := tx.Exec(`INSERT INTO scim_group_links (connection_id, group_id, external_id, created_at, changed_at)
		VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`, l.connection, l.id, l.externalID, db.Millis(l.created), db.Millis(l.changed))
	return added == 1, err
}

func updateGroupLink(tx *db.Tx, l groupLink) error {
	_, err := tx.Exec("UPDATE scim_group_links SET external_id = $3, changed_at = $4 WHERE connection_id = $1 AND group_id = $2",
		l.connection, l.id, l.externalID, db.Millis(l.changed))
	return err
}

func groupLinkPage(tx *db.Tx, connection string, p page) ([]groupLink, error) {
	return groupLinks(tx, "connection_id = $1 AND group_id > $2 ORDER BY group_id LIMIT $3 OFFSET $4", connection, p.after, p.count, p.offset)
}

func countGroupLinks(tx *db.Tx, connection string) (count int, err error) {
	return count, tx.Row("SELECT count(*) FROM scim_group_links WHERE connection_id = $1", []any{connection}, &count)
}
