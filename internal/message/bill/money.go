// Amounts of money, exactly.

package bill

// Money is an amount in millionths of the unit of the one currency that an installation counts in: 40_000 is 4 pence
// where that is GBP. A text costs a fraction of a penny in places, so that pence would be too coarse, and sums of
// floating-point numbers drift.
type Money int64

// Unit is one whole pound, euro or dollar.
const Unit Money = 1_000_000
