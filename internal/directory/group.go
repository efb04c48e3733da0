// A group: a district, a team, a set of people.
package directory

import "woggle/internal/problem"

// Group is a set of users. A group may stand within another.
type Group struct {
	ID     string
	Name   string // unique
	Parent string // id of the group that it stands within, or empty
}

// groupNameMax is in code points, and what Entra allows in the name of a group.
const groupNameMax = 256

// Check tells why the group cannot be stored under its name.
func (g Group) Check() error { return checkGroupName(g.Name) }

// checkGroupName tells why s cannot be the name of a group: the rule of a person's name, for longer ones.
func checkGroupName(s string) error {
	if s == "" {
		return problem.Field("name", "directory.group.required")
	}
	return checkName(s, groupNameMax)
}
