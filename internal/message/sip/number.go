// How the trunk wants numbers.

package sip

import (
	"errors"
	"fmt"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// numberFormat writes E.164 numbers as the trunk wants them.
type numberFormat struct {
	prefix  string // instead of the +
	country int    // calling code of the numbers that are written as at home, or 0
}

func newNumberFormat(name, country string) (f numberFormat, err error) {
	switch name {
	case "", "e164":
		f.prefix = "+"
	case "plain":
	case "00":
		f.prefix = "00"
	case "national":
		f.prefix = "00"
		if f.country = phonenumbers.GetCountryCodeForRegion(strings.ToUpper(country)); f.country == 0 {
			return f, fmt.Errorf("national numbers need a country of two letters, such as GB; %q is none", country)
		}
	default:
		return f, fmt.Errorf("the number format %q is none of e164, plain, 00 and national", name)
	}
	return f, nil
}

var errNumber = errors.New("that is no telephone number")

// dial writes a number to call. Nothing but digits and a + gets into an address.
func (f numberFormat) dial(number string) (string, error) {
	digits, international := strings.CutPrefix(number, "+")
	if !international || len(digits) < 5 || len(digits) > 15 || strings.Trim(digits, "0123456789") != "" {
		return "", errNumber
	}
	if f.country != 0 {
		parsed, err := phonenumbers.Parse(number, "")
		if err == nil && int(parsed.GetCountryCode()) == f.country {
			return phonenumbers.NormalizeDigitsOnly(phonenumbers.Format(parsed, phonenumbers.NATIONAL)), nil
		}
	}
	return f.prefix + digits, nil
}

// caller writes the number that a call comes from. What is not a number is the name of an account.
func (f numberFormat) caller(from string) string {
	if number, err := f.dial(from); err == nil {
		return number
	}
	return from
}
