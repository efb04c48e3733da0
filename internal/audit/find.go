// Looking through the trail.
package audit

import (
	"strconv"
	"strings"
	"time"

	"woggle/internal/db"
)

// Query says which events are wanted. What is zero does not matter.
type Query struct {
	User         string // id of the person it happened to
	Actor        string // id of who did it
	Types        []Type
	Since, Until time.Time // from Since on, and before Until
	Text         string    // stands in the detail, the address or the browser, in small letters or capitals
	Before       string    // id of the event that the page before ended with
	Count        int       // at most
}

// Find lists the newest events that are wanted, the newest first.
func Find(tx *db.Tx, q Query) (events []Event, err error) {
	where, args := q.where()
	err = tx.Each("SELECT "+eventColumns+" FROM audit_events WHERE "+where+" ORDER BY id DESC LIMIT "+strconv.Itoa(q.Count), args,
		func(scan func(...any) error) error {
			e, err := scanEvent(scan)
			events = append(events, e)
			return err
		})
	return events, err
}

func (q Query) where() (string, []any) {
	var parts []string
	var args []any
	add := func(part string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			part = strings.Replace(part, "?", "$"+strconv.Itoa(len(args)), 1)
		}
		parts = append(parts, part)
	}
	add("id < ?", orLast(q.Before))
	if q.User != "" {
		add("user_id = ?", q.User)
	}
	if q.Actor != "" {
		add("actor = ?", q.Actor)
	}
	if len(q.Types) > 0 {
		marks := strings.Repeat(", ?", len(q.Types))[2:]
		values := make([]any, len(q.Types))
		for i, t := range q.Types {
			values[i] = string(t)
		}
		add("type IN ("+marks+")", values...)
	}
	if !q.Since.IsZero() {
		add("at >= ?", q.Since.UnixMilli())
	}
	if !q.Until.IsZero() {
		add("at < ?", q.Until.UnixMilli())
	}
	if q.Text != "" {
		like := "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(strings.ToLower(q.Text)) + "%"
		add(`(lower(detail) LIKE ? ESCAPE '\' OR lower(address) LIKE ? ESCAPE '\' OR lower(agent) LIKE ? ESCAPE '\')`, like, like, like)
	}
	return strings.Join(parts, " AND "), args
}

// orLast is an id, or what comes after every id, which is hexadecimal, in every collation; a sign such as ~ sorts first in most.
func orLast(before string) string {
	if before == "" {
		return "g"
	}
	return before
}
