// Why a number is refused, and the sentence that says so.

package phone

import "woggle/internal/problem"

// Reason is why a number is refused. It ends the locale key of the sentence, "phone.number.<reason>", and
// may be counted and logged: it holds nothing of what was typed.
type Reason string

// The reasons. Each has a sentence in internal/page/locales/*/number.json; FuzzParse holds the two together.
const (
	Empty          Reason = "empty"
	NotANumber     Reason = "not-a-number" // letters, control characters, other signs
	TooShort       Reason = "too-short"    // digits are missing, perhaps the area code
	TooLong        Reason = "too-long"
	TwoNumbers     Reason = "two-numbers"
	ExtensionBad   Reason = "extension-bad" // not 1 to 7 digits, or two different ones
	ShortNumber    Reason = "short-number"  // emergency numbers and short codes: 999, 116 123
	Premium        Reason = "premium"       // premium rate and shared cost: the owner is paid for calls
	Satellite      Reason = "satellite"     // +870, +881 and the like: pounds a minute
	Pager          Reason = "pager"
	PersonalNumber Reason = "personal-number"     // follow-me numbers, dear to call and a haunt of fraud
	Service        Reason = "service"             // freephone, company and voicemail numbers: nobody's own
	NotAllowed     Reason = "not-allowed-country" // names the country
	Unallocated    Reason = "unallocated"         // no such number is in use
)

// NumberError is the error of Plan.Parse.
type NumberError struct {
	Reason Reason
	Region string // the country, if the reason is NotAllowed
}

// Error is for the log; it repeats nothing of the number.
func (e *NumberError) Error() string { return "phone number refused: " + string(e.Reason) }

// Key is the locale key of the sentence for the visitor.
func (e *NumberError) Key() string { return "phone.number." + string(e.Reason) }

// Problem is the error for the visitor, on the form field "number" or "extension". The language is needed
// for the name of a country, see CountryName.
func (e *NumberError) Problem(lang string) *problem.Problem {
	field := "number"
	if e.Reason == ExtensionBad {
		field = "extension"
	}
	if e.Reason == NotAllowed {
		return problem.Field(field, e.Key(), problem.Args{"country": CountryName(e.Region, lang)}).Because(e)
	}
	return problem.Field(field, e.Key()).Because(e)
}
