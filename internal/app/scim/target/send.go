// One person or group is sent.
package target

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"

	"woggle/internal/app/scim"
	"woggle/internal/db"
	"woggle/internal/directory"
)

const (
	userURN       = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupURN      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	enterpriseURN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
)

// membersAtOnce is how many members one request moves.
const membersAtOnce = 100

// Counts is what was sent.
type Counts struct {
	Made, Changed, Ended int // people and groups
	Moved                int // members
	Refused              int
}

// send brings one person or group at the target into step. What was sent is written down at once, so that a crash repeats at
// most what is harmless to repeat.
func (r *run) send(ctx context.Context, change directory.Change) error {
	if change.Kind == directory.GroupChange {
		return r.group(ctx, change)
	}
	return r.person(ctx, change)
}

func (r *run) person(ctx context.Context, change directory.Change) error {
	var w want
	var c replica
	err := r.db.View(ctx, func(tx *db.Tx) (err error) {
		if w, err = wantedPerson(tx, r.target, change.ID); err != nil {
			return err
		}
		c, err = copyOf(tx, r.target.ID, change.Kind, change.ID)
		return err
	})
	if err != nil {
		return err
	}
	before := c
	switch difference(w, c) {
	case "":
		return r.done(ctx, change, c, false)
	case "make":
		if c.remoteID, err = r.makePerson(ctx, w); err != nil {
			return err
		}
		r.counts.Made++
	case "change":
		if err = r.client.patch(ctx, "Users", c.remoteID, r.operations(w)...); isRefused(err, http.StatusNotFound) {
			c.remoteID, err = r.makePerson(ctx, w) // somebody deleted them there
		}
		if err != nil {
			return err
		}
		r.counts.Changed++
	case "end":
		err = r.client.patch(ctx, "Users", c.remoteID, op{Op: "replace", Value: map[string]any{"active": false}})
		if isRefused(err, http.StatusNotFound) {
			c.remoteID, err = "", nil
		}
		if err != nil {
			return err
		}
		r.counts.Ended++
	}
	c.active, c.sent = w.active, w.fingerprint
	return r.done(ctx, change, c, c.active != before.active || c.remoteID != before.remoteID)
}

// done writes down what stands at the target, and takes the change from the queue. If whether or where somebody stands
// there is another than before, their groups are looked at once more.
func (r *run) done(ctx context.Context, change directory.Change, c replica, moved bool) error {
	c.failures, c.trouble = 0, ""
	c.retryAt = db.Time(0)
	return r.db.Tx(ctx, func(tx *db.Tx) error {
		if c.remoteID == "" {
			if err := deleteCopy(tx, r.target.ID, c.kind, c.id); err != nil {
				return err
			}
		} else if err := putCopy(tx, r.target.ID, c); err != nil {
			return err
		}
		if moved && !r.target.PeopleOnly {
			groups, err := directory.GroupsOf(tx, c.id)
			if err != nil {
				return err
			}
			for _, g := range groups {
				if err := directory.NoteFor(tx, r.target.watcher(), directory.GroupChange, g.ID); err != nil {
					return err
				}
			}
		}
		return directory.Seen(tx, r.target.watcher(), change)
	})
}

// makePerson makes the person, or takes over the account that is theirs already: the one with our id as its externalId,
// which a lost answer left behind, or one with their user name that nobody else has claimed.
func (r *run) makePerson(ctx context.Context, w want) (id string, err error) {
	externalID, _ := w.document["externalId"].(string)
	found, err := r.client.find(ctx, "Users", "externalId", externalID)
	if err != nil {
		return "", err
	}
	if found == nil {
		id, err = r.client.create(ctx, "Users", r.body(w, userURN))
		if !isRefused(err, http.StatusConflict) {
			return id, err
		}
		name, _ := w.document["userName"].(string)
		if found, err = r.client.find(ctx, "Users", "userName", name); err != nil {
			return "", err
		}
		if found == nil || found.ExternalID != "" && found.ExternalID != externalID {
			return "", &refused{http.StatusConflict, "Somebody else has this user name there."}
		}
	}
	return found.ID, r.client.patch(ctx, "Users", found.ID, r.operations(w)...)
}

// body is a resource as it is made.
func (r *run) body(w want, urn string) map[string]any {
	body := maps.Clone(w.document)
	schemas := []string{urn}
	if body[enterpriseURN] != nil {
		schemas = append(schemas, enterpriseURN)
	}
	body["schemas"] = schemas
	return body
}

// operations say how the person is to be: what there is is set, what there is not is taken away.
func (r *run) operations(w want) []op {
	ops := []op{{Op: "replace", Value: w.document}}
	for _, id := range r.target.Details {
		if scim.Value(w.document, id) == "" {
			ops = append(ops, op{Op: "remove", Path: scim.Path(id)})
		}
	}
	for _, name := range []string{"name", "emails"} {
		if w.document[name] == nil {
			ops = append(ops, op{Op: "remove", Path: name})
		}
	}
	return ops
}

func (r *run) group(ctx context.Context, change directory.Change) error {
	var w want
	var c replica
	err := r.db.View(ctx, func(tx *db.Tx) (err error) {
		if w, err = wantedGroup(tx, r.target, change.ID); err != nil {
			return err
		}
		c, err = copyOf(tx, r.target.ID, change.Kind, change.ID)
		return err
	})
	if err != nil {
		return err
	}
	switch difference(w, c) {
	case "make":
		if c.remoteID, err = r.makeGroup(ctx, w); err != nil {
			return err
		}
		r.counts.Made++
	case "change":
		err = r.client.patch(ctx, "Groups", c.remoteID, op{Op: "replace", Path: "displayName", Value: w.document["displayName"]})
		if isRefused(err, http.StatusNotFound) {
			// Somebody deleted it there: whom it was told of is forgotten as well.
			if err := r.db.Tx(ctx, func(tx *db.Tx) error { return deleteCopy(tx, r.target.ID, c.kind, c.id) }); err != nil {
				return err
			}
			c.remoteID, err = r.makeGroup(ctx, w)
		}
		if err != nil {
			return err
		}
		r.counts.Changed++
	case "end":
		if err := r.client.delete(ctx, "Groups", c.remoteID); err != nil {
			return err
		}
		r.counts.Ended++
		c.remoteID = ""
		return r.done(ctx, change, c, false)
	case "":
		if !w.active {
			return r.done(ctx, change, c, false)
		}
	}
	c.active, c.sent = true, w.fingerprint
	// Written down before the members are: a crash among them makes no second group.
	if err := r.db.Tx(ctx, func(tx *db.Tx) error { return putCopy(tx, r.target.ID, c) }); err != nil {
		return err
	}
	if err := r.move(ctx, c); err != nil {
		return err
	}
	return r.done(ctx, change, c, false)
}

func (r *run) makeGroup(ctx context.Context, w want) (id string, err error) {
	externalID, _ := w.document["externalId"].(string)
	found, err := r.client.find(ctx, "Groups", "externalId", externalID)
	if err != nil {
		return "", err
	}
	if found == nil {
		id, err = r.client.create(ctx, "Groups", r.body(w, groupURN))
		if !isRefused(err, http.StatusConflict) {
			return id, err
		}
		name, _ := w.document["displayName"].(string)
		if found, err = r.client.find(ctx, "Groups", "displayName", name); err != nil {
			return "", err
		}
		if found == nil || found.ExternalID != "" && found.ExternalID != externalID {
			return "", &refused{http.StatusConflict, "Another group has this name there."}
		}
	}
	return found.ID, r.client.patch(ctx, "Groups", found.ID, op{Op: "replace", Value: w.document})
}

// move tells the target who came into the group and who left it, some at a time.
func (r *run) move(ctx context.Context, c replica) error {
	var in, before map[string]string
	err := r.db.View(ctx, func(tx *db.Tx) (err error) {
		in, before, err = members(tx, r.target, c.id)
		return err
	})
	if err != nil {
		return err
	}
	var come, left []string
	for _, id := range slices.Sorted(maps.Keys(in)) {
		if before[id] != in[id] {
			come = append(come, id)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(before)) {
		if in[id] != before[id] {
			left = append(left, id)
		}
	}
	for some := range slices.Chunk(left, membersAtOnce) {
		var ops []op
		for _, id := range some {
			ops = append(ops, op{Op: "remove", Path: "members[value eq " + quote(before[id]) + "]"})
		}
		err := r.client.patch(ctx, "Groups", c.remoteID, ops...)
		if err := r.tell(ctx, err, some, func(tx *db.Tx, id string) error { return untell(tx, r.target.ID, c.id, id) }); err != nil {
			return err
		}
	}
	for some := range slices.Chunk(come, membersAtOnce) {
		var values []any
		for _, id := range some {
			values = append(values, map[string]any{"value": in[id]})
		}
		err := r.client.patch(ctx, "Groups", c.remoteID, op{Op: "add", Path: "members", Value: values})
		if err := r.tell(ctx, err, some, func(tx *db.Tx, id string) error { return tell(tx, r.target.ID, c.id, id, in[id]) }); err != nil {
			return err
		}
	}
	return nil
}

// tell writes down that some members were moved. A group that is not there any more is made anew, another time.
func (r *run) tell(ctx context.Context, sent error, some []string, write func(tx *db.Tx, id string) error) error {
	if sent != nil {
		return sent
	}
	r.counts.Moved += len(some)
	return r.db.Tx(ctx, func(tx *db.Tx) error {
		for _, id := range some {
			if err := write(tx, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// refuse notes that the target does not take what it was told of one resource, which is tried again later.
func (r *run) refuse(ctx context.Context, change directory.Change, cause error) error {
	var why *refused
	if !errors.As(cause, &why) {
		return cause
	}
	r.counts.Refused++
	return r.db.Tx(ctx, func(tx *db.Tx) error {
		c, err := copyOf(tx, r.target.ID, change.Kind, change.ID)
		if err != nil {
			return err
		}
		if change.Kind == directory.GroupChange && why.status == http.StatusNotFound {
			if err := deleteCopy(tx, r.target.ID, c.kind, c.id); err != nil {
				return err
			}
			c = replica{kind: c.kind, id: c.id, failures: c.failures}
		}
		c.trouble, c.retryAt = why.why, tx.Now.Add(pause(time24, c.failures))
		c.failures++
		if err := putCopy(tx, r.target.ID, c); err != nil {
			return err
		}
		return directory.Seen(tx, r.target.watcher(), change)
	})
}
