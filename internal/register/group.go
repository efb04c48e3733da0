// Groups: which one a path in a cell means.
package register

import (
	"strings"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/problem"
)

// tree is the groups that there are, and those that the import will make.
type tree struct {
	byName map[string]directory.Group
	byPath map[string]string // ids of what was found before, by path
	parts  map[string]string // of paths in the file: under which group a name stands, or several
	made   func(directory.Group)
}

const several = "\x00"

// newTree reads the groups, and the paths of the file: a name that stands within two groups is two groups.
func newTree(tx *db.Tx, made func(directory.Group)) (*tree, error) {
	t := &tree{byName: map[string]directory.Group{}, byPath: map[string]string{}, parts: map[string]string{}, made: made}
	all, err := directory.Groups(tx)
	for _, g := range all {
		t.byName[g.Name] = g
	}
	return t, err
}

// learn takes notice of a path before any is looked up.
func (t *tree) learn(path []string) {
	for i, name := range path {
		above := strings.Join(path[:i], "\x1f")
		if before, known := t.parts[name]; known && before != above {
			above = several
		}
		t.parts[name] = above
	}
}

// find is the id of the group that a path leads to; those that there are not are made. The groups' names are unique, so that a name
// which stands in several places gets its whole path as its name. Its errors are Invalid problems.
func (t *tree) find(path []string) (id, name string, err error) {
	whole := strings.Join(path, "\x1f")
	last := path[len(path)-1]
	if id, known := t.byPath[whole]; known {
		return id, t.nameOf(path), nil
	}
	parent := ""
	if len(path) > 1 {
		if parent, _, err = t.find(path[:len(path)-1]); err != nil {
			return "", "", err
		}
	}
	for _, name := range []string{last, strings.Join(path, " › ")} {
		g, there := t.byName[name]
		if there && g.Parent != parent && len(path) > 1 || t.parts[last] == several && len(path) > 1 && name == last {
			continue // somewhere else
		}
		if !there {
			if g, err = t.make(name, parent); err != nil {
				return "", "", err
			}
		}
		t.byPath[whole] = g.ID
		return g.ID, name, nil
	}
	return "", "", problem.New(problem.Invalid, "directory.group.taken")
}

// nameOf is the name under which the group of a path was found.
func (t *tree) nameOf(path []string) string {
	id := t.byPath[strings.Join(path, "\x1f")]
	last := path[len(path)-1]
	if t.byName[last].ID == id {
		return last
	}
	return strings.Join(path, " › ")
}

// mostGroups bounds what one import makes: a column of names taken for groups would fill the tree.
const mostGroups = 2000

func (t *tree) make(name, parent string) (directory.Group, error) {
	if len(t.byPath) >= mostGroups+len(t.byName) {
		return directory.Group{}, problem.New(problem.Invalid, "register.row.groups", problem.Args{"max": mostGroups})
	}
	g := directory.Group{ID: db.NewID(), Name: name, Parent: parent}
	if err := g.Check(); err != nil {
		return g, err
	}
	t.byName[name] = g
	t.made(g)
	return g, nil
}
