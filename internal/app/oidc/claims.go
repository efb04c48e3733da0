// Claims: what apps ask to be told of people, and what they are told.
package oidc

import (
	"encoding/json"
	"regexp"
	"slices"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"golang.org/x/text/language"

	"woggle/internal/app"
	"woggle/internal/directory"
)

// claimsRequest are the claims that an app asked for by name (OpenID Connect Core section 5.5).
type claimsRequest struct {
	UserInfo []string `json:"userinfo,omitempty"`
	IDToken  []string `json:"id_token,omitempty"`
}

// IsZero tells whether nothing was asked for.
func (c claimsRequest) IsZero() bool { return len(c.UserInfo) == 0 && len(c.IDToken) == 0 }

// askedClaim is one claim as it is asked for.
type askedClaim struct {
	Essential bool  `json:"essential"`
	Value     any   `json:"value"`
	Values    []any `json:"values"`
}

func (a *askedClaim) wants() (values []string) {
	if a == nil {
		return nil
	}
	for _, v := range append([]any{a.Value}, a.Values...) {
		if text, is := v.(string); is {
			values = append(values, text)
		}
	}
	return values
}

// Bounds of the parameter claims.
const (
	mostClaims    = 4 << 10 // characters
	mostClaimsFor = 50
)

// readClaims reads the parameter claims. Of values it heeds those that say who it has to be, and how it has to be proved.
func (q *question) readClaims(parameter string, client *Client, d *app.Demand) *oidc.Error {
	if parameter == "" {
		return nil
	}
	var asked struct {
		UserInfo map[string]*askedClaim `json:"userinfo"`
		IDToken  map[string]*askedClaim `json:"id_token"`
	}
	if len(parameter) > mostClaims || json.Unmarshal([]byte(parameter), &asked) != nil ||
		len(asked.UserInfo) > mostClaimsFor || len(asked.IDToken) > mostClaimsFor {
		return oidc.ErrInvalidRequest().WithDescription("claims is not JSON as of OpenID Connect Core section 5.5, or too long")
	}
	q.Claims = claimsRequest{UserInfo: client.names(asked.UserInfo), IDToken: client.names(asked.IDToken)}
	for _, subject := range [][]string{asked.UserInfo["sub"].wants(), asked.IDToken["sub"].wants()} {
		switch {
		case len(subject) == 0:
		case len(subject) > 1 || d.Subject != "" && d.Subject != subject[0]:
			return oidc.ErrInvalidRequest().WithDescription("claims asks for several people at once")
		default:
			d.Subject = subject[0]
		}
	}
	if acr := asked.IDToken["acr"]; acr != nil {
		if wants := acr.wants(); acr.Essential {
			q.MustACR = wants
		} else {
			q.ACR = append(q.ACR, wants...)
		}
	}
	return nil
}

// claimForm is what a claim can be called that we have: an id of a field, or a word of the standard.
var claimForm = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,60}$`)

// names are the claims that are asked for by name, as far as the client may have the scope that each belongs to: what its
// settings keep from it, it gets in no other way either (threat T62).
func (c *Client) names(asked map[string]*askedClaim) (all []string) {
	for name := range asked {
		if claimForm.MatchString(name) && slices.Contains(c.Scopes, scopeFor(name)) {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// The claims of the scopes (OpenID Connect Core section 5.4), as far as there is anything to tell. Details that the
// organisation asks its members for go by their ids; those that are no claim of another scope are part of the profile.
var scopeOf = map[string]string{
	"name": oidc.ScopeProfile, "given_name": oidc.ScopeProfile, "family_name": oidc.ScopeProfile, "preferred_username": oidc.ScopeProfile,
	"locale": oidc.ScopeProfile, "email": oidc.ScopeEmail, "phone_number": oidc.ScopePhone, "address": oidc.ScopeAddress, "groups": scopeGroups,
}

func scopeFor(claim string) string {
	if scope, known := scopeOf[claim]; known {
		return scope
	}
	return oidc.ScopeProfile
}

// reserved are names of claims that mean something else than a detail of a person.
var reserved = []string{"iss", "sub", "aud", "exp", "iat", "nbf", "jti", "auth_time", "nonce", "acr", "amr", "azp", "at_hash", "c_hash", "sid", "client_id",
	"scope", "act", "cnf", "events", "email_verified", "phone_number_verified", "active", "username", "token_type", "updated_at"}

// tell is what an app is told: the claims of the scopes, and those that it asked for by name. Whatever it asks, it is told no
// more of a person than its own entry allows (app.ProfileOf has seen to that).
func tell(user directory.User, profile app.Profile, scopes, asked []string) *oidc.UserInfo {
	info := &oidc.UserInfo{Subject: user.ID}
	told := func(claim string) bool {
		return slices.Contains(scopes, scopeFor(claim)) || slices.Contains(asked, claim)
	}
	if told("name") {
		info.Name = user.Name()
	}
	if told("given_name") {
		info.GivenName = user.GivenName
	}
	if told("family_name") {
		info.FamilyName = user.FamilyName
	}
	if told("preferred_username") {
		info.PreferredUsername = user.Username
	}
	if tag, err := language.Parse(user.Locale); err == nil && user.Locale != "" && told("locale") {
		info.Locale = oidc.NewLocale(tag)
	}
	// Nothing is said of email_verified: the organisation wrote the address down, and nobody proved to us that they read it.
	if told("email") {
		info.Email = user.Email
	}
	if len(profile.Groups) > 0 && told("groups") {
		info.AppendClaims("groups", profile.Groups)
	}
	for id, value := range profile.Values {
		switch {
		case slices.Contains(reserved, id) || !told(id):
		case id == "address":
			info.Address = &oidc.UserInfoAddress{Formatted: value}
		case id == "phone_number":
			info.PhoneNumber = value
		case scopeOf[id] == "": // the others are the account's own, and told above
			info.AppendClaims(id, value)
		}
	}
	return info
}

// profiled tells whether any of it needs more of the person than the account itself.
func profiled(a *app.App, scopes, asked []string) bool {
	return len(a.Tell) > 0 && (len(asked) > 0 || slices.ContainsFunc(scopes, func(s string) bool {
		return s == oidc.ScopeProfile || s == oidc.ScopePhone || s == oidc.ScopeAddress || s == scopeGroups
	}))
}
