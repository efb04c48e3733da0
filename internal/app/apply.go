// Applying a list of apps: what stands in the apps file is what there is.
package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"woggle/internal/db"
	"woggle/internal/directory"
)

// Change is what applying did to an app.
type Change struct {
	ID   string
	What string // "added", "changed" or "removed"
}

// Apply makes the apps that stand in the file those of the wanted list: they are added, changed or removed. Apps that were
// added by command stay as they are, and an id that one of those has cannot be used in the file. Nothing is recorded of an
// app that is the same.
func Apply(tx *db.Tx, actor string, wanted []*App) (changes []Change, err error) {
	there, err := List(tx)
	if err != nil {
		return nil, err
	}
	known := map[string]*App{}
	for _, a := range there {
		known[a.ID] = a
	}
	for _, a := range wanted {
		a.FromFile = true
		before, is := known[a.ID]
		switch {
		case is && !before.FromFile:
			return nil, fmt.Errorf("there is an app %s already, which was added by command: remove it first, or give this one another id", a.ID)
		case is && same(before, a):
			continue
		}
		if err := Put(tx, actor, a); err != nil {
			return nil, err
		}
		what := "added"
		if is {
			what = "changed"
		}
		changes = append(changes, Change{a.ID, what})
	}
	for _, a := range there {
		if !a.FromFile || slices.ContainsFunc(wanted, func(w *App) bool { return w.ID == a.ID }) {
			continue
		}
		if err := Remove(tx, actor, a.ID); err != nil {
			return nil, err
		}
		changes = append(changes, Change{a.ID, "removed"})
	}
	return changes, nil
}

// same compares what is stored. Settings are the same if they mean the same.
func same(a, b *App) bool {
	plain := func(one *App) (App, any) {
		p := *one
		p.Audience, p.Parsed, p.Settings = "", nil, nil
		p.Groups, p.Tell, p.Logo = append([]string{}, p.Groups...), append([]string{}, p.Tell...), append([]byte{}, p.Logo...)
		p.Need.Methods = append(p.Need.Methods[:0:0], p.Need.Methods...)
		var settings any
		if json.Unmarshal(one.Settings, &settings) != nil {
			settings = string(one.Settings)
		}
		return p, settings
	}
	mine, mySettings := plain(a)
	theirs, theirSettings := plain(b)
	return reflect.DeepEqual(mine, theirs) && reflect.DeepEqual(mySettings, theirSettings)
}

// NoGroup stands among an app's groups for one that there is not: nobody is in it. An app whose only group was mistyped or
// deleted must not be open to everybody.
const NoGroup = "?"

// GroupIDs are the ids of the groups by their names. Those that there are not become NoGroup, and are told.
func GroupIDs(tx *db.Tx, names []string) (ids, unknown []string, err error) {
	groups, err := directory.Groups(tx)
	for _, name := range names {
		at := slices.IndexFunc(groups, func(g directory.Group) bool { return g.Name == name })
		if at < 0 {
			ids, unknown = append(ids, NoGroup), append(unknown, name)
			continue
		}
		ids = append(ids, groups[at].ID)
	}
	return ids, unknown, err
}

// ReadSettings reads the settings of a protocol as they are stored. A name that the protocol does not know is an error, because
// people mistype.
func ReadSettings(raw json.RawMessage, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	if err == nil {
		return nil
	}
	if name, unknown := strings.CutPrefix(err.Error(), "json: unknown field "); unknown {
		return fmt.Errorf("there is no setting %s", name)
	}
	return err
}

// Strings are texts that may also be written as one, where there is only one.
type Strings []string

// UnmarshalJSON reads a text or a list of texts.
func (s *Strings) UnmarshalJSON(raw []byte) error {
	var one *string
	if json.Unmarshal(raw, &one) == nil {
		if *s = nil; one != nil { // null is none
			*s = Strings{*one}
		}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(s))
}
