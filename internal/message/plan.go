// The plan of a message: which routes are left to try.

package message

import (
	"slices"
	"strings"
)

// plan lists routes by name. It stands in the table, so that whichever node goes on knows what was tried.
type plan struct {
	now   []string // in this round, the next one first
	later []string // in the next round: they turned the message down, and may take it another time
}

func newPlan(routes []*Route) (p plan) {
	for _, r := range routes {
		p.now = append(p.now, r.Name)
	}
	return p
}

// String is "this,round|next,round". Names have neither of these signs.
func (p plan) String() string {
	return strings.Join(p.now, ",") + "|" + strings.Join(p.later, ",")
}

func readPlan(text string) plan {
	split := func(s string) []string {
		return strings.FieldsFunc(s, func(r rune) bool { return r == ',' })
	}
	now, later, _ := strings.Cut(text, "|")
	return plan{split(now), split(later)}
}

// drop takes the next route out for good.
func (p plan) drop() plan { return plan{p.now[1:], p.later} }

// postpone leaves the next route for the next round.
func (p plan) postpone() plan { return plan{p.now[1:], append(slices.Clone(p.later), p.now[0])} }
