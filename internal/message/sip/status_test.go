package sip

import (
	"testing"

	"github.com/emiago/sipgo/sip"
)

// Trunks like to say whom they did not reach. Numbers stay out of what is kept and logged.
func TestTheWordsOfATrunkHoldNoNumber(t *testing.T) {
	for reason, want := range map[string]string{
		"Not Found":                            "404 Not Found",
		"Number 02079460123 is not in service": "404 Number ••• is not in service",
		"+44 20 7946 0123 not found":           "404 ••• not found",
		"No route to (020) 7946-0123":          "404 No route to •••",
		"Q.850 cause 16":                       "404 Q.850 cause 16",
		"This reason goes on until the number 02079460123 is cut in two": "404 This reason goes on until the number •••",
	} {
		res := sip.NewResponse(404, reason)
		if got := causeOf(res); len(got) < len(want) || got[:len(want)] != want {
			t.Errorf("%q became %q", reason, got)
		}
	}
}
