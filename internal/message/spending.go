// What a message may cost: permitted when it is promised, and settled when it was sent.

package message

import (
	"context"
	"fmt"
	"time"

	"woggle/internal/db"
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
	Scope  string        // of OverLimit: whose limit
	Wait   time.Duration // until it may, or 0
}

func (r *Refused) Error() string { return fmt.Sprintf("message: refused: %s %s", r.Reason, r.Scope) }

// Alarm is something that the administrators should know.
type Alarm struct {
	Kind   string
	Detail map[string]string
}

func (o *Outbox) permit(tx *db.Tx, m Message, f finder, first *Route) (reserved bill.Money, err error) {
	price, _ := first.price(m)
	return price, nil
}

func (o *Outbox) afford(ctx context.Context, c claim, m Message, r *Route) (reserved bill.Money, allowed bool, err error) {
	return c.reserved, true, nil
}

func (o *Outbox) release(tx *db.Tx, id string, amount bill.Money) error { return nil }

func (o *Outbox) correct(tx *db.Tx, t told, cost bill.Money) error { return nil }
