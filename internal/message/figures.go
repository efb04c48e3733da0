// Figures of the last day and of this month, for whoever watches over the installation.

package message

import (
	"context"
	"time"

	"woggle/internal/db"
	"woggle/internal/message/bill"
)

// RouteFigures are what one route did since a day ago.
type RouteFigures struct {
	Route    string
	Channel  Channel
	Failing  bool             // other routes go first
	Outcomes map[string]int64 // tries by their last outcome
	Entered  int64            // codes that it brought, and that were entered
	Cost     bill.Money       // of the tries
}

// Figures tell how messages go.
type Figures struct {
	Routes  []RouteFigures   // in the order of the settings
	Waiting map[string]int64 // messages in the queue: "codes", "others"
	Oldest  time.Duration    // how long the oldest of them has been due
}

// figuresOf is how far back the figures of routes go.
const figuresOf = 24 * time.Hour

// Figures reads the figures. Its error is the database's.
func (o *Outbox) Figures(ctx context.Context) (f Figures, err error) {
	err = o.db.View(ctx, func(tx *db.Tx) error {
		f = Figures{Waiting: map[string]int64{"codes": 0, "others": 0}}
		for _, r := range o.routes {
			one := RouteFigures{Route: r.Name, Channel: r.Channel, Failing: o.health.stands(r.Name), Outcomes: map[string]int64{}}
			if err := one.read(tx); err != nil {
				return err
			}
			f.Routes = append(f.Routes, one)
		}
		return f.readQueue(tx)
	})
	return f, err
}

func (f *RouteFigures) read(tx *db.Tx) error {
	return tx.Each(`SELECT t.outcome, count(*), sum(CASE WHEN m.entered_at > 0 AND m.route = t.route THEN 1 ELSE 0 END), sum(t.cost)
		FROM message_tries t JOIN messages m ON m.id = t.message_id WHERE t.route = $1 AND t.began_at > $2 GROUP BY t.outcome`,
		[]any{f.Route, tx.Now.Add(-figuresOf).UnixMilli()}, func(scan func(...any) error) error {
			var outcome string
			var count, entered, cost int64
			if err := scan(&outcome, &count, &entered, &cost); err != nil {
				return err
			}
			f.Outcomes[outcome] += count
			f.Entered += entered
			f.Cost += bill.Money(cost)
			return nil
		})
}

func (f *Figures) readQueue(tx *db.Tx) error {
	return tx.Each(`SELECT CASE WHEN priority = 0 THEN 'codes' ELSE 'others' END, count(*), min(next_at) FROM messages
		WHERE state IN ('queued', 'sending') GROUP BY CASE WHEN priority = 0 THEN 'codes' ELSE 'others' END`, nil, func(scan func(...any) error) error {
		var lane string
		var count, due int64
		if err := scan(&lane, &count, &due); err != nil {
			return err
		}
		f.Waiting[lane] = count
		f.Oldest = max(f.Oldest, tx.Now.Sub(db.Time(due)))
		return nil
	})
}
