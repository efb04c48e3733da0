// A walk through everybody: at first, and when somebody asks for a compare.
package target

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"woggle/internal/db"
	"woggle/internal/directory"
)

// walk is how far a compare has come.
type walk struct {
	phase string
	whole bool   // the target is asked as well
	after string // id
}

// The phases of a walk, in their order. The last two are those of a whole compare.
const (
	people         = "people"
	groupsPhase    = "groups"
	standingPeople = "standing-people"
	standingGroups = "standing-groups"
)

func (w walk) String() string {
	mode := "local"
	if w.whole {
		mode = "whole"
	}
	return w.phase + ":" + mode + ":" + w.after
}

func readWalk(text string) walk {
	parts := strings.SplitN(text, ":", 3)
	if len(parts) < 3 {
		return walk{}
	}
	return walk{parts[0], parts[1] == "whole", parts[2]}
}

// step goes one step further in a walk, if there is one.
func (r *run) step(ctx context.Context) (err error) {
	w := readWalk(r.target.walk)
	next := walk{}
	switch w.phase {
	case "":
		return nil
	case people:
		next, err = r.walkPeople(ctx, w)
	case groupsPhase:
		next, err = r.walkGroups(ctx, w)
	case standingPeople:
		next, err = r.walkStanding(ctx, w, directory.UserChange, r.checkPerson)
	case standingGroups:
		next, err = r.walkStanding(ctx, w, directory.GroupChange, r.checkGroup)
	}
	if err != nil {
		return err
	}
	text := ""
	if next.phase != "" {
		text = next.String()
	}
	r.target.walk = text
	return r.db.Tx(ctx, func(tx *db.Tx) error { return setWalk(tx, r.target.ID, text) })
}

// peopleAtOnce is how many people one step of a walk looks at.
const peopleAtOnce = 200

// walkPeople notes those who are not as they were sent.
func (r *run) walkPeople(ctx context.Context, w walk) (next walk, err error) {
	return next, r.db.Tx(ctx, func(tx *db.Tx) error {
		next = walk{phase: groupsPhase, whole: w.whole}
		users, err := directory.ListByID(tx, w.after, peopleAtOnce)
		if err != nil {
			return err
		}
		for _, user := range users {
			next = walk{people, w.whole, user.ID}
			wanted, err := wantedPerson(tx, r.target, user.ID)
			if err != nil {
				return err
			}
			c, err := copyOf(tx, r.target.ID, directory.UserChange, user.ID)
			if err != nil {
				return err
			}
			if difference(wanted, c) != "" {
				if err := directory.NoteFor(tx, r.target.watcher(), directory.UserChange, user.ID); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// walkGroups notes all groups: there are few.
func (r *run) walkGroups(ctx context.Context, w walk) (next walk, err error) {
	if w.whole {
		next = walk{phase: standingPeople, whole: true}
	}
	return next, r.db.Tx(ctx, func(tx *db.Tx) error {
		ids, err := groupIDs(tx, r.target)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := directory.NoteFor(tx, r.target.watcher(), directory.GroupChange, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// walkStanding asks the target for some of what stands there.
func (r *run) walkStanding(ctx context.Context, w walk, kind directory.ChangeKind, check func(context.Context, replica) error) (walk, error) {
	var some []replica
	err := r.db.Ask(ctx, func(tx *db.Tx) (err error) {
		some, err = copiesAfter(tx, r.target.ID, kind, w.after, atOnce)
		return err
	})
	if err != nil {
		return w, err
	}
	if len(some) == 0 && kind == directory.UserChange {
		return walk{phase: standingGroups, whole: true}, nil
	}
	if len(some) == 0 {
		return walk{}, nil
	}
	for _, c := range some {
		if c.remoteID == "" {
			continue
		}
		if err := check(ctx, c); err != nil {
			return w, err
		}
	}
	return walk{w.phase, true, some[len(some)-1].id}, nil
}

// checkPerson looks at somebody there, and sends them anew if they are not as they should be.
func (r *run) checkPerson(ctx context.Context, c replica) error {
	there, err := r.client.get(ctx, "Users", c.remoteID)
	gone := isRefused(err, http.StatusNotFound)
	if err != nil && !gone {
		var why *refused
		if errors.As(err, &why) {
			return nil // it cannot say; what is to be sent is sent all the same
		}
		return err
	}
	return r.db.Tx(ctx, func(tx *db.Tx) error {
		wanted, err := wantedPerson(tx, r.target, c.id)
		if err != nil {
			return err
		}
		here := wanted.document
		if !wanted.active {
			here = map[string]any{"active": false}
		}
		if !gone && holds(there.all, here) {
			return nil
		}
		if c.sent = ""; gone {
			c.remoteID, c.active = "", false
		}
		if err := putCopy(tx, r.target.ID, c); err != nil {
			return err
		}
		return directory.NoteFor(tx, r.target.watcher(), directory.UserChange, c.id)
	})
}

// checkGroup believes the target about who is in a group, so that the difference is sent.
func (r *run) checkGroup(ctx context.Context, c replica) error {
	there, err := r.client.get(ctx, "Groups", c.remoteID)
	if isRefused(err, http.StatusNotFound) {
		return r.db.Tx(ctx, func(tx *db.Tx) error {
			if err := deleteCopy(tx, r.target.ID, c.kind, c.id); err != nil {
				return err
			}
			return directory.NoteFor(tx, r.target.watcher(), directory.GroupChange, c.id)
		})
	}
	var why *refused
	if errors.As(err, &why) {
		return nil
	}
	if err != nil {
		return err
	}
	return r.db.Tx(ctx, func(tx *db.Tx) error {
		before, err := told(tx, r.target.ID, c.id)
		if err != nil {
			return err
		}
		for user := range before {
			if err := untell(tx, r.target.ID, c.id, user); err != nil {
				return err
			}
		}
		for _, member := range there.Members {
			user, err := byRemote(tx, r.target.ID, member.Value)
			if err != nil {
				return err
			}
			if user != "" { // else it is somebody of the target's own
				if err := tell(tx, r.target.ID, c.id, user, member.Value); err != nil {
					return err
				}
			}
		}
		c.sent = ""
		if err := putCopy(tx, r.target.ID, c); err != nil {
			return err
		}
		return directory.NoteFor(tx, r.target.watcher(), directory.GroupChange, c.id)
	})
}
