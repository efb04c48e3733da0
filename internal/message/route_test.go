package message

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/keys"
	"woggle/internal/message/bill"
)

func TestThePlanOfAMessage(t *testing.T) {
	routes := []*Route{{Name: "all"}, {Name: "uk", Prefixes: []string{"+44"}}, {Name: "welsh", Languages: []string{"cy"}},
		{Name: "abroad", Prefixes: []string{"+33", "+353"}}}
	names := func(routes []*Route) (names []string) {
		for _, r := range routes {
			names = append(names, r.Name)
		}
		return names
	}
	for _, row := range []struct {
		to, locale    string
		failing, used []string
		want          []string
	}{
		{"+447700900123", "en", nil, nil, []string{"all", "uk"}},
		{"+447700900123", "cy-GB", nil, nil, []string{"all", "uk", "welsh"}},
		{"+353850123456", "en", nil, nil, []string{"all", "abroad"}},
		{"+4930123456", "en", nil, nil, []string{"all"}},
		{"+447700900123", "en", []string{"all"}, nil, []string{"uk", "all"}},
		{"+447700900123", "en", nil, []string{"all"}, []string{"uk", "all"}}, // the first text did not arrive
		{"+447700900123", "en", []string{"uk"}, []string{"all"}, []string{"all", "uk"}},
		{"+447700900123", "cy", []string{"uk"}, []string{"all", "uk"}, []string{"welsh", "all", "uk"}},
	} {
		in := func(names []string) func(*Route) bool {
			return func(r *Route) bool { return slices.Contains(names, r.Name) }
		}
		got := names(arrange(routes, Message{To: row.to, Locale: row.locale}, in(row.failing), in(row.used)))
		if !slices.Equal(got, row.want) {
			t.Errorf("%+v: %v", row, got)
		}
	}
}

// A route on probation goes first for one message, however many routes it is compared with.
func TestARouteOnProbationIsTried(t *testing.T) {
	var h health
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for range mostFailures {
		h.note("well again", attempt{result: refused, ended: now})
	}
	routes := []*Route{{Name: "dear", Prices: bill.Flat(3)}, {Name: "dearer", Prices: bill.Flat(4)}, {Name: "well again", Prices: bill.Flat(2)}}
	first := func(at time.Time) string {
		m := Message{Channel: SMS, To: "+447700900123", Body: "code"}
		return arrange(routes, m, func(r *Route) bool { return h.failing(r.Name, at) }, func(*Route) bool { return false })[0].Name
	}
	for _, row := range []struct {
		after time.Duration
		want  string
	}{{probation - 1, "dear"}, {probation, "well again"}, {probation + 1, "dear"}} {
		if got := first(now.Add(row.after)); got != row.want {
			t.Errorf("after %s: %q is first", row.after, got)
		}
	}
}

func TestTheLongestPrefixHasTheSender(t *testing.T) {
	r := Route{Senders: map[string]string{"": "Scouts", "+1": "+12025550100", "+1876": "none"}}
	for to, want := range map[string]string{"+447700900123": "Scouts", "+12024561414": "+12025550100", "+18762345678": "none"} {
		if got := r.sender(to); got != want {
			t.Errorf("%s: %q", to, got)
		}
	}
	if got := (&Route{}).sender("+44"); got != "" {
		t.Errorf("a route without senders has %q", got)
	}
}

func TestAPlanIsReadAsItWasWritten(t *testing.T) {
	for _, p := range []plan{{}, {now: []string{"a"}}, {later: []string{"a"}}, {[]string{"a", "b-2"}, []string{"c", "d"}}} {
		if again := readPlan(p.String()); !slices.Equal(again.now, p.now) || !slices.Equal(again.later, p.later) {
			t.Errorf("%q became %q", p, again)
		}
	}
}

func TestHealthIsJudgedByOutcomes(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	many := func(n int, outcome string, age time.Duration, entered bool) (all []sample) {
		for range n {
			all = append(all, sample{now.Add(-age), outcome, true, entered})
		}
		return all
	}
	join := func(parts ...[]sample) []sample { return slices.Concat(parts...) }
	for name, row := range map[string]struct {
		samples []sample
		fails   bool
	}{
		"nothing is known":                 {nil, false},
		"two failures":                     {many(2, "refused", 0, false), false},
		"three failures in a row":          {many(3, "refused", 0, false), true},
		"three hangs":                      {many(3, "doubtful", 0, false), true},
		"failures, but the last was good":  {join(many(1, "delivered", 0, false), many(2, "refused", 0, false), many(3, "delivered", 0, false)), false},
		"half of ten are lost":             {join(many(1, "delivered", 0, false), many(5, "undelivered", 0, false), many(4, "delivered", 0, false)), true},
		"wrong numbers are nobody's fault": {many(20, "permanent", 0, false), false},
		"nobody at home":                   {many(20, "no-answer", 0, false), false},
		"codes are entered":                {many(20, "taken", time.Hour, true), false},
		"codes were sent just now":         {many(20, "taken", time.Minute, false), false},
		"no code ever comes":               {many(20, "taken", 4*time.Minute, false), true},
		"one in four is entered":           {join(many(5, "taken", time.Hour, true), many(15, "taken", time.Hour, false)), false},
	} {
		if got := fails(row.samples, now); got != row.fails {
			t.Errorf("%s: fails = %t", name, got)
		}
	}
}

// A route that fails stands back, and shows now and then whether it is well again.
func TestAFailingRouteStandsBackAndComesAgain(t *testing.T) {
	var h health
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for range mostFailures {
		if h.failing("a", now) {
			t.Fatal("it fails too early")
		}
		h.note("a", attempt{result: refused, ended: now})
	}
	if !h.failing("a", now.Add(probation-1)) {
		t.Error("it does not stand back")
	}
	if h.failing("a", now.Add(probation)) || !h.failing("a", now.Add(probation+1)) {
		t.Error("one message, and only one, should try it after a minute")
	}
	h.note("a", attempt{result: taken, ended: now.Add(probation + 1)})
	if h.failing("a", now.Add(probation+2)) {
		t.Error("it works again, and still stands back")
	}
}

// Codes go first through a gate, and no faster than it lets them.
func TestTheGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(10, 0)
		began := time.Now()
		var mu sync.Mutex
		var order []string
		note := func(what string) {
			mu.Lock()
			defer mu.Unlock()
			order = append(order, what)
		}
		for i := range 30 {
			go func() {
				if g.enter(t.Context(), false) == nil {
					note("notice")
				}
			}()
			if i == 0 {
				synctest.Wait()
			}
		}
		synctest.Wait()
		go func() {
			if g.enter(t.Context(), true) == nil {
				note(fmt.Sprint("code after ", time.Since(began)))
			}
		}()
		synctest.Wait()
		time.Sleep(time.Second)
		synctest.Wait()
		mu.Lock()
		if len(order) != 11 || order[1] != "code after 100ms" {
			t.Errorf("in a second went: %v", order)
		}
		mu.Unlock()
		time.Sleep(3 * time.Second)
	})
	synctest.Test(t, func(t *testing.T) {
		g := newGate(0, 2)
		var inside, most atomic.Int64
		for range 20 {
			go func() {
				if err := g.enter(t.Context(), false); err != nil {
					t.Error(err)
				}
				most.Store(max(most.Load(), inside.Add(1)))
				time.Sleep(time.Second)
				inside.Add(-1)
				g.leave()
			}()
		}
		time.Sleep(11 * time.Second)
		if most.Load() != 2 || inside.Load() != 0 {
			t.Errorf("%d at once, %d still inside", most.Load(), inside.Load())
		}
	})
}

func report(t *testing.T, o *Outbox, route string, r Report) {
	t.Helper()
	if err := o.Desk(route).Report(t.Context(), r); err != nil {
		t.Errorf("%+v: %v", r, err)
	}
}

func outcomeOf(t *testing.T, d *db.DB, id string) (outcome string) {
	t.Helper()
	err := d.View(t.Context(), func(tx *db.Tx) error {
		return tx.Row("SELECT outcome FROM messages WHERE id = $1", []any{id}, &outcome)
	})
	if err != nil {
		t.Fatal(err)
	}
	return outcome
}

// Reports come twice, late and out of order. What is known is never lost to one that says less.
func TestReportsInAnyOrder(t *testing.T) {
	d, clock := dbtest.Open(t)
	phone := phones("phones", nil)
	var unwanted []string
	o := node(d, keys.Random(), phone)
	o.hooks.Unwanted = func(_ *db.Tx, challenge string) error {
		unwanted = append(unwanted, challenge)
		return nil
	}
	for _, row := range []struct {
		events []Event
		want   Event
	}{
		{[]Event{Delivered, Delivered}, Delivered},
		{[]Event{Delivered, Undelivered}, Delivered},
		{[]Event{Answered, Heard, NoKey}, Heard},
		{[]Event{Heard, Answered}, Heard},
		{[]Event{Answered, NoKey, Answered}, NoKey},
		{[]Event{Busy, Failed}, Busy},
		{[]Event{Answered, Unwanted, Unwanted, NoKey}, Unwanted},
	} {
		id := enqueue(t, d, o, text(Code, "code", time.Hour, clock.Now()))[0]
		drain(t, o)
		for _, event := range row.events {
			report(t, o, "phones", Report{Message: id, Event: event})
		}
		if got := outcomeOf(t, d, id); got != string(row.want) {
			t.Errorf("after %v the outcome is %q", row.events, got)
		}
	}
	if !slices.Equal(unwanted, []string{"challenge"}) {
		t.Errorf("key 9 was acted on %d times", len(unwanted))
	}
}

// Nobody can tell of messages that went by another route, or of none at all.
func TestReportsOfStrangers(t *testing.T) {
	world(t, func(t *testing.T, d *db.DB) {
		o := node(d, keys.Random(), phones("phones", nil), phones("others", nil))
		id := enqueue(t, d, o, text(Code, "code", time.Hour, time.Now()))[0]
		drain(t, o)
		for _, r := range []Report{{Message: "nobody's"}, {Receipt: "nobody's"}, {}, {Message: id + "' OR 1=1"}} {
			if err := o.Desk("phones").Report(t.Context(), r); !errors.Is(err, ErrUnknown) {
				t.Errorf("%+v: %v", r, err)
			}
		}
		if err := o.Desk("others").Report(t.Context(), Report{Message: id, Event: Unwanted}); !errors.Is(err, ErrUnknown) {
			t.Errorf("by another route: %v", err)
		}
		if got := outcomeOf(t, d, id); got != "" {
			t.Errorf("the outcome is %q", got)
		}
	})
}

// A code that the network gives up goes by the next route, while it lives and nobody has entered it, and never twice by
// one route.
func TestACodeThatIsNotDeliveredGoesByTheNextRoute(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		first, second := phones("first", nil), phones("second", nil)
		o := node(d, keys.Random(), first, second)
		id := enqueue(t, d, o, text(Code, "code", 5*time.Minute, clock.Now()))[0]
		drain(t, o)
		report(t, o, "first", Report{Receipt: "first-" + id, Event: Undelivered, Cause: "absent"})
		drain(t, o)
		if first.count() != 1 || second.count() != 1 {
			t.Errorf("sent %d and %d times", first.count(), second.count())
		}
		report(t, o, "second", Report{Receipt: "second-" + id, Event: Undelivered})
		report(t, o, "first", Report{Receipt: "first-" + id, Event: Undelivered})
		drain(t, o)
		if first.count() != 1 || second.count() != 1 {
			t.Errorf("after all routes, sent %d and %d times", first.count(), second.count())
		}
	})
}

func TestWhatWasEnteredOrIsDeadGoesNoFurther(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		for name, end := range map[string]func(*Outbox, *db.Tx) error{
			"entered": func(o *Outbox, tx *db.Tx) error { return o.Entered(tx, "challenge") },
			"dropped": func(o *Outbox, tx *db.Tx) error { return o.Drop(tx, "challenge") },
		} {
			first, second := phones("first", nil), phones("second", nil)
			o := node(d, keys.Random(), first, second)
			went := enqueue(t, d, o, text(Code, "code", 5*time.Minute, clock.Now()))[0]
			drain(t, o)
			waits := enqueue(t, d, o, text(Code, "again", 5*time.Minute, clock.Now()))[0]
			if err := d.Tx(t.Context(), func(tx *db.Tx) error { return end(o, tx) }); err != nil {
				t.Fatal(err)
			}
			report(t, o, "first", Report{Message: went, Event: Undelivered})
			drain(t, o)
			if r := look(t, d, went); r.sealed != nil || r.state != sent {
				t.Errorf("%s: what went is %s with %d bytes", name, r.state, len(r.sealed))
			}
			if r := look(t, d, waits); r.sealed != nil || r.state != dropped {
				t.Errorf("%s: what waited is %s with %d bytes", name, r.state, len(r.sealed))
			}
			if first.count() != 1 || second.count() != 0 {
				t.Errorf("%s: sent %d and %d times", name, first.count(), second.count())
			}
			if err := d.Tx(t.Context(), func(tx *db.Tx) error { _, err := tx.Exec("DELETE FROM messages"); return err }); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// A code that is dead leaves nothing behind, though nobody ever said so.
func TestADeadCodeIsEmptied(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		o := node(d, keys.Random(), phones("phones", nil))
		id := enqueue(t, d, o, text(Code, "code", 5*time.Minute, clock.Now()))[0]
		drain(t, o)
		if _, err := o.Desk("phones").Open(t.Context(), id); err != nil {
			t.Errorf("while it lives: %v", err)
		}
		clock.Advance(5 * time.Minute)
		if _, err := o.Desk("phones").Open(t.Context(), id); !errors.Is(err, ErrUnknown) {
			t.Errorf("once it is dead: %v", err)
		}
		drain(t, o)
		if r := look(t, d, id); r.sealed != nil {
			t.Errorf("%d bytes are left", len(r.sealed))
		}
	})
}

// What many write at once is written together, and one that fails harms nobody else.
func TestWritesInABatch(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		b := batch{db: d}
		wrong := errors.New("wrong")
		errs := make(chan error, 200)
		for i := range 200 {
			go func() {
				errs <- b.do(t.Context(), func(tx *db.Tx) error {
					if _, err := tx.Exec("INSERT INTO settings (name, value) VALUES ($1, 'x')", fmt.Sprint("batch-", i)); err != nil {
						return err
					}
					if i%50 == 7 {
						return wrong
					}
					return nil
				})
			}()
		}
		failures := 0
		for range 200 {
			if err := <-errs; errors.Is(err, wrong) {
				failures++
			} else if err != nil {
				t.Error(err)
			}
		}
		var rows int
		err := d.View(t.Context(), func(tx *db.Tx) error {
			return tx.Row("SELECT count(*) FROM settings WHERE name LIKE 'batch-%'", nil, &rows)
		})
		if err != nil || failures != 4 || rows != 196 {
			t.Errorf("%d failures, %d rows (%v)", failures, rows, err)
		}
	})
}
