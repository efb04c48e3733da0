// woggle message: what was sent, by which routes, and what it cost; a trial of a route; ranges that are closed.
package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kong"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/message"
	"woggle/internal/message/bill"
	"woggle/internal/method/phone"
)

type messageCommand struct {
	Place `embed:""`

	Routes messageRoutes `cmd:"" help:"Show the routes: how they do, and what they cost."`
	List   messageList   `cmd:"" help:"List messages, with each try."`
	Cost   messageCost   `cmd:"" help:"Sum up what was spent, or say what a roll-out will cost."`
	Test   messageTest   `cmd:"" help:"Send a test text, or make a test call."`
	Close  messageClose  `cmd:"" help:"Send no codes to new numbers that begin so."`
	Open   messageOpen   `cmd:"" help:"Send codes to them again."`
}

// AfterApply hands the place to the command below.
func (c *messageCommand) AfterApply(k *kong.Context) error {
	k.Bind(&c.Place)
	return nil
}

// currency is what amounts are in.
func (o *office) currency() string {
	if o.site.Phones == nil {
		return "GBP"
	}
	return o.site.Phones.Currency
}

type messageRoutes struct {
	JSON bool `help:"Print JSON."`
}

// routeRow is a route as the list shows it.
type routeRow struct {
	Route    string           `json:"route"`
	Channel  message.Channel  `json:"channel"`
	Provider string           `json:"provider"`
	Failing  bool             `json:"failing"`
	Outcomes map[string]int64 `json:"outcomes_of_a_day"`
	Entered  int64            `json:"entered_of_a_day"`
	Cost     string           `json:"cost_of_a_day"`
}

// Run shows the routes of the settings with what they did since a day ago, and what is closed.
func (c *messageRoutes) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		s, err := o.server(p)
		if err != nil {
			return err
		}
		figures, err := s.Figures(p.ctx)
		if err != nil {
			return err
		}
		var closed []bill.Closed
		var day, month bill.Money
		err = o.db.View(p.ctx, func(tx *db.Tx) (err error) {
			if closed, err = bill.ListClosed(tx); err != nil {
				return err
			}
			day, month, err = o.site.Phones.limits().Spent(tx)
			return err
		})
		if err != nil {
			return err
		}
		rows := []routeRow{}
		for _, f := range figures.Routes {
			if f.Channel == message.Email {
				continue
			}
			rows = append(rows, routeRow{f.Route, f.Channel, o.site.Phones.provider(f.Route), f.Failing, f.Outcomes, f.Entered, f.Cost.String()})
		}
		if c.JSON {
			return p.printJSON(rows)
		}
		table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "ROUTE\tCHANNEL\tPROVIDER\tHEALTH\tLAST 24 HOURS\tENTERED\tCOST")
		for _, r := range rows {
			health := "well"
			if r.Failing {
				health = "failing"
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%d\t%s\n", r.Route, r.Channel, r.Provider, health, outcomesOf(r.Outcomes), r.Entered, r.Cost)
		}
		if err := table.Flush(); err != nil {
			return err
		}
		limits := o.site.Phones.limits().All
		fmt.Fprintf(p.out, "\nSpent today: %s %s%s. This month: %s%s.\n", o.currency(), day, of(limits.Day), month, of(limits.Month))
		for _, one := range closed {
			fmt.Fprintf(p.out, "Closed until %s: %s (%s)\n", one.Until.Local().Format("2006-01-02 15:04"), one.Prefix, one.Why)
		}
		return nil
	})
}

func of(limit bill.Money) string {
	if limit <= 0 {
		return ""
	}
	return " of " + limit.String()
}

// provider is the provider of a route, by its name.
func (p *Phones) provider(route string) string {
	if p != nil {
		for _, r := range p.routes {
			if r.route.Name == route {
				return r.provider
			}
		}
	}
	return ""
}

// outcomesOf writes "12 delivered, 1 refused".
func outcomesOf(outcomes map[string]int64) string {
	parts := []string{}
	for _, name := range slices.Sorted(maps.Keys(outcomes)) {
		parts = append(parts, fmt.Sprintf("%d %s", outcomes[name], name))
	}
	return cmp.Or(strings.Join(parts, ", "), "nothing")
}

type messageList struct {
	To    string        `placeholder:"NUMBER" help:"Only those to this number."`
	User  string        `placeholder:"NAME" help:"Only those to the person with this user name."`
	Route string        `placeholder:"NAME" help:"Only those by this route."`
	Since time.Duration `default:"24h" help:"How far back (${default})."`
	Most  int           `default:"100" help:"The newest so many (${default})."`
	JSON  bool          `help:"Print JSON."`
}

// messageRow is a message as the list shows it.
type messageRow struct {
	ID      string          `json:"id"`
	At      time.Time       `json:"at"`
	Channel message.Channel `json:"channel"`
	Purpose message.Purpose `json:"purpose"`
	To      string          `json:"to"`
	State   string          `json:"state"`
	Entered *time.Time      `json:"entered_at"` // null: not, or it is no code
	Cost    string          `json:"cost"`
	Tries   []tryRow        `json:"tries"`
}

type tryRow struct {
	Route   string     `json:"route"`
	Began   time.Time  `json:"began_at"`
	Ended   time.Time  `json:"ended_at"`
	Told    *time.Time `json:"told_at"` // when the provider told the outcome; null: it has not
	Outcome string     `json:"outcome"`
	Cause   string     `json:"cause"`
	Cost    string     `json:"cost"`
}

func rowOfMessage(r message.Record) messageRow {
	row := messageRow{ID: r.ID, At: r.At, Channel: r.Channel, Purpose: r.Purpose, To: r.Hint, State: r.State, Entered: orNil(r.EnteredAt), Cost: r.Cost.String(), Tries: []tryRow{}}
	for _, t := range r.Tries {
		row.Tries = append(row.Tries, tryRow{t.Route, t.Began, t.Ended, orNil(t.Told), t.Outcome, t.Cause, t.Cost.String()})
	}
	return row
}

func orNil(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

// Run lists messages, the newest first. Nobody's number is shown whole.
func (c *messageList) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		filter := message.Filter{Route: c.Route, Most: c.Most}
		if c.To != "" {
			number, err := o.number(c.To)
			if err != nil {
				return err
			}
			filter.Number = number.E164
		}
		var records []message.Record
		err := o.db.View(p.ctx, func(tx *db.Tx) (err error) {
			if c.User != "" {
				user, err := person(tx, c.User)
				if err != nil {
					return err
				}
				filter.User = user.ID
			}
			filter.Since = tx.Now.Add(-c.Since)
			records, err = message.List(tx, o.ring, filter)
			return err
		})
		if err != nil {
			return err
		}
		if c.JSON {
			rows := []messageRow{}
			for _, r := range records {
				rows = append(rows, rowOfMessage(r))
			}
			return p.printJSON(rows)
		}
		table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "WHEN\tWHAT\tTO\tROUTE\tTOOK\tOUTCOME\tCOST")
		for _, r := range records {
			writeRecord(table, r)
		}
		return table.Flush()
	})
}

// writeRecord writes a line for each try, or one if there was none.
func writeRecord(table *tabwriter.Writer, r message.Record) {
	start := fmt.Sprintf("%s\t%s %s\t%s", r.At.Local().Format("2006-01-02 15:04:05"), r.Channel, r.Purpose, r.Hint)
	if len(r.Tries) == 0 {
		fmt.Fprintf(table, "%s\t\t\t%s\t\n", start, r.State)
	}
	for _, t := range r.Tries {
		outcome := t.Outcome
		if t.Cause != "" {
			outcome += " (" + t.Cause + ")"
		}
		if !r.EnteredAt.IsZero() {
			outcome += ", entered"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", start, t.Route, t.Ended.Sub(t.Began).Round(time.Millisecond), outcome, t.Cost)
		start = "\t\t"
	}
}

// number reads a number as people type it.
func (o *office) number(typed string) (phone.Number, error) {
	plan := phone.Plan{Default: o.site.Country, Allowed: o.site.Countries}
	number, err := plan.Parse(typed, "", "")
	var refused *phone.NumberError
	if errors.As(err, &refused) {
		return number, refused.Problem("en")
	}
	return number, err
}

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

// forecast says what a roll-out costs by the cheapest routes to numbers of the organisation's country.
func (c *messageCost) forecast(p *program, o *office) error {
	number, err := phone.Example(o.site.Country)
	if err != nil {
		return err
	}
	text, textKnown := o.site.Phones.cheapest(message.Message{Channel: message.SMS, To: number, Body: "code"})
	call, callKnown := o.site.Phones.cheapest(message.Message{Channel: message.Voice, To: number})
	if !textKnown && !callKnown {
		return errors.New("there are no prices to forecast with: name the routes file in the settings, and give its routes prices")
	}
	first, month := bill.Forecast(bill.Rollout{People: c.Forecast, CallsIn100: min(max(c.Calls, 0), 100), Text: text, Call: call})
	fmt.Fprintf(p.out, "A text costs %s %s, a call %s. For %d people, %d in a hundred by call:\n", o.currency(), text, call, c.Forecast, c.Calls)
	fmt.Fprintf(p.out, "  everybody's first sign-in   about %s, between %s and %s\n", first.Expected, first.Low, first.High)
	fmt.Fprintf(p.out, "  each month after it         about %s, between %s and %s\n", month.Expected, month.Low, month.High)
	if limit := o.site.Phones.limits().All; limit.Month > 0 && first.Expected > limit.Month {
		fmt.Fprintf(p.out, "That is more than the limit of a month (%s): raise all_month, or roll out in parts.\n", limit.Month)
	}
	return nil
}

// cheapest is the lowest price among the routes for a message like this.
func (p *Phones) cheapest(m message.Message) (price bill.Money, found bool) {
	if p == nil {
		return 0, false
	}
	for _, r := range p.routes {
		if r.route.Channel != m.Channel {
			continue
		}
		if cost := r.route.Price(m); !found || cost < price {
			price, found = cost, true
		}
	}
	return price, found
}

type messageClose struct {
	Prefix string `arg:"" help:"The beginning of the numbers, as in +44791112."`
}

// Run closes a range by hand.
func (c *messageClose) Run(p *program, k *kong.Context, place *Place) error {
	if !prefix.MatchString(c.Prefix) {
		return fmt.Errorf("%q is not the beginning of an international number: write it as in +44791112", c.Prefix)
	}
	return p.work(k, place, func(o *office) error {
		return o.db.Tx(p.ctx, func(tx *db.Tx) error {
			until, err := bill.Close(tx, c.Prefix, "closed by hand")
			if err != nil {
				return err
			}
			if err := audit.Record(tx, audit.Event{Type: audit.RangeClosed, Actor: audit.System, Detail: audit.Detail{"prefix": c.Prefix}}); err != nil {
				return err
			}
			tx.AfterCommit(func() {
				fmt.Fprintf(p.out, "New numbers that begin with %s get no codes until %s.\n", c.Prefix, until.Local().Format("2006-01-02 15:04"))
			})
			return nil
		})
	})
}

type messageOpen struct {
	Prefix string `arg:"" help:"As the list of routes shows it."`
}

// Run opens a range.
func (c *messageOpen) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		return o.db.Tx(p.ctx, func(tx *db.Tx) error {
			opened, err := bill.Open(tx, c.Prefix)
			if err != nil {
				return err
			}
			if !opened {
				return fmt.Errorf("%s is not closed; woggle message routes shows what is", c.Prefix)
			}
			if err := audit.Record(tx, audit.Event{Type: audit.RangeOpened, Actor: audit.System, Detail: audit.Detail{"prefix": c.Prefix}}); err != nil {
				return err
			}
			tx.AfterCommit(func() { fmt.Fprintf(p.out, "Numbers that begin with %s get codes again.\n", c.Prefix) })
			return nil
		})
	})
}
