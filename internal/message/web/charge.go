// What a provider says that it charged.

package web

import (
	"strings"

	"woggle/internal/message/bill"
)

// Charge reads an amount such as "-0.04" or "0.03330000", in the provider's currency. It is nil, which is not known, if
// there is none, or if ours is another currency: amounts of two currencies make no sum. What is beyond a millionth is
// counted as a whole one.
func Charge(amount, currency, ours string) *bill.Money {
	if ours == "" || !strings.EqualFold(currency, ours) {
		return nil
	}
	amount = strings.TrimPrefix(strings.TrimSpace(amount), "-") // a charge, seen from the account
	whole, part, _ := strings.Cut(amount, ".")
	rest := ""
	if len(part) > 6 {
		amount, rest = whole+"."+part[:6], part[6:]
	}
	cost, err := bill.ParseMoney(amount)
	if err != nil || strings.Trim(rest, "0123456789") != "" {
		return nil
	}
	if strings.Trim(rest, "0") != "" {
		cost++
	}
	return &cost
}
