// The states of a call, and what leads from one to the next.

package call

import (
	"time"

	"woggle/internal/message/speech"
)

// Step is how far a call has come since it was answered.
type Step string

// The steps.
const (
	Greeting Step = "greeting" // who calls and whom, and which key to press
	Reading  Step = "reading"  // the code
	Keyed    Step = "keyed"    // two digits are in; nothing is heard until Checked
	Approved Step = "approved" // they were right
	Wrong    Step = "wrong"    // they were not; there is no second try in a call
	Reported Step = "reported" // the person did not ask for this
	Goodbye  Step = "goodbye"
	Over     Step = "over" // hang up
)

const (
	// Patience is how long the end of a script is followed by nothing before it counts as Silence.
	Patience = 4 * time.Second
	// Longest is how long a call takes at most, from the answer on. A carrier hangs up by then in any case: keys that
	// mean nothing may have made it begin scripts again.
	Longest = 90 * time.Second
)

const (
	greetings = 3 // then nobody is there
	hearings  = 4 // of greetings and readings, so that the call stays within Longest
)

// State is where a call stands. It is a value: a webhook can carry it in its address (Encode).
type State struct {
	Step    Step
	Round   int    // in Greeting and Reading: which of the scripts heard until now this is, from 1
	Keys    string // in Greeting the first of two digits or none, in Keyed both
	Approve bool   // the call asks for two digits, and brings no code
}

// Start is a call that was just answered.
func Start(approve bool) State {
	return State{Step: Greeting, Round: 1, Approve: approve}
}

// Press is a key: 0 to 9, * or #. One that means nothing here changes nothing.
func (s State) Press(key rune) State {
	digit := key >= '0' && key <= '9'
	switch {
	case s.Step == Greeting && s.Keys != "" && digit:
		return State{Step: Keyed, Keys: s.Keys + string(key), Approve: true}
	case key == '9' && s.Step != Over:
		return s.to(Reported)
	case s.Step == Greeting && s.Approve && digit:
		s.Keys = string(key)
	case (s.Step == Greeting || s.Step == Reading) && !s.Approve && key == '1' && s.Round < hearings:
		s.Step, s.Round = Reading, s.Round+1
	}
	return s
}

// Silence is that the script was heard to its end, and Patience passed without a key. In Keyed it is that the check
// has failed to answer.
func (s State) Silence() State {
	switch s.Step {
	case Greeting:
		if s.Round < greetings {
			return State{Step: Greeting, Round: s.Round + 1, Approve: s.Approve}
		}
		return s.to(Goodbye)
	case Reading, Keyed:
		return s.to(Goodbye)
	}
	return s.to(Over)
}

// Checked is whether the two digits of Keyed are those that the page shows.
func (s State) Checked(right bool) State {
	switch {
	case s.Step != Keyed:
		return s
	case right:
		return s.to(Approved)
	}
	return s.to(Wrong)
}

// Ends tells that nothing is asked after the script: the carrier need not wait for Patience, and may take its end for
// Silence. Key 9 counts while it is heard.
func (s State) Ends() bool {
	switch s.Step {
	case Approved, Wrong, Reported, Goodbye, Over:
		return true
	}
	return false
}

// Script is what is heard now, from its beginning; any key may interrupt it. There is nothing to hear in Keyed, where
// the check comes first, and in Over.
func (s State) Script(c speech.Call) (script speech.Script, ok bool) {
	switch s.Step {
	case Greeting:
		if s.Keys != "" {
			return c.Listening, true
		}
		return c.Greeting, true
	case Reading:
		return c.Reading, true
	case Approved:
		return c.Approved, true
	case Wrong:
		return c.Wrong, true
	case Reported:
		return c.Reported, true
	case Goodbye:
		return c.Goodbye, true
	}
	return script, false
}

// to leads to a step in which nothing else counts any more.
func (s State) to(step Step) State { return State{Step: step, Approve: s.Approve} }
