// The apps file: which apps there are, as a list that is applied at every start.
package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"woggle/internal/app"
	"woggle/internal/server"
	"woggle/internal/signin"
)

// appEntry is an app as it is written. Its groups have names here.
type appEntry struct {
	app.App
	Groups []string
}

// appKeys are the keys of an app in the file.
type appKeys struct {
	ID       string
	Name     string
	Launch   string
	Logo     string
	Disabled bool
	Groups   []string
	Fresh    time.Duration
	Methods  []string
	Tell     []string
}

// readApps reads the apps file, and finds all that is wrong with it.
func readApps(path string) ([]appEntry, []Finding) {
	file, top := readTables(path, "apps", "[[app]] before each app", nil)
	if top == nil {
		return nil, file.found
	}
	entries := []appEntry{}
	list, _ := top.values["app"].([]map[string]any)
	top.known["app"] = true
	if len(list) == 0 && top.values["app"] != nil {
		top.say("app", "app is not a list", "write [[app]] in double brackets before each app")
	}
	seen := map[string]bool{}
	for i, values := range list {
		t := file.table(fmt.Sprintf("app.%d.", i), "", values)
		entry, ok := t.app()
		if seen[entry.ID] {
			t.say("id", fmt.Sprintf("there are two apps %q", entry.ID), "give each an id of its own")
		}
		if seen[entry.ID] = true; !ok {
			continue
		}
		for _, other := range entries {
			if err := apart(&entry.App, &other.App); err != nil {
				t.say("", err.Error(), "remove one")
			}
		}
		entries = append(entries, entry)
	}
	top.strangers("the apps file")
	return entries, file.found
}

// app reads one app. It is not ok if something is wrong with it, which is said.
func (t *table) app() (entry appEntry, ok bool) {
	before := len(t.found)
	var keys appKeys
	t.fill(&keys)
	entry.App = app.App{ID: keys.ID, Name: keys.Name, Launch: keys.Launch, Disabled: keys.Disabled, Tell: keys.Tell,
		Need: app.Need{Fresh: keys.Fresh, Methods: kindsOf(keys.Methods)}, Protocol: app.Link, Settings: json.RawMessage("{}")}
	entry.Groups = keys.Groups
	t.protocol(&entry.App)
	if keys.Logo != "" {
		logo, err := readBounded(t.beside(keys.Logo), maxFile)
		if err != nil {
			t.say("logo", "the logo cannot be read: "+err.Error(), "")
		}
		entry.Logo = []byte(logo)
	}
	t.strangers("an app")
	if len(t.found) == before {
		if err := checkApp(&entry.App); err != nil {
			t.say("", err.Error(), "")
		}
	}
	return entry, len(t.found) == before
}

// protocol finds the one table that is named for a protocol, and makes it the settings. A key that ends in _file stands for
// what is in that file.
func (t *table) protocol(a *app.App) {
	names := slices.Sorted(maps.Keys(server.AppReaders()))
	for _, name := range names {
		t.known[name] = true
		values, is := t.values[name].(map[string]any)
		switch {
		case t.values[name] == nil:
			continue
		case !is:
			t.say(name, name+" is not a table", "write [app."+name+"] on a line of its own")
			continue
		case a.Protocol != app.Link:
			t.say(name, "an app speaks one protocol, and this one has "+a.Protocol+" and "+name, "write two apps")
			continue
		}
		a.Protocol = name
		settings, err := t.settings(values)
		if err != nil {
			t.say(name, err.Error(), "")
			continue
		}
		a.Settings = settings
	}
}

func (t *table) settings(values map[string]any) (json.RawMessage, error) {
	whole := maps.Clone(values)
	for key, value := range values {
		name, isFile := cutFile(key)
		path, isText := value.(string)
		if !isFile || !isText {
			continue
		}
		text, err := readBounded(t.beside(path), maxFile)
		if err != nil {
			return nil, fmt.Errorf("%s cannot be read: %w", key, err)
		}
		delete(whole, key)
		whole[name] = text
	}
	return json.Marshal(whole)
}

func kindsOf(names []string) (kinds []signin.Kind) {
	for _, name := range names {
		kinds = append(kinds, signin.Kind(name))
	}
	return kinds
}

// apart tells whether two apps can be told apart. Of two that go by one name neither is open, so that nobody makes one by mistake.
func apart(a, b *app.App) error {
	if a.ID == b.ID || a.Protocol != b.Protocol || a.Audience != b.Audience || a.Audience == "" {
		return nil
	}
	return fmt.Errorf("the apps %s and %s both go by the name %s in %s, so that neither could be found", a.ID, b.ID, a.Audience, a.Protocol)
}

// checkApp judges an app and lets its protocol read the settings.
func checkApp(a *app.App) error {
	if err := a.Check(); err != nil || a.Protocol == app.Link {
		return err
	}
	read, known := server.AppReaders()[a.Protocol]
	if !known {
		return fmt.Errorf("there is no protocol %q; there are: link, %s", a.Protocol, list(slices.Sorted(maps.Keys(server.AppReaders()))))
	}
	return read(a)
}
