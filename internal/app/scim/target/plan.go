// What is to stand at the target, and how that differs from what was last sent.
package target

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	"woggle/internal/app/scim"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/problem"
)

// inactive is what stands in place of the fingerprint of somebody who was made inactive. What changes of them then is not told.
const inactive = "inactive"

// want is how one person or group is to stand at the target.
type want struct {
	name        string // for people to read
	active      bool   // is to stand there, and, for a person, to be active
	document    map[string]any
	fingerprint string
}

// wantedPerson is how a person is to stand there. Who is not in the directory any more is as somebody who is not to be there.
func wantedPerson(tx *db.Tx, t *Target, id string) (want, error) {
	user, err := directory.ByID(tx, id)
	if problem.Is(err, problem.NotFound) {
		return want{name: id, fingerprint: inactive}, nil
	}
	if err != nil {
		return want{}, err
	}
	w := want{name: user.Username, fingerprint: inactive}
	meant, err := isMeant(tx, t, user)
	if err != nil || !meant {
		return w, err
	}
	values := map[string]string{}
	if len(t.Details) > 0 {
		all, err := directory.Values(tx, user)
		if err != nil {
			return w, err
		}
		for _, id := range t.Details {
			values[id] = all[id]
		}
	}
	w.active, w.document = true, scim.Document(user, values)
	w.document["externalId"] = user.ID
	w.fingerprint, err = fingerprint(w.document)
	return w, err
}

// isMeant tells whether the person is to be active at the target.
func isMeant(tx *db.Tx, t *Target, user directory.User) (bool, error) {
	if user.Status != directory.Active || len(t.Groups) == 0 {
		return user.Status == directory.Active, nil
	}
	of, err := directory.GroupsOf(tx, user.ID)
	return slices.ContainsFunc(of, func(g directory.Group) bool { return slices.Contains(t.Groups, g.ID) }), err
}

// wantedGroup is how a group is to stand there, without its members.
func wantedGroup(tx *db.Tx, t *Target, id string) (want, error) {
	found, err := directory.GroupsByIDs(tx, []string{id})
	if err != nil {
		return want{}, err
	}
	group, is := found[id]
	if !is || t.PeopleOnly || len(t.Groups) > 0 && !slices.Contains(t.Groups, id) {
		return want{name: id}, nil
	}
	w := want{name: group.Name, active: true, document: map[string]any{"displayName": group.Name, "externalId": group.ID}}
	w.fingerprint, err = fingerprint(w.document)
	return w, err
}

// members are who is to be in the group there, and who was told to be, both with their ids there.
func members(tx *db.Tx, t *Target, group string) (in, before map[string]string, err error) {
	ids, err := directory.Members(tx, group)
	if err != nil {
		return nil, nil, err
	}
	if in, err = standing(tx, t.ID, ids); err != nil {
		return nil, nil, err
	}
	before, err = told(tx, t.ID, group)
	return in, before, err
}

// fingerprint is short for all that is sent of one resource.
func fingerprint(document map[string]any) (string, error) {
	text, err := json.Marshal(document)
	sum := sha256.Sum256(text)
	return base64.RawStdEncoding.EncodeToString(sum[:]), err
}

// Action is what would be sent.
type Action struct {
	What string // make, change, end, or move: members of a group
	Kind directory.ChangeKind
	Name string
}

// Preview tells what would be sent if everything were sent now. It reads all people, some at a time, and sends nothing.
func Preview(tx *db.Tx, t *Target, after string, count int) (actions []Action, next string, err error) {
	users, err := directory.ListByID(tx, after, count)
	if err != nil {
		return nil, "", err
	}
	for _, user := range users {
		next = user.ID
		w, err := wantedPerson(tx, t, user.ID)
		if err != nil {
			return nil, "", err
		}
		c, err := copyOf(tx, t.ID, directory.UserChange, user.ID)
		if err != nil {
			return nil, "", err
		}
		if what := difference(w, c); what != "" {
			actions = append(actions, Action{what, directory.UserChange, w.name})
		}
	}
	return actions, next, nil
}

// PreviewGroups is Preview for the groups.
func PreviewGroups(tx *db.Tx, t *Target) (actions []Action, err error) {
	ids, err := groupIDs(tx, t)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		w, err := wantedGroup(tx, t, id)
		if err != nil {
			return nil, err
		}
		c, err := copyOf(tx, t.ID, directory.GroupChange, id)
		if err != nil {
			return nil, err
		}
		what := difference(w, c)
		if what == "" && w.active {
			in, before, err := members(tx, t, id)
			if err != nil {
				return nil, err
			}
			if !sameKeys(in, before) {
				what = "move"
			}
		}
		if what != "" {
			actions = append(actions, Action{what, directory.GroupChange, w.name})
		}
	}
	return actions, nil
}

func sameKeys(a, b map[string]string) bool {
	for id := range a {
		if _, there := b[id]; !there {
			return false
		}
	}
	return len(a) == len(b)
}

// groupIDs are all groups that there are, or were told of.
func groupIDs(tx *db.Tx, t *Target) (ids []string, err error) {
	all, err := directory.Groups(tx)
	if err != nil {
		return nil, err
	}
	for _, g := range all {
		ids = append(ids, g.ID)
	}
	for after := ""; ; {
		some, err := copiesAfter(tx, t.ID, directory.GroupChange, after, 200)
		if err != nil {
			return nil, err
		}
		for _, c := range some {
			ids, after = append(ids, c.id), c.id
		}
		if len(some) == 0 {
			slices.Sort(ids)
			return slices.Compact(ids), nil
		}
	}
}

// difference is what has to be sent: make, change or end; empty if all is as it was sent.
func difference(w want, c replica) string {
	switch {
	case !w.active && (c.remoteID == "" || !c.active && c.sent == inactive):
		return ""
	case !w.active:
		return "end"
	case c.remoteID == "":
		return "make"
	case c.sent != w.fingerprint:
		return "change"
	}
	return ""
}

// holds tells whether a resource as the target has it says what we say. What it has besides is its own.
func holds(there, here any) bool {
	switch here := here.(type) {
	case map[string]any:
		other, is := there.(map[string]any)
		for name, value := range here {
			if !is || !holds(other[name], value) {
				return false
			}
		}
		return true
	case []any:
		others, _ := there.([]any)
		for _, value := range here {
			if !slices.ContainsFunc(others, func(other any) bool { return holds(other, value) }) {
				return false
			}
		}
		return true
	case string:
		text, is := there.(string)
		return is && strings.EqualFold(text, here) // many keep user names in small letters
	case bool:
		text, _ := there.(string)
		return there == here || text != "" && strings.EqualFold(text, map[bool]string{true: "true", false: "false"}[here])
	}
	return there == here
}
