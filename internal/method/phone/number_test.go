package phone

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

// county dials four countries; stage is the demo of an organisation that dials one.
var (
	county = Plan{Default: "GB", Allowed: []string{"GB", "IE", "FR", "IM"}}
	stage  = Plan{Default: "GB", Drama: true}
)

// Threats T23 and T24: whatever costs more than a call to a person, or pays somebody for it, is never dialled.
func TestNumbersThatAreNeverDialled(t *testing.T) {
	never := []struct {
		raw    string
		reason Reason
	}{
		{"0901 234 5678", Premium}, {"0911 234 5678", Premium}, {"0982 345 6789", Premium}, {"+44 909 879 0123", Premium},
		{"0871 234 5678", Premium}, {"0872 234 5678", Premium}, {"0873 234 5678", Premium},
		{"0843 234 5678", Premium}, {"0844 234 5678", Premium}, {"0845 234 5678", Premium}, {"0870 234 5678", Premium},
		{"+353 1520 123456", Premium}, {"+33 8 99 12 34 56", Premium}, {"+979 1 2345 6789", Premium}, {"+808 1234 5678", Premium},
		{"070 1234 5678", PersonalNumber}, {"+44 70 1234 5678", PersonalNumber}, {"+878 10 1234 567890", PersonalNumber},
		{"07600 123456", Pager}, {"07640 123456", Pager}, {"0766 012 3456", Pager},
		{"+870 773 111 632", Satellite}, {"00870 773 111 632", Satellite}, {"+881 6 1234 5678", Satellite}, {"+8816 3141 0000", Satellite},
		{"+882 16 1234567", Satellite}, {"+883 5100 12345", Satellite},
		{"0800 123 4567", Service}, {"0808 157 0123", Service}, {"0800 1111", Service}, {"+800 1234 5678", Service},
		{"0300 123 4567", Service}, {"0345 123 4567", Service}, {"055 1234 5678", Service},
		{"999", ShortNumber}, {"112", ShortNumber}, {"911", TooShort}, {"101", ShortNumber}, {"111", ShortNumber}, {"116 123", ShortNumber},
		{"118 118", ShortNumber}, {"+44 999", ShortNumber}, {"0044 112", ShortNumber},
		{"+1 900 234 5678", NotAllowed}, {"+1 876 234 5678", NotAllowed}, {"+1 202 456 1414", NotAllowed}, {"+53 5 123 4567", NotAllowed},
		{"+252 61 1234567", NotAllowed}, {"+371 81 234 567", NotAllowed}, {"+675 7012 3456", NotAllowed}, {"+232 25 123456", NotAllowed},
		{"+44 7781 123456", NotAllowed}, {"01534 712345", NotAllowed}, {"+7 912 345 67 89", NotAllowed}, {"+423 660 123 456", NotAllowed},
		{"07700 900123", Unallocated}, {"01632 960123", Unallocated}, {"020 7946 0123", Unallocated}, // drama, outside a theatre
	}
	if len(never) < 40 {
		t.Fatalf("only %d numbers are tried", len(never))
	}
	for _, row := range never {
		number, err := county.Parse(row.raw, "", "")
		if got := outcome(number, err); got != string(row.reason) {
			t.Errorf("%q: %s, want %s", row.raw, got, row.reason)
		}
		if number.CanCall() || number.CanText() {
			t.Errorf("%q: a refused number can be dialled", row.raw)
		}
	}
}

func TestACountryThatIsNotDialledIsNamed(t *testing.T) {
	for _, row := range []struct {
		raw, region, lang, want string
	}{
		{"+49 30 123456", "", "en", "Germany"},
		{"+49 30 123456", "", "cy", "Yr Almaen"},
		{"030 123456", "DE", "en", "Germany"},
		{"+1 876 234 5678", "", "en", "Jamaica"},
		{"+1 555", "", "en", "United States"},
		{"+44 1534 712345", "", "en", "Jersey"},
		{"+44 1534 712345", "", "tlh", "Jersey"},
	} {
		_, err := county.Parse(row.raw, row.region, "")
		var refused *NumberError
		if !errors.As(err, &refused) || refused.Reason != NotAllowed {
			t.Errorf("%q: %v", row.raw, err)
			continue
		}
		p := refused.Problem(row.lang)
		if p.Field != "number" || p.Key != "phone.number.not-allowed-country" || p.Args["country"] != row.want {
			t.Errorf("%q: field %q, key %q, %v; want %s", row.raw, p.Field, p.Key, p.Args, row.want)
		}
	}
}

func TestWithoutAListOnlyTheDefaultCountryIsDialled(t *testing.T) {
	for _, row := range []struct {
		plan      Plan
		raw, want string
	}{
		{Plan{Default: "GB"}, "020 8366 1177", "+442083661177"},
		{Plan{Default: "GB"}, "+353 85 012 3456", "not-allowed-country"},
		{Plan{Default: "GB"}, "07624 123456", "not-allowed-country"},
		{Plan{Default: "US"}, "(202) 456-1414", "+12024561414"},
		{Plan{Default: "US"}, "1-202-456-1414 x7", "+12024561414x7"},
		{Plan{Default: "US"}, "011 44 20 8366 1177", "not-allowed-country"},
		{Plan{Default: "US"}, "911", "short-number"},
		{Plan{Default: "US"}, "1-900-234-5678", "premium"},
		{Plan{Default: "US", Drama: true}, "+44 7700 900123", "not-allowed-country"},
		{Plan{Default: "AU"}, "000", "short-number"},
		{Plan{Default: "AU"}, "0412 345 678", "+61412345678"},
		{Plan{Default: "IT"}, "06 1234 5678", "+390612345678"},
		{Plan{Default: "IT"}, "+39 (0)6 1234 5678", "+390612345678"}, // where the 0 belongs to the number
		{Plan{Default: "AT"}, "01 58858-0", "+431588580"},
		{Plan{Default: "SH"}, "+290 22158", "+29022158"},
		{Plan{Default: "GB", Allowed: []string{"IE"}}, "020 8366 1177", "not-allowed-country"},
		{Plan{}, "020 8366 1177", "unallocated"},
		{Plan{}, "+44 20 8366 1177", "not-allowed-country"},
	} {
		number, err := row.plan.Parse(row.raw, "", "")
		if got := outcome(number, err); got != row.want {
			t.Errorf("%+v: %q: %s, want %s", row.plan, row.raw, got, row.want)
		}
	}
}

func TestDramaRangesAreRealOnStageOnly(t *testing.T) {
	for _, row := range []struct {
		raw  string
		kind Kind
	}{
		{"07700 900000", Mobile}, {"07700 900999", Mobile}, {"01632 960000", Landline}, {"01632 960999", Landline},
		{"020 7946 0000", Landline}, {"020 7946 0999", Landline},
	} {
		number, err := stage.Parse(row.raw, "", "")
		if err != nil || number.Kind != row.kind || number.Region != "GB" {
			t.Errorf("%s on stage: %+v, %v", row.raw, number, err)
		}
		if _, err := (Plan{Default: "GB"}).Parse(row.raw, "", ""); outcome(Number{}, err) != "unallocated" {
			t.Errorf("%s outside: %v", row.raw, err)
		}
	}
	for _, beside := range []string{"07700 899999", "07700 901000", "01632 959999", "01632 961000"} {
		if number, err := stage.Parse(beside, "", ""); err == nil {
			t.Errorf("%s lies beside the range and became %s", beside, number.E164)
		}
	}
	if number, err := stage.Parse("020 7946 1000", "", ""); err != nil || number.Kind != Landline {
		t.Errorf("a London number beside the range: %+v, %v", number, err)
	}
}

func TestWhatANumberCanBeUsedFor(t *testing.T) {
	plan := Plan{Default: "GB", Allowed: []string{"GB", "US", "FR"}, Drama: true}
	for _, row := range []struct {
		raw    string
		kind   Kind
		noText string
	}{
		{"07700 900123", Mobile, ""},
		{"01632 960123", Landline, "phone.number.no-text-landline"},
		{"01632 960123 x5", Landline, "phone.number.no-text-extension"},
		{"07700 900123 x5", Mobile, "phone.number.no-text-extension"},
		{"+1 202 456 1414", MobileOrLandline, ""},
		{"056 0012 3456", VoIP, "phone.number.no-text-voip"},
		{"+33 9 12 34 56 78", VoIP, "phone.number.no-text-voip"},
	} {
		number, err := plan.Parse(row.raw, "", "")
		if err != nil {
			t.Errorf("%s: %v", row.raw, err)
			continue
		}
		if number.Kind != row.kind || number.WhyNoText() != row.noText || number.CanText() != (row.noText == "") || !number.CanCall() {
			t.Errorf("%s: kind %s, text %v %s, call %v", row.raw, number.Kind, number.CanText(), number.WhyNoText(), number.CanCall())
		}
	}
	if (Number{}).CanCall() || (Number{}).CanText() || (Number{E164: "+449012345678", Kind: "premium"}).CanCall() {
		t.Error("a number that no Plan has accepted can be dialled")
	}
}

func TestHowANumberIsShown(t *testing.T) {
	for _, row := range []struct {
		number                  Number
		masked, display, prefix string
	}{
		{Number{E164: "+447700900123"}, "+44 •••• •••123", "+44 7700 900123", "+44770090"},
		{Number{E164: "+441632960123", Extension: "12"}, "+44 •••• •••123", "+44 1632 960123 x12", "+44163296"},
		{Number{E164: "+442079460123"}, "+44 •••• •••123", "+44 20 7946 0123", "+44207946"},
		{Number{E164: "+12024561414"}, "+1 •••• •••414", "+1 202-456-1414", "+1202456"},
		{Number{E164: "+353850123456"}, "+353 •••• •••456", "+353 85 012 3456", "+35385012"},
		{Number{}, "•••• •••", "", ""},
		{Number{E164: "+4"}, "•••• •••", "+4", ""},
		{Number{E164: "nonsense"}, "•••• •••", "nonsense", "nons"},
	} {
		if got := row.number.Masked(); got != row.masked {
			t.Errorf("%v masked: %s", row.number, got)
		}
		if got := row.number.Display(); got != row.display {
			t.Errorf("%v shown: %s", row.number, got)
		}
		if got := row.number.Prefix(); got != row.prefix {
			t.Errorf("%v range: %s", row.number, got)
		}
	}
}

func TestAnErrorNeverRepeatsTheNumber(t *testing.T) {
	for _, raw := range []string{"07700 900123 zzz", "+49 30 4711", "0901 234 5678"} {
		_, err := county.Parse(raw, "", "")
		var refused *NumberError
		if !errors.As(err, &refused) {
			t.Fatalf("%s: %v", raw, err)
		}
		for _, text := range []string{err.Error(), refused.Problem("en").Error(), fmt.Sprint(refused.Problem("en").Args)} {
			if strings.ContainsAny(text, "0123456789") {
				t.Errorf("%s: %q", raw, text)
			}
		}
	}
}

func TestALongInputIsNotRead(t *testing.T) {
	long := strings.Repeat("0", 100_000)
	if n := testing.AllocsPerRun(10, func() { county.Parse(long, "", "") }); n > 1 {
		t.Errorf("%v allocations for an input that is too long; want that of the error only", n)
	}
}

// The rules are not the UK's alone: in every country a mobile that the library gives as an example is read
// in its national and its international spelling as the same number.
func TestAnyCountryCanBeTheDefault(t *testing.T) {
	for region := range phonenumbers.GetSupportedRegions() {
		example := phonenumbers.GetExampleNumberForType(region, phonenumbers.MOBILE)
		if example == nil || region == "TA" { // Tristan da Cunha has no mobile network
			continue
		}
		plan := Plan{Default: region}
		for _, format := range []phonenumbers.PhoneNumberFormat{phonenumbers.E164, phonenumbers.INTERNATIONAL, phonenumbers.NATIONAL} {
			if region == "AR" && format == phonenumbers.NATIONAL { // the library does not read its own spelling
				continue
			}
			typed := phonenumbers.Format(example, format)
			number, err := plan.Parse(typed, "", "")
			if err != nil || number.E164 != phonenumbers.Format(example, phonenumbers.E164) || !number.CanText() {
				t.Errorf("%s: %s became %+v, %v", region, typed, number, err)
			}
		}
	}
}

func TestParseFromManyAtOnce(t *testing.T) {
	var everybody sync.WaitGroup
	for range 8 {
		everybody.Go(func() {
			for i := range 20 {
				want := fmt.Sprintf("+4477009001%02d", i)
				if number, err := stage.Parse(want, "", ""); err != nil || number.E164 != want {
					t.Errorf("%s: %+v, %v", want, number, err)
				}
			}
		})
	}
	everybody.Wait()
}

func TestEveryReasonHasASentence(t *testing.T) {
	keys := []string{"phone.number.no-text-landline", "phone.number.no-text-voip", "phone.number.no-text-extension"}
	for _, reason := range []Reason{Empty, NotANumber, TooShort, TooLong, TwoNumbers, ExtensionBad, ShortNumber, Premium,
		Satellite, Pager, PersonalNumber, Service, NotAllowed, Unallocated} {
		keys = append(keys, (&NumberError{Reason: reason}).Key())
	}
	for _, lang := range []string{"en", "cy"} {
		sentences := numberSentences(t, lang)
		for _, key := range keys {
			if sentences[key] == "" {
				t.Errorf("%s has no sentence %s", lang, key)
			}
		}
		if len(sentences) != len(keys) {
			t.Errorf("%s has %d sentences for %d keys", lang, len(sentences), len(keys))
		}
		if !strings.Contains(sentences["phone.number.not-allowed-country"], "{country}") {
			t.Errorf("%s does not name the country", lang)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		stage.Parse("07700 900123", "GB", "")
	}
}

func BenchmarkParseTooLong(b *testing.B) {
	long := strings.Repeat("0", 100_000)
	for b.Loop() {
		stage.Parse(long, "GB", "")
	}
}

// outcome is a number or an error in one word.
func outcome(number Number, err error) string {
	var refused *NumberError
	switch {
	case errors.As(err, &refused):
		return string(refused.Reason)
	case err != nil:
		return err.Error()
	case number.Extension != "":
		return number.E164 + "x" + number.Extension
	}
	return number.E164
}

func numberSentences(t testing.TB, lang string) (sentences map[string]string) {
	t.Helper()
	file, err := os.ReadFile("../../page/locales/" + lang + "/number.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(file, &sentences); err != nil {
		t.Fatal(err)
	}
	return sentences
}
