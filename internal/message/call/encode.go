// A state in writing, as an address carries it.

package call

import (
	"fmt"
	"strings"
	"sync"
)

// keys are all that a telephone has.
const keys = "0123456789*#"

// Encode writes the state in letters a-z, digits and hyphens, as "code-greeting-1" or "approve-greeting-2-4".
func (s State) Encode() string {
	kind := "code"
	if s.Approve {
		kind = "approve"
	}
	return strings.TrimRight(fmt.Sprintf("%s-%s-%d-%s", kind, s.Step, s.Round, s.Keys), "-")
}

// Decode reads what Encode wrote. It takes nothing but the states that a call can come to.
func Decode(text string) (State, error) {
	s, ok := states()[text]
	if !ok {
		return State{}, fmt.Errorf("%.40q is no state of a call", text)
	}
	return s, nil
}

// states are all that a call can come to, about 140, by how they are written.
var states = sync.OnceValue(func() map[string]State {
	all := map[string]State{}
	var walk func(State)
	walk = func(s State) {
		if _, known := all[s.Encode()]; known {
			return
		}
		all[s.Encode()] = s
		for _, next := range s.nexts() {
			walk(next)
		}
	}
	walk(Start(false))
	walk(Start(true))
	return all
})

// nexts is wherever one event leads.
func (s State) nexts() (all []State) {
	for _, key := range keys {
		all = append(all, s.Press(key))
	}
	return append(all, s.Silence(), s.Checked(true), s.Checked(false))
}
