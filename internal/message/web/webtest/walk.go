package webtest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"woggle/internal/message"
	"woggle/internal/message/speech"
)

// Organisation calls in the walks.
const Organisation = "Northwold County Scouts"

// Call is the message of a call that brings a code, or asks for an approval.
func Call(approve bool) message.Message {
	m := message.Message{ID: "01a20d82-642e-73db-9193-229357aea70c", Channel: message.Voice, Purpose: message.Code, Locale: "cy", To: "+441632960123",
		Extension: "12", Sender: "+442079460000", Name: "Margaret", Code: "402917", ExpiresAt: time.Now().Add(10 * time.Minute)}
	if approve {
		m.Code, m.Approve = "", true
	}
	return m
}

// Network is a company's side of one call: it asks what to play, first when somebody picks up, then after each key or, if
// there is none, after silence. It returns the sound that it was told to play, or that it was told to hang up.
type Network interface {
	Next(key string) (sound []byte, over bool)
}

// entered stands for a key: nobody presses one, but the code is entered on the page meanwhile.
const entered = "entered"

// walks are what people do, with what they hear and what the desk is told.
var walks = map[string]struct {
	approve bool
	keys    []string // after each thing heard; empty is silence, and so is all that follows
	heard   []string
	events  []message.Event
}{
	"the code is read":               {false, []string{"1"}, []string{"greeting", "reading", "goodbye"}, []message.Event{message.Answered, message.Heard}},
	"once more from the start":       {false, []string{"1", "1"}, []string{"greeting", "reading", "reading", "goodbye"}, []message.Event{message.Answered, message.Heard}},
	"only the second time":           {false, []string{"", "1"}, []string{"greeting", "greeting", "reading", "goodbye"}, []message.Event{message.Answered, message.Heard}},
	"an answering machine":           {false, nil, []string{"greeting", "greeting", "greeting", "goodbye"}, []message.Event{message.Answered}},
	"it wasn't me":                   {false, []string{"9"}, []string{"greeting", "reported"}, []message.Event{message.Answered, message.Unwanted}},
	"it wasn't me, later":            {false, []string{"1", "9"}, []string{"greeting", "reading", "reported"}, []message.Event{message.Answered, message.Heard, message.Unwanted}},
	"entered while it is read":       {false, []string{"1", entered}, []string{"greeting", "reading", "goodbye"}, []message.Event{message.Answered, message.Heard}},
	"entered, and 1 again":           {false, []string{"1", entered + "1"}, []string{"greeting", "reading", "goodbye"}, []message.Event{message.Answered, message.Heard}},
	"used before anybody presses":    {false, []string{entered + "1"}, []string{"greeting", "goodbye"}, []message.Event{message.Answered, message.Heard}},
	"keys that mean nothing":         {false, []string{"7", "#", "*"}, []string{"greeting", "greeting", "greeting", "greeting", "greeting", "greeting", "goodbye"}, []message.Event{message.Answered}},
	"the right two digits":           {true, []string{"4", "2"}, []string{"approval", "listening", "approved"}, []message.Event{message.Answered, message.Heard}},
	"wrong digits":                   {true, []string{"4", "3"}, []string{"approval", "listening", "wrong"}, []message.Event{message.Answered, message.Heard}},
	"nine as the second digit":       {true, []string{"4", "9"}, []string{"approval", "listening", "wrong"}, []message.Event{message.Answered, message.Heard}},
	"one digit, and then nothing":    {true, []string{"4"}, []string{"approval", "listening", "approval", "approval", "goodbye"}, []message.Event{message.Answered}},
	"approval: it wasn't me":         {true, []string{"9"}, []string{"approval", "reported"}, []message.Event{message.Answered, message.Unwanted}},
	"approval: an answering machine": {true, nil, []string{"approval", "approval", "approval", "goodbye"}, []message.Event{message.Answered}},
}

// Walk plays all the walks. Ring makes a call of the desk's message; sound is how the company has its sounds.
func Walk(t *testing.T, library *speech.Library, sound func(speech.Script) ([]byte, error), ring func(t *testing.T, d *Desk) Network) {
	for name, walk := range walks {
		t.Run(name, func(t *testing.T) {
			d := &Desk{Message: Call(walk.approve)}
			network, key := ring(t, d), ""
			var heard []string
			for step := 0; ; step++ {
				if step > 0 && step <= len(walk.keys) {
					key = walk.keys[step-1]
				} else {
					key = ""
				}
				if len(key) >= len(entered) && key[:len(entered)] == entered {
					d.Enter()
					key = key[len(entered):]
				}
				data, over := network.Next(key)
				if over {
					break
				}
				heard = append(heard, nameOf(t, library, sound, d.Message, data))
				if step > 20 {
					t.Fatalf("nobody hangs up: %v", heard)
				}
			}
			if !slices.Equal(heard, walk.heard) || !slices.Equal(d.Events(), walk.events) {
				t.Errorf("heard %v, want %v; told %v, want %v", heard, walk.heard, d.Events(), walk.events)
			}
		})
	}
}

// nameOf tells which script a sound is, by all its bytes.
func nameOf(t *testing.T, library *speech.Library, sound func(speech.Script) ([]byte, error), m message.Message, data []byte) string {
	t.Helper()
	code, approval := library.CodeCall(m.Locale, Organisation, m.Name, m.Code), library.ApprovalCall(m.Locale, Organisation, m.Name)
	for name, script := range map[string]speech.Script{"greeting": code.Greeting, "reading": code.Reading, "approval": approval.Greeting, "listening": code.Listening,
		"approved": code.Approved, "wrong": code.Wrong, "reported": code.Reported, "goodbye": code.Goodbye} {
		want, err := sound(script)
		if err != nil {
			t.Fatal(err)
		}
		if slices.Equal(want, data) {
			return name
		}
	}
	return fmt.Sprintf("something of %d bytes", len(data))
}
