package message

import (
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/message/bill"
)

// Of each message one sees by which routes it went, when, what came of it and what it cost; and of whom it went to a hint.
func TestLookingBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		first, second := phones("first", busy), phones("second", nil)
		o := priced(d, bill.Limits{}, nil, Route{Name: "first", Channel: SMS, Provider: first, Prices: bill.Flat(3 * penny)},
			Route{Name: "second", Channel: SMS, Provider: second, Prices: bill.Flat(4 * penny)})
		began := clock.Now()
		id := enqueue(t, d, o, text(Code, "code", time.Hour, clock.Now()))[0]
		drain(t, o)
		clock.Advance(time.Second)
		report(t, o, "second", Report{Message: id, Event: Delivered, Cause: "000"})
		other := text(Notice, "notice", time.Hour, clock.Now())
		other.To, other.User, other.Challenge = "+353850123456", "somebody", ""
		enqueue(t, d, o, other)
		drain(t, o)
		if err := d.Tx(t.Context(), func(tx *db.Tx) error { return o.Entered(tx, "challenge") }); err != nil {
			t.Fatal(err)
		}
		err := d.View(t.Context(), func(tx *db.Tx) error {
			all, err := List(tx, o.ring, Filter{Since: began, Most: 10})
			if err != nil || len(all) != 2 || all[1].ID != id {
				t.Fatalf("%+v %v", all, err)
			}
			r := all[1]
			if r.Hint != "•••123" || r.State != sent || r.Outcome != "delivered" || r.Cost != 4*penny || r.EnteredAt.IsZero() || len(r.Tries) != 2 {
				t.Errorf("%+v", r)
			}
			if a, b := r.Tries[0], r.Tries[1]; a.Route != "first" || a.Outcome != "refused" || a.Cause != "busy" || a.Cost != 0 || b.Route != "second" ||
				b.Outcome != "delivered" || b.Cause != "000" || !b.Told.Equal(began.Add(time.Second)) || b.Cost != 4*penny {
				t.Errorf("%+v", r.Tries)
			}
			for _, row := range []struct {
				f    Filter
				want int
			}{{Filter{Number: "+447700900123", Most: 9}, 1}, {Filter{User: "somebody", Most: 9}, 1}, {Filter{Route: "second", Most: 9}, 2}, {Filter{Route: "first", Most: 1}, 1},
				{Filter{Route: "nobody's", Most: 9}, 0}, {Filter{Since: clock.Now().Add(time.Hour), Most: 9}, 0}} {
				if got, err := List(tx, o.ring, row.f); err != nil || len(got) != row.want {
					t.Errorf("%+v: %d (%v)", row.f, len(got), err)
				}
			}
			if one, found, err := Find(tx, id); err != nil || !found || len(one.Tries) != 2 {
				t.Errorf("%+v %v", one, err)
			}
			costs, err := Costs(tx, began, clock.Now().Add(time.Second))
			if err != nil || len(costs) != 4 || costs[2].Route != "second" || costs[2].Country != "+353" || costs[3].Cost != 4*penny || costs[3].Entered != 1 ||
				costs[1].Route != "first" || costs[1].Entered != 0 { // it was not the first that brought the code
				t.Errorf("%+v %v", costs, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
