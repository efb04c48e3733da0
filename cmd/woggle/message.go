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
func (o *office) currency() string { return o.site.Phones.currency() }

func (p *Phones) currency() string {
	if p == nil {
		return "GBP"
	}
	return p.Currency
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
	Least    string           `json:"price_least"` // of a segment or a minute; empty: no prices are known
	Most     string           `json:"price_most"`
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
			provider, least, most := o.site.Phones.about(f.Route)
			rows = append(rows, routeRow{f.Route, f.Channel, provider, f.Failing, least, most, f.Outcomes, f.Entered, f.Cost.String()})
		}
		if c.JSON {
			return p.printJSON(rows)
		}
		table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "ROUTE\tCHANNEL\tPROVIDER\tPRICE\tHEALTH\tLAST 24 HOURS\tENTERED\tCOST")
		for _, r := range rows {
			health := "well"
			if r.Failing {
				health = "failing"
			}
			price := cmp.Or(r.Least, "unknown")
			if r.Most != r.Least {
				price += " to " + r.Most
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\n", r.Route, r.Channel, r.Provider, price, health, outcomesOf(r.Outcomes), r.Entered, r.Cost)
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

// about is the provider of a route, by its name, and the least and the most that a segment or a minute costs; empty where
// that is not known.
func (p *Phones) about(route string) (provider, least, most string) {
	if p == nil {
		return "", "", ""
	}
	i := slices.IndexFunc(p.routes, func(r routeSetting) bool { return r.route.Name == route })
	if i < 0 {
		return "", "", ""
	}
	prices := slices.Sorted(maps.Values(p.routes[i].route.Prices.Prefixes))
	if len(prices) == 0 {
		return p.routes[i].provider, "", ""
	}
	return p.routes[i].provider, prices[0].String(), prices[len(prices)-1].String()
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
