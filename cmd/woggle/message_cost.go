// woggle message cost: what was spent, and what a roll-out will cost.
package main

import (
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kong"

	"woggle/internal/db"
	"woggle/internal/message"
	"woggle/internal/message/bill"
	"woggle/internal/method/phone"
)

type messageCost struct {
	Month    string `placeholder:"YYYY-MM" help:"Of this month (the running one)."`
	Forecast int64  `placeholder:"PEOPLE" help:"Say what a roll-out to so many people will cost."`
	Calls    int64  `default:"10" help:"With --forecast: how many of a hundred get their codes by a call (${default})."`
	JSON     bool   `help:"Print JSON."`
}

// costRow is what one route to one country cost.
type costRow struct {
	Route   string          `json:"route"`
	Channel message.Channel `json:"channel"`
	Country string          `json:"country"`
	Tries   int64           `json:"tries"`
	Entered int64           `json:"entered"`
	Cost    string          `json:"cost"`
}

// Run sums up a month, or forecasts.
func (c *messageCost) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		if c.Forecast > 0 {
			return c.forecast(p, o)
		}
		from := time.Now().In(o.site.Zone)
		if c.Month != "" {
			var err error
			if from, err = time.ParseInLocation("2006-01", c.Month, o.site.Zone); err != nil {
				return fmt.Errorf("--month %s: write it as in 2026-11", c.Month)
			}
		}
		from = time.Date(from.Year(), from.Month(), 1, 0, 0, 0, 0, o.site.Zone)
		var costs []message.Cost
		err := o.db.View(p.ctx, func(tx *db.Tx) (err error) {
			costs, err = message.Costs(tx, from, from.AddDate(0, 1, 0))
			return err
		})
		if err != nil {
			return err
		}
		rows, sum := []costRow{}, bill.Money(0)
		for _, one := range costs {
			rows = append(rows, costRow{one.Route, one.Channel, one.Country, one.Tries, one.Entered, one.Cost.String()})
			sum += one.Cost
		}
		if c.JSON {
			return p.printJSON(rows)
		}
		table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "ROUTE\tCHANNEL\tCOUNTRY\tMESSAGES\tENTERED\tCOST")
		for _, r := range rows {
			fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%d\t%s\n", r.Route, r.Channel, r.Country, r.Tries, r.Entered, r.Cost)
		}
		if err := table.Flush(); err != nil {
			return err
		}
		fmt.Fprintf(p.out, "\n%s: %s %s%s\n", from.Format("January 2006"), o.currency(), sum, of(o.site.Phones.limits().All.Month))
		return nil
	})
}

// forecast says what a roll-out costs by the cheapest routes to numbers of the organisation's country: texts to mobiles, and
// calls to landlines, or to mobiles where no route calls the others.
func (c *messageCost) forecast(p *program, o *office) error {
	mobile, landline, err := phone.Examples(o.site.Country)
	if err != nil {
		return err
	}
	text, textKnown := o.site.Phones.cheapest(message.Message{Channel: message.SMS, To: mobile, Body: "code"})
	call, callKnown := o.site.Phones.cheapest(message.Message{Channel: message.Voice, To: landline})
	if !callKnown {
		call, callKnown = o.site.Phones.cheapest(message.Message{Channel: message.Voice, To: mobile})
	}
	if !textKnown && !callKnown {
		return errors.New("there are no prices to forecast with: name the routes file in the settings, and give its routes prices")
	}
	first, month := bill.Forecast(bill.Rollout{People: c.Forecast, CallsIn100: min(max(c.Calls, 0), 100), Text: text, Call: call})
	if c.JSON {
		return p.printJSON(map[string]any{"people": c.Forecast, "currency": o.currency(), "text": text.String(), "call": call.String(),
			"first_sign_in": spanOf(first), "each_month": spanOf(month)})
	}
	fmt.Fprintf(p.out, "A text costs %s %s, a call %s. For %d people, %d in a hundred by call:\n", o.currency(), text, call, c.Forecast, c.Calls)
	fmt.Fprintf(p.out, "  everybody's first sign-in   about %s, between %s and %s\n", first.Expected, first.Low, first.High)
	fmt.Fprintf(p.out, "  each month after it         about %s, between %s and %s\n", month.Expected, month.Low, month.High)
	if limit := o.site.Phones.limits().All; limit.Month > 0 && first.Expected > limit.Month {
		fmt.Fprintf(p.out, "That is more than the limit of a month (%s): raise all_month, or roll out in parts.\n", limit.Month)
	}
	return nil
}

// spanOf is a span for programs.
func spanOf(s bill.Span) map[string]string {
	return map[string]string{"low": s.Low.String(), "expected": s.Expected.String(), "high": s.High.String()}
}

// cheapest is the lowest price among the routes that carry a message like this.
func (p *Phones) cheapest(m message.Message) (price bill.Money, found bool) {
	if p == nil {
		return 0, false
	}
	for _, r := range p.routes {
		if r.route.Channel != m.Channel || !r.route.Reaches(m.To) {
			continue
		}
		if cost := r.route.Price(m); !found || cost < price {
			price, found = cost, true
		}
	}
	return price, found
}
