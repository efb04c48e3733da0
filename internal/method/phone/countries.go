// The countries that a person can choose from in front of their number.

package phone

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// Country is one line of the select.
type Country struct {
	Region      string // ISO 3166-1: "GB"
	Name        string // in the reader's language
	CallingCode string // "+44"
}

// Countries are the countries dialled, the default one first and the others by name in the language (BCP 47).
func (p Plan) Countries(lang string) []Country {
	var countries []Country
	for _, region := range p.regions() {
		if KnownRegion(region) {
			code := fmt.Sprintf("+%d", phonenumbers.GetCountryCodeForRegion(region))
			countries = append(countries, Country{Region: region, Name: CountryName(region, lang), CallingCode: code})
		}
	}
	others := countries
	if len(countries) > 0 && countries[0].Region == p.Default {
		others = countries[1:]
	}
	slices.SortFunc(others, func(a, b Country) int { return cmp.Compare(a.Name, b.Name) })
	return countries
}

// CountryName is the name of a region in a language, in English if the language has none for it.
func CountryName(region, lang string) string {
	parsed, err := language.ParseRegion(region)
	if err != nil {
		return region
	}
	if names := display.Regions(language.Make(lang)); names != nil {
		if name := names.Name(parsed); name != "" {
			return name
		}
	}
	return display.English.Regions().Name(parsed)
}
