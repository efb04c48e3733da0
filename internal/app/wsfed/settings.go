// What the file of apps says of a relying party.
package wsfed

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"woggle/internal/app"
)

// entra is Microsoft 365, and where it takes tokens.
const (
	entra      = "urn:federation:MicrosoftOnline"
	entraReply = "https://login.microsoftonline.com/login.srf"
)

// settings are [app.wsfed].
type settings struct {
	Realm   string            `json:"realm"`   // wtrealm, and the audience of tokens
	Replies texts             `json:"replies"` // where tokens may be sent; the first is for requests that name none
	NameID  string            `json:"name_id"` // which detail names the person: id, username or email
	Claims  map[string]string `json:"claims"`  // claim type -> detail
	Token   string            `json:"token"`   // "saml11" (the default) or "saml2"

	// Of Microsoft 365 only.
	Domains     map[string]string `json:"domains"`      // federated root domain -> its issuerUri
	UPN         string            `json:"upn"`          // the detail that is the user principal name
	ImmutableID string            `json:"immutable_id"` // the detail that is the immutable id
}

// texts is a list of texts, or a single one: at the command line one is no list.
type texts []string

// UnmarshalJSON reads either.
func (t *texts) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*t = texts{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(t))
}

// The details that need no field.
const (
	idDetail       = "id"
	usernameDetail = "username"
	emailDetail    = "email"
	nameDetail     = "name"
	groupsDetail   = "groups"
)

// naming are the details that can say who somebody is. A field cannot: people fill it in by themselves, so that whoever typed
// somebody else's number would be that person at the app.
var naming = []string{idDetail, usernameDetail, emailDetail}

// usual are the claims of an app whose settings name none, as Windows Identity Foundation names them.
var usual = map[string]string{
	"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name":         nameDetail,
	"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress": emailDetail,
	"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname":    "given_name",
	"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname":      "family_name",
	"http://schemas.microsoft.com/ws/2008/06/identity/claims/role":       groupsDetail,
}

// parse reads and checks settings. Names that it does not know are errors, because people mistype.
func parse(raw json.RawMessage) (*settings, error) {
	var s settings
	if err := app.ReadSettings(raw, &s); err != nil {
		return nil, err
	}
	s.fill()
	return &s, s.check()
}

// fill puts in what the settings leave out.
func (s *settings) fill() {
	fill := func(value *string, usual string) {
		if *value == "" {
			*value = usual
		}
	}
	fill(&s.Token, "saml11")
	if s.Realm == entra {
		if len(s.Replies) == 0 {
			s.Replies = texts{entraReply}
		}
		fill(&s.UPN, emailDetail)
		fill(&s.ImmutableID, idDetail)
		return
	}
	fill(&s.NameID, idDetail)
	if s.Claims == nil {
		s.Claims = usual
	}
}

func (s *settings) check() error {
	switch u, err := url.Parse(s.Realm); {
	case s.Realm == "":
		return errors.New("realm is missing: the app sends it as wtrealm, and it must be the very same, letter for letter")
	case err != nil || !u.IsAbs():
		return fmt.Errorf("realm %q is no URI, such as urn:sharepoint:portal or https://portal.example.org/", s.Realm)
	case len(s.Replies) == 0:
		return errors.New("replies is missing: the addresses to which the app may be answered")
	case s.Token != "saml11" && s.Token != "saml2":
		return fmt.Errorf("token is %q: it is saml11 or saml2", s.Token)
	}
	for _, reply := range s.Replies {
		if err := checkReply(reply); err != nil {
			return err
		}
	}
	for setting, detail := range map[string]string{"name_id": s.NameID, "upn": s.UPN, "immutable_id": s.ImmutableID} {
		if detail != "" && !slices.Contains(naming, detail) {
			return fmt.Errorf("%s is %q: write id, username or email; people can change other details by themselves, and would be whom they like", setting, detail)
		}
	}
	for claim := range s.Claims {
		if u, err := url.Parse(claim); err != nil || !u.IsAbs() || !strings.Contains(claim[:max(len(claim)-1, 0)], "/") || strings.HasSuffix(claim, "/") {
			return fmt.Errorf("claim %q is no address with a name at its end, such as http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name", claim)
		}
	}
	if s.Realm == entra {
		return s.checkEntra()
	}
	if len(s.Domains) > 0 || s.UPN != "" || s.ImmutableID != "" {
		return errors.New("domains, upn and immutable_id are for realm = \"" + entra + "\" only")
	}
	return nil
}

// checkReply wants https, or http of this very computer; nothing in it may be read in two ways.
func checkReply(reply string) error {
	u, err := url.Parse(reply)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Opaque != "" || strings.ContainsAny(reply, "\\ \t\r\n\"'<>#"):
		return fmt.Errorf("reply %q is no whole address of a page", reply)
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		return nil
	}
	return fmt.Errorf("reply %q must begin with https://", reply)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

var domainSyntax = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)

func (s *settings) checkEntra() error {
	if s.Token != "saml11" || len(s.Claims) > 0 || s.NameID != "" {
		return errors.New("leave out token, claims and name_id: Microsoft 365 takes SAML 1.1 with claims of its own")
	}
	var issuers []string
	for domain, issuer := range s.Domains {
		if !domainSyntax.MatchString(domain) {
			return fmt.Errorf("domain %q is no domain in small letters", domain)
		}
		if u, err := url.Parse(issuer); err != nil || !u.IsAbs() {
			return fmt.Errorf("the issuer of %s is %q, which is no URI", domain, issuer)
		}
		// Entra finds the domain by the issuer. Two that share one could speak for each other (threat T75).
		if slices.Contains(issuers, issuer) {
			return fmt.Errorf("two domains have the issuer %q: each needs its own", issuer)
		}
		issuers = append(issuers, issuer)
	}
	return nil
}

// issuer is the issuerUri of a UPN's domain: its own, or that of the root domain above it, which is the only one that
// carries a configuration at Microsoft.
func (s *settings) issuer(upn string) (string, bool) {
	name, domain, found := strings.Cut(strings.ToLower(upn), "@")
	if name == "" || strings.Contains(domain, "@") {
		return "", false
	}
	for found {
		if issuer, ok := s.Domains[domain]; ok {
			return issuer, true
		}
		_, domain, found = strings.Cut(domain, ".")
	}
	return "", false
}

// reply is where the answer goes: to the address that the request names if it is registered, letter for letter, and
// else to the first one. Nothing else is ever made of what a request says (threat T74).
func (s *settings) reply(wanted string) string {
	if slices.Contains(s.Replies, wanted) {
		return wanted
	}
	return s.Replies[0]
}

func of(a *app.App) *settings { return a.Parsed.(*settings) }
