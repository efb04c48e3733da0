// What a site is told of the person: headers, and the same as a signed assertion.
package forwardauth

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"woggle/internal/app"
	"woggle/internal/keys/signing"
	"woggle/internal/session"
)

// The headers. All of them stand in every answer that lets a request pass, if need be empty, so that a proxy which copies
// them leaves nothing of what the client has put there (threat T79). Each has one dash, which makes one spelling with an
// underscore for the operator to strip.
const (
	userHeader      = "Remote-User"
	nameHeader      = "Remote-Name"
	emailHeader     = "Remote-Email"
	groupsHeader    = "Remote-Groups"
	assertionHeader = "Woggle-Assertion"
)

// nobody is what is said of a request to an open path.
var nobody = http.Header{userHeader: {""}, nameHeader: {""}, emailHeader: {""}, groupsHeader: {""}, assertionHeader: {""}}

// who is somebody at a site.
type who struct {
	site    *site
	rule    *rule
	host    string
	visit   string
	session *session.Session
	profile app.Profile
	at      time.Time
}

// assertionLife bounds what a copy of an assertion is good for.
const assertionLife = time.Minute

// assertionType keeps an assertion from being taken for another token of ours (RFC 8725 section 3.11).
const assertionType = "woggle-assertion+jwt"

// assertion are the claims of an assertion, by their names in RFC 7519 and OpenID Connect Core section 5.1.
type assertion struct {
	Issuer   string           `json:"iss"`
	Audience string           `json:"aud"` // the origin of the site
	Subject  string           `json:"sub"`
	IssuedAt *jwt.NumericDate `json:"iat"`
	Expiry   *jwt.NumericDate `json:"exp"`
	Visit    string           `json:"sid"`
	AuthTime *jwt.NumericDate `json:"auth_time"`
	AMR      []string         `json:"amr"`
	Path     string           `json:"path"` // the prefix of the rule that was met: an assertion of an open lobby opens no vault
	Username string           `json:"preferred_username"`
	Name     string           `json:"name"`
	Email    string           `json:"email,omitempty"`
	Groups   []string         `json:"groups,omitempty"`
}

// errNameless says that somebody cannot be named in a header, so that the site would take them for nobody.
var errNameless = errors.New("the user name has signs that cannot stand in a header")

// told are the headers about somebody.
func (f *Forward) told(ctx context.Context, w who) (http.Header, error) {
	user := w.session.User
	name := inHeader(user.Username)
	if name == "" {
		return nil, errNameless
	}
	email := user.Email
	if strings.Count(email, "@") != 1 {
		email = "" // sites cut addresses at an @, each at another one
	}
	groups := make([]string, 0, len(w.profile.Groups))
	for _, g := range w.profile.Groups {
		if g = strings.ReplaceAll(inHeader(g), ",", "%2C"); g != "" {
			groups = append(groups, g)
		}
	}
	signed, err := f.sign(ctx, assertion{Issuer: f.Base.String(), Audience: f.address(w.host, ""), Subject: user.ID,
		IssuedAt: jwt.NewNumericDate(w.at), Expiry: jwt.NewNumericDate(w.at.Add(assertionLife)), Visit: w.visit,
		AuthTime: jwt.NewNumericDate(w.session.AuthAt), AMR: session.AMR(w.session.Proofs), Path: w.rule.prefix,
		Username: user.Username, Name: user.Name(), Email: email, Groups: w.profile.Groups})
	if err != nil {
		return nil, err
	}
	return http.Header{userHeader: {name}, nameHeader: {inHeader(user.Name())}, emailHeader: {inHeader(email)},
		groupsHeader: {strings.Join(groups, ",")}, assertionHeader: {signed}}, nil
}

// inHeader writes a value in visible ASCII and spaces: anything else, and the percent sign, byte by byte as in a URL
// (RFC 3986 section 2.1). One with a control character in it is not told at all: it was not put there by mistake.
func inHeader(value string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(value) {
		switch c := value[i]; {
		case c < ' ' || c == 0x7f:
			return ""
		case c > 0x7f || c == '%':
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		default:
			b.WriteByte(c)
		}
	}
	return strings.Trim(b.String(), " ")
}

func (f *Forward) sign(ctx context.Context, a assertion) (string, error) {
	key, err := f.Signing.Active(ctx, signing.Assertion, signing.ES256)
	if err != nil {
		return "", err
	}
	options := (&jose.SignerOptions{}).WithType(assertionType).WithHeader("kid", key.ID)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key.Private}, options)
	if err != nil {
		return "", err
	}
	return jwt.Signed(signer).Claims(a).Serialize()
}

// keys publishes what assertions are verified with (RFC 7517 section 5).
func (f *Forward) keys(w http.ResponseWriter, r *http.Request) {
	// The first key is made when it is first asked for, which a site may do before anybody has signed in.
	_, err := f.Signing.Active(r.Context(), signing.Assertion, signing.ES256)
	if err != nil {
		f.trouble(w, r, err)
		return
	}
	all, err := f.Signing.Published(r.Context(), signing.Assertion)
	if err != nil {
		f.trouble(w, r, err)
		return
	}
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, key := range all {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: key.Private.Public(), KeyID: key.ID, Algorithm: string(key.Alg), Use: "sig"})
	}
	header := w.Header()
	header.Set("Content-Type", "application/jwk-set+json")
	header.Set("Cache-Control", "public, max-age=300")
	json.NewEncoder(w).Encode(set)
}
