package handset

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"woggle/internal/message/speech"
)

const beth = "+447700900123"

// testClock is a clock that stands until it is moved.
type testClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *testClock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newExchange() (*Exchange, *testClock) {
	clock := &testClock{now: time.Date(2026, 11, 23, 18, 30, 0, 0, time.UTC)}
	e := New(clock.Now)
	e.Speech = library
	return e, clock
}

func must[T any](t *testing.T, v T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func ring(t *testing.T, e *Exchange, to string) string {
	t.Helper()
	id, err := e.Call(Call{Reference: "m1", To: to, Speech: library.CodeCall("en", "Northwold", "Beth", "402917")})
	return must(t, id, err)
}

// ask rings for an approval.
func ask(t *testing.T, e *Exchange, to string) string {
	t.Helper()
	id, err := e.Call(Call{Reference: "m1", To: to, Approve: true, Speech: library.ApprovalCall("en", "Northwold", "Beth")})
	return must(t, id, err)
}

// library has what the program brings along.
var library = func() *speech.Library {
	l, err := speech.New("")
	if err != nil {
		panic(err)
	}
	return l
}()

// stateOfNewest is the state of the newest message of a number.
func stateOfNewest(e *Exchange, to string) State { return e.only(to, nil).One.Items[0].State }

func TestMessagesAreKeptNewestFirst(t *testing.T) {
	e, clock := newExchange()
	id, err := e.Text(beth, "Your code is 111111.")
	first := must(t, id, err)
	clock.move(time.Second)
	id, err = e.Call(Call{To: beth, Extension: "204", Speech: library.CodeCall("en", "Northwold", "Beth", "402917")})
	second := must(t, id, err)

	all := e.Messages(beth)
	if len(all) != 2 || all[0].ID != second || all[1].ID != first {
		t.Fatalf("got %+v", all)
	}
	call := all[0]
	if call.Channel != "voice" || call.Extension != "204" || call.To != beth || !call.At.Equal(clock.Now()) {
		t.Errorf("the call: %+v", call)
	}
	if !strings.Contains(call.Text, "We have a code for Beth.") || !strings.Contains(call.Text, "Once more: 402917.") {
		t.Errorf("the call's text is not what it says: %s", call.Text)
	}
	if all[1].Channel != "sms" || all[1].Text != "Your code is 111111." {
		t.Errorf("the text: %+v", all[1])
	}
	if other := e.Messages("+447700900124"); other == nil || len(other) != 0 {
		t.Errorf("a phone that got nothing has %#v, want an empty list", other)
	}
}

func TestWhatTheExchangeRefuses(t *testing.T) {
	e, _ := newExchange()
	for _, c := range []struct {
		to, ext, text string
		want          error
	}{
		{"07700900123", "", "x", ErrNumber},
		{"+0700900123", "", "x", ErrNumber},
		{"+44 7700900123", "", "x", ErrNumber},
		{"+44７７00900123", "", "x", ErrNumber},
		{"+447700900123\n", "", "x", ErrNumber},
		{"+1234567890123456", "", "x", ErrNumber},
		{"", "", "x", ErrNumber},
		{beth, "", "", ErrText},
		{beth, "", strings.Repeat("é", 1601), ErrText},
		{beth, "12345678", "", ErrExtension},
		{beth, "1#2", "", ErrExtension},
		{beth, "", strings.Repeat("é", 1600), nil},
	} {
		var err error
		if c.want == ErrExtension {
			_, err = e.Call(Call{To: c.to, Extension: c.ext})
		} else {
			_, err = e.Text(c.to, c.text)
		}
		if !errors.Is(err, c.want) {
			t.Errorf("%.30q %q: %v, want %v", c.to, c.ext, err, c.want)
		}
	}
}

// Each story starts with a ringing call; "wait" lets time pass.
func TestTheStatesOfACall(t *testing.T) {
	stories := map[string]State{
		"":                                  Ringing,
		"wait 59s":                          Ringing,
		"wait 60s":                          Missed,
		"wait 60s, answer":                  Missed,
		"hangup":                            Missed,
		"key 1":                             Ringing,
		"key 9":                             Ringing,
		"answer":                            Answered,
		"answer, answer":                    Answered,
		"answer, wait 60s":                  Answered,
		"answer, wait 4m":                   Answered,
		"answer, wait 90s, wait 90s, key 1": Reading,
		"answer, wait 5m":                   Ended,
		"answer, wait 10m":                  Ended,
		"answer, wait 5m, key 1":            Ended,
		"answer, key 5":                     Answered,
		"answer, key *":                     Answered,
		"answer, key ":                      Answered,
		"answer, key answer":                Answered,
		"answer, key 11":                    Answered,
		"answer, key １":                     Answered,
		"answer, time":                      Answered,
		"answer, key 1":                     Reading,
		"answer, key 1, key 1":              Reading,
		"answer, key 1, wait 89s":           Reading,
		"answer, key 1, wait 90s":           Answered, // goodbye
		"answer, key 1, hangup":             Ended,
		"answer, key 1, wait 5m":            Ended,
		"answer, hangup":                    Ended,
		"answer, hangup, key 1":             Ended,
		"answer, hangup, answer":            Ended,
		"answer, key 9":                     Reported,
		"answer, key 9, wait 5m":            Reported,
		"answer, key 9, key 1":              Reported,
		"answer, key 9, hangup":             Reported,
		"answer, key 1, key 9":              Reported,
		"answer, key 1, key 9, answer":      Reported,
		"answer, wait 5m, key 9":            Ended,
	}
	walk(t, stories, ring)
	approvals := map[string]State{
		"answer, key 1":                        Answered,
		"answer, key 4, key 7":                 Approved,
		"answer, key 4, wait 90s, key 7":       Answered,
		"answer, key 4, key 8":                 Wrong,
		"answer, key 4, key 8, key 4, key 7":   Wrong,
		"answer, key 9":                        Reported,
		"answer, key 4, key 7, key 9":          Reported,
		"answer, key 4, key 7, wait 9s, key 9": Reported,
		"answer, key 4, key 7, wait 1m, key 9": Approved,
		"answer, key 4, key 7, hangup":         Approved,
		"answer, key 4, key 7, hangup, key 9":  Approved,
		"answer, key 4, key 8, wait 1m":        Wrong,
		"answer, key 4, hangup, key 7":         Ended,
		"answer, wait 5m":                      Ended,
	}
	walk(t, approvals, ask)
}

func walk(t *testing.T, stories map[string]State, begin func(*testing.T, *Exchange, string) string) {
	t.Helper()
	for story, want := range stories {
		e, clock := newExchange()
		e.OnKeyed = func(_ context.Context, reference, keys string) bool { return reference == "m1" && keys == "47" }
		id := begin(t, e, beth)
		for _, step := range strings.Split(story, ", ") {
			if wait, isWait := strings.CutPrefix(step, "wait "); isWait {
				d, err := time.ParseDuration(wait)
				clock.move(must(t, d, err))
			} else if step != "" {
				e.act(context.Background(), id, step)
			}
		}
		if got := stateOfNewest(e, beth); got != want {
			t.Errorf("%s: %s, want %s", story, got, want)
		}
	}
}

func TestTheCodeIsHeardOnlyAfterKeyOne(t *testing.T) {
	// Walk every sequence of four actions: "reading" is heard exactly in the state that key 1 led to.
	actions := []string{"answer", "hangup", "key 1", "key 9", "key 0", "time"}
	for n := range len(actions) * len(actions) * len(actions) * len(actions) {
		e, clock := newExchange()
		id := ring(t, e, beth)
		var walk []string
		answered, pressed, over := false, false, false
		for rest := n; len(walk) < 4; rest /= len(actions) {
			action := actions[rest%len(actions)]
			walk = append(walk, action)
			if action == "time" {
				clock.move(5 * time.Minute)
			}
			e.act(context.Background(), id, action)
			switch {
			case over:
			case action == "hangup" || action == "time" || action == "key 9" && answered:
				over = true
			case action == "answer":
				answered = true
			case action == "key 1" && answered:
				pressed = true
			}
			if _, heard := e.hear(id, "reading"); heard != (pressed && !over) {
				t.Fatalf("after %v the code is heard: %v", walk, heard)
			}
			for _, i := range e.only(beth, nil).One.Items {
				if strings.Contains(i.Said, "402917") != (pressed && !over) {
					t.Fatalf("after %v the caption says %q", walk, i.Said)
				}
			}
		}
	}
}

func TestTheHooksAreToldOnce(t *testing.T) {
	for _, c := range []struct {
		keys []string
		want string
	}{{[]string{"9"}, "m1"}, {[]string{"4", "7"}, "m1 47 m1"}} {
		e, _ := newExchange()
		var mu sync.Mutex
		var told []string
		tell := func(words ...string) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, words...)
			e.Messages(beth) // a hook may use the exchange
		}
		e.OnReport = func(_ context.Context, reference string) { tell(reference) }
		e.OnKeyed = func(_ context.Context, reference, keys string) bool { tell(reference, keys); return true }
		id := ask(t, e, beth)
		e.act(context.Background(), id, "answer")
		for _, key := range c.keys[:len(c.keys)-1] {
			e.act(context.Background(), id, "key "+key)
		}
		var presses sync.WaitGroup
		for range 8 {
			presses.Go(func() { e.act(context.Background(), id, "key "+c.keys[len(c.keys)-1]) })
		}
		presses.Wait()
		e.act(context.Background(), id, "key 9") // after an approval it is still a report
		e.act(context.Background(), id, "key 9")
		if got := strings.Join(told, " "); got != c.want {
			t.Errorf("%v: told %q, want %q", c.keys, got, c.want)
		}
	}
}

// Somebody hangs up, or presses 9, while the two digits are checked.
func TestWhatHappensDuringTheCheck(t *testing.T) {
	for action, want := range map[string]State{"hangup": Ended, "key 9": Reported, "key 1": Approved} {
		e, _ := newExchange()
		id := ask(t, e, beth)
		e.OnKeyed = func(ctx context.Context, _, _ string) bool {
			e.act(ctx, id, action)
			return true
		}
		for _, step := range []string{"answer", "key 4", "key 7"} {
			e.act(context.Background(), id, step)
		}
		if got := stateOfNewest(e, beth); got != want {
			t.Errorf("%s: %s, want %s", action, got, want)
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	e, clock := newExchange()
	first := ring(t, e, beth)
	for i := range maxMessages {
		clock.move(time.Millisecond)
		must(t, first, func() error { _, err := e.Text(beth, fmt.Sprint(i)); return err }())
	}
	all := e.Messages(beth)
	if len(all) != maxMessages || all[0].Text != fmt.Sprint(maxMessages-1) || all[maxMessages-1].Text != "0" {
		t.Errorf("%d kept, %q to %q", len(all), all[len(all)-1].Text, all[0].Text)
	}
	if _, ok := e.act(context.Background(), first, "answer"); ok || len(e.calls) != 0 {
		t.Error("a call that is not kept can still be answered")
	}
	for i := range maxNumbers + 10 {
		clock.move(time.Millisecond)
		ring(t, e, fmt.Sprintf("+4420794%05d", i))
	}
	e.Changes()
	if len(e.numbers) != maxNumbers || len(e.calls) != maxNumbers || len(e.live) != maxNumbers {
		t.Errorf("%d numbers, %d calls, %d live", len(e.numbers), len(e.calls), len(e.live))
	}
	if len(e.Messages(beth)) != 0 {
		t.Error("the number that was quiet for longest was not the one to go")
	}
	clock.move(ringTime)
	e.Changes()
	if len(e.live) != 0 {
		t.Errorf("%d calls still ring", len(e.live))
	}
}

func TestChangesAreCounted(t *testing.T) {
	e, clock := newExchange()
	seen := e.Changes()
	changed := func(what string, want bool) {
		t.Helper()
		now := e.Changes()
		if (now != seen) != want {
			t.Errorf("%s: changes went from %d to %d", what, seen, now)
		}
		seen = now
	}
	changed("nothing", false)
	id := ring(t, e, beth)
	changed("a call", true)
	e.act(context.Background(), id, "key 1")
	changed("a key before the answer", false)
	e.act(context.Background(), id, "answer")
	changed("the answer", true)
	clock.move(5 * time.Minute)
	changed("time", true)
	changed("nothing more", false)
}
