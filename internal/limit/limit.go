// Rules and their counting.
package limit

import (
	"fmt"
	"strings"
	"time"

	"woggle/internal/db"
)

// Rule bounds tries. Max tries are free within Window, counted from the first; after that each try is refused until
// the block is over. With Block zero, the block lasts until the window ends. Else it lasts Block, and twice as long
// after each further failure, up to Longest (NIST SP 800-63B-4 section 3.2.2).
type Rule struct {
	Name    string
	Max     int64
	Window  time.Duration
	Block   time.Duration
	Longest time.Duration
}

// Take counts one try of who under the rule, before it is made. It returns zero if the try may be made, else how
// long to wait. Commit it whatever comes of the try: a try that is rolled back was never counted.
func (rule Rule) Take(tx *db.Tx, who string) (wait time.Duration, err error) {
	now, key := tx.Now.UnixMilli(), rule.key(who)
	var tries, until int64
	// The row is changed only while it is not blocked, so of two tries at once for the last place one finds it taken.
	allowed, err := tx.Found(`INSERT INTO limits (key, tries, started_at, blocked_until) VALUES ($1, 1, $2, 0)
		ON CONFLICT (key) DO UPDATE SET
			tries = CASE WHEN limits.started_at + $3 <= $2 THEN 1 ELSE limits.tries + 1 END,
			started_at = CASE WHEN limits.started_at + $3 <= $2 THEN $2 ELSE limits.started_at END,
			blocked_until = 0
		WHERE limits.blocked_until <= $2
		RETURNING tries, started_at`, []any{key, now, rule.Window.Milliseconds()}, &tries, &until)
	if err != nil {
		return 0, err
	}
	if !allowed {
		if err := tx.Row("SELECT blocked_until FROM limits WHERE key = $1", []any{key}, &until); err != nil {
			return 0, err
		}
		return time.Duration(until-now) * time.Millisecond, nil
	}
	if tries < rule.Max {
		return 0, nil
	}
	// This was the last free try: the block starts now, before its outcome is known.
	until += rule.Window.Milliseconds()
	if rule.Block > 0 {
		until = now + rule.block(tries-rule.Max).Milliseconds()
	}
	_, err = tx.Exec("UPDATE limits SET blocked_until = $2 WHERE key = $1", key, until)
	return 0, err
}

// Wait tells how long who is blocked, without counting.
func (rule Rule) Wait(tx *db.Tx, who string) (time.Duration, error) {
	var until int64
	found, err := tx.Found("SELECT blocked_until FROM limits WHERE key = $1", []any{rule.key(who)}, &until)
	if err != nil || !found {
		return 0, err
	}
	return max(0, time.Duration(until-tx.Now.UnixMilli())*time.Millisecond), nil
}

// Began tells that who is blocked, once for each block, whoever asks: for what is to be said once.
func (rule Rule) Began(tx *db.Tx, who string) (bool, error) {
	wait, err := rule.Wait(tx, who)
	if err != nil || wait == 0 {
		return false, err
	}
	again, err := rule.said(wait).Take(tx, who)
	return err == nil && again == 0, err
}

// said counts what is said of a block that lasts that long.
func (rule Rule) said(wait time.Duration) Rule {
	return Rule{Name: rule.Name + "-said", Max: 1, Window: wait}
}

// Tries tells how many tries of who stand in the running window.
func (rule Rule) Tries(tx *db.Tx, who string) (tries int64, err error) {
	_, err = tx.Found("SELECT tries FROM limits WHERE key = $1 AND started_at + $2 > $3",
		[]any{rule.key(who), rule.Window.Milliseconds(), tx.Now.UnixMilli()}, &tries)
	return tries, err
}

// GiveBack takes that many counted tries back, because they turned out right or were never made: only failures are to
// be bounded. In the transaction that counted them it leaves everything as it was.
func (rule Rule) GiveBack(tx *db.Tx, who string, tries int64) error {
	_, err := tx.Exec(`UPDATE limits SET tries = CASE WHEN tries > $2 THEN tries - $2 ELSE 0 END, blocked_until = 0
		WHERE key = $1 AND tries > 0`, rule.key(who), tries)
	return err
}

// Clear forgets all tries of who.
func (rule Rule) Clear(tx *db.Tx, who string) error {
	_, err := tx.Exec("DELETE FROM limits WHERE key = $1", rule.key(who))
	return err
}

// Sweep deletes rows that bound nothing any more. Expiry never depends on it.
func Sweep(tx *db.Tx, olderThan time.Duration) error {
	_, err := tx.Exec("DELETE FROM limits WHERE started_at < $1 AND blocked_until < $2",
		tx.Now.Add(-olderThan).UnixMilli(), tx.Now.UnixMilli())
	return err
}

// Forget deletes what the rules count no more, in one pass. It is for those whose windows are short and whose keys tell
// something, such as where somebody was: they are not kept for as long as the others.
func Forget(tx *db.Tx, rules ...Rule) error {
	now, args, names := tx.Now.UnixMilli(), []any{nil, tx.Now.UnixMilli()}, []string{}
	var longest time.Duration
	for _, rule := range rules {
		longest = max(longest, rule.Window)
		for _, name := range []string{rule.Name, rule.said(0).Name} {
			args = append(args, name+":%")
			names = append(names, fmt.Sprintf("key LIKE $%d", len(args)))
		}
	}
	args[0] = now - longest.Milliseconds()
	_, err := tx.Exec("DELETE FROM limits WHERE started_at <= $1 AND blocked_until <= $2 AND ("+strings.Join(names, " OR ")+")", args...)
	return err
}

func (rule Rule) key(who string) string { return rule.Name + ":" + who }

func (rule Rule) block(further int64) time.Duration {
	// 2^20 times the shortest block is longer than any Longest; more would overflow.
	return min(rule.Block<<min(further, 20), max(rule.Block, rule.Longest))
}
