// Finding people among many, in the database.
package directory

import (
	"encoding/hex"
	"strconv"
	"strings"

	"woggle/internal/db"
)

// Search says who is looked for. What is empty does not matter.
type Search struct {
	Typed    string // beginnings of words of the name, the user name and the address
	IDs      []string
	Standing Standing
	Group    string // id
	After    string // where the page before ended
	Count    int    // at most
}

// Found is a person and how they stand.
type Found struct {
	User
	Standing Standing
}

// Search finds people, a page at a time: in the order of the words that begin with what was typed, or else of their user names. Next
// is where the page after begins, or empty. What it costs grows with what it gives, and not with the directory
// (docs/decisions/people-search.md).
func (s Search) Search(tx *db.Tx) (found []Found, next string, err error) {
	q := &query{}
	var keys []string
	all := terms(s.Typed)
	switch {
	case len(s.IDs) > 0:
		q.people(s)
		q.add("id IN ("+strings.Repeat(", ?", len(s.IDs))[2:]+")", anys(s.IDs)...)
	case len(all) > 0:
		all, empty, err := rarestFirst(tx, all)
		if err != nil || empty {
			return nil, "", err
		}
		small, err := s.small(tx)
		if err != nil {
			return nil, "", err
		}
		if small {
			q.people(s)
			q.also(all, "users.id")
		} else {
			q.words(s, all)
		}
	case strings.TrimSpace(s.Typed) != "":
		return nil, "", nil
	default:
		q.people(s)
	}
	q.args = append(q.args, s.Count+1)
	err = tx.Each("SELECT "+userColumns+", users.standing, "+q.key+" FROM "+q.from+" WHERE "+strings.Join(q.where, " AND ")+
		" ORDER BY "+q.order+" LIMIT $"+strconv.Itoa(len(q.args)), q.args, func(scan func(...any) error) error {
		var key []byte
		var one Found
		one.User, err = scanUser(func(into ...any) error { return scan(append(into, &one.Standing, &key)...) })
		found, keys = append(found, one), append(keys, hex.EncodeToString(key))
		return err
	})
	if err == nil && len(found) > s.Count {
		found = found[:s.Count]
		next = keys[s.Count-1] + "." + found[s.Count-1].ID
	}
	return found, next, err
}

// place reads where a page ended: the key of the order, and the id. What was never given out is the beginning.
func (s Search) place() (key []byte, id string) {
	text, id, _ := strings.Cut(s.After, ".")
	if key, err := hex.DecodeString(text); err == nil {
		return key, id
	}
	return nil, ""
}

// query is a SELECT that is put together.
type query struct {
	from, key, order string
	where            []string
	args             []any
}

func (q *query) add(part string, values ...any) {
	for _, v := range values {
		q.args = append(q.args, v)
		part = strings.Replace(part, "?", "$"+strconv.Itoa(len(q.args)), 1)
	}
	q.where = append(q.where, part)
}

// people lists by user name. A group is sorted each time: it is as large as it is.
func (q *query) people(s Search) {
	q.from, q.key, q.order = "users", "username_key", "username_key"
	key, _ := s.place()
	q.add("username_key > ?", string(key))
	of := "users"
	if s.Group != "" {
		of, q.from = "m", "group_members m CROSS JOIN users" // in this order, whatever SQLite takes for the shorter way
		q.add("users.id = m.user_id AND m.group_id = ?", s.Group)
	}
	if s.Standing != "" {
		q.add(of+".standing = ?", string(s.Standing))
	}
}

// words walks along the words that begin with the rarest of what was typed. Who has two such words is found by the first.
func (q *query) words(s Search, all [][]byte) {
	q.from, q.key, q.order = "user_words w CROSS JOIN users", "w.word", "w.word, w.user_id"
	from, to := span(all[0])
	q.add("users.id = w.user_id AND w.word >= ? AND w.word < ?", from, to)
	q.add("NOT EXISTS (SELECT 1 FROM user_words e WHERE e.user_id = w.user_id AND e.word >= ? AND e.word < w.word)", from)
	if key, id := s.place(); id != "" {
		q.add("(w.word, w.user_id) > (?, ?)", key, id)
	}
	q.also(all[1:], "w.user_id")
	if s.Standing != "" {
		q.add("users.standing = ?", string(s.Standing))
	}
	if s.Group != "" {
		q.add("EXISTS (SELECT 1 FROM group_members m WHERE m.group_id = ? AND m.user_id = w.user_id)", s.Group)
	}
}

// also wants a word that begins with each of the terms.
func (q *query) also(all [][]byte, user string) {
	for _, term := range all {
		from, to := span(term)
		q.add("EXISTS (SELECT 1 FROM user_words o WHERE o.user_id = "+user+" AND o.word >= ? AND o.word < ?)", from, to)
	}
}

// small tells whether people are looked for in a group that is walked through sooner than words are.
func (s Search) small(tx *db.Tx) (bool, error) {
	if s.Group == "" {
		return false, nil
	}
	var n int64
	err := tx.Row("SELECT count(*) FROM (SELECT 1 FROM group_members WHERE group_id = $1 LIMIT $2) AS few", []any{s.Group, common}, &n)
	return n < common, err
}

// span are the bounds of the words with the beginning: no byte of a text is 0xFF.
func span(beginning []byte) (from, to []byte) {
	return beginning, append(beginning[:len(beginning):len(beginning)], 0xFF)
}

// common is how many words or people are counted to tell few from many.
const common = 2000

// rarestFirst puts the term in front that begins the fewest words. Empty tells that one of them begins none.
func rarestFirst(tx *db.Tx, all [][]byte) (sorted [][]byte, empty bool, err error) {
	fewest := int64(common + 1)
	for i := range all {
		from, to := span(all[i])
		var n int64
		err := tx.Row("SELECT count(*) FROM (SELECT 1 FROM user_words WHERE word >= $1 AND word < $2 LIMIT $3) AS few", []any{from, to, common}, &n)
		if err != nil || n == 0 {
			return nil, true, err
		}
		if n < fewest {
			fewest = n
			all[0], all[i] = all[i], all[0]
		}
	}
	return all, false, nil
}

func anys(texts []string) []any {
	all := make([]any, len(texts))
	for i, text := range texts {
		all[i] = text
	}
	return all
}
