// The catalogue: all apps, as they were a moment ago.
package app

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"woggle/internal/db"
)

// fresh is how long what was read is believed: a disabled app is closed everywhere after that.
const fresh = 5 * time.Second

// Catalogue keeps the apps at hand. There are tens of them, asked for with every request. It is safe for many goroutines.
type Catalogue struct {
	db    *db.DB
	log   *slog.Logger
	read  func(*App) error // lets the app's protocol parse its settings
	mu    sync.Mutex
	known *Apps
}

// Apps are all apps at one moment. Nobody changes them.
type Apps struct {
	at         time.Time
	all        []*App
	byID       map[string]*App
	byAudience map[[2]string]*App
}

// Current are the apps of now, or of a few seconds ago. It must not be called within a transaction.
func (c *Catalogue) Current(ctx context.Context) (*Apps, error) {
	now := c.db.Now()
	c.mu.Lock()
	known := c.known
	c.mu.Unlock()
	if known != nil && now.Sub(known.at) < fresh && !now.Before(known.at) {
		return known, nil
	}
	var apps []*App
	err := c.db.Ask(ctx, func(tx *db.Tx) (err error) {
		apps, err = List(tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	known = c.index(apps, now)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known = known
	return known, nil
}

// Forget drops what was read, so that a change is seen at once.
func (c *Catalogue) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known = nil
}

// index leaves out an app whose settings cannot be read, as after a step back to an older version: the others go on. What two
// apps are found by finds neither: which of them says who may enter must not hang on the order.
func (c *Catalogue) index(apps []*App, now time.Time) *Apps {
	var twice [][2]string
	all := &Apps{at: now, byID: map[string]*App{}, byAudience: map[[2]string]*App{}}
	for _, a := range apps {
		if err := c.read(a); err != nil {
			c.log.Error("an app is closed, because its settings cannot be read", "app", a.ID, "error", err)
			continue
		}
		all.all = append(all.all, a)
		all.byID[a.ID] = a
		if a.Audience == "" {
			continue
		}
		name := [2]string{a.Protocol, a.Audience}
		if other, taken := all.byAudience[name]; taken {
			twice = append(twice, name)
			c.log.Error("two apps are closed, because they go by one name: remove one of them", "app", a.ID, "other", other.ID, "name", a.Audience)
		}
		all.byAudience[name] = a
	}
	for _, name := range twice {
		delete(all.byAudience, name)
	}
	return all
}

// ByID is the app with the id, open or not.
func (s *Apps) ByID(id string) (*App, bool) {
	a, ok := s.byID[id]
	return a, ok
}

// ByAudience is the app of the protocol that it finds by the name, compared byte for byte.
func (s *Apps) ByAudience(protocol, audience string) (*App, bool) {
	a, ok := s.byAudience[[2]string{protocol, audience}]
	return a, ok
}

// Of are the apps of the protocol, in the order of their ids.
func (s *Apps) Of(protocol string) (all []*App) {
	for _, a := range s.all {
		if a.Protocol == protocol {
			all = append(all, a)
		}
	}
	return all
}

// All are all apps, in the order of their ids.
func (s *Apps) All() []*App { return s.all }
