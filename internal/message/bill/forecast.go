// What a roll-out will cost, said before it.

package bill

// Rollout is what is known before one: how many people, how many of them by calls, and what one code costs.
type Rollout struct {
	People     int64
	CallsIn100 int64 // how many of a hundred get their codes by a call
	Text, Call Money
}

// Span is an amount between the least and the most that is likely.
type Span struct{ Low, Expected, High Money }

// Codes for one person, in tenths: at the first sign-in some ask twice, and some mistype; later it depends on how often they
// sign in, and how many have moved on to an app.
var (
	atFirst = [3]int64{10, 13, 20}
	aMonth  = [3]int64{5, 30, 90}
)

// Forecast tells what the first sign-in of all of them costs, and each month after it.
func Forecast(r Rollout) (first, month Span) {
	calls := r.People * r.CallsIn100
	one := r.Call*Money(calls) + r.Text*Money(r.People*100-calls) // of a hundredfold roll-out
	span := func(tenths [3]int64) Span {
		return Span{one * Money(tenths[0]) / 1000, one * Money(tenths[1]) / 1000, one * Money(tenths[2]) / 1000}
	}
	return span(atFirst), span(aMonth)
}
