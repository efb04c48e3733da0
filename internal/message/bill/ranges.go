// Ranges of numbers, and addresses, that get no codes, because those asked for are not entered. Somebody who is paid for
// texts to numbers of their own asks for many, and enters none (threat T23).

package bill

import (
	"fmt"
	"strings"
	"time"

	"woggle/internal/db"
)

// Sample is a code that was sent, and either entered or asked for longer than Unripe ago.
type Sample struct {
	Entered bool
	Who     string // the person; of a wide range, the narrow one in it
}

// How pumping is told from people.
const (
	Samples   = 50              // the newest that are looked at
	Unripe    = 2 * time.Minute // a code needs that long to be entered
	leastRate = 20              // percent that people enter at the very least
)

// Enough is how much has to be known before something is closed: so many codes, of so many people. One person who never
// gets it right is no fraud. A wide range, in which many people live, is closed only for many narrow ones in it.
type Enough struct{ Codes, Parties int64 }

// What is enough.
var (
	Narrow = Enough{20, 3}
	Wide   = Enough{50, 5}
)

// Pumped judges codes to one range, or from one address. overall is how many percent of all codes are entered: where that
// is as low, the fault is the provider's, and closing ranges would help nobody.
func Pumped(samples []Sample, enough Enough, overall int64) bool {
	count, entered, who := int64(len(samples)), int64(0), map[string]bool{}
	for _, s := range samples {
		who[s.Who] = true
		if s.Entered {
			entered++
		}
	}
	return count >= enough.Codes && int64(len(who)) >= enough.Parties && entered*100 < count*leastRate && overall >= 2*leastRate
}

// Closed is a beginning of numbers that gets no codes.
type Closed struct {
	Prefix string // with +; or "address:" and a fingerprint
	Since  time.Time
	Until  time.Time
	Why    string
	Times  int64 // how often it was closed lately
}

// How long a range is closed: longer each time that it happens again.
const (
	closedFor = 24 * time.Hour
	mostDays  = 7
	again     = 7 * 24 * time.Hour
)

// Close closes the range, and tells until when. One that was closed within the last week is closed for twice as long; of two
// that close it at once, one does.
func Close(tx *db.Tx, prefix, why string) (until time.Time, err error) {
	var times int64
	err = tx.Row(`INSERT INTO closed_ranges (prefix, closed_at, until, why, times) VALUES ($1, $2, 0, $3, 1)
		ON CONFLICT (prefix) DO UPDATE SET times = CASE WHEN closed_ranges.until > $2 THEN closed_ranges.times WHEN closed_ranges.until > $4 THEN closed_ranges.times + 1 ELSE 1 END, closed_at = $2, why = $3
		RETURNING times`, []any{prefix, tx.Now.UnixMilli(), why, tx.Now.Add(-again).UnixMilli()}, &times)
	if err != nil {
		return until, err
	}
	until = tx.Now.Add(min(closedFor<<min(times-1, 10), mostDays*closedFor))
	_, err = tx.Exec("UPDATE closed_ranges SET until = $2 WHERE prefix = $1", prefix, until.UnixMilli())
	return until, err
}

// OpenSince tells since when the range is open again; zero if it never was closed. What was asked for before is no reason
// to close it anew.
func OpenSince(tx *db.Tx, prefix string) (time.Time, error) {
	var until int64
	_, err := tx.Found("SELECT until FROM closed_ranges WHERE prefix = $1 AND until <= $2", []any{prefix, tx.Now.UnixMilli()}, &until)
	return db.Time(until), err
}

// Open opens a range again, and tells whether it was closed.
func Open(tx *db.Tx, prefix string) (bool, error) {
	n, err := tx.Exec("UPDATE closed_ranges SET until = $2, times = 0 WHERE prefix = $1 AND until > $2", prefix, tx.Now.UnixMilli())
	return n > 0, err
}

// IsClosed tells whether the number, or the address by its fingerprint, gets no codes now, and until when.
func IsClosed(tx *db.Tx, number, address string) (until time.Time, closed bool, err error) {
	args, places := []any{tx.Now.UnixMilli()}, []string{}
	keys := []string{}
	for n := len("+1"); n <= len(number); n++ {
		keys = append(keys, number[:n])
	}
	if address != "" {
		keys = append(keys, AddressKey(address))
	}
	for _, key := range keys {
		args = append(args, key)
		places = append(places, fmt.Sprintf("$%d", len(args)))
	}
	if len(keys) == 0 {
		return until, false, nil
	}
	var at int64
	closed, err = tx.Found("SELECT until FROM closed_ranges WHERE until > $1 AND prefix IN ("+strings.Join(places, ", ")+") ORDER BY until DESC LIMIT 1",
		args, &at)
	return db.Time(at), closed, err
}

// AddressKey is what an address is closed by.
func AddressKey(fingerprint string) string { return "address:" + fingerprint }

// ListClosed lists what is closed now.
func ListClosed(tx *db.Tx) (all []Closed, err error) {
	err = tx.Each("SELECT prefix, closed_at, until, why, times FROM closed_ranges WHERE until > $1 ORDER BY prefix", []any{tx.Now.UnixMilli()},
		func(scan func(...any) error) error {
			var c Closed
			var since, until int64
			if err := scan(&c.Prefix, &since, &until, &c.Why, &c.Times); err != nil {
				return err
			}
			c.Since, c.Until = db.Time(since), db.Time(until)
			all = append(all, c)
			return nil
		})
	return all, err
}
