// People, as a connection sees and changes them.
package scim

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/elimity-com/scim"
	scimerrors "github.com/elimity-com/scim/errors"
	"github.com/elimity-com/scim/optional"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/problem"
)

// people is the resource type User.
type people struct{ *Server }

var _ scim.ResourceHandler = people{}

// documentBytes bounds what is kept of one person.
const documentBytes = 32 << 10

// Create makes a person. Whoever is on hold with the same externalId comes back instead, under the old id: the system means
// the same person. The user name alone brings nobody back, because names are given to other people (threat T86).
func (p people) Create(r *http.Request, attributes scim.ResourceAttributes) (made scim.Resource, err error) {
	visit := visitOf(r)
	err = p.tx(r, func(tx *db.Tx) error {
		document := clone(attributes)
		externalID, _ := document["externalId"].(string)
		delete(document, "externalId")
		held, err := linkByExternalID(tx, visit.connection.ID, externalID)
		if err != nil {
			return err
		}
		if len(held) > 0 {
			if held[0].deleted.IsZero() {
				return conflict("This externalId is a resource's already: " + held[0].id)
			}
			if document["active"] == nil {
				document["active"] = true
			}
			made, err = p.change(tx, visit, held[0].id, true, func(map[string]any) (map[string]any, error) {
				document["externalId"] = externalID
				return document, nil
			})
			return err
		}
		made, err = p.add(tx, visit, document, externalID)
		return err
	})
	return project(r, made), err
}

func (p people) add(tx *db.Tx, visit *visit, document map[string]any, externalID string) (scim.Resource, error) {
	userKind.tidy(document)
	user := wanted(document)
	l := link{connection: visit.connection.ID, externalID: externalID, document: document, created: tx.Now, changed: tx.Now}
	if document["active"] == false {
		user.Status, l.disabled = directory.Disabled, true
	}
	// The role is left out: nobody is made a helper or an administrator from elsewhere (threat T82).
	user, err := directory.Add(tx, user)
	if err != nil {
		return scim.Resource{}, err
	}
	actor := visit.connection.actor()
	err = audit.Record(tx, audit.Event{Type: audit.UserAdded, Actor: actor, User: user.ID, Address: visit.address,
		Detail: audit.Detail{"role": string(user.Role)}})
	if err != nil {
		return scim.Resource{}, err
	}
	l.id = user.ID
	if err := fits(l); err != nil {
		return scim.Resource{}, err
	}
	added, err := insertLink(tx, l)
	if err != nil {
		return scim.Resource{}, err
	}
	if !added {
		return scim.Resource{}, conflict("This externalId is a resource's already.") // of one that was made at the same instant
	}
	if err := p.setDetails(tx, actor, user, document); err != nil {
		return scim.Resource{}, err
	}
	kept, err := keptDetails(tx)
	if err != nil {
		return scim.Resource{}, err
	}
	return p.resource(tx, user, l, kept)
}

// Replace sets everything that the person's resource has. A resource without active keeps it.
func (p people) Replace(r *http.Request, id string, attributes scim.ResourceAttributes) (after scim.Resource, err error) {
	err = p.tx(r, func(tx *db.Tx) error {
		after, err = p.change(tx, visitOf(r), id, false, func(current map[string]any) (map[string]any, error) {
			next := clone(attributes)
			if next["active"] == nil && current != nil {
				next["active"] = current["active"]
			}
			return next, nil
		})
		return err
	})
	return project(r, after), err
}

// Patch makes the changes, all or none.
func (p people) Patch(r *http.Request, id string, operations []scim.PatchOperation) (after scim.Resource, err error) {
	err = p.tx(r, func(tx *db.Tx) error {
		after, err = p.change(tx, visitOf(r), id, false, func(current map[string]any) (map[string]any, error) {
			for _, op := range operations {
				if err := userKind.apply(current, op); err != nil {
					return nil, err
				}
			}
			return current, nil
		})
		return err
	})
	return project(r, after), err
}

// Delete disables the person and lets the connection see them no more. Nothing of theirs is lost.
func (p people) Delete(r *http.Request, id string) error {
	visit := visitOf(r)
	return p.tx(r, func(tx *db.Tx) error {
		user, l, err := p.hold(tx, visit, id)
		if err != nil {
			return err
		}
		if !l.deleted.IsZero() {
			return scimerrors.ScimErrorResourceNotFound(id)
		}
		if user.Status == directory.Active {
			if err := directory.SetStatus(tx, visit.connection.actor(), user.ID, directory.Disabled); err != nil {
				return err
			}
			l.disabled = true
		}
		l.deleted, l.changed = tx.Now, tx.Now
		return updateLink(tx, l)
	})
}

// hold is the person and the link, which nobody else changes until the transaction ends. Its error is 404 for who is not
// the connection's.
func (p people) hold(tx *db.Tx, visit *visit, id string) (directory.User, link, error) {
	// Asked for first without holding: else a connection could make others wait for people whom it does not know.
	found, err := linkByID(tx, visit.connection.ID, id)
	if err != nil || len(found) == 0 {
		return directory.User{}, link{}, orNotFound(err, id)
	}
	user, err := directory.Hold(tx, id)
	if err != nil {
		return user, link{}, err
	}
	found, err = linkByID(tx, visit.connection.ID, id)
	if err != nil || len(found) == 0 {
		return user, link{}, orNotFound(err, id)
	}
	return user, found[0], nil
}

func orNotFound(err error, id string) error {
	if err != nil {
		return err
	}
	return scimerrors.ScimErrorResourceNotFound(id)
}

// change gives the person's document to next, and stores what comes of it. Who is deleted can only be brought back, by a
// change that says so: whatever else arrives late for them finds nobody (threat T83).
func (p people) change(tx *db.Tx, visit *visit, id string, back bool, next func(current map[string]any) (map[string]any, error)) (scim.Resource, error) {
	user, l, err := p.hold(tx, visit, id)
	if err != nil {
		return scim.Resource{}, err
	}
	kept, err := keptDetails(tx)
	if err != nil {
		return scim.Resource{}, err
	}
	current, err := p.document(tx, user, l, kept)
	if err != nil {
		return scim.Resource{}, err
	}
	if l.externalID != "" {
		current["externalId"] = l.externalID
	}
	if !l.deleted.IsZero() {
		current["active"] = false
	}
	document, err := next(current)
	if err != nil {
		return scim.Resource{}, err
	}
	if !l.deleted.IsZero() && document["active"] != true && !back {
		return scim.Resource{}, scimerrors.ScimErrorResourceNotFound(id)
	}
	userKind.tidy(document)
	l.externalID, _ = document["externalId"].(string)
	delete(document, "externalId")
	l.document, l.deleted, l.changed = document, db.Time(0), tx.Now
	if user, err = p.store(tx, visit, user, &l); err != nil {
		return scim.Resource{}, err
	}
	if err := fits(l); err != nil {
		return scim.Resource{}, err
	}
	if err := updateLink(tx, l); db.Unique(err) {
		return scim.Resource{}, conflict("This externalId is a resource's already.")
	} else if err != nil {
		return scim.Resource{}, err
	}
	return p.resource(tx, user, l, kept)
}

// store writes into the directory what the document says otherwise.
func (p people) store(tx *db.Tx, visit *visit, user directory.User, l *link) (directory.User, error) {
	actor, say := visit.connection.actor(), wanted(l.document)
	after := user
	after.Username, after.Email = strings.TrimSpace(say.Username), strings.TrimSpace(say.Email)
	after.GivenName, after.FamilyName = directory.Tidy(say.GivenName), directory.Tidy(say.FamilyName)
	var changed []string
	for _, one := range []struct {
		field         string
		before, after string
	}{{"username", user.Username, after.Username}, {"email", user.Email, after.Email},
		{directory.GivenNameField, user.GivenName, after.GivenName}, {directory.FamilyNameField, user.FamilyName, after.FamilyName}} {
		if one.before != one.after {
			changed = append(changed, one.field)
		}
	}
	// With the address goes the link for a forgotten password: of those who may let others in, and of those who said that
	// something was not them, nobody elsewhere decides where it is sent.
	if (user.Role != directory.Member || user.Frozen()) && (user.Username != after.Username || user.Email != after.Email) {
		return user, problem.New(problem.Forbidden, "scim.protected")
	}
	if len(changed) > 0 {
		if err := directory.Update(tx, after); err != nil {
			return user, err
		}
		err := audit.Record(tx, audit.Event{Type: audit.DetailsChanged, Actor: actor, User: user.ID, Address: visit.address,
			Detail: audit.Detail{"fields": strings.Join(changed, ", ")}})
		if err != nil {
			return user, err
		}
	}
	if err := p.setActive(tx, actor, &after, l); err != nil {
		return user, err
	}
	return after, p.setDetails(tx, actor, after, l.document)
}

// setActive disables, and lets in again whom this connection disabled: never whom somebody else keeps out.
func (p people) setActive(tx *db.Tx, actor string, user *directory.User, l *link) error {
	var status directory.Status
	switch active := l.document["active"] != false; {
	case !active && user.Status == directory.Active:
		status, l.disabled = directory.Disabled, true
	case active && user.Status == directory.Disabled && l.disabled:
		// Somebody may have let them in again since, and somebody else kept them out then.
		last, err := audit.LastActor(tx, user.ID, audit.UserAdded, audit.UserDisabled, audit.UserLocked, audit.UserEnabled)
		if err != nil || last != actor {
			return err
		}
		status, l.disabled = directory.Active, false
	default:
		return nil
	}
	user.Status = status
	return directory.SetStatus(tx, actor, user.ID, status)
}

// setDetails stores the details for which the organisation has fields.
func (p people) setDetails(tx *db.Tx, actor string, user directory.User, document map[string]any) error {
	fields, err := directory.Fields(tx)
	if err != nil {
		return err
	}
	values := map[string]string{}
	for _, d := range details {
		i := slices.IndexFunc(fields, func(f directory.Field) bool { return f.ID == d.field })
		// A required detail that is not told is asked of the person, and no fault of the other system.
		if i >= 0 && (d.get(document) != "" || !fields[i].Required) {
			values[d.field] = d.get(document)
		}
	}
	if len(values) == 0 {
		return nil
	}
	return directory.SetValues(tx, actor, user, values)
}

// document is what the system said, brought up to date. Of the details it reads those with the ids in kept.
func (p people) document(tx *db.Tx, user directory.User, l link, kept []string) (map[string]any, error) {
	document := clone(l.document)
	values := map[string]string{}
	if len(kept) > 0 {
		all, err := directory.Values(tx, user)
		if err != nil {
			return nil, err
		}
		for _, id := range kept {
			values[id] = all[id] // empty where there is none
		}
	}
	overlay(document, user, values)
	return document, nil
}

// keptDetails are the ids of the fields that are attributes as well.
func keptDetails(tx *db.Tx) (ids []string, err error) {
	fields, err := directory.Fields(tx)
	for _, f := range fields {
		if slices.Contains(Details(), f.ID) {
			ids = append(ids, f.ID)
		}
	}
	return ids, err
}

func (p people) resource(tx *db.Tx, user directory.User, l link, kept []string) (scim.Resource, error) {
	document, err := p.document(tx, user, l, kept)
	if err != nil {
		return scim.Resource{}, err
	}
	return resource(user.ID, l.externalID, document, scim.Meta{Created: &l.created, LastModified: &l.changed}), nil
}

func resource(id, externalID string, attributes map[string]any, meta scim.Meta) scim.Resource {
	r := scim.Resource{ID: id, Attributes: attributes, Meta: meta}
	if externalID != "" {
		r.ExternalID = optional.NewString(externalID)
	}
	return r
}

func conflict(detail string) error {
	e := scimerrors.ScimErrorUniqueness
	e.Detail = detail
	return e
}

// errTooMuch says that more was sent of one resource than is kept.
var errTooMuch = scimerrors.ScimError{ScimType: scimerrors.ScimTypeInvalidValue, Status: http.StatusBadRequest,
	Detail: "The attributes of one person may have 32768 bytes, and the externalId 255."}

func fits(l link) error {
	text, err := json.Marshal(l.document)
	if err == nil && (len(text) > documentBytes || len(l.externalID) > 255) {
		return errTooMuch
	}
	return err
}

// clone is a copy that shares nothing: a transaction may run again, and must find the request as it was.
func clone(document map[string]any) map[string]any {
	all := maps.Clone(document)
	if all == nil {
		all = map[string]any{}
	}
	for name, value := range all {
		all[name] = cloneValue(value)
	}
	return all
}

func cloneValue(value any) any {
	switch value := value.(type) {
	case map[string]any:
		return clone(value)
	case []any:
		all := make([]any, len(value))
		for i, one := range value {
			all[i] = cloneValue(one)
		}
		return all
	}
	return value
}
