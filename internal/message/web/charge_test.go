package web

import (
	"testing"

	"woggle/internal/message/bill"
)

func TestWhatProvidersCharge(t *testing.T) {
	for name, row := range map[string]struct {
		amount, currency, ours string
		want                   bill.Money // -1 is not known
	}{
		"a charge":                  {"0.0405", "GBP", "GBP", 40_500},
		"seen from the account":     {"-0.0405", "GBP", "gbp", 40_500},
		"more digits than we count": {"0.03330000", "EUR", "EUR", 33_300},
		"a little more":             {"0.03330001", "EUR", "EUR", 33_301},
		"nothing":                   {"0", "EUR", "EUR", 0},
		"not said":                  {"", "EUR", "EUR", -1},
		"another currency":          {"0.04", "USD", "GBP", -1},
		"no currency":               {"0.04", "", "", -1},
		"words":                     {"four pence", "GBP", "GBP", -1},
		"words behind":              {"0.0405001pence", "GBP", "GBP", -1},
		"more than anybody has":     {"99999999999", "GBP", "GBP", -1},
	} {
		got := Charge(row.amount, row.currency, row.ours)
		if (got == nil) != (row.want < 0) || got != nil && *got != row.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
