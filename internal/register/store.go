// Who is in the register, remembered mappings, and whose turn it is, in the database.
package register

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"woggle/internal/db"
	"woggle/internal/directory"
)

const entryColumns = "user_id, number, phone, started, leaves, gone, groups"

// atOnce is how many keys one statement names at most.
const atOnce = 100

// entriesOf are the entries whose column, user_id or number_key, has one of the keys, by user id.
func entriesOf(tx *db.Tx, column string, keys []string) (map[string]entry, error) {
	found := map[string]entry{}
	for len(keys) > 0 {
		some := keys[:min(len(keys), atOnce)]
		keys = keys[len(some):]
		marks, args := make([]string, len(some)), make([]any, len(some))
		for i, key := range some {
			marks[i], args[i] = "$"+strconv.Itoa(i+1), key
		}
		err := tx.Each("SELECT "+entryColumns+" FROM register_people WHERE "+column+" IN ("+strings.Join(marks, ", ")+")", args,
			func(scan func(...any) error) error {
				id, e, err := scanEntry(scan)
				found[id] = e
				return err
			})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

func scanEntry(scan func(...any) error) (id string, e entry, err error) {
	err = scan(&id, &e.number, &e.phone, &e.started, &e.leaves, &e.gone, &e.put)
	return id, e, err
}

// present are the users whom the register knows and who have not left, in the order of their ids, after the one with the id after.
func present(tx *db.Tx, after string, count int) (ids []string, err error) {
	err = tx.Each("SELECT user_id FROM register_people WHERE user_id > $1 AND gone = '' ORDER BY user_id LIMIT $2", []any{after, count},
		func(scan func(...any) error) error {
			var id string
			err := scan(&id)
			ids = append(ids, id)
			return err
		})
	return ids, err
}

func upsertEntries(tx *db.Tx, all []*person) error {
	rows := make([]any, 0, 8*len(all))
	for _, p := range all {
		e := p.entry
		rows = append(rows, p.user.ID, e.number, directory.Canonical(e.number), e.phone, e.started, e.leaves, e.gone, e.put)
	}
	_, err := tx.InsertAll("INSERT INTO register_people (user_id, number, number_key, phone, started, leaves, gone, groups)", 8, rows,
		`ON CONFLICT (user_id) DO UPDATE SET number = excluded.number, number_key = excluded.number_key, phone = excluded.phone,
			started = excluded.started, leaves = excluded.leaves, gone = excluded.gone, groups = excluded.groups`)
	return err
}

func deleteEntry(tx *db.Tx, user string) error {
	_, err := tx.Exec("DELETE FROM register_people WHERE user_id = $1", user)
	return err
}

func remembered(tx *db.Tx, signature string) (m Mapping, found bool, err error) {
	var text string
	found, err = tx.Found("SELECT mapping FROM register_mappings WHERE signature = $1", []any{signature}, &text)
	if err == nil && found {
		err = json.Unmarshal([]byte(text), &m)
	}
	return m, found, err
}

// mostRemembered bounds the mappings that are kept: an organisation has a few kinds of files.
const mostRemembered = 100

func remember(tx *db.Tx, m Mapping) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO register_mappings (signature, mapping, used_at) VALUES ($1, $2, $3)
		ON CONFLICT (signature) DO UPDATE SET mapping = excluded.mapping, used_at = excluded.used_at`, m.Signature, string(text), tx.Now.UnixMilli())
	if err != nil {
		return err
	}
	_, err = tx.Exec(`DELETE FROM register_mappings WHERE signature IN
		(SELECT signature FROM register_mappings ORDER BY used_at DESC, signature LIMIT 1000 OFFSET $1)`, mostRemembered)
	return err
}

// turn is whose turn it is.
type turn struct {
	version int64
	change  string // empty: nobody's
	holder  string
	until   time.Time
}

func turnNow(tx *db.Tx) (t turn, err error) {
	var until int64
	err = tx.Row("SELECT version, change_id, holder, held_until FROM register_turn WHERE name = 'only'", nil, &t.version, &t.change, &t.holder, &until)
	t.until = db.Time(until)
	return t, err
}

// lease is how long a turn lasts that is not renewed: its node has died.
const lease = 30 * time.Second

// takeTurn begins a turn where there is none, or where the one of a holder has run out. Of two on any nodes one has it.
func takeTurn(tx *db.Tx, before turn, change, holder string) (bool, error) {
	n, err := tx.Exec(`UPDATE register_turn SET change_id = $1, holder = $2, held_until = $3
		WHERE name = 'only' AND version = $4 AND holder = $5 AND held_until < $6`,
		change, holder, tx.Now.Add(lease).UnixMilli(), before.version, before.holder, tx.Now.UnixMilli())
	return n == 1, err
}

// keepTurn goes on with a turn. It is in every transaction of one: who has lost the turn changes nothing any more.
func keepTurn(tx *db.Tx, holder string) error {
	n, err := tx.Exec("UPDATE register_turn SET held_until = $2 WHERE name = 'only' AND holder = $1", holder, tx.Now.Add(lease).UnixMilli())
	if err == nil && n == 0 {
		err = errLost
	}
	return err
}

func endTurn(tx *db.Tx, holder string) error {
	n, err := tx.Exec(`UPDATE register_turn SET change_id = '', holder = '', held_until = 0, version = version + 1
		WHERE name = 'only' AND holder = $1`, holder)
	if err == nil && n == 0 {
		err = errLost
	}
	return err
}
