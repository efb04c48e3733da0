// A target, and how it is made and ended.
package target

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"woggle/internal/app/scim"
	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/keys"
	"woggle/internal/problem"
)

// Target is a system in which people are kept.
type Target struct {
	ID         string
	Name       string
	Base       string   // address of its SCIM service, without a slash at the end
	Groups     []string // ids of the groups whose people it gets; empty: everybody
	Details    []string // ids of the fields that it is told, beside the names and the address
	PeopleOnly bool     // it gets no groups
	CreatedAt  time.Time

	// What stands there, for lists.
	People, Inactive, GroupCount int64
	Waiting                      int64
	Refused                      []Refusal // at most ten
	Trouble                      string    // why everything waits
	RetryAt                      time.Time

	token    []byte // sealed
	walk     string
	failures int64
}

// Refusal is somebody of whom the target does not take what it is told.
type Refusal struct {
	Kind directory.ChangeKind
	ID   string
	Why  string
}

// watcher is the target's name among the directory's watchers.
func (t *Target) watcher() string { return "scim:" + t.ID }

// Add makes a target and begins to note changes for it; everybody is looked at once. Its errors are Invalid problems.
func Add(tx *db.Tx, ring *keys.Ring, actor string, t Target, token string) (*Target, error) {
	if err := scim.CheckName(t.Name); err != nil {
		return nil, err
	}
	t.Base = strings.TrimRight(strings.TrimSpace(t.Base), "/")
	if !isAddress(t.Base) || token == "" || strings.ContainsAny(token, " \t\r\n") {
		return nil, problem.Field("address", "scim.target.address")
	}
	fields, err := directory.Fields(tx)
	if err != nil {
		return nil, err
	}
	for _, id := range t.Details {
		asked := slices.ContainsFunc(fields, func(f directory.Field) bool { return f.ID == id })
		if !asked || !slices.Contains(scim.Details(), id) {
			return nil, problem.Field(id, "scim.target.detail", problem.Args{"details": strings.Join(scim.Details(), ", ")})
		}
	}
	t.ID, t.CreatedAt, t.walk = db.NewID(), tx.Now, walk{phase: people}.String()
	t.token = ring.Seal([]byte(token), "scim_targets", "token", t.ID)
	added, err := insert(tx, &t)
	if err != nil {
		return nil, err
	}
	if !added {
		return nil, problem.Field("name", "scim.name.taken")
	}
	if err := directory.Watch(tx, t.watcher()); err != nil {
		return nil, err
	}
	return &t, record(tx, actor, t.Name, "target-added")
}

// isAddress takes https, and http on this computer; what is called in the end is decided where it is called.
func isAddress(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return false
	}
	ip, _ := netip.ParseAddr(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || ip.IsLoopback())
}

// Remove ends the target. Who stands there, stays there.
func Remove(tx *db.Tx, actor string, t *Target) error {
	if err := directory.Unwatch(tx, t.watcher()); err != nil {
		return err
	}
	if err := remove(tx, t.ID); err != nil {
		return err
	}
	return record(tx, actor, t.Name, "target-removed")
}

// Compare lets the next run look at everybody again, there as well as here.
func Compare(tx *db.Tx, t *Target) error {
	return setWalk(tx, t.ID, walk{phase: people, whole: true}.String())
}

// Named finds a target. Its error is NotFound.
func Named(tx *db.Tx, name string) (*Target, error) {
	all, err := list(tx)
	if err != nil {
		return nil, err
	}
	for _, t := range all {
		if t.Name == name {
			return t, nil
		}
	}
	return nil, problem.New(problem.NotFound, "scim.target.not-found", problem.Args{"name": name})
}

// List are all targets, in the order of their names, with what stands there.
func List(tx *db.Tx) ([]*Target, error) {
	all, err := list(tx)
	for _, t := range all {
		if err == nil {
			err = figures(tx, t)
		}
		if err == nil {
			t.Waiting, err = directory.CountChanges(tx, t.watcher())
		}
	}
	return all, err
}

func record(tx *db.Tx, actor, name, what string) error {
	return audit.Record(tx, audit.Event{Type: audit.ScimChanged, Actor: actor, Detail: audit.Detail{"name": name, "what": what}})
}
