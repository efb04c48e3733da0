// Amounts of money, exactly.

package bill

import (
	"fmt"
	"strconv"
	"strings"
)

// Money is an amount in millionths of the unit of the one currency that an installation counts in: 40_000 is 4 pence
// where that is GBP. A text costs a fraction of a penny in places, so that pence would be too coarse, and sums of
// floating-point numbers drift.
type Money int64

// Unit is one whole pound, euro or dollar.
const Unit Money = 1_000_000

// mostMoney bounds what is read, so that no sum can overflow.
const mostMoney = 1_000_000 * Unit

// ParseMoney reads an amount such as "0.0405": digits, and at most six after a point. Its error is for the person who
// wrote it.
func ParseMoney(text string) (Money, error) {
	whole, part, point := strings.Cut(strings.TrimSpace(text), ".")
	digits := func(s string) bool { return strings.Trim(s, "0123456789") == "" }
	if whole == "" || !digits(whole) || !digits(part) || point && part == "" {
		return 0, fmt.Errorf("%q is not an amount: write it as in 0.0405, with a point and without a currency", text)
	}
	if len(part) > 6 {
		return 0, fmt.Errorf("%q has more than six digits after the point", text)
	}
	units, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || Money(units) > mostMoney/Unit {
		return 0, fmt.Errorf("%q is too much", text)
	}
	millionths, err := strconv.ParseInt((part + "000000")[:6], 10, 64)
	return Money(units)*Unit + Money(millionths), err
}

// String is the amount with two to six digits after the point: "0.0405", "12.50".
func (m Money) String() string {
	sign := ""
	if m < 0 {
		sign, m = "-", -m
	}
	part := strings.TrimRight(fmt.Sprintf("%06d", m%Unit), "0")
	if len(part) < 2 {
		part = (part + "00")[:2]
	}
	return fmt.Sprintf("%s%d.%s", sign, m/Unit, part)
}
