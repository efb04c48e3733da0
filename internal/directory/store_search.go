// Finding people among many, in the database.
package directory

import (
	"bytes"
	"encoding/hex"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

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

// Find finds people, a page at a time: in the order of the words that begin with what was typed, or else of their user names. Next
// is where the page after begins, or empty. What it costs grows with what it gives, and not with the directory
// (docs/decisions/people-search.md).
func (s Search) Find(tx *db.Tx) (found []Found, next string, err error) {
	var keys []string
	q := &query{}
	all := terms(s.Typed)
	if len(all) == 0 && strings.TrimSpace(s.Typed) != "" {
		return nil, "", nil
	}
	all, empty, err := rarestFirst(tx, all)
	if err != nil || empty {
		return nil, "", err
	}
	small, err := s.small(tx)
	switch {
	case err != nil:
		return nil, "", err
	case len(all) == 0 || small:
		q.people(s, small)
		q.also(all, "users.id")
	default:
		q.words(s, all)
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
	if key, err := hex.DecodeString(text); err == nil && utf8.Valid(key) && !bytes.ContainsRune(key, 0) && uuid.Validate(id) == nil {
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

// people lists by user name. A group of few is sorted each time; of one of many there is soon one among all people.
func (q *query) people(s Search, small bool) {
	q.from, q.key, q.order = "users", "username_key", "username_key"
	key, _ := s.place()
	q.add("username_key > ?", string(key))
	if len(s.IDs) > 0 {
		q.add("users.id IN ("+strings.Repeat(", ?", len(s.IDs))[2:]+")", anys(s.IDs)...)
	}
	if small {
		q.from = "group_members g CROSS JOIN users" // in this order, whatever SQLite takes for the shorter way
		q.add("users.id = g.user_id AND g.group_id = ?", s.Group)
		if s.Standing != "" {
			q.add("g.standing = ?", string(s.Standing))
		}
		return
	}
	q.stand(s)
}

// stand wants who stands like that, and is in the group.
func (q *query) stand(s Search) {
	if s.Standing != "" {
		q.add("users.standing = ?", string(s.Standing))
	}
	if s.Group != "" {
		q.add("EXISTS (SELECT 1 FROM group_members m WHERE m.group_id = ? AND m.user_id = users.id)", s.Group)
	}
}

// words walks along the words that begin with the rarest of what was typed. Who has two such words is found by the first.
func (q *query) words(s Search, all [][]byte) {
	q.from, q.key, q.order = "user_words w CROSS JOIN users", "w.word", "w.word, w.user_id"
	from, to := span(all[0])
	q.add("users.id = w.user_id AND w.word >= ? AND w.word < ?", from, to)
	if key, id := s.place(); id != "" {
		q.add("(w.word, w.user_id) > (?, ?)", key, id)
	}
	q.also(all[1:], "w.user_id")
	q.stand(s)
	q.add("NOT EXISTS (SELECT 1 FROM user_words e WHERE e.user_id = w.user_id AND e.word >= ? AND e.word < w.word)", from)
}

// also wants a word that begins with each of the terms.
func (q *query) also(all [][]byte, user string) {
	for _, term := range all {
		from, to := span(term)
		q.add("EXISTS (SELECT 1 FROM user_words o WHERE o.user_id = "+user+" AND o.word >= ? AND o.word < ?)", from, to)
	}
}

// small tells whether there are so few in the group who stand like that that they are walked through sooner than anything else.
func (s Search) small(tx *db.Tx) (bool, error) {
	if s.Group == "" {
		return false, nil
	}
	query, args := "SELECT 1 FROM group_members WHERE group_id = $1", []any{s.Group, manyPeople}
	if s.Standing != "" {
		query, args = query+" AND standing = $3", append(args, string(s.Standing))
	}
	var n int64
	err := tx.Row("SELECT count(*) FROM ("+query+" LIMIT $2) AS few", args, &n)
	return n < manyPeople, err
}

// span are the bounds of the words with the beginning: no byte of a text is 0xFF.
func span(beginning []byte) (from, to []byte) {
	return beginning, append(beginning[:len(beginning):len(beginning)], 0xFF)
}

// How many are counted to tell few from many: words that begin with a term, and people of a group, who are sorted.
const (
	commonWords = 10_000
	manyPeople  = 5_000
)

// rarestFirst puts the term in front that begins the fewest words. Empty tells that one of them begins none.
func rarestFirst(tx *db.Tx, all [][]byte) (sorted [][]byte, empty bool, err error) {
	fewest := int64(commonWords + 1)
	for i := range all {
		from, to := span(all[i])
		var n int64
		err := tx.Row("SELECT count(*) FROM (SELECT 1 FROM user_words WHERE word >= $1 AND word < $2 LIMIT $3) AS few",
			[]any{from, to, commonWords}, &n)
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
