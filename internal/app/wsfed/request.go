// Reading a request (WS-Federation 1.2 section 13.2). Nothing of it is signed: it is a wish, and no more.
package wsfed

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"woggle/internal/app"
	"woggle/internal/problem"
	"woggle/internal/samltoken"
)

// The actions.
const (
	signIn  = "wsignin1.0"
	signOut = "wsignout1.0"
	cleanUp = "wsignoutcleanup1.0"
)

// Bounds of what is echoed or kept. Entra's wctx has 1 to 3 kB.
const (
	contextMax = 16 << 10 // bytes
	textMax    = 2 << 10
	freshMax   = 100 * 365 * 24 * 60 // minutes; more would overflow
)

// ask is a request as it came.
type ask struct {
	Action  string
	Realm   string
	Reply   string
	Context string
	Hint    string
	Home    string   // whr: the domain of the person
	Methods []string // wauth
	Asked   string   // client-request-id
	Age     time.Duration
	Aged    bool      // Age was given
	At      time.Time // wct, or zero
}

// read reads the values of a query or a form. What stands twice could be read in two ways, so it is refused; only wauth
// may repeat.
func read(values url.Values) (ask, error) {
	for name, all := range values {
		if len(all) > 1 && name != "wauth" {
			return ask{}, malformed("it names " + strconv.Quote(name[:min(len(name), 40)]) + " twice")
		}
		for _, value := range all {
			if name != "wctx" && len(value) > textMax || len(value) > contextMax {
				return ask{}, problem.New(problem.TooLarge, "error.too-large")
			}
		}
	}
	a := ask{Action: values.Get("wa"), Realm: values.Get("wtrealm"), Reply: values.Get("wreply"), Context: values.Get("wctx"),
		Hint: values.Get("username"), Home: values.Get("whr"), Methods: values["wauth"], Asked: values.Get("client-request-id")}
	if a.Hint == "" {
		a.Hint = values.Get("login_hint")
	}
	// A form cannot carry these: a browser sends other bytes than it was given, and the echo would not be true.
	if !utf8.ValidString(a.Context) || strings.ContainsFunc(a.Context, func(r rune) bool { return r < ' ' }) {
		return ask{}, malformed("its wctx holds what no form can carry")
	}
	if fresh := values.Get("wfresh"); fresh != "" {
		minutes, err := strconv.ParseUint(fresh, 10, 32)
		if err != nil {
			return ask{}, malformed("its wfresh is no number of minutes")
		}
		a.Aged, a.Age = true, time.Duration(min(minutes, freshMax))*time.Minute
	}
	if values.Get("prompt") == "login" { // promptLoginBehavior = nativeSupport
		a.Aged, a.Age = true, 0
	}
	if sent := values.Get("wct"); sent != "" {
		a.At, _ = time.Parse(time.RFC3339, sent) // unreadable is as good as absent: it decides nothing but a friendly page
	}
	return a, nil
}

func malformed(why string) error {
	return problem.New(problem.Malformed, "wsfed.malformed").Because(badRequest(why))
}

// badRequest is what the log keeps.
type badRequest string

func (b badRequest) Error() string { return "a WS-Federation request cannot be read: " + string(b) }

// fresh is since when every factor must have been proved; zero is whenever.
func (a ask) fresh(now time.Time) time.Time {
	if !a.Aged {
		return time.Time{}
	}
	return now.Add(-a.Age)
}

// bookmarkAge is how old a request may say it is. Nobody takes so long to sign in: it is a bookmark, and what the app
// kept for it is gone.
const bookmarkAge = 12 * time.Hour

func (a ask) old(now time.Time) bool { return !a.At.IsZero() && now.Sub(a.At) > bookmarkAge }

// The ways to sign in that an app may demand by wauth, and that every sign-in of ours fulfils, because it is
// multi-factor. A demand for the password comes with wfresh=0, which asks for all factors again, the password first.
var fulfilled = []string{
	samltoken.MultipleAuthn,
	"http://schemas.microsoft.com/claims/wiaormultiauthn",
	"https://refeds.org/profile/mfa",
	"http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password",
	"urn:oasis:names:tc:SAML:1.0:am:password",
	"urn:oasis:names:tc:SAML:1.0:am:unspecified",
	"urn:oasis:names:tc:SAML:2.0:ac:classes:Password",
	"urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
	"urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified",
}

// met tells whether one of the demanded ways is one of ours. Who demands a smart card or a Windows domain, and nothing
// else, is not to be answered as if it had been used.
func (a ask) met() bool {
	asked := slices.DeleteFunc(slices.Clone(a.Methods), func(method string) bool { return method == "" })
	return len(asked) == 0 || slices.ContainsFunc(asked, func(method string) bool { return slices.Contains(fulfilled, method) })
}

// demand is what the request asks of the sign-in.
func (a ask) demand(now time.Time) app.Demand { return app.Demand{Since: a.fresh(now), Hint: a.Hint} }
