// This file owns the states of a call, what moves it from one to the next, and what is heard in each.

package handset

import (
	"context"
	"time"

	"woggle/internal/message/speech"
)

// State is how far a call has come.
type State string

// The states of a call. A text has none.
const (
	Ringing  State = "ringing"
	Answered State = "answered" // the greeting is heard
	Reading  State = "reading"  // the code is heard
	Reported State = "reported" // the person said that they did not ask; the call is over
	Ended    State = "ended"    // somebody hung up
	Missed   State = "missed"   // nobody answered, or the call was declined
)

const (
	ringTime = 60 * time.Second // then nobody is at home
	talkTime = 5 * time.Minute  // in one state: long enough to listen again and again
)

// next is the whole machine: where an action leads from a state. What it does not list changes nothing, so
// that a second press, a second tab or a late one does no harm. A state without a row is final.
var next = map[State]map[string]State{
	Ringing:  {"answer": Answered, "hangup": Missed, "time": Missed},
	Answered: {"key 1": Reading, "key 9": Reported, "hangup": Ended, "time": Ended},
	Reading:  {"key 9": Reported, "hangup": Ended, "time": Ended},
}

// act does to the call with that id what a person does at a telephone: "answer", "hangup", or "key 5". It
// returns the call's number; ok is false if there is no such call.
func (e *Exchange) act(ctx context.Context, id, action string) (to string, ok bool) {
	now := e.lock()
	m, ok := e.calls[id]
	if !ok {
		e.mu.Unlock()
		return "", false
	}
	moved := e.move(m, action, now)
	reported := moved && m.state == Reported
	e.mu.Unlock() // the hook may take its time, or call the exchange
	if reported && e.OnReport != nil {
		e.OnReport(ctx, id)
	}
	return m.To, true
}

func (e *Exchange) move(m *entry, action string, now time.Time) bool {
	state, ok := next[m.state][action]
	if ok {
		m.state, m.since = state, now
		e.changes++
	}
	return ok
}

// expire ends the call if its time in its state is up, and tells whether it is over.
func (e *Exchange) expire(m *entry, now time.Time) bool {
	limit := talkTime
	if m.state == Ringing {
		limit = ringTime
	}
	if now.Sub(m.since) >= limit {
		e.move(m, "time", now)
	}
	return next[m.state] == nil
}

// heard returns the script that is to be heard now and its name, or "" for silence. The code is silent in
// every state but Reading.
func (m *entry) heard() (name string, script speech.Script) {
	switch m.state {
	case Answered:
		return "greeting", m.speech.Greeting
	case Reading:
		return "reading", m.speech.Reading
	case Reported:
		return "reported", m.speech.Reported
	}
	return "", script
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
