package message

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/keys"
	"woggle/internal/message/bill"
)

const penny = bill.Unit / 100

// priced is an outbox whose routes cost so many pennies each, in the order of their names.
func priced(d *db.DB, limits bill.Limits, alarms *[]Alarm, routes ...Route) *Outbox {
	o := New(d, keys.Random(), limits, slog.New(slog.DiscardHandler))
	o.Use(routes, Hooks{Alarm: func(_ *db.Tx, a Alarm) error {
		if alarms != nil {
			*alarms = append(*alarms, a)
		}
		return nil
	}})
	return o
}

func spent(t *testing.T, d *db.DB) (day bill.Money) {
	t.Helper()
	err := d.View(t.Context(), func(tx *db.Tx) (err error) {
		day, _, err = bill.Limits{}.Spent(tx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return day
}

func costs(t *testing.T, d *db.DB, id string) (cost, reserved bill.Money) {
	t.Helper()
	err := d.View(t.Context(), func(tx *db.Tx) error {
		return tx.Row("SELECT cost, reserved FROM messages WHERE id = $1", []any{id}, &cost, &reserved)
	})
	if err != nil {
		t.Fatal(err)
	}
	return cost, reserved
}

// What a message cost in the end is what is counted, whatever was reserved for it on the way.
func TestWhatIsCountedIsWhatItCost(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		cheap, dear := phones("cheap", nil), phones("dear", nil)
		before := bill.Money(0)
		for _, story := range []struct {
			name        string
			cheap, dear error
			cost        bill.Money
		}{
			{"the cheapest takes it", nil, nil, 4 * penny},
			{"the cheapest is busy", errBusy, nil, 7 * penny},
			{"nobody knows whether the cheapest took it", Doubtful(errBusy), nil, 11 * penny},
			{"nobody takes it", Permanent(errBusy), Permanent(errBusy), 0},
			{"nobody takes it, and one may have", Doubtful(errBusy), Permanent(errBusy), 4 * penny},
		} {
			cheap.answer = answering(story.cheap)
			dear.answer = answering(story.dear)
			o := priced(d, bill.Limits{}, nil, Route{Name: "dear", Channel: SMS, Provider: dear, Prices: bill.Flat(7 * penny)},
				Route{Name: "cheap", Channel: SMS, Provider: cheap, Prices: bill.Flat(4 * penny)})
			m := text(Code, "code", time.Hour, clock.Now())
			m.Challenge = story.name
			id := enqueue(t, d, o, m)[0]
			if _, reserved := costs(t, d, id); reserved != 4*penny {
				t.Errorf("%s: %s are reserved", story.name, reserved)
			}
			drain(t, o)
			after := spent(t, d)
			if cost, reserved := costs(t, d, id); after-before != story.cost || cost != story.cost && look(t, d, id).state == sent || reserved != 0 {
				t.Errorf("%s: %s counted, the message says %s and %s reserved; want %s", story.name, after-before, cost, reserved, story.cost)
			}
			before = after
		}
	})
}

// A code that is dropped, or too late, costs nothing; what the provider says it cost is what it did.
func TestWhatWasNotSentIsGivenBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		o := priced(d, bill.Limits{}, nil, Route{Name: "phones", Channel: SMS, Provider: phones("phones", nil), Prices: bill.Flat(4 * penny)})
		enqueue(t, d, o, text(Code, "code", time.Minute, clock.Now()))
		if got := spent(t, d); got != 4*penny {
			t.Fatalf("%s reserved", got)
		}
		if err := d.Tx(t.Context(), func(tx *db.Tx) error { return o.Drop(tx, "challenge") }); err != nil {
			t.Fatal(err)
		}
		if got := spent(t, d); got != 0 {
			t.Errorf("%s are counted for what was dropped", got)
		}
		enqueue(t, d, o, text(Code, "code", time.Minute, clock.Now()))
		clock.Advance(time.Minute)
		drain(t, o)
		if got := spent(t, d); got != 0 {
			t.Errorf("%s are counted for what was too late", got)
		}
		id := enqueue(t, d, o, text(Code, "code", time.Minute, clock.Now()))[0]
		drain(t, o)
		for _, real := range []bill.Money{5 * penny, -penny, 1000 * bill.Unit, 5 * penny} {
			report(t, o, "phones", Report{Message: id, Event: Delivered, Cost: &real})
		}
		if cost, _ := costs(t, d, id); spent(t, d) != 5*penny || cost != 5*penny {
			t.Errorf("%s are counted, %s of the message", spent(t, d), cost)
		}
	})
}

// The limit on the bill holds for everybody together, though all ask at once (threat T32); the administrators hear of it
// at half, at four fifths and at the end, once each.
func TestTheLimitHoldsUnderARace(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		var mu sync.Mutex
		heard := map[string]int{}
		limits := bill.Limits{All: bill.Limit{Day: 100 * penny}}
		o := New(d, keys.Random(), limits, slog.New(slog.DiscardHandler))
		o.Use([]Route{{Name: "phones", Channel: SMS, Provider: phones("phones", nil), Prices: bill.Flat(4 * penny)}}, Hooks{Alarm: func(tx *db.Tx, a Alarm) error {
			tx.AfterCommit(func() {
				mu.Lock()
				defer mu.Unlock()
				heard[a.Detail["percent"]]++
			})
			return nil
		}})
		var all sync.WaitGroup
		var went, refused int
		for i := range 40 {
			all.Go(func() {
				m := text(Code, "code", time.Hour, clock.Now())
				m.User, m.To = fmt.Sprint("user", i), fmt.Sprintf("+447700900%03d", i)
				var no *Refused
				err := d.Tx(t.Context(), func(tx *db.Tx) error {
					no = nil
					if _, err := o.Enqueue(tx, m); !errors.As(err, &no) {
						return err
					}
					return nil
				})
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err != nil:
					t.Error(err)
				case no != nil:
					refused++
					if no.Reason != OverLimit || no.Scope != bill.All || no.Wait <= 0 || no.Wait > 24*time.Hour {
						t.Errorf("refused: %+v", no)
					}
				default:
					went++
				}
			})
		}
		all.Wait()
		if went != 25 || refused != 15 || spent(t, d) != 100*penny {
			t.Errorf("%d went, %d were refused, %s spent", went, refused, spent(t, d))
		}
		if heard["50"] != 1 || heard["80"] != 1 || heard["100"] != 1 {
			t.Errorf("the administrators heard %v", heard)
		}
	})
}

// T23: somebody starts five hundred sign-ins over one range of numbers of theirs. Few reach the provider, the
// administrators hear of it once, and other ranges go on, as do numbers that were proved before.
func TestPumpingClosesTheRange(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		var alarms []Alarm
		phone := phones("phones", nil)
		o := priced(d, bill.Limits{}, &alarms, Route{Name: "phones", Channel: SMS, Provider: phone, Prices: bill.Flat(penny)})
		ask := func(i int, number string, typed bool) (refused *Refused) {
			m := text(Code, "code", 5*time.Minute, clock.Now())
			m.User, m.To, m.Typed, m.Challenge = fmt.Sprint("user", i), number, typed, fmt.Sprint("challenge", i)
			err := d.Tx(t.Context(), func(tx *db.Tx) error {
				_, err := o.Enqueue(tx, m)
				if errors.As(err, &refused) {
					return nil
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			drain(t, o)
			return refused
		}
		enter := func(i int) {
			if err := d.Tx(t.Context(), func(tx *db.Tx) error { return o.Entered(tx, fmt.Sprint("challenge", i)) }); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 30 { // people, who enter what they get
			if ask(1000+i, fmt.Sprintf("+4477009%05d", i*997), true) != nil {
				t.Fatal("a person was refused")
			}
			enter(1000 + i)
		}
		went := 0
		for i := range 500 {
			if ask(i, fmt.Sprintf("+44791112%04d", i), true) == nil {
				went++
			}
			clock.Advance(10 * time.Second)
		}
		if went < 20 || went > 40 {
			t.Errorf("%d of 500 went", went)
		}
		if len(alarms) != 1 || alarms[0].Kind != Pumping || alarms[0].Detail["prefix"] != "+44791112" || alarms[0].Detail["hours"] != "24" {
			t.Errorf("alarms: %+v", alarms)
		}
		if refused := ask(600, "+447911130001", true); refused != nil {
			t.Errorf("a neighbour was refused: %v", refused)
		}
		if refused := ask(601, "+447911120001", false); refused != nil {
			t.Errorf("a number on record was refused: %v", refused)
		}
		clock.Advance(24 * time.Hour)
		if refused := ask(602, "+447911120002", true); refused != nil {
			t.Errorf("a day later: %v", refused)
		}
	})
}

// Who asks for many codes at once, or for many that cannot be delivered besides, hides nothing behind them.
func TestPumpingDoesNotHideInACrowd(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		phone := phones("phones", nil)
		o := priced(d, bill.Limits{}, nil, Route{Name: "phones", Channel: SMS, Provider: phone})
		last := func(n int, answer error) (err error) {
			phone.answer = answering(answer)
			for i := range n {
				m := text(Code, "code", 5*time.Minute, clock.Now())
				m.User, m.To, m.Typed, m.Challenge = fmt.Sprint("user", i), fmt.Sprintf("+44791112%04d", i), true, fmt.Sprint("challenge", i)
				err = d.Tx(t.Context(), func(tx *db.Tx) error { _, err := o.Enqueue(tx, m); return err })
				drain(t, o)
			}
			return err
		}
		for _, crowd := range []error{nil, Permanent(errBusy)} {
			if err := last(20, nil); err != nil {
				t.Fatalf("they were refused too early: %v", err)
			}
			clock.Advance(bill.Unripe / 2)
			if err := last(60, crowd); err != nil {
				t.Fatalf("they were refused too early: %v", err)
			}
			clock.Advance(bill.Unripe / 2)
			if last(1, nil) == nil {
				t.Errorf("behind a crowd of %v, nothing was refused", crowd)
			}
			clock.Advance(8 * day)
		}
	})
}

// A test of the administrator's is a code that nobody enters, and no sign of anything.
func TestATestIsNoCodeThatNobodyEntered(t *testing.T) {
	d, clock := dbtest.Open(t)
	var alarms []Alarm
	o := priced(d, bill.Limits{}, &alarms, Route{Name: "phones", Channel: SMS, Provider: phones("phones", nil), Prices: bill.Flat(penny)})
	for i := range 60 {
		m := text(Code, "This is a test.", 2*time.Minute, clock.Now())
		m.User, m.Challenge, m.To = fmt.Sprint(i), "", fmt.Sprintf("+4477009%05d", i)
		enqueue(t, d, o, m)
		drain(t, o)
	}
	clock.Advance(silentAfter + time.Second)
	m := text(Code, "code", time.Minute, clock.Now())
	m.Typed = true
	enqueue(t, d, o, m)
	if err := o.Refresh(t.Context()); err != nil || len(alarms) != 0 || o.health.stands("phones") {
		t.Errorf("alarms %+v, the route stands back: %t (%v)", alarms, o.health.stands("phones"), err)
	}
}

// Nobody's range is closed for a provider that loses all texts.
func TestAnOutageIsNoPumping(t *testing.T) {
	d, clock := dbtest.Open(t)
	var alarms []Alarm
	o := priced(d, bill.Limits{}, &alarms, Route{Name: "phones", Channel: SMS, Provider: phones("phones", nil), Prices: bill.Flat(penny)})
	for i := range 200 {
		m := text(Code, "code", 5*time.Minute, clock.Now())
		m.User, m.To, m.Typed, m.Origin = fmt.Sprint("user", i), fmt.Sprintf("+4477%02d00%04d", i%4, i), true, netip.MustParseAddr("198.51.100.7")
		if i%2 == 0 {
			m.Origin = netip.MustParseAddr("203.0.113.7")
		}
		enqueue(t, d, o, m)
		drain(t, o)
		clock.Advance(time.Minute)
	}
	if len(alarms) != 0 {
		t.Errorf("alarms: %+v", alarms)
	}
}

// A price that nobody wrote down is taken to be dear, and told of once a day.
func TestAMissingPriceIsDear(t *testing.T) {
	d, clock := dbtest.Open(t)
	var alarms []Alarm
	o := priced(d, bill.Limits{}, &alarms, Route{Name: "phones", Channel: SMS, Provider: phones("phones", nil),
		Prices: bill.Prices{Prefixes: map[string]bill.Money{"+353": penny}}})
	for range 3 {
		enqueue(t, d, o, text(Code, "code", time.Minute, clock.Now()))
	}
	if spent(t, d) != 3*bill.Dear || len(alarms) != 1 || alarms[0].Kind != PriceMissing || alarms[0].Detail["country"] != "+44" {
		t.Errorf("%s spent, alarms %+v", spent(t, d), alarms)
	}
}

// A route that is full for the day lets the next one go on.
func TestARouteHasADailyBound(t *testing.T) {
	d, clock := dbtest.Open(t)
	first, second := phones("first", nil), phones("second", nil)
	o := priced(d, bill.Limits{}, nil, Route{Name: "first", Channel: SMS, Provider: first, PerDay: 2, Prices: bill.Flat(penny)},
		Route{Name: "second", Channel: SMS, Provider: second, Prices: bill.Flat(penny)})
	for range 3 {
		enqueue(t, d, o, text(Notice, "notice", time.Hour, clock.Now()))
	}
	drain(t, o)
	if first.count() != 2 || second.count() != 1 {
		t.Errorf("%d and %d went", first.count(), second.count())
	}
}
