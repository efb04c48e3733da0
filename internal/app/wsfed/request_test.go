package wsfed

import (
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"woggle/internal/problem"
)

// A request as it was captured, but for its names and the length of its blob.
const captured = "wa=wsignin1.0&wtrealm=urn%3afederation%3aMicrosoftOnline&wctx=LoginOptions%3D3%26estsredirect%3d2%26estsrequest%3drQQIAR%2bA" +
	"&cbcxt=&username=aisha%40northwold.example&mkt=&lc=&client-request-id=3f8e3d8c-0a5e-4c8a-9d6e-0e6a6a9a0001&wfresh=0" +
	"&wauth=http%3a%2f%2fschemas.microsoft.com%2fclaims%2fmultipleauthn&pullStatus=0&popupui=&RedirectToIdentityProvider=AD+AUTHORITY"

func TestReadingARequestOfMicrosofts(t *testing.T) {
	values, err := url.ParseQuery(captured)
	if err != nil {
		t.Fatal(err)
	}
	got, err := read(values)
	want := ask{Action: "wsignin1.0", Realm: "urn:federation:MicrosoftOnline", Context: "LoginOptions=3&estsredirect=2&estsrequest=rQQIAR+A",
		Hint: "aisha@northwold.example", Methods: []string{"http://schemas.microsoft.com/claims/multipleauthn"},
		Asked: "3f8e3d8c-0a5e-4c8a-9d6e-0e6a6a9a0001", Aged: true}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v\nwant %+v", got, err, want)
	}
}

func TestReading(t *testing.T) {
	now := time.Date(2027, time.February, 1, 9, 30, 0, 0, time.UTC)
	for query, want := range map[string]struct {
		kind  problem.Kind // -1: it can be read
		since time.Time
		old   bool
		met   bool
	}{
		"wa=wsignin1.0":                {-1, time.Time{}, false, true},
		"wfresh=0":                     {-1, now, false, true},
		"wfresh=60":                    {-1, now.Add(-time.Hour), false, true},
		"wfresh=4294967295":            {-1, now.Add(-100 * 365 * 24 * time.Hour), false, true},
		"wfresh=":                      {-1, time.Time{}, false, true},
		"prompt=login":                 {-1, now, false, true},
		"prompt=login&wfresh=60":       {-1, now, false, true},
		"prompt=none":                  {-1, time.Time{}, false, true},
		"wct=2027-01-31T21:29:59Z":     {-1, time.Time{}, true, true},
		"wct=2027-01-31T21:30:00Z":     {-1, time.Time{}, false, true},
		"wct=2027-02-01T09:30:00.123Z": {-1, time.Time{}, false, true},
		"wct=2037-02-01T09:30:00Z":     {-1, time.Time{}, false, true},
		"wct=yesterday":                {-1, time.Time{}, false, true},
		"wauth=urn:federation:authentication:windows":                                                         {-1, time.Time{}, false, false},
		"wauth=urn:federation:authentication:windows&wauth=http://schemas.microsoft.com/claims/multipleauthn": {-1, time.Time{}, false, true},
		"wauth=": {-1, time.Time{}, false, true},
		"wauth=http://schemas.microsoft.com/claims/multipleauthn%20": {-1, time.Time{}, false, false},

		"wfresh=-1":           {problem.Malformed, time.Time{}, false, false},
		"wfresh=soon":         {problem.Malformed, time.Time{}, false, false},
		"wfresh=1.5":          {problem.Malformed, time.Time{}, false, false},
		"wfresh=99999999999":  {problem.Malformed, time.Time{}, false, false},
		"wfresh=0&wfresh=60":  {problem.Malformed, time.Time{}, false, false},
		"wtrealm=a&wtrealm=b": {problem.Malformed, time.Time{}, false, false},
		"wreply=a&wreply=b":   {problem.Malformed, time.Time{}, false, false},
		"wctx=a&wctx=b":       {problem.Malformed, time.Time{}, false, false},
		"wctx=a%00b":          {problem.Malformed, time.Time{}, false, false},
		"wctx=a%0Ab":          {problem.Malformed, time.Time{}, false, false},
		"wctx=a%FFb":          {problem.Malformed, time.Time{}, false, false},
		"wctx=" + strings.Repeat("x", contextMax):    {-1, time.Time{}, false, true},
		"wctx=" + strings.Repeat("x", contextMax+1):  {problem.TooLarge, time.Time{}, false, false},
		"username=" + strings.Repeat("x", textMax+1): {problem.TooLarge, time.Time{}, false, false},
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		a, err := read(values)
		short := query[:min(len(query), 60)]
		if want.kind >= 0 {
			if !problem.Is(err, want.kind) {
				t.Errorf("%s: %v, want kind %d", short, err, want.kind)
			}
			continue
		}
		if err != nil || !a.fresh(now).Equal(want.since) || a.old(now) != want.old || a.met() != want.met {
			t.Errorf("%s: since %v, old %t, met %t, %v", short, a.fresh(now), a.old(now), a.met(), err)
		}
	}
}

// What is read can be echoed by a form as it is.
func FuzzReading(f *testing.F) {
	f.Add(captured)
	f.Add("wctx=%00&wfresh=-0&wauth=;&wa")
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		a, err := read(values)
		if err == nil && (!utf8.ValidString(a.Context) || strings.ContainsAny(a.Context, "\x00\r\n") || a.Context != values.Get("wctx") || len(a.Context) > contextMax) {
			t.Errorf("%q becomes %q", query, a.Context)
		}
	})
}
