// This file owns what happens to a call: it rings, is answered or missed, and then package call says what is heard.

package handset

import (
	"context"
	"strings"
	"time"

	"woggle/internal/message/call"
	"woggle/internal/message/speech"
)

// State is how far a call has come, as the page tells it.
type State string

// The states of a call. A text has none. The last five are final.
const (
	Ringing  State = "ringing"
	Answered State = "answered" // the greeting is heard, or goodbye
	Reading  State = "reading"  // the code is heard
	Approved State = "approved" // the two digits were right
	Wrong    State = "wrong"    // they were not
	Reported State = "reported" // the person said that they did not ask
	Ended    State = "ended"    // somebody hung up
	Missed   State = "missed"   // nobody answered, or the call was declined
)

const (
	ringTime = 60 * time.Second // then nobody is at home
	// A person who reads captions and changes windows needs longer than one who listens. Silence is this after the
	// last key, instead of call.Patience after the end of a script.
	patience = 90 * time.Second
	// Who has heard the last words of a call may still press 9 for so long.
	lastWords = 10 * time.Second
)

// stateOf is what the page calls a step.
var stateOf = map[call.Step]State{call.Greeting: Answered, call.Keyed: Answered, call.Goodbye: Answered, call.Over: Ended,
	call.Reading: Reading, call.Approved: Approved, call.Wrong: Wrong, call.Reported: Reported}

// act does to the call with that id what a person does at a telephone: "answer", "hangup", or "key 5". It
// returns the call's number; ok is false if there is no such call.
func (e *Exchange) act(ctx context.Context, id, action string) (to string, ok bool) {
	now := e.lock()
	m, ok := e.calls[id]
	if !ok {
		e.mu.Unlock()
		return "", false
	}
	before := m.talk
	e.move(m, action, now)
	after := m.talk
	e.mu.Unlock() // the hooks may take their time, or call the exchange
	if after == before {
		return m.To, true
	}
	switch after.Step {
	case call.Reported:
		if e.OnReport != nil {
			e.OnReport(ctx, m.reference)
		}
	case call.Keyed:
		right := e.OnKeyed != nil && e.OnKeyed(ctx, m.reference, after.Keys)
		now := e.lock()
		if !m.over { // nobody hung up meanwhile
			e.lead(m, m.talk.Checked(right), now)
		}
		e.mu.Unlock()
	}
	return m.To, true
}

// move does what the person does. What has no meaning changes nothing, so that a second press, a second tab or a late
// one does no harm.
func (e *Exchange) move(m *entry, action string, now time.Time) {
	key, pressed := strings.CutPrefix(action, "key ")
	switch {
	case m.over:
	case m.state == Ringing && action == "answer":
		e.lead(m, call.Start(m.approve), now)
	case m.state == Ringing && action == "hangup":
		e.miss(m, now)
	case m.state == Ringing:
	case action == "hangup":
		e.lead(m, call.State{Step: call.Over, Approve: m.approve}, now)
	case pressed && len(key) == 1:
		e.lead(m, m.talk.Press(rune(key[0])), now)
	}
}

// lead brings the call to a state of the dialogue.
func (e *Exchange) lead(m *entry, talk call.State, now time.Time) {
	if talk == m.talk {
		return
	}
	e.changes++
	m.over = talk.Step == call.Over
	if m.over && (m.state == Approved || m.state == Wrong || m.state == Reported) {
		return // what came of it says more than that it is over
	}
	m.talk, m.state, m.since = talk, stateOf[talk.Step], now
}

func (e *Exchange) miss(m *entry, now time.Time) {
	m.state, m.since, m.over = Missed, now, true
	e.changes++
}

// expire does what time does to the call, and tells whether it is over.
func (e *Exchange) expire(m *entry, now time.Time) bool {
	for !m.over {
		wait := patience
		switch {
		case m.state == Ringing:
			wait = ringTime
		case m.talk.Ends():
			wait = lastWords
		}
		end := m.since.Add(wait)
		if now.Before(end) {
			return false
		}
		if m.state == Ringing {
			e.miss(m, end)
		} else {
			e.lead(m, m.talk.Silence(), end)
		}
	}
	return true
}

// heard returns the script that is to be heard now and its name, or "" for silence. Of a call that is over only how it
// ended is left to read; the code is silent in every state but Reading.
func (m *entry) heard() (name string, script speech.Script) {
	script, ok := m.talk.Script(m.speech)
	if !ok {
		return "", script
	}
	return string(m.talk.Step), script
}

// hear returns the script of a call if it is to be heard under that name now.
func (e *Exchange) hear(id, name string) (script speech.Script, ok bool) {
	e.lock()
	defer e.mu.Unlock()
	m, ok := e.calls[id]
	if !ok {
		return script, false
	}
	now, script := m.heard()
	return script, now == name && name != ""
}
