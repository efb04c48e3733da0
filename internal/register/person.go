// A person as the register sees them: one name for each detail, to compare, to change, and to change back.
package register

import (
	"slices"
	"strings"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/problem"
)

// person is somebody who is in the directory or, with an empty user name, is not.
type person struct {
	user   directory.User
	values map[string]string // of details, by field
	groups map[string]string // names by id
	entry  entry
}

// entry is what the register said of a person.
type entry struct {
	number, phone, started, leaves string
	gone                           string // "yes": disabled because they left; "kept": were kept out already
	put                            string // ids of the groups that they were put in, sorted, with a space between
}

// there tells whether the person is in the directory.
func (p *person) there() bool { return p.user.Username != "" }

// place is where a detail stands that is neither a field nor a group, or nil.
func (p *person) place(what string) *string {
	switch what {
	case Number:
		return &p.entry.number
	case Username:
		return &p.user.Username
	case Email:
		return &p.user.Email
	case Given:
		return &p.user.GivenName
	case Family:
		return &p.user.FamilyName
	case Status:
		return (*string)(&p.user.Status)
	case Phone:
		return &p.entry.phone
	case Started:
		return &p.entry.started
	case Leaves:
		return &p.entry.leaves
	case gone:
		return &p.entry.gone
	case put:
		return &p.entry.put
	}
	return nil
}

func (p *person) get(what string) string {
	if at := p.place(what); at != nil {
		return *at
	}
	if id, is := strings.CutPrefix(what, inField); is {
		return p.values[id]
	}
	if id, is := strings.CutPrefix(what, inGroup); is {
		if _, in := p.groups[id]; in {
			return "yes"
		}
		return ""
	}
	switch {
	case what == role:
		return string(p.user.Role)
	case what == frozen && p.user.Frozen():
		return "yes"
	}
	return ""
}

// set changes a detail. The role, and whether somebody is frozen, are only looked at.
func (p *person) set(e Edit, value string) {
	if at := p.place(e.What); at != nil {
		*at = value
		return
	}
	if id, is := strings.CutPrefix(e.What, inField); is {
		p.values[id] = value
	}
	if id, is := strings.CutPrefix(e.What, inGroup); is {
		delete(p.groups, id)
		if value != "" {
			p.groups[id] = e.Label
		}
	}
}

// putIn are the ids of the groups that the register put the person in.
func (p *person) putIn() []string { return strings.Fields(p.entry.put) }

// clone shares nothing with the person.
func (p *person) clone() *person {
	c := *p
	c.values, c.groups = map[string]string{}, map[string]string{}
	for id, value := range p.values {
		c.values[id] = value
	}
	for id, name := range p.groups {
		c.groups[id] = name
	}
	return &c
}

// nobody is a person with the id who is not in the directory yet.
func nobody(id string) *person {
	return &person{user: directory.User{ID: id}, values: map[string]string{}, groups: map[string]string{}}
}

// load reads people by their ids. With hold they stay as they are until the transaction ends.
func load(tx *db.Tx, ids []string, hold bool) (map[string]*person, error) {
	read := directory.ByIDs
	if hold {
		read = directory.HoldAll
	}
	users, err := read(tx, ids)
	if err != nil || len(users) == 0 {
		return nil, err
	}
	values, err := directory.ValuesOf(tx, ids)
	if err != nil {
		return nil, err
	}
	groups, err := directory.MembershipsOf(tx, ids)
	if err != nil {
		return nil, err
	}
	entries, err := entriesOf(tx, "user_id", ids)
	if err != nil {
		return nil, err
	}
	all := make(map[string]*person, len(users))
	for id, user := range users {
		p := nobody(id)
		p.user, p.entry = user, entries[id]
		if values[id] != nil {
			p.values = values[id]
		}
		if groups[id] != nil {
			p.groups = groups[id]
		}
		all[id] = p
	}
	return all, nil
}

// pair is a person before and after.
type pair struct{ before, after *person }

// write stores what differs, by the directory's own doors, with one event for each as if somebody had done it by hand.
func write(tx *db.Tx, actor string, all []pair) error {
	for _, store := range []func(*db.Tx, string, []pair) error{addAll, changeAll, detailAll, moveAll, statusAll, enterAll, removeAll} {
		if err := store(tx, actor, all); err != nil {
			return err
		}
	}
	return nil
}

func addAll(tx *db.Tx, actor string, all []pair) error {
	var added []directory.User
	for _, p := range all {
		if !p.before.there() && p.after.there() {
			user := p.after.user
			user.Role, user.Status = directory.Member, directory.Active
			added = append(added, user)
		}
	}
	return directory.AddAll(tx, actor, added)
}

// both tells whether the person was there before and is there after.
func (p pair) both() bool { return p.before.there() && p.after.there() }

func changeAll(tx *db.Tx, actor string, all []pair) error {
	for _, p := range all {
		var changed []string
		for _, what := range []string{Username, Email, Given, Family} {
			if p.both() && p.before.get(what) != p.after.get(what) {
				changed = append(changed, what)
			}
		}
		if len(changed) == 0 {
			continue
		}
		if err := directory.Update(tx, p.after.user); err != nil {
			return err
		}
		err := audit.Record(tx, audit.Event{Type: audit.DetailsChanged, Actor: actor, User: p.after.user.ID,
			Detail: audit.Detail{"fields": strings.Join(changed, ", ")}})
		if err != nil {
			return err
		}
	}
	return nil
}

func detailAll(tx *db.Tx, actor string, all []pair) error {
	values := map[string]map[string]string{}
	for _, p := range all {
		for id, value := range p.after.values {
			if !p.after.there() || value == p.before.values[id] {
				continue
			}
			if values[p.after.user.ID] == nil {
				values[p.after.user.ID] = map[string]string{}
			}
			values[p.after.user.ID][id] = value
		}
	}
	return directory.SetAllValues(tx, actor, values)
}

func moveAll(tx *db.Tx, actor string, all []pair) error {
	into := map[string][]string{}
	for _, p := range all {
		if !p.after.there() {
			continue
		}
		for id := range p.after.groups {
			if _, in := p.before.groups[id]; !in {
				into[id] = append(into[id], p.after.user.ID)
			}
		}
		for id := range p.before.groups {
			if _, in := p.after.groups[id]; in {
				continue
			}
			if err := directory.Leave(tx, actor, id, p.after.user.ID); err != nil {
				return err
			}
		}
	}
	return directory.JoinAll(tx, actor, into)
}

func statusAll(tx *db.Tx, actor string, all []pair) error {
	for _, p := range all {
		if p.both() && p.before.user.Status != p.after.user.Status {
			if err := directory.SetStatus(tx, actor, p.after.user.ID, p.after.user.Status); err != nil {
				return err
			}
		}
	}
	return nil
}

func enterAll(tx *db.Tx, _ string, all []pair) error {
	var entered []*person
	for _, p := range all {
		switch {
		case !p.after.there() || p.before.entry == p.after.entry:
		case p.after.entry.number == "":
			if err := deleteEntry(tx, p.after.user.ID); err != nil {
				return err
			}
		default:
			entered = append(entered, p.after)
		}
	}
	err := upsertEntries(tx, entered)
	if db.Unique(err) { // somebody else has the number since
		return problem.New(problem.Gone, "register.stale-some").Because(err)
	}
	return err
}

func removeAll(tx *db.Tx, actor string, all []pair) error {
	for _, p := range all {
		if p.before.there() && !p.after.there() {
			if err := directory.Remove(tx, actor, p.before.user.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

func sorted[V any](all map[string]V) []string {
	keys := make([]string, 0, len(all))
	for key := range all {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
