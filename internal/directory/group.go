// A group: a district, a team, a set of people.
package directory

import "woggle/internal/problem"

// Group is a set of users. A group may stand within another.
type Group struct {
	ID     string
	Name   string // unique
	Parent string // id of the group that it stands within, or empty
}

// checkGroupName tells why s cannot be the name of a group.
func checkGroupName(s string) error {
	if s == "" {
		return problem.Field("name", "directory.group.required")
	}
	return CheckPersonName(s) // the same rule: readable text of a bounded length
}
