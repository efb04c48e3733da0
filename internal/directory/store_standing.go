// Standings and words in the database: kept with each change, and mended where something did not keep them.
package directory

import (
	"bytes"
	"slices"

	"woggle/internal/db"
)

const standingNow = `CASE WHEN status <> 'active' THEN status WHEN frozen_at > 0 THEN 'frozen' WHEN signed_in_at = 0 THEN 'never'
	WHEN protected THEN 'protected' ELSE 'to-do' END`

// settle brings the person's standing up to date, here and beside their memberships. The person's row comes first, whether it changes
// or not: it makes whoever does the same for them wait, so that the copies cannot stay behind.
func settle(tx *db.Tx, id string) error {
	if _, err := tx.Exec("UPDATE users SET standing = "+standingNow+" WHERE id = $1", id); err != nil {
		return err
	}
	_, err := tx.Exec(`UPDATE group_members SET standing = (SELECT standing FROM users WHERE id = $1)
		WHERE user_id = $1 AND standing <> (SELECT standing FROM users WHERE id = $1)`, id)
	return err
}

// settleAll is settle for many.
func settleAll(tx *db.Tx, ids []string) error {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	return chunks(ids, func(list string, args []any) error {
		if _, err := tx.Exec("UPDATE users SET standing = "+standingNow+" WHERE id IN ("+list+")", args...); err != nil {
			return err
		}
		_, err := tx.Exec(`UPDATE group_members SET standing = (SELECT u.standing FROM users u WHERE u.id = user_id)
			WHERE user_id IN (`+list+`) AND standing <> (SELECT u.standing FROM users u WHERE u.id = user_id)`, args...)
		return err
	})
}

// settleNew makes new users findable, and settles those of them who do not stand as new users do.
func settleNew(tx *db.Tx, all []User) error {
	var words []any
	var others []string
	for _, u := range all {
		for _, word := range wordsOf(u) {
			words = append(words, u.ID, word)
		}
		if u.Status != Active || u.Frozen() {
			others = append(others, u.ID)
		}
	}
	if _, err := tx.InsertAll("INSERT INTO user_words (user_id, word)", 2, words, ""); err != nil {
		return err
	}
	return settleAll(tx, others)
}

// SetProtected notes whether the person has a method that proves possession and can be used.
func SetProtected(tx *db.Tx, id string, protected bool) error {
	changed, err := tx.Exec("UPDATE users SET protected = $2 WHERE id = $1 AND protected <> $2", id, protected)
	if err != nil || changed == 0 {
		return err
	}
	return settle(tx, id)
}

// CountStandings counts everybody.
func CountStandings(tx *db.Tx) (Counts, error) {
	all, err := counts(tx, "SELECT '', standing, count(*) FROM users GROUP BY standing")
	return all[""], err
}

// GroupsAfter is a page of groups in the order of their names: at most count of them, after the one of the name after (empty: from the
// first), and how the people in each stand.
func GroupsAfter(tx *db.Tx, after string, count int) (all []Group, standings map[string]Counts, err error) {
	all, err = groups(tx, "SELECT id, name, parent_id FROM groups WHERE name > $1 ORDER BY name LIMIT $2", after, count)
	if err != nil {
		return nil, nil, err
	}
	ids := make([]string, len(all))
	for i, g := range all {
		ids[i] = g.ID
	}
	standings = map[string]Counts{}
	return all, standings, chunks(ids, func(list string, args []any) error {
		some, err := counts(tx, "SELECT group_id, standing, count(*) FROM group_members WHERE group_id IN ("+list+
			") GROUP BY group_id, standing", args...)
		for id, c := range some {
			standings[id] = c
		}
		return err
	})
}

func counts(tx *db.Tx, query string, args ...any) (map[string]Counts, error) {
	all := map[string]Counts{}
	err := tx.Each(query, args, func(scan func(...any) error) error {
		var of string
		var standing Standing
		var n int64
		err := scan(&of, &standing, &n)
		if all[of] == nil {
			all[of] = Counts{}
		}
		all[of][standing] = n
		return err
	})
	return all, err
}

// storeWords stores the words by which the person is found.
func storeWords(tx *db.Tx, u User) error {
	if _, err := tx.Exec("DELETE FROM user_words WHERE user_id = $1", u.ID); err != nil {
		return err
	}
	return insertWords(tx, u.ID, wordsOf(u))
}

func insertWords(tx *db.Tx, id string, words [][]byte) error {
	values := make([]any, 0, 2*len(words))
	for _, word := range words {
		values = append(values, id, word)
	}
	_, err := tx.InsertAll("INSERT INTO user_words (user_id, word)", 2, values, "")
	return err
}

// mended is how many people Mend looks at: a short transaction.
const mended = 200

// Mend puts standings and words right of some people, in the order of their ids, from the one after that id on: older versions keep
// neither. It gives the last one's id, which is empty after the last.
func Mend(tx *db.Tx, after string) (last string, err error) {
	all, err := ListByID(tx, after, mended)
	if err != nil || len(all) == 0 {
		return "", err
	}
	last = all[len(all)-1].ID
	stored, err := wordsBetween(tx, after, last)
	if err != nil {
		return "", err
	}
	for _, u := range all {
		if slices.EqualFunc(stored[u.ID], wordsOf(u), bytes.Equal) {
			continue
		}
		if err := storeWords(tx, u); err != nil {
			return "", err
		}
	}
	var stale []string
	err = tx.Each(`SELECT id FROM users WHERE id > $1 AND id <= $2 AND (standing <> `+standingNow+`
		OR EXISTS (SELECT 1 FROM group_members WHERE user_id = id AND group_members.standing <> users.standing))`, []any{after, last},
		func(scan func(...any) error) error {
			var id string
			err := scan(&id)
			stale = append(stale, id)
			return err
		})
	for _, id := range stale {
		if err == nil {
			err = settle(tx, id)
		}
	}
	return last, err
}

func wordsBetween(tx *db.Tx, after, last string) (map[string][][]byte, error) {
	all := map[string][][]byte{}
	err := tx.Each("SELECT user_id, word FROM user_words WHERE user_id > $1 AND user_id <= $2 ORDER BY user_id, word", []any{after, last},
		func(scan func(...any) error) error {
			var id string
			var word []byte
			err := scan(&id, &word)
			all[id] = append(all[id], word)
			return err
		})
	return all, err
}
