// What is spent, and its limits.

package bill

import (
	"fmt"
	"time"

	"woggle/internal/db"
)

// Limit bounds what may be spent; 0 is no bound.
type Limit struct{ Day, Month Money }

// Scope is whose spending is counted.
type Scope string

// The scopes.
const (
	All     Scope = "all"
	User    Scope = "user"
	Number  Scope = "number"
	Range   Scope = "prefix" // the number without its last four digits
	Address Scope = "address"
)

// Limits bound the bill. The zero value has no bound.
type Limits struct {
	All, User, Number, Range, Address Limit
	Zone                              *time.Location // whose days and months are counted; nil is UTC
}

// DefaultLimits are those of a county: some hundred codes a day. A hall in which a hundred people sign in for the first time
// fits behind one address; what one stolen password can cost is a few units.
func DefaultLimits() Limits {
	return Limits{All: Limit{25 * Unit, 250 * Unit}, User: Limit{2 * Unit, 15 * Unit}, Number: Limit{2 * Unit, 15 * Unit},
		Range: Limit{5 * Unit, 30 * Unit}, Address: Limit{12 * Unit, 100 * Unit}}
}

// Payer is for whom something is spent: ids and keyed fingerprints, each empty where it is not known.
type Payer struct{ User, Number, Range, Address string }

// Exceeded tells which limit forbids spending, and until when.
type Exceeded struct {
	Scope Scope
	Month bool // the limit of the month, else of the day
	Until time.Time
}

// Alarm tells that so many percent of what may be spent in all are: 50, 80 or 100, once for each period.
type Alarm struct {
	Percent int64
	Month   bool
	Spent   Money
	Limit   Money
}

type account struct {
	scope Scope
	key   string
	limit Limit
}

// accounts are what a payer's spending is counted in, all together first: who has that row waits for no other, so that
// two transactions that each count for several payers cannot wait for each other.
func (l Limits) accounts(who Payer) []account {
	all := []account{{All, string(All), l.All}}
	for _, a := range []account{{User, who.User, l.User}, {Number, who.Number, l.Number}, {Range, who.Range, l.Range}, {Address, who.Address, l.Address}} {
		if a.key != "" {
			a.key = string(a.scope) + ":" + a.key
			all = append(all, a)
		}
	}
	return all
}

// Charge counts what is about to be spent, under every limit or under none. Commit it whatever it says. Alarms are what
// the administrators should be told.
func (l Limits) Charge(tx *db.Tx, who Payer, cost Money) (*Exceeded, []Alarm, error) {
	accounts := l.accounts(who)
	if err := l.hold(tx, accounts[0]); err != nil { // and count it last: the nearest limit is the one to tell of
		return nil, nil, err
	}
	accounts = append(accounts[1:], accounts[0])
	for i, a := range accounts {
		day, month, ok, err := l.charge(tx, a, cost)
		if err != nil {
			return nil, nil, err
		}
		if !ok {
			for _, earlier := range accounts[:i] {
				if err := l.add(tx, earlier, -cost); err != nil {
					return nil, nil, err
				}
			}
			return l.exceeded(tx, a, cost)
		}
		if a.scope == All {
			alarms, err := l.alarms(tx, day, month)
			return nil, alarms, err
		}
	}
	return nil, nil, nil
}

// hold keeps others from the account until the transaction ends, also if it is the first that counts anything in it.
func (l Limits) hold(tx *db.Tx, a account) error {
	day, month := l.period(tx.Now)
	_, err := tx.Exec(`INSERT INTO spending (key, day, day_amount, month, month_amount) VALUES ($1, $2, 0, $3, 0)
		ON CONFLICT (key) DO UPDATE SET key = excluded.key`, a.key, day, month)
	return err
}

// charge adds to one account, if that keeps its limits. One statement, so that of two at once for the last penny one finds
// it spent.
func (l Limits) charge(tx *db.Tx, a account, cost Money) (day, month Money, ok bool, err error) {
	most := func(limit Money) int64 {
		if limit <= 0 {
			return int64(mostMoney) * 1000
		}
		return int64(limit)
	}
	if int64(cost) > min(most(a.limit.Day), most(a.limit.Month)) {
		return 0, 0, false, nil
	}
	today, thisMonth := l.period(tx.Now)
	ok, err = tx.Found(`INSERT INTO spending (key, day, day_amount, month, month_amount) VALUES ($1, $2, $3, $4, $3)
		ON CONFLICT (key) DO UPDATE SET
			day_amount = CASE WHEN spending.day = $2 THEN spending.day_amount ELSE 0 END + $3, day = $2,
			month_amount = CASE WHEN spending.month = $4 THEN spending.month_amount ELSE 0 END + $3, month = $4
		WHERE CASE WHEN spending.day = $2 THEN spending.day_amount ELSE 0 END + $3 <= $5
			AND CASE WHEN spending.month = $4 THEN spending.month_amount ELSE 0 END + $3 <= $6
		RETURNING day_amount, month_amount`,
		[]any{a.key, today, int64(cost), thisMonth, most(a.limit.Day), most(a.limit.Month)}, &day, &month)
	return day, month, ok, err
}

// add corrects an account of the running periods, whatever its limits say.
func (l Limits) add(tx *db.Tx, a account, amount Money) error {
	today, thisMonth := l.period(tx.Now)
	_, err := tx.Exec(`UPDATE spending SET
			day_amount = CASE WHEN day = $2 AND day_amount + $4 > 0 THEN day_amount + $4 WHEN day = $2 THEN 0 ELSE day_amount END,
			month_amount = CASE WHEN month = $3 AND month_amount + $4 > 0 THEN month_amount + $4 WHEN month = $3 THEN 0 ELSE month_amount END
		WHERE key = $1`, a.key, today, thisMonth, int64(amount))
	return err
}

// Add corrects what was charged by an amount, which may be negative: a message was not sent after all, or cost more than
// was thought. No limit stops it, because it has happened.
func (l Limits) Add(tx *db.Tx, who Payer, amount Money) error {
	if amount == 0 {
		return nil
	}
	for _, a := range l.accounts(who) {
		if err := l.add(tx, a, amount); err != nil {
			return err
		}
	}
	return nil
}

// period numbers the day and the month of a time.
func (l Limits) period(now time.Time) (day, month int64) {
	now = l.local(now)
	month = int64(now.Year()*100 + int(now.Month()))
	return month*100 + int64(now.Day()), month
}

func (l Limits) local(now time.Time) time.Time {
	if l.Zone == nil {
		return now.UTC()
	}
	return now.In(l.Zone)
}

// exceeded tells which limit of the account stood in the way, and sees to the alarm if it was that of all.
func (l Limits) exceeded(tx *db.Tx, a account, cost Money) (*Exceeded, []Alarm, error) {
	day, month, err := l.spent(tx, a.key)
	if err != nil {
		return nil, nil, err
	}
	now := l.local(tx.Now)
	e := &Exceeded{Scope: a.scope, Until: time.Date(now.Year(), now.Month(), now.Day()+1, 0, 0, 0, 0, now.Location()).UTC()}
	if a.limit.Month > 0 && month+cost > a.limit.Month {
		e.Month, e.Until = true, time.Date(now.Year(), now.Month()+1, 1, 0, 0, 0, 0, now.Location()).UTC()
	}
	if a.scope != All {
		return e, nil, nil
	}
	alarm := Alarm{Percent: 100, Month: e.Month, Spent: day, Limit: a.limit.Day}
	if e.Month {
		alarm.Spent, alarm.Limit = month, a.limit.Month
	}
	first, err := l.first(tx, alarm)
	if err != nil || !first {
		return e, nil, err
	}
	return e, []Alarm{alarm}, nil
}

// spent is what an account has spent in the running day and month.
func (l Limits) spent(tx *db.Tx, key string) (day, month Money, err error) {
	today, thisMonth := l.period(tx.Now)
	_, err = tx.Found(`SELECT CASE WHEN day = $2 THEN day_amount ELSE 0 END, CASE WHEN month = $3 THEN month_amount ELSE 0 END
		FROM spending WHERE key = $1`, []any{key, today, thisMonth}, &day, &month)
	return day, month, err
}

// Spent is what was spent in all, in the running day and month.
func (l Limits) Spent(tx *db.Tx) (day, month Money, err error) { return l.spent(tx, string(All)) }

// steps are the parts of the limit, in percent, that the administrators are told of.
var steps = []int64{100, 80, 50}

// alarms are the highest steps that were reached and not told of yet.
func (l Limits) alarms(tx *db.Tx, day, month Money) (all []Alarm, err error) {
	for _, period := range []Alarm{{Spent: day, Limit: l.All.Day}, {Spent: month, Limit: l.All.Month, Month: true}} {
		for _, percent := range steps {
			if period.Limit <= 0 || period.Spent*100 < period.Limit*Money(percent) {
				continue
			}
			period.Percent = percent
			first, err := l.first(tx, period)
			if err != nil {
				return nil, err
			}
			if first {
				all = append(all, period)
			}
			break // the lower ones are old news
		}
	}
	return all, nil
}

// first tells that nobody was told of the alarm in this period, once.
func (l Limits) first(tx *db.Tx, a Alarm) (bool, error) {
	day, month := l.period(tx.Now)
	key := fmt.Sprintf("alarm:day:%d:%d", day, a.Percent)
	if a.Month {
		key = fmt.Sprintf("alarm:month:%d:%d", month, a.Percent)
	}
	n, err := tx.Exec(`INSERT INTO spending (key, day, day_amount, month, month_amount) VALUES ($1, $2, 0, $3, 0) ON CONFLICT (key) DO NOTHING`,
		key, day, month)
	return n == 1, err
}

// Sweep deletes what was spent in months long over.
func Sweep(tx *db.Tx) error {
	_, month := Limits{}.period(tx.Now.AddDate(0, -2, 0))
	_, err := tx.Exec("DELETE FROM spending WHERE month < $1", month)
	return err
}
