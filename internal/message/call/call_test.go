package call

import (
	"strings"
	"testing"
	"time"

	"woggle/internal/message/speech"
)

// follow does what the events say, one after the other: a key, "_" for silence, "y" and "n" for the check.
func follow(s State, events string) State {
	for _, e := range events {
		switch e {
		case '_':
			s = s.Silence()
		case 'y', 'n':
			s = s.Checked(e == 'y')
		default:
			s = s.Press(e)
		}
	}
	return s
}

func TestTheDialogue(t *testing.T) {
	for _, c := range []struct {
		kind, events string
		want         State
	}{
		// A code.
		{"code", "", State{Step: Greeting, Round: 1}},
		{"code", "_", State{Step: Greeting, Round: 2}},
		{"code", "__", State{Step: Greeting, Round: 3}},
		{"code", "___", State{Step: Goodbye}},
		{"code", "____", State{Step: Over}},
		{"code", "_____", State{Step: Over}},
		{"code", "1", State{Step: Reading, Round: 2}},
		{"code", "11", State{Step: Reading, Round: 3}},
		{"code", "111", State{Step: Reading, Round: 4}},
		{"code", "1111", State{Step: Reading, Round: 4}},
		{"code", "__1", State{Step: Reading, Round: 4}},
		{"code", "__11", State{Step: Reading, Round: 4}},
		{"code", "1_", State{Step: Goodbye}},
		{"code", "1_1", State{Step: Goodbye}},
		{"code", "1__", State{Step: Over}},
		{"code", "___1", State{Step: Goodbye}},
		{"code", "9", State{Step: Reported}},
		{"code", "19", State{Step: Reported}},
		{"code", "___9", State{Step: Reported}},
		{"code", "9_", State{Step: Over}},
		{"code", "9199", State{Step: Reported}},
		{"code", "____9", State{Step: Over}},
		{"code", "0", State{Step: Greeting, Round: 1}},
		{"code", "2345678*#", State{Step: Greeting, Round: 1}},
		{"code", "1*#0", State{Step: Reading, Round: 2}},
		{"code", "y", State{Step: Greeting, Round: 1}},
		{"code", "1n", State{Step: Reading, Round: 2}},
		{"code", "１", State{Step: Greeting, Round: 1}},
		{"code", "x\x00", State{Step: Greeting, Round: 1}},
		// An approval.
		{"approve", "", State{Step: Greeting, Round: 1}},
		{"approve", "4", State{Step: Greeting, Round: 1, Keys: "4"}},
		{"approve", "47", State{Step: Keyed, Keys: "47"}},
		{"approve", "*4#7", State{Step: Keyed, Keys: "47"}},
		{"approve", "4_", State{Step: Greeting, Round: 2}},
		{"approve", "4_47", State{Step: Keyed, Keys: "47"}},
		{"approve", "4___", State{Step: Goodbye}},
		{"approve", "11", State{Step: Keyed, Keys: "11"}},
		{"approve", "9", State{Step: Reported}},
		{"approve", "49", State{Step: Keyed, Keys: "49"}},
		{"approve", "499", State{Step: Reported}},
		{"approve", "471", State{Step: Keyed, Keys: "47"}},
		{"approve", "47_", State{Step: Goodbye}},
		{"approve", "47y", State{Step: Approved}},
		{"approve", "47n", State{Step: Wrong}},
		{"approve", "47ny", State{Step: Wrong}},
		{"approve", "47n47", State{Step: Wrong}},
		{"approve", "47yn", State{Step: Approved}},
		{"approve", "47y9", State{Step: Reported}},
		{"approve", "47n9", State{Step: Reported}},
		{"approve", "479y", State{Step: Reported}},
		{"approve", "47y_", State{Step: Over}},
		{"approve", "47n_", State{Step: Over}},
		{"approve", "y", State{Step: Greeting, Round: 1}},
		{"approve", "4y", State{Step: Greeting, Round: 1, Keys: "4"}},
		{"approve", "____", State{Step: Over}},
	} {
		c.want.Approve = c.kind == "approve"
		if got := follow(Start(c.want.Approve), c.events); got != c.want {
			t.Errorf("%s %q: %+v, want %+v", c.kind, c.events, got, c.want)
		}
	}
}

func library(t *testing.T) *speech.Library {
	t.Helper()
	l, err := speech.New("")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestWhatIsHeard(t *testing.T) {
	l := library(t)
	code, approval := l.CodeCall("en", "", "Beth", "402917"), l.ApprovalCall("en", "", "Beth")
	for _, c := range []struct {
		call   speech.Call
		events string
		want   string // heard last
	}{
		{code, "", "Press nine if you did not ask for it."},
		{code, "1", "402917."},
		{code, "9", "We will tell your organisation. Goodbye."},
		{code, "___", "Goodbye."},
		{approval, "", "Press the two numbers on your screen. Press nine if you are not signing in."},
		{approval, "4", ""},
		{approval, "47y", "Thank you. Please look at your screen again. Goodbye."},
		{approval, "47n", "Those are not the numbers on your screen. Goodbye."},
	} {
		script, ok := follow(Start(len(c.call.Reading.Text()) == 0), c.events).Script(c.call)
		if text := script.Text(); !ok || !strings.HasSuffix(text, c.want) || (c.want == "") != (text == "") {
			t.Errorf("%q: %q %v, want %q", c.events, text, ok, c.want)
		}
	}
	for _, s := range []State{follow(Start(true), "47"), follow(Start(false), "____"), {}} {
		if script, ok := s.Script(code); ok {
			t.Errorf("%+v says %q", s, script.Text())
		}
	}
}

// Walks every state that a call can come to, on every way.
func TestEveryWalk(t *testing.T) {
	l := library(t)
	call := l.CodeCall("en", "", "Beth", "402917")
	for _, s := range states() {
		if s.Press('9') != s.to(Reported) && s.Step != Over && s.Keys == "" {
			t.Errorf("%+v: key 9 does not end it", s)
		}
		for _, key := range keys {
			if next := s.Press(key); next.Step == Reading && (key != '1' || s.Approve) && s.Step != Reading {
				t.Errorf("%+v: key %c reads the code", s, key)
			}
		}
		for _, next := range []State{s.Silence(), s.Checked(true), s.Checked(false)} {
			if next.Step == Reading && s.Step != Reading || next.Step == Approved && s.Step != Approved && s.Step != Keyed {
				t.Errorf("%+v: nobody pressed a key, and it goes to %s", s, next.Step)
			}
		}
		if script, _ := s.Script(call); strings.Contains(script.Text(), "402917") != (s.Step == Reading) {
			t.Errorf("%+v: says %q", s, script.Text())
		}
		silences := 0
		for end := s; end.Step != Over; end = end.Silence() {
			if silences++; silences > 5 {
				t.Fatalf("%+v: left alone, it never ends", s)
			}
		}
		if s.Step == Over && (follow(s, keys+"_yn") != s || !s.Ends()) {
			t.Errorf("%+v is not over", s)
		}
	}
	if n := len(states()); n < 100 || n > 200 {
		t.Errorf("%d states were walked through", n)
	}
}

// The longest call is one in which every key is pressed at the last moment, the name is spelled, and the recordings are
// as long as New lets them be.
func TestTheLongestCall(t *testing.T) {
	l := library(t)
	for _, lang := range []string{"en", "cy"} {
		for _, name := range []string{strings.Repeat("wx", 5000), "Mohammed Mohammed Mohammed", ""} {
			for _, call := range []speech.Call{l.CodeCall(lang, "", name, "777777"), l.ApprovalCall(lang, "", name)} {
				for what, limit := range map[string]struct {
					script speech.Script
					most   time.Duration
				}{
					"greeting": {call.Greeting, speech.LongestGreeting}, "reading": {call.Reading, speech.LongestReading},
					"approved": {call.Approved, speech.LongestAnswer}, "wrong": {call.Wrong, speech.LongestAnswer},
					"reported": {call.Reported, speech.LongestAnswer}, "goodbye": {call.Goodbye, speech.LongestGoodbye},
					"listening": {call.Listening, speech.LongestListening},
				} {
					if d := l.Duration(limit.script); d > limit.most {
						t.Errorf("%s, %.20s: the %s takes %s, more than %s", lang, name, what, d, limit.most)
					}
				}
			}
		}
	}
	for _, approve := range []bool{false, true} {
		if d := longest(Start(approve), map[State]time.Duration{}); d > Longest {
			t.Errorf("approval %v: the longest call takes %s", approve, d)
		} else {
			t.Logf("approval %v: at most %s", approve, d)
		}
	}
}

// longest is how long a call can go on from a state.
func longest(s State, known map[State]time.Duration) time.Duration {
	if d, ok := known[s]; ok {
		return d
	}
	here := map[Step]time.Duration{Greeting: speech.LongestGreeting, Reading: speech.LongestReading, Approved: speech.LongestAnswer,
		Wrong: speech.LongestAnswer, Reported: speech.LongestAnswer, Goodbye: speech.LongestGoodbye}[s.Step]
	if s.Step == Greeting && s.Keys != "" {
		here = speech.LongestListening
	}
	switch {
	case s.Step == Keyed:
		here = 3 * time.Second // for the check; the database is given as much
	case !s.Ends():
		here += Patience
	}
	var rest time.Duration
	for _, next := range s.nexts() {
		if next != s {
			rest = max(rest, longest(next, known))
		}
	}
	known[s] = here + rest
	return here + rest
}
