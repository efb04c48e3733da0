// Looking back: messages with their tries, and what they cost.

package message

import (
	"strconv"
	"strings"
	"time"

	"woggle/internal/db"
	"woggle/internal/keys"
	"woggle/internal/message/bill"
)

// Record is a message as the administrator may see it: nothing of what it said, and of whom it went to a hint.
type Record struct {
	ID        string
	At        time.Time
	User      string // user id, or empty
	Channel   Channel
	Purpose   Purpose
	Hint      string
	State     string
	Outcome   string     // what the provider told last, or empty
	EnteredAt time.Time  // of a code: when it was entered, or zero
	Cost      bill.Money // of all tries
	Tries     []Try      // the first one first
}

// Try is one time that a message was handed to a route.
type Try struct {
	Route   string
	Began   time.Time
	Ended   time.Time
	Told    time.Time // when the provider told the outcome, or zero
	Outcome string    // how it ended, or what the provider told
	Cause   string    // in the provider's words
	Cost    bill.Money
}

// Ended tells whether nothing more will be known of it.
func (r Record) Ended() bool {
	return r.State != queued && r.State != sending && (r.State != sent || rank(r.Outcome) >= 3)
}

// Waiting tells whether no node has begun to send it.
func (r Record) Waiting() bool { return r.State == queued && len(r.Tries) == 0 }

// Filter chooses messages; what is empty does not choose.
type Filter struct {
	Number string // E.164
	User   string // user id
	Route  string // that it was handed to
	Since  time.Time
	Most   int // the newest so many
}

// List lists messages, the newest first. Numbers are found by their fingerprint.
func List(tx *db.Tx, ring *keys.Ring, f Filter) (records []Record, err error) {
	where, args := []string{"created_at >= $1"}, []any{f.Since.UnixMilli()}
	add := func(condition string, value any) {
		args = append(args, value)
		where = append(where, strings.ReplaceAll(condition, "$", "$"+strconv.Itoa(len(args))))
	}
	if f.Number != "" {
		add("number_key = $", Fingerprint(ring, "number", f.Number))
	}
	if f.User != "" {
		add("user_id = $", f.User)
	}
	if f.Route != "" {
		add("id IN (SELECT message_id FROM message_tries WHERE route = $)", f.Route)
	}
	args = append(args, f.Most)
	err = tx.Each(`SELECT id, created_at, user_id, channel, purpose, hint, state, outcome, entered_at, cost FROM messages
		WHERE `+strings.Join(where, " AND ")+` ORDER BY created_at DESC, id DESC LIMIT $`+strconv.Itoa(len(args)), args, func(scan func(...any) error) error {
		var r Record
		var at, entered int64
		if err := scan(&r.ID, &at, &r.User, &r.Channel, &r.Purpose, &r.Hint, &r.State, &r.Outcome, &entered, &r.Cost); err != nil {
			return err
		}
		r.At, r.EnteredAt = db.Time(at), db.Time(entered)
		records = append(records, r)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i := range records {
		if records[i].Tries, err = triesOf(tx, records[i].ID); err != nil {
			return nil, err
		}
	}
	return records, nil
}

// Find is the message with the id.
func Find(tx *db.Tx, id string) (r Record, found bool, err error) {
	var at, entered int64
	found, err = tx.Found(`SELECT id, created_at, user_id, channel, purpose, hint, state, outcome, entered_at, cost FROM messages WHERE id = $1`,
		[]any{id}, &r.ID, &at, &r.User, &r.Channel, &r.Purpose, &r.Hint, &r.State, &r.Outcome, &entered, &r.Cost)
	if err != nil || !found {
		return r, false, err
	}
	r.At, r.EnteredAt = db.Time(at), db.Time(entered)
	r.Tries, err = triesOf(tx, id)
	return r, true, err
}

func triesOf(tx *db.Tx, id string) (tries []Try, err error) {
	err = tx.Each("SELECT route, began_at, ended_at, told_at, outcome, cause, cost FROM message_tries WHERE message_id = $1 ORDER BY number", []any{id},
		func(scan func(...any) error) error {
			var t Try
			var began, ended, told int64
			if err := scan(&t.Route, &began, &ended, &told, &t.Outcome, &t.Cause, &t.Cost); err != nil {
				return err
			}
			t.Began, t.Ended, t.Told = db.Time(began), db.Time(ended), db.Time(told)
			tries = append(tries, t)
			return nil
		})
	return tries, err
}

// Cost is what the tries of one route to one country cost.
type Cost struct {
	Route   string
	Channel Channel
	Country string // calling code, as in +44
	Tries   int64
	Entered int64 // codes that it brought, and that were entered
	Cost    bill.Money
}

// Costs sums up what was sent from one time to another.
func Costs(tx *db.Tx, from, to time.Time) (all []Cost, err error) {
	err = tx.Each(`SELECT t.route, m.channel, m.country, count(*), sum(CASE WHEN m.entered_at > 0 AND m.route = t.route THEN 1 ELSE 0 END), sum(t.cost)
		FROM message_tries t JOIN messages m ON m.id = t.message_id
		WHERE t.began_at >= $1 AND t.began_at < $2 AND m.channel <> 'email' GROUP BY t.route, m.channel, m.country ORDER BY t.route, m.country`,
		[]any{from.UnixMilli(), to.UnixMilli()}, func(scan func(...any) error) error {
			var c Cost
			if err := scan(&c.Route, &c.Channel, &c.Country, &c.Tries, &c.Entered, &c.Cost); err != nil {
				return err
			}
			all = append(all, c)
			return nil
		})
	return all, err
}
