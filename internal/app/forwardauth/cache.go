// Decisions to let through, kept for a moment. Refusals are never kept, so whoever has just signed in is let in at once.
package forwardauth

import (
	"net/http"
	"sync"
	"time"
)

// Bounds of what is kept. Five seconds is how long a right that was taken away may last on another node; on this one it
// ends at once (forget).
const (
	keptFor  = 5 * time.Second
	keptMost = 10_000 // about 2 KiB each
)

// key is what a decision depends on. The rule is of one reading of the apps file: after the next reading nothing matches.
type key struct {
	token [32]byte // SHA-256
	host  string
	rule  *rule
}

// decision lets requests through, with what the site is told.
type decision struct {
	from, until time.Time
	told        http.Header // shared by all answers: nobody changes it
}

// cache is safe for many goroutines.
type cache struct {
	mu    sync.RWMutex
	round int // how often everything was forgotten
	kept  map[key]decision
}

// find is the decision that holds at the time.
func (c *cache) find(k key, now time.Time) (decision, bool) {
	c.mu.RLock()
	d, found := c.kept[k]
	c.mu.RUnlock()
	// A clock that was set back finds nothing.
	return d, found && now.Before(d.until) && !now.Before(d.from)
}

// begin is asked before the database is, and given to keep: what was read before everything was forgotten is not kept.
func (c *cache) begin() (round int) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.round
}

func (c *cache) keep(round int, k key, d decision) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if round != c.round {
		return
	}
	if len(c.kept) >= keptMost {
		for other, old := range c.kept {
			if !d.from.Before(old.until) {
				delete(c.kept, other)
			}
		}
	}
	if c.kept == nil || len(c.kept) >= keptMost {
		c.kept = map[key]decision{} // more people at once than we have room for: each is asked about anew
	}
	c.kept[k] = d
}

// forget drops everything: a session was ended. Sessions end rarely, and finding out whose decisions to drop would
// cost more than making a few anew.
func (c *cache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.round++
	c.kept = nil
}
