// Groups, as a connection sees and changes them. Of the people in a group it sees those whom it keeps; others, whom somebody
// else put there, stay whatever it writes.
package scim

import (
	"net/http"
	"slices"
	"strings"

	"github.com/elimity-com/scim"
	scimerrors "github.com/elimity-com/scim/errors"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
)

// groups is the resource type Group.
type groups struct{ *Server }

var _ scim.ResourceHandler = groups{}

// mostMembers bounds how many people one request moves in or out of a group: each is a few statements in one transaction.
const mostMembers = 1000

// errTooMany says that a request moves more people than that.
var errTooMany = scimerrors.ScimError{ScimType: scimerrors.ScimTypeTooMany, Status: http.StatusBadRequest,
	Detail: "At most 1000 members can be added or removed at once. Send them in several requests."}

// Create makes a group, with members if there are any.
func (g groups) Create(r *http.Request, attributes scim.ResourceAttributes) (made scim.Resource, err error) {
	visit := visitOf(r)
	err = g.tx(r, func(tx *db.Tx) error {
		name, _ := attributes["displayName"].(string)
		externalID, _ := attributes["externalId"].(string)
		if len(externalID) > 255 {
			return errTooMuch
		}
		group, err := directory.AddGroup(tx, name, "")
		if err != nil {
			return err
		}
		err = audit.Record(tx, audit.Event{Type: audit.GroupAdded, Actor: visit.connection.actor(), Address: visit.address,
			Detail: audit.Detail{"group": group.ID, "name": group.Name}})
		if err != nil {
			return err
		}
		l := groupLink{connection: visit.connection.ID, id: group.ID, externalID: externalID, created: tx.Now, changed: tx.Now}
		added, err := insertGroupLink(tx, l)
		if err != nil {
			return err
		}
		if !added {
			return conflict("This externalId is a group's already.")
		}
		if err := g.setMembers(tx, visit, group.ID, nil, memberIDs(attributes["members"])); err != nil {
			return err
		}
		made, err = g.resource(tx, visit, group, l, wants(r, "members"))
		return err
	})
	return project(r, made), err
}

// Replace sets the name, and the members whom the connection keeps.
func (g groups) Replace(r *http.Request, id string, attributes scim.ResourceAttributes) (after scim.Resource, err error) {
	visit := visitOf(r)
	err = g.tx(r, func(tx *db.Tx) error {
		after, err = g.change(tx, visit, id, wants(r, "members"), func(map[string]any) (map[string]any, error) { return clone(attributes), nil })
		return err
	})
	return project(r, after), err
}

// Patch makes the changes, all or none. It answers without the group: a large one would be read back for every member.
func (g groups) Patch(r *http.Request, id string, operations []scim.PatchOperation) (after scim.Resource, err error) {
	visit := visitOf(r)
	err = g.tx(r, func(tx *db.Tx) error {
		after, err = g.change(tx, visit, id, wants(r, "members"), func(current map[string]any) (map[string]any, error) {
			for _, op := range operations {
				if err := groupKind.apply(current, op); err != nil {
					return nil, err
				}
			}
			return current, nil
		})
		return err
	})
	if err == nil && r.URL.Query().Get("attributes") == "" {
		return scim.Resource{}, nil // 204
	}
	return project(r, after), err
}

// Delete removes the group. Its people stay.
func (g groups) Delete(r *http.Request, id string) error {
	visit := visitOf(r)
	return g.tx(r, func(tx *db.Tx) error {
		if _, _, err := g.hold(tx, visit, id); err != nil {
			return err
		}
		return directory.RemoveGroup(tx, visit.connection.actor(), id)
	})
}

func (g groups) hold(tx *db.Tx, visit *visit, id string) (directory.Group, groupLink, error) {
	const where = "connection_id = $1 AND group_id = $2"
	found, err := groupLinks(tx, where, visit.connection.ID, id)
	if err != nil || len(found) == 0 {
		return directory.Group{}, groupLink{}, orNotFound(err, id)
	}
	group, err := directory.HoldGroup(tx, id)
	if err != nil {
		return group, groupLink{}, err
	}
	found, err = groupLinks(tx, where, visit.connection.ID, id)
	if err != nil || len(found) == 0 {
		return group, groupLink{}, orNotFound(err, id)
	}
	return group, found[0], nil
}

// change gives the group's document to next, and stores what comes of it.
func (g groups) change(tx *db.Tx, visit *visit, id string, members bool,
	next func(map[string]any) (map[string]any, error)) (scim.Resource, error) {
	group, l, err := g.hold(tx, visit, id)
	if err != nil {
		return scim.Resource{}, err
	}
	before, err := g.members(tx, visit, id)
	if err != nil {
		return scim.Resource{}, err
	}
	current := map[string]any{"displayName": group.Name, "members": asMembers(before, nil)}
	if l.externalID != "" {
		current["externalId"] = l.externalID
	}
	document, err := next(current)
	if err != nil {
		return scim.Resource{}, err
	}
	name, _ := document["displayName"].(string)
	if err := directory.RenameGroup(tx, visit.connection.actor(), id, name); err != nil {
		return scim.Resource{}, err
	}
	if group.Name != directory.Tidy(name) {
		group.Name = directory.Tidy(name)
	}
	if err := g.setMembers(tx, visit, id, before, memberIDs(document["members"])); err != nil {
		return scim.Resource{}, err
	}
	l.externalID, _ = document["externalId"].(string)
	if l.changed = tx.Now; len(l.externalID) > 255 {
		return scim.Resource{}, errTooMuch
	}
	if err := updateGroupLink(tx, l); db.Unique(err) {
		return scim.Resource{}, conflict("This externalId is a group's already.")
	} else if err != nil {
		return scim.Resource{}, err
	}
	return g.resource(tx, visit, group, l, members)
}

// memberIDs are the ids that a value of members names, each once.
func memberIDs(value any) (ids []string) {
	for _, element := range list(value) {
		one, _ := element.(map[string]any)
		if id, _ := one["value"].(string); id != "" {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// members are the ids of the people in the group whom the connection keeps.
func (g groups) members(tx *db.Tx, visit *visit, group string) (ids []string, err error) {
	all, err := directory.Members(tx, group)
	if err != nil {
		return nil, err
	}
	kept, err := linksByIDs(tx, visit.connection.ID, all)
	return slices.DeleteFunc(all, func(id string) bool { _, is := kept[id]; return !is }), err
}

// setMembers moves people in and out. Only those whom the connection keeps can be moved; taking out somebody who is not in
// the group, or not there any more, is done already.
func (g groups) setMembers(tx *db.Tx, visit *visit, group string, before, after []string) error {
	var in, out []string
	for _, id := range after {
		if _, there := slices.BinarySearch(before, id); !there {
			in = append(in, id)
		}
	}
	for _, id := range before {
		if _, there := slices.BinarySearch(after, id); !there {
			out = append(out, id)
		}
	}
	if len(in)+len(out) > mostMembers {
		return errTooMany
	}
	kept, err := linksByIDs(tx, visit.connection.ID, in)
	if err != nil {
		return err
	}
	for _, id := range in {
		if _, is := kept[id]; !is {
			e := scimerrors.ScimErrorInvalidValue
			e.Detail = "There is no member " + strings.ToValidUTF8(id[:min(len(id), 64)], "") + "."
			return e
		}
		if err := directory.Join(tx, visit.connection.actor(), group, id); err != nil {
			return err
		}
	}
	for _, id := range out {
		if err := directory.Leave(tx, visit.connection.actor(), group, id); err != nil {
			return err
		}
	}
	return nil
}

// resource is the group as the connection sees it, with its members or without.
func (g groups) resource(tx *db.Tx, visit *visit, group directory.Group, l groupLink, withMembers bool) (scim.Resource, error) {
	document := map[string]any{"displayName": group.Name}
	if withMembers {
		ids, err := g.members(tx, visit, group.ID)
		if err != nil {
			return scim.Resource{}, err
		}
		names, err := directory.ByIDs(tx, ids)
		if err != nil {
			return scim.Resource{}, err
		}
		if len(ids) > 0 {
			document["members"] = asMembers(ids, func(id string) map[string]any {
				user := names[id]
				return map[string]any{"value": id, "$ref": g.base + "/Users/" + id, "type": "User", "display": user.Name()}
			})
		}
	}
	return resource(group.ID, l.externalID, document, scim.Meta{Created: &l.created, LastModified: &l.changed}), nil
}

func asMembers(ids []string, describe func(id string) map[string]any) (all []any) {
	for _, id := range ids {
		if describe == nil {
			all = append(all, map[string]any{"value": id})
		} else {
			all = append(all, describe(id))
		}
	}
	return all
}
