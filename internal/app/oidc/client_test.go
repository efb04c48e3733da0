package oidc

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/keys"
)

// Whoever mistypes a setting reads what is wrong, and what to write.
func TestSettingsThatCannotBe(t *testing.T) {
	const uris = `"redirect_uris":["https://app.example/cb"]`
	for settings, says := range map[string]string{
		``:                                     `redirect_uris = ["https://app.example.org/callback"]`,
		`{"redirect_urls":["x"]}`:              "there is no setting \"redirect_urls\"; there are redirect_uris",
		`{"redirect_uris":"https"}`:            `"https" has a scheme`,
		`{"redirect_uris":5}`:                  "cannot be a number",
		`{` + uris + `,"grants":["implicit"]}`: `there is no "implicit"; there are authorization_code`,
		`{"grants":["refresh_token"]}`:         "write one of them as well",
		`{"grants":["client_credentials"],"token_auth":"none"}`:                                              "needs a secret or a key",
		`{` + uris + `,"scopes":["openid profile"]}`:                                                         "write each as a word of its own",
		`{` + uris + `,"token_auth":"client_secret_jwt"}`:                                                    `write "basic", "post", "private_key_jwt" or "none"`,
		`{` + uris + `,"token_auth":"private_key_jwt"}`:                                                      "needs the app's public keys",
		`{` + uris + `,"token_auth":"private_key_jwt","jwks":{"keys":[]}}`:                                   `{"keys": [...]}`,
		`{` + uris + `,"token_auth":"private_key_jwt","jwks":"{"}`:                                           `{"keys": [...]}`,
		`{` + uris + `,"jwks":{"keys":[]}}`:                                                                  "are looked at with",
		`{` + uris + `,"token_auth":"private_key_jwt","jwks":{"keys":[` + private + `]}}`:                    "only the app may have",
		`{` + uris + `,"token_auth":"private_key_jwt","jwks":{"keys":[{"kty":"oct","k":"AAAA","kid":"k"}]}}`: "only the app may have",
		`{` + uris + `,"signing_alg":"HS256"}`:                                                               `write "RS256" or "ES256"`,
		`{` + uris + `,"access_token_minutes":100000}`:                                                       "from 1 to 1440",
		`{` + uris + `,"backchannel_logout_uri":"http://a.example"}`:                                         "is not an https address",
		`{` + uris + `,"post_logout_redirect_uris":["http://a.example"]}`:                                    "post_logout_redirect_uris: \"http://a.example\" is not encrypted",
		`{` + uris + `} {}`: "more behind the settings",
	} {
		_, err := readClient(json.RawMessage(settings))
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.90s\n says %v\n instead of %s", settings, err, says)
		}
	}
}

const private = `{"kty":"EC","kid":"k1","crv":"P-256","x":"4c_cS6IT6jaVQeobt_6BDCTmzBaBOTmmiSCpjd5a6Og","y":"mnrPnCFTDkGdEwilabaqM7DzwlAFgetZTmP9ycHPxF8","d":"bwVX6Vx-TOfGKYOPAcu2xhaj3JUzs-McsC-suaHnFBo"}`

func TestRedirectAddressesThatMayBeRegistered(t *testing.T) {
	for uri, says := range map[string]string{
		"https://app.example/callback": "", "https://app.example/cb?tenant=1": "", "http://127.0.0.1/cb": "", "http://127.0.0.1:8000/cb": "", "http://[::1]/cb": "",
		"http://localhost:8000/cb": "", "org.example.app:/cb": "",
		"http://app.example/cb": "not encrypted", "https://app.example/cb#x": "fragment", "https://app.example/cb#": "fragment", "https://*.example/cb": "wild cards",
		"https://u:p@app.example/cb": "user name", "javascript:alert(1)": "anybody's", "data:text/html,x": "anybody's", "myapp:/cb": "anybody's", "https:///cb": "anybody's",
		"": "anybody's", "/cb": "anybody's", "https://app.example/c b": "signs", "https://app.example/\ncb": "not an address", "https://app.example\\@evil.example": "", "https://a\"b.example/": "",
	} {
		err := checkRedirect(uri)
		switch {
		case says == "" && strings.ContainsAny(uri, `\"`):
			if err == nil {
				t.Errorf("%q is taken", uri)
			}
		case (err == nil) != (says == ""), err != nil && !strings.Contains(err.Error(), says):
			t.Errorf("%q: %v instead of %q", uri, err, says)
		}
	}
}

func TestSettingsThatNeedNotBeWritten(t *testing.T) {
	c, err := readClient(json.RawMessage(`{"redirect_uris":["https://app.example/cb"],"grants":["authorization_code","refresh_token"]}`))
	if err != nil {
		t.Fatal(err)
	}
	if !c.Grant("authorization_code") || c.Public() || c.SigningAlg != "RS256" || c.accessLife() != 10*time.Minute || c.Consent {
		t.Errorf("the settings are %+v", c)
	}
	if got := c.allow([]string{"openid", "email", "openid", "admin", "offline_access"}); strings.Join(got, " ") != "openid email offline_access" {
		t.Errorf("allowed %v", got)
	}
}

// A token says what was put into it, to us and for its own purpose only.
func TestTokens(t *testing.T) {
	ring, stranger := keys.Random(), keys.Random()
	made := token{kind: accessToken, grant: uuid.NewString(), madeAt: time.UnixMilli(1_800_000_000_123).UTC(), number: 600, scopes: 0b1011}
	text, err := made.sign(ring)
	if err != nil || len(text) != tokenLength {
		t.Fatal(text, err)
	}
	if read, ok := readToken(ring, accessToken, text); !ok || read != made {
		t.Errorf("read %+v", read)
	}
	for _, kind := range []tokenKind{codeToken, refreshToken, deviceToken} {
		if _, ok := readToken(ring, kind, text); ok {
			t.Errorf("an access token is taken for %c", kind)
		}
	}
	if _, ok := readToken(stranger, accessToken, text); ok {
		t.Error("another installation's token is taken")
	}
}

// A new key in front of the ring ends no token, and the retry of a refresh that falls into that moment has a successor.
func TestTokensOutliveANewKey(t *testing.T) {
	old, next := []byte(strings.Repeat("o", 32)), []byte(strings.Repeat("n", 32))
	before, err := keys.New([]string{"k1"}, [][]byte{old})
	if err != nil {
		t.Fatal(err)
	}
	after, err := keys.New([]string{"k2", "k1"}, [][]byte{next, old})
	if err != nil {
		t.Fatal(err)
	}
	made := token{kind: refreshToken, grant: uuid.NewString(), number: 3, madeAt: time.UnixMilli(1_800_000_000_123).UTC()}
	text, err := made.sign(before)
	if err != nil {
		t.Fatal(err)
	}
	if read, ok := readToken(after, refreshToken, text); !ok || read != made {
		t.Errorf("read %+v", read)
	}
}

func FuzzReadToken(f *testing.F) {
	ring := keys.Random()
	text, err := token{kind: accessToken, grant: uuid.NewString(), madeAt: time.UnixMilli(1)}.sign(ring)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("")
	f.Add(text[:83])
	f.Add(strings.Repeat("A", tokenLength))
	f.Add(strings.Repeat("=", tokenLength))
	f.Fuzz(func(t *testing.T, altered string) {
		if _, ok := readToken(ring, accessToken, altered); ok && altered != text {
			t.Errorf("%q is taken", altered)
		}
	})
}

// Nothing but the port of a loopback address is overlooked, however the text is written.
func FuzzSamePortless(f *testing.F) {
	const registered = "http://127.0.0.1/cb"
	for _, uri := range []string{registered, "http://127.0.0.1:1/cb", "http://127.0.0.1:1@evil.example/cb", "http://127.0.0.1:1\\@evil/cb", "http://127.0.0.1/cb/../x"} {
		f.Add(uri)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		if !samePortless(registered, uri) {
			return
		}
		port := strings.TrimSuffix(strings.TrimPrefix(uri, "http://127.0.0.1"), "/cb")
		if strings.Trim(port, ":0123456789") != "" || strings.Count(port, ":") > 1 {
			t.Errorf("%q goes for %s", uri, registered)
		}
	})
}

// What is over goes, a little at a time; what is good stays, however old it is.
func TestSweepTakesWhatIsOver(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		do := func(work func(tx *db.Tx) error) {
			t.Helper()
			if err := d.Tx(t.Context(), work); err != nil {
				t.Fatal(err)
			}
		}
		var kept string
		do(func(tx *db.Tx) error {
			for range 2*swept + 10 { // codes that nobody came for
				if err := insertGrant(tx, grant{ID: db.NewID(), App: "kit"}, tx.Now.Add(codeLife), tx.Now.Add(codeLife)); err != nil {
					return err
				}
			}
			g := grant{ID: db.NewID(), App: "kit"}
			kept = g.ID
			if err := insertGrant(tx, g, tx.Now.Add(codeLife), tx.Now.Add(codeLife)); err != nil {
				return err
			}
			_, found, err := redeem(tx, g.ID, "kit", true, 10*time.Minute)
			if err == nil && !found {
				t.Error("the code cannot be redeemed")
			}
			return err
		})
		left := func() (count int) {
			do(func(tx *db.Tx) error { return tx.Row("SELECT count(*) FROM oidc_grants", nil, &count) })
			return count
		}
		sweep := func() (rounds int) {
			for more := true; more; rounds++ {
				do(func(tx *db.Tx) (err error) { more, err = Sweep(tx); return err })
			}
			return rounds
		}
		if sweep(); left() != 2*swept+11 {
			t.Errorf("%d are left at once", left())
		}
		generation := uint32(1)
		for range 4 { // used every 20 hours
			clock.Advance(20 * time.Hour)
			do(func(tx *db.Tx) error {
				g, found, err := rotate(tx, kept, "kit", generation)
				if generation = g.Generation; err == nil && !found {
					t.Error("the grant is gone")
				}
				return err
			})
		}
		if rounds := sweep(); rounds < 3 || left() != 1 {
			t.Errorf("after %d rounds %d are left", rounds, left())
		}
		clock.Advance(50 * time.Hour)
		if sweep(); left() != 0 {
			t.Errorf("%d are left in the end", left())
		}
	})
}
