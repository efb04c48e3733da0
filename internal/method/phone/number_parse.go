// How the organisation dials, and the judgement of a number against it.

package phone

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Plan is how the organisation dials: where its members' phones are.
//
// Calls and texts cost money, and whoever owns a range abroad can be paid for each one that reaches it. So
// only the countries named are dialled, and in them only numbers that are a person's own (threats T23, T24).
type Plan struct {
	Default string   // the country that a number without a calling code belongs to, as in ISO 3166-1: "GB"
	Allowed []string // the countries that are dialled; if there are none, only Default
	// Drama makes three of the ranges that Ofcom keeps free for films count as real: 07700 900xxx,
	// 01632 960xxx and 020 7946 0xxx. They reach nobody, so this is for the demo and for tests.
	Drama bool
}

// Parse reads a number as a person typed it. The region is the country they chose, or empty for the default;
// a number written with + or 00 says its own. The extension may also stand behind the number. The error is
// always a *NumberError.
func (p Plan) Parse(raw, region, extension string) (Number, error) {
	digits, written, refused := readTyped(raw)
	if refused != "" {
		return Number{}, &NumberError{Reason: refused}
	}
	ext, refused := joinExtensions(written, extension)
	if refused != "" {
		return Number{}, &NumberError{Reason: refused}
	}
	region = strings.ToUpper(region)
	if !KnownRegion(region) {
		region = p.Default // as if none was chosen; the number itself is judged in any case
	}
	if phonenumbers.IsEmergencyNumber(digits, region) {
		return Number{}, &NumberError{Reason: ShortNumber}
	}
	parsed, err := phonenumbers.Parse(digits, region)
	if err != nil {
		return Number{}, &NumberError{Reason: reasonOf(err)}
	}
	number, refusal := p.judge(parsed)
	if refusal != nil {
		return Number{}, refusal
	}
	number.Extension = ext
	return number, nil
}

// joinExtensions gives the extension written behind the number or in its own field, if they do not differ.
func joinExtensions(written, typed string) (extension string, refused Reason) {
	if len(typed) > maxTyped {
		return "", ExtensionBad
	}
	folded, ok := fold(typed)
	if folded = strings.TrimSpace(folded); !ok {
		return "", ExtensionBad
	}
	if folded == "" {
		return written, ""
	}
	if extension, refused = readExtension(folded); refused != "" || written != "" && extension != written {
		return "", ExtensionBad
	}
	return extension, ""
}

// reasonOf puts an error of the parsing library into our terms. It is only ever given digits, so "not a
// number" means that there are too few.
func reasonOf(err error) Reason {
	switch {
	case errors.Is(err, phonenumbers.ErrInvalidCountryCode):
		return Unallocated
	case errors.Is(err, phonenumbers.ErrNumTooLong):
		return TooLong
	}
	return TooShort
}

// nobodys are the calling codes that belong to no country (ITU-T E.164 annex A), with what they are for.
var nobodys = map[int32]Reason{
	800: Service, 808: Premium, 870: Satellite, 878: PersonalNumber,
	881: Satellite, 882: Satellite, 883: Satellite, 979: Premium,
}

// judge decides whether a number is one that we dial, from the far rules to the near ones, so that the
// reason given is the first thing to put right.
func (p Plan) judge(parsed *phonenumbers.PhoneNumber) (Number, *NumberError) {
	if reason, ok := nobodys[parsed.GetCountryCode()]; ok {
		return Number{}, &NumberError{Reason: reason}
	}
	regions := phonenumbers.GetRegionCodesForCountryCode(int(parsed.GetCountryCode()))
	if len(regions) == 0 {
		return Number{}, &NumberError{Reason: Unallocated}
	}
	if !slices.ContainsFunc(regions, p.dials) {
		region := phonenumbers.GetRegionCodeForNumber(parsed)
		if region == "" {
			region = regions[0] // the main one of those that share the calling code
		}
		return Number{}, &NumberError{Reason: NotAllowed, Region: region}
	}
	kind, region, reason := p.lookUp(parsed)
	if reason != "" {
		return Number{}, &NumberError{Reason: reason}
	}
	if !p.dials(region) {
		return Number{}, &NumberError{Reason: NotAllowed, Region: region}
	}
	return Number{E164: phonenumbers.Format(parsed, phonenumbers.E164), Kind: kind, Region: region}, nil
}

// lookUp finds a number in its country's numbering plan.
func (p Plan) lookUp(parsed *phonenumbers.PhoneNumber) (kind Kind, region string, refused Reason) {
	e164 := phonenumbers.Format(parsed, phonenumbers.E164)
	if kind, ok := drama(e164); ok {
		if !p.Drama {
			return "", "", Unallocated
		}
		return kind, "GB", ""
	}
	if !phonenumbers.IsValidNumber(parsed) {
		return "", "", p.whyInvalid(parsed)
	}
	if len(e164) > len("+")+15 { // the library knows a few longer ones; E.164 section 6.2.1 does not
		return "", "", TooLong
	}
	kind, refused = kindOf(parsed)
	return kind, p.regionOf(parsed), refused
}

// regionOf is the country of a valid number. Some small countries share ranges with a larger one, Svalbard
// with Norway or the Isle of Man with the UK: a number that could be of a country we dial is taken to be.
func (p Plan) regionOf(parsed *phonenumbers.PhoneNumber) string {
	first := phonenumbers.GetRegionCodeForNumber(parsed)
	if p.dials(first) {
		return first
	}
	for _, region := range p.regions() {
		if phonenumbers.IsValidNumberForRegion(parsed, region) {
			return region
		}
	}
	return first
}

// kindOf sorts the types of number: a person's own, or why it is not.
func kindOf(parsed *phonenumbers.PhoneNumber) (Kind, Reason) {
	switch phonenumbers.GetNumberType(parsed) {
	case phonenumbers.MOBILE:
		return Mobile, ""
	case phonenumbers.FIXED_LINE:
		return Landline, ""
	case phonenumbers.FIXED_LINE_OR_MOBILE:
		return MobileOrLandline, ""
	case phonenumbers.VOIP:
		return VoIP, ""
	case phonenumbers.PREMIUM_RATE, phonenumbers.SHARED_COST:
		return "", Premium
	case phonenumbers.PAGER:
		return "", Pager
	case phonenumbers.PERSONAL_NUMBER:
		return "", PersonalNumber
	case phonenumbers.TOLL_FREE, phonenumbers.UAN, phonenumbers.VOICEMAIL:
		return "", Service
	}
	return "", Unallocated
}

// whyInvalid tells a short code, a slip of the finger and a number that nobody has apart.
func (p Plan) whyInvalid(parsed *phonenumbers.PhoneNumber) Reason {
	if phonenumbers.IsValidShortNumber(parsed) {
		return ShortNumber
	}
	switch phonenumbers.IsPossibleNumberWithReason(parsed) {
	case phonenumbers.TOO_SHORT, phonenumbers.IS_POSSIBLE_LOCAL_ONLY:
		return TooShort
	case phonenumbers.TOO_LONG:
		return TooLong
	}
	// Some lengths are right for a few numbers only: nine digits of a UK mobile are one short.
	for _, missing := range []string{"0", "00"} {
		if p.exists(fmt.Sprintf("+%d%d%s", parsed.GetCountryCode(), parsed.GetNationalNumber(), missing)) {
			return TooShort
		}
	}
	return Unallocated
}

// exists tells whether an E.164 number is in somebody's plan.
func (p Plan) exists(e164 string) bool {
	if _, ok := drama(e164); ok {
		return p.Drama
	}
	parsed, err := phonenumbers.Parse(e164, phonenumbers.UNKNOWN_REGION)
	return err == nil && phonenumbers.IsValidNumber(parsed)
}

// drama tells whether a number lies in one of the ranges named at Plan.Drama. To the library the first two
// are invalid and the third is a telephone in London like any other.
func drama(e164 string) (Kind, bool) {
	if len(e164) != len("+447700900000") {
		return "", false
	}
	switch e164[:len(e164)-3] {
	case "+447700900":
		return Mobile, true
	case "+441632960", "+442079460":
		return Landline, true
	}
	return "", false
}

// dials tells whether the organisation dials numbers of a region.
func (p Plan) dials(region string) bool { return slices.Contains(p.regions(), region) }

// regions are the countries dialled, the default one first.
func (p Plan) regions() []string {
	if len(p.Allowed) == 0 {
		return []string{p.Default}
	}
	regions := slices.Clone(p.Allowed)
	if i := slices.Index(regions, p.Default); i > 0 {
		regions[0], regions[i] = regions[i], regions[0]
	}
	return regions
}

// KnownRegion tells whether region is an ISO 3166-1 code, in capitals, that has a numbering plan. Settings
// are checked with it.
func KnownRegion(region string) bool { return phonenumbers.GetCountryCodeForRegion(region) != 0 }

// Examples are a mobile and a landline of the country in E.164 form, of nobody in particular, for routes and prices to be
// looked up by. A country without the one has the other in its place.
func Examples(region string) (mobile, landline string, err error) {
	example := func(kinds ...phonenumbers.PhoneNumberType) string {
		for _, kind := range kinds {
			if number := phonenumbers.GetExampleNumberForType(region, kind); number != nil {
				return phonenumbers.Format(number, phonenumbers.E164)
			}
		}
		return ""
	}
	mobile = example(phonenumbers.MOBILE, phonenumbers.FIXED_LINE)
	if mobile == "" {
		return "", "", fmt.Errorf("there is no country %s", region)
	}
	return mobile, example(phonenumbers.FIXED_LINE, phonenumbers.MOBILE), nil
}
