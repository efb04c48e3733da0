// What a message may cost: permitted when it is promised, and settled when it was sent.

package message

import (
	"context"
	"fmt"
	"time"

	"woggle/internal/db"
	"woggle/internal/limit"
	"woggle/internal/message/bill"
)

// longestCall is how long a call lasts at most, once it is answered; it is what is reserved for one.
const longestCall = 90 * time.Second

// Reason is why a message may not be sent.
type Reason string

// The reasons.
const (
	NoRoute      Reason = "no-route"       // no route serves the number, or speaks the language
	OverLimit    Reason = "over-limit"     // a limit on the bill is reached
	RangeClosed  Reason = "range-closed"   // codes to numbers like this one are asked for and not entered
	OriginClosed Reason = "address-closed" // codes are asked for from this address and not entered
)

// Refused is the error of a message that may not be sent.
type Refused struct {
	Reason Reason
	Scope  bill.Scope    // of OverLimit: whose limit
	Wait   time.Duration // until it may, or 0
}

func (r *Refused) Error() string { return fmt.Sprintf("message: refused: %s %s", r.Reason, r.Scope) }

// Alarm is something that the administrators should know.
type Alarm struct {
	Kind   AlarmKind
	Detail map[string]string // values of its sentences
}

// AlarmKind names an alarm.
type AlarmKind string

// The alarms, with their details.
const (
	Spending     AlarmKind = "spending"      // percent, spent, limit, period ("day" or "month")
	Pumping      AlarmKind = "range-closed"  // prefix, hours
	Asking       AlarmKind = "origin-closed" // hours
	PriceMissing AlarmKind = "price-missing" // country, route
)

// permit judges whether a message may be sent by the route, and counts what it will cost. A number that is proved to be
// somebody's is not judged by what strangers do with the numbers around it.
func (o *Outbox) permit(tx *db.Tx, m Message, f finder, r *Route) (reserved bill.Money, err error) {
	if m.Channel == Email {
		return 0, nil
	}
	if m.Typed && m.Purpose == Code {
		if refused, err := o.pumped(tx, m, f); refused != nil || err != nil {
			return 0, either(refused, err)
		}
	}
	price, known := r.price(m)
	if !known {
		if err := o.dear(tx, f, r); err != nil {
			return 0, err
		}
	}
	refused, err := o.charge(tx, payerOf(m.User, f), price)
	if refused != nil || err != nil {
		return 0, either(refused, err)
	}
	return price, nil
}

func payerOf(user string, f finder) bill.Payer {
	return bill.Payer{User: user, Number: f.number, Range: f.reach, Address: f.address}
}

// either keeps a nil *Refused from becoming an error.
func either(refused *Refused, err error) error {
	if err != nil {
		return err
	}
	return refused
}

func (o *Outbox) charge(tx *db.Tx, who bill.Payer, cost bill.Money) (*Refused, error) {
	if cost == 0 {
		return nil, nil
	}
	exceeded, alarms, err := o.limits.Charge(tx, who, cost)
	if err != nil {
		return nil, err
	}
	for _, a := range alarms {
		period := "day"
		if a.Month {
			period = "month"
		}
		if err := o.alarm(tx, Spending, "percent", fmt.Sprint(a.Percent), "spent", a.Spent.String(), "limit", a.Limit.String(), "period", period); err != nil {
			return nil, err
		}
	}
	if exceeded == nil {
		return nil, nil
	}
	return &Refused{Reason: OverLimit, Scope: exceeded.Scope, Wait: exceeded.Until.Sub(tx.Now)}, nil
}

const day = 24 * time.Hour

// dearly is how often the administrators hear of one missing price.
var dearly = limit.Rule{Name: "price-missing", Max: 1, Window: day}

// dear tells that a price is missing.
func (o *Outbox) dear(tx *db.Tx, f finder, r *Route) error {
	wait, err := dearly.Take(tx, r.Name+" "+f.country)
	if err != nil || wait > 0 {
		return err
	}
	return o.alarm(tx, PriceMissing, "country", f.country, "route", r.Name)
}

// alarm calls the hook, with name, value pairs as details.
func (o *Outbox) alarm(tx *db.Tx, kind AlarmKind, details ...string) error {
	a := Alarm{Kind: kind, Detail: map[string]string{}}
	for i := 0; i < len(details); i += 2 {
		a.Detail[details[i]] = details[i+1]
	}
	tx.AfterCommit(func() { o.log.Warn("alarm", "kind", a.Kind, "detail", a.Detail) })
	if o.hooks.Alarm == nil {
		return nil
	}
	return o.hooks.Alarm(tx, a)
}

// afford sees that what the route costs is reserved: it may be dearer than the one that it is for. It also counts what
// the route carries in a day.
func (o *Outbox) afford(ctx context.Context, c claim, m Message, r *Route) (reserved bill.Money, allowed bool, err error) {
	price, _ := r.price(m)
	if price <= c.reserved && r.PerDay == 0 {
		return c.reserved, true, nil
	}
	err = o.db.Tx(ctx, func(tx *db.Tx) error {
		reserved, allowed = c.reserved, true
		if r.PerDay > 0 {
			daily := limit.Rule{Name: "route-day", Max: r.PerDay, Window: day}
			wait, err := daily.Take(tx, r.Name)
			if allowed = err == nil && wait == 0; !allowed {
				return err
			}
		}
		if price <= reserved {
			return nil
		}
		refused, err := o.charge(tx, payerOf(m.User, newFinder(o.ring, m)), price-reserved)
		if allowed = refused == nil; allowed {
			reserved = price
		}
		return err
	})
	return reserved, allowed, err
}

// release gives back what was reserved for a message and not spent.
func (o *Outbox) release(tx *db.Tx, id string, amount bill.Money) error {
	if amount == 0 {
		return nil
	}
	who, err := payer(tx, id)
	if err != nil {
		return err
	}
	return o.limits.Add(tx, who, -amount)
}

// mostCharged is more than any message costs: a provider that says so has said something else.
const mostCharged = 100 * bill.Unit

// correct takes a provider's own price for what was expected.
func (o *Outbox) correct(tx *db.Tx, t told, cost bill.Money) error {
	if cost < 0 || cost > mostCharged || cost == t.cost {
		return nil
	}
	who, err := payer(tx, t.message)
	if err != nil {
		return err
	}
	if err := o.limits.Add(tx, who, cost-t.cost); err != nil {
		return err
	}
	return writeCost(tx, t, cost)
}
