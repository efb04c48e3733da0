package phone

import (
	"slices"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

func TestCountriesOfTheSelect(t *testing.T) {
	plan := Plan{Default: "GB", Allowed: []string{"IE", "FR", "GB", "DE"}}
	for lang, want := range map[string][]Country{
		"en": {{"GB", "United Kingdom", "+44"}, {"FR", "France", "+33"}, {"DE", "Germany", "+49"}, {"IE", "Ireland", "+353"}},
		"cy": {{"GB", "Y Deyrnas Unedig", "+44"}, {"FR", "Ffrainc", "+33"}, {"IE", "Iwerddon", "+353"}, {"DE", "Yr Almaen", "+49"}},
	} {
		if got := plan.Countries(lang); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", lang, got, want)
		}
	}
}

func TestCountriesWithoutAListOrWithAStrangeOne(t *testing.T) {
	if got := (Plan{Default: "GB"}).Countries("en"); len(got) != 1 || got[0].Region != "GB" {
		t.Errorf("no list: %v", got)
	}
	if got := (Plan{Default: "GB", Allowed: []string{"IE", "XX", "IM"}}).Countries("en"); len(got) != 2 || got[0].Name != "Ireland" || got[1].CallingCode != "+44" {
		t.Errorf("without the default, and with one that does not exist: %v", got)
	}
	if got := (Plan{}).Countries("en"); len(got) != 0 {
		t.Errorf("no plan: %v", got)
	}
}

func TestEveryCountryHasANameInEveryLanguage(t *testing.T) {
	for region := range phonenumbers.GetSupportedRegions() {
		for _, lang := range []string{"en", "cy", "ar", "tlh", "", "not a language"} {
			if name := CountryName(region, lang); name == "" || name == region {
				t.Errorf("%s in %q: %q", region, lang, name)
			}
		}
	}
	if got := CountryName("<b>", "en"); got != "<b>" {
		t.Errorf("a region that is none: %q", got)
	}
}

func TestKnownRegions(t *testing.T) {
	for region, want := range map[string]bool{"GB": true, "IM": true, "US": true, "gb": false, "UK": false, "001": false, "": false, "ZZ": false} {
		if KnownRegion(region) != want {
			t.Errorf("%q: %v", region, !want)
		}
	}
}
