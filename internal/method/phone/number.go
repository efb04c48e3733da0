// A phone number that was read and judged: what it can be used for, and how it is shown.
//
// A Number is whatever Plan.Parse made of it; the store gives the same fields back.

package phone

import (
	"fmt"

	"github.com/nyaruka/phonenumbers"
)

// Kind is what a numbering plan says a number is for. The values are stored.
type Kind string

// The kinds of number that a person can be reached at. All others are refused by Plan.Parse.
const (
	Mobile           Kind = "mobile"
	Landline         Kind = "landline"
	MobileOrLandline Kind = "mobile-or-landline" // the plan does not tell them apart, as in North America
	VoIP             Kind = "voip"               // a home line that runs over the internet
)

// Number is one number in use by a person, as ITU-T E.164 writes it.
type Number struct {
	E164      string // "+447700900123": plus, calling code, 15 digits at most
	Extension string // 1 to 7 digits to press once a call is answered, or empty
	Kind      Kind
	Region    string // the country it belongs to, as in ISO 3166-1: "GB", "IM"
}

// WhyNoText is the locale key that says why no text can be sent to the number, or empty if one can.
//
// A landline shows no texts, and a switchboard cannot hand one to an extension. Networks drop texts to most
// internet lines without a word, so a code sent to one would only be waited for; a call gets through.
func (n Number) WhyNoText() string {
	switch {
	case n.Extension != "":
		return "phone.number.no-text-extension"
	case n.Kind == Mobile, n.Kind == MobileOrLandline:
		return ""
	case n.Kind == VoIP:
		return "phone.number.no-text-voip"
	}
	return "phone.number.no-text-landline"
}

// CanText tells whether a code can be sent to the number as a text message.
func (n Number) CanText() bool { return n.WhyNoText() == "" }

// CanCall tells whether a voice call can read a code out at the number: at every one that Parse accepts.
func (n Number) CanCall() bool {
	switch n.Kind {
	case Mobile, Landline, MobileOrLandline, VoIP:
		return true
	}
	return false
}

// Masked shows enough to recognise one's own number by: "+44 •••• •••123". The shape is the same for every
// number, so that it tells nothing about length, town or network to somebody who got as far as the password.
func (n Number) Masked() string {
	parsed, err := phonenumbers.Parse(n.E164, phonenumbers.UNKNOWN_REGION)
	if err != nil {
		return "•••• •••"
	}
	return fmt.Sprintf("+%d •••• •••%s", parsed.GetCountryCode(), n.E164[len(n.E164)-3:])
}

// Display is the number in full, grouped as its country does: "+44 7700 900123", with an extension
// "+44 1632 960123 x12".
func (n Number) Display() string {
	parsed, err := phonenumbers.Parse(n.E164, phonenumbers.UNKNOWN_REGION)
	if err != nil {
		return n.E164
	}
	shown := phonenumbers.Format(parsed, phonenumbers.INTERNATIONAL)
	if n.Extension != "" {
		shown += " x" + n.Extension
	}
	return shown
}

// Prefix is the range that the number lies in, without its last four digits. Sends are limited by it as
// well: whoever is paid for texts to a range they own uses many numbers, and each only once.
func (n Number) Prefix() string { return n.E164[:max(0, len(n.E164)-4)] }
