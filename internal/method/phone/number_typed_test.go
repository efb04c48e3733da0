package phone

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Threat T27: what people type is one E.164 number, or a clear reason why not.
func TestParseReadsWhatPeopleType(t *testing.T) {
	for _, row := range []struct {
		raw, region string
		want        string // E.164, then "x" and the extension if there is one; or the reason
	}{
		// Spellings of one number.
		{"07700 900123", "", "+447700900123"},
		{"07700900123", "", "+447700900123"},
		{"  07700 900 123\t", "", "+447700900123"},
		{"07700-900-123", "", "+447700900123"},
		{"07700.900.123", "", "+447700900123"},
		{"(07700) 900123", "", "+447700900123"},
		{"[07700] 900/123", "", "+447700900123"},
		{"7700 900123", "", "+447700900123"},
		{"+44 7700 900123", "", "+447700900123"},
		{"+44 (0)7700 900123", "", "+447700900123"},
		{"+44 (0) 7700 900 123", "", "+447700900123"},
		{"+4407700900123", "", "+447700900123"},
		{"(+44) 7700 900123", "", "+447700900123"},
		{"0044 7700 900123", "", "+447700900123"},
		{"0044 (0)7700 900123", "", "+447700900123"},
		{"00 44 7700 900123", "", "+447700900123"},
		{"+0044 7700 900123", "", "+447700900123"},
		{"44 7700 900123", "", "+447700900123"},
		{"tel:+44-7700-900123", "", "+447700900123"},
		{"TEL:07700900123", "", "+447700900123"},
		{"07700 900123.", "", "+447700900123"},
		{"07700 900123,", "", "+447700900123"},
		// Other keyboards, dashes, spaces, and marks that come along when a contact is copied.
		{"07700\u00a0900123", "", "+447700900123"},
		{"07700\u2009900\u3000123", "", "+447700900123"},
		{"07700–900—123", "", "+447700900123"},
		{"07700\u2011900\u2212123", "", "+447700900123"},
		{"07700 900123", "", "+447700900123"},
		{"+44(0)7700.900-123", "", "+447700900123"},
		{"٠٧٧٠٠ ٩٠٠١٢٣", "", "+447700900123"},
		{"۰۷۷۰۰۹۰۰۱۲۳", "", "+447700900123"},
		{"\u202a+44 7700 900123\u202c", "", "+447700900123"},
		{"\u200e07700\u200b900123\ufeff", "", "+447700900123"},
		// The country chosen, and the one written.
		{"07700 900123", "GB", "+447700900123"},
		{"07700 900123", "gb", "+447700900123"},
		{"07700 900123", "ZZ", "+447700900123"},
		{"07700 900123", "<b>", "+447700900123"},
		{"07700 900123", "001", "+447700900123"},
		{"+44 7700 900123", "FR", "+447700900123"},
		{"0044 7700 900123", "FR", "+447700900123"},
		{"0044 7700 900123", "US", "+447700900123"},
		{"07700 900123", "IM", "+447700900123"}, // the island shares +44
		{"06 12 34 56 78", "FR", "+33612345678"},
		{"0033 6 12 34 56 78", "GB", "+33612345678"},
		{"085 012 3456", "IE", "+353850123456"},
		{"+353 (0)85 012 3456", "", "+353850123456"},
		{"07624 123456", "", "+447624123456"}, // reads like a pager, and is a Manx mobile
		// Landlines, drama and other.
		{"01632 960123", "", "+441632960123"},
		{"020 7946 0123", "", "+442079460123"},
		{"+44 (20) 7946 0123", "", "+442079460123"},
		{"029 2018 0123", "", "+442920180123"},
		{"0118 496 0123", "", "+441184960123"},
		{"056 0012 3456", "", "+445600123456"},
		// Extensions.
		{"01632 960123;ext=12", "", "+441632960123x12"},
		{"tel:+441632960123;ext=0042", "", "+441632960123x0042"},
		{"01632 960123 x12", "", "+441632960123x12"},
		{"01632 960123X12", "", "+441632960123x12"},
		{"01632 960123 ext. 12", "", "+441632960123x12"},
		{"01632 960123 Extension: 1 2", "", "+441632960123x12"},
		{"01632 960123 estyniad 12", "", "+441632960123x12"},
		{"01632 960123,,12", "", "+441632960123x12"},
		{"01632 960123,1234567", "", "+441632960123x1234567"},
		{"01632 960123 #12", "", "+441632960123x12"},
		{"01632 960123 ×12", "", "not-a-number"},
		{"01632 960123 x", "", "extension-bad"},
		{"01632 960123 ext.", "", "extension-bad"},
		{"01632 960123 x12345678", "", "extension-bad"},
		{"01632 960123;ext=12345678", "", "extension-bad"},
		{"01632 960123 x1-2", "", "extension-bad"},
		{"01632 960123 x12 x13", "", "not-a-number"},
		{"01632 960123;phone-context=+44", "", "not-a-number"},
		// Not one number.
		{"", "", "empty"},
		{" \u00a0\t", "", "empty"},
		{"\u200e", "", "empty"},
		{",,", "", "empty"},
		{"tel:", "", "empty"},
		{"07700 900123 / 07700 900124", "", "two-numbers"},
		{"07700 900123, 07700 900124", "", "two-numbers"},
		{"07700900123;07700900124", "", "two-numbers"},
		{"07700 900123 or 07700 900124", "", "two-numbers"},
		{"07700 900123 neu 01632 960123", "", "two-numbers"},
		{"07700 900123 & 01632 960123", "", "two-numbers"},
		{"+447700900123+447700900124", "", "two-numbers"},
		{"07700 900123 +44 7700 900124", "", "two-numbers"},
		{"020 7946 0123 / 7946 0124", "", "two-numbers"},
		{"07700 900123 07700 900124", "", "too-long"},
		{"07700 900123\n07700 900124", "", "not-a-number"},
		{"0800 FLOWERS", "", "not-a-number"},
		{"O7700 900123", "", "not-a-number"},
		{"07700 9OO123", "", "not-a-number"},
		{"07700 900123 (home)", "", "not-a-number"},
		{"my phone", "", "not-a-number"},
		{"aisha@scouts.example", "", "not-a-number"},
		{"*21*07700900123#", "", "not-a-number"},
		{"07700 900123#", "", "extension-bad"},
		{"07+700 900123", "", "not-a-number"},
		{"++44 7700 900123", "", "not-a-number"},
		{"()", "", "not-a-number"},
		{"+", "", "not-a-number"},
		{"-", "", "not-a-number"},
		{"07700 900123 😀", "", "not-a-number"},
		{"０７７００ ９００１２３ 電話", "", "not-a-number"},
		{"०७७०० ९००१२३", "", "not-a-number"},
		{"07700 900123\r\nBcc: x", "", "not-a-number"},
		{"07700 900123\n", "", "not-a-number"},
		{"07700\r900123", "", "not-a-number"},
		{"07700 900123\x00", "", "not-a-number"},
		{"07700\x1b[31m900123", "", "not-a-number"},
		{"07700 900123\xff", "", "not-a-number"},
		{"07700\u2028900123", "", "not-a-number"},
		{"<script>07700900123</script>", "", "not-a-number"},
		{"' or 07700900123 --", "", "not-a-number"},
		{"%0d%0a07700900123", "", "not-a-number"},
		// Too short, too long, nobody's.
		{"7", "", "too-short"},
		{"+44", "", "too-short"},
		{"0044", "", "too-short"},
		{"07700 90012", "", "too-short"},
		{"07700 9001", "", "too-short"},
		{"960123", "", "too-short"},
		{"07700 9001234", "", "too-long"},
		{strings.Repeat("1", 21), "", "too-long"},
		{strings.Repeat("1", 128), "", "too-long"},
		{strings.Repeat("0", 100_000), "", "too-long"},
		{strings.Repeat(" ", 100_000), "", "too-long"},
		{strings.Repeat("\x00", 129), "", "too-long"},
		{"00000000000", "", "unallocated"},
		{"01111 111111", "", "unallocated"},
		{"02222 222222", "", "unallocated"},
		{"+999 123 456 789", "", "unallocated"},
		{"+0 123 456 789", "", "unallocated"},
		{"+44 0044 7700 900123", "", "too-long"},
	} {
		plan := county
		plan.Drama = true
		number, err := plan.Parse(row.raw, row.region, "")
		if got := outcome(number, err); got != row.want {
			t.Errorf("%.60q, %q: %s, want %s", row.raw, row.region, got, row.want)
		}
	}
}

func TestExtensionInItsOwnField(t *testing.T) {
	for _, row := range []struct{ raw, extension, want string }{
		{"01632 960123", "", "+441632960123"},
		{"01632 960123", " ", "+441632960123"},
		{"01632 960123", "12", "+441632960123x12"},
		{"01632 960123", " 1 2 ", "+441632960123x12"},
		{"01632 960123", "０1２", "+441632960123x012"},
		{"01632 960123", "1234567", "+441632960123x1234567"},
		{"01632 960123 x12", "12", "+441632960123x12"},
		{"01632 960123 x12", "13", "extension-bad"},
		{"01632 960123", "12345678", "extension-bad"},
		{"01632 960123", "12a", "extension-bad"},
		{"01632 960123", "x12", "extension-bad"},
		{"01632 960123", "1-2", "extension-bad"},
		{"01632 960123", "1,2", "extension-bad"}, // a pause, and whatever it is that follows
		{"01632 960123", "*#06#", "extension-bad"},
		{"01632 960123", "12\r\n", "extension-bad"},
		{"01632 960123", "\x00", "extension-bad"},
		{"01632 960123", "\xff", "extension-bad"},
		{"01632 960123", strings.Repeat("1", 100_000), "extension-bad"},
		{"01632 960123", strings.Repeat(" ", 100_000), "extension-bad"},
		{"", "12", "empty"},
	} {
		number, err := stage.Parse(row.raw, "", row.extension)
		if got := outcome(number, err); got != row.want {
			t.Errorf("%q, %.20q: %s, want %s", row.raw, row.extension, got, row.want)
		}
		var refused *NumberError
		if errors.As(err, &refused) && refused.Reason == ExtensionBad && refused.Problem("en").Field != "extension" {
			t.Errorf("%q, %.20q: the sentence stands at the field %q", row.raw, row.extension, refused.Problem("en").Field)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"07700 900123", "+44 (0)20 7946 0123 x12", "0033 6 12 34 56 78;ext=1", "０７７００ ٩٠٠١٢٣", "07700 900123 or 07700 900124",
		"+1 900 234 5678", "+881612345678", "999", "\r\n", "*21#", "+49 123456789012345"} {
		f.Add(seed, "GB", "")
		f.Add(seed, "US", "12")
	}
	plan := Plan{Default: "GB", Allowed: []string{"GB", "IM", "US", "DE", "IT", "FI", "ID"}, Drama: true}
	e164, extension := regexp.MustCompile(`^\+[1-9][0-9]{5,14}$`), regexp.MustCompile(`^[0-9]{0,7}$`)
	sentences := numberSentences(f, "en")
	f.Fuzz(func(t *testing.T, raw, region, ext string) {
		number, err := plan.Parse(raw, region, ext)
		if err != nil {
			var refused *NumberError
			if !errors.As(err, &refused) || number != (Number{}) || sentences[refused.Key()] == "" {
				t.Fatalf("%q, %q, %q: %+v, %v", raw, region, ext, number, err)
			}
			return
		}
		if !e164.MatchString(number.E164) || !extension.MatchString(number.Extension) || !slices.Contains(plan.Allowed, number.Region) || !number.CanCall() {
			t.Fatalf("%q, %q, %q: %+v", raw, region, ext, number)
		}
		if !strings.HasPrefix(number.E164, number.Prefix()) || strings.Contains(number.Masked(), number.E164[len(number.E164)-4:]) {
			t.Fatalf("%+v: range %s, masked %s", number, number.Prefix(), number.Masked())
		}
		for _, again := range []string{number.E164, number.Display()} { // what we store and show reads as itself
			if reread, err := plan.Parse(again, "", number.Extension); err != nil || reread != number {
				t.Fatalf("%q became %+v; %q became %+v, %v", raw, number, again, reread, err)
			}
		}
	})
}
