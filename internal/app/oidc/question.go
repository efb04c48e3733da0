// The question of an app at the authorization endpoint: reading it, and what is wrong with it.
package oidc

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"woggle/internal/app"
)

// question is what has to be known of the app's question until it is answered.
type question struct {
	RedirectURI string        `json:"redirect_uri,omitempty"`
	Mode        string        `json:"mode,omitempty"` // response_mode, or empty: the query
	State       string        `json:"state,omitempty"`
	Nonce       string        `json:"nonce,omitempty"`
	Scope       []string      `json:"scope,omitempty"`
	Challenge   string        `json:"challenge,omitempty"`
	Claims      claimsRequest `json:"claims,omitzero"`
	ACR         []string      `json:"acr,omitempty"`      // wished for, the first most
	MustACR     []string      `json:"must_acr,omitempty"` // one of these, or no answer
	Device      string        `json:"device,omitempty"`   // id of a device that waits, instead of all of the above
}

// The errors of the endpoint that the library does not have (OpenID Connect Core section 3.1.2.6, RFC 6749 section 4.1.2.1).
const (
	unsupportedResponseType  = "unsupported_response_type"
	requestURINotSupported   = "request_uri_not_supported"
	registrationNotSupported = "registration_not_supported"
	consentRequired          = "consent_required"
	unmetRequirements        = "unmet_authentication_requirements" // OpenID Connect Core Error Code unmet_authentication_requirements 1.0
)

// Bounds of what has to be repeated to the app.
const (
	mostState = 4 << 10
	mostNonce = 512
)

// returnable reads what errors need to go back: how, and with which state. The redirect address is proven.
func returnable(params url.Values, redirect string) (q question, fault *oidc.Error) {
	q = question{RedirectURI: redirect, State: params.Get("state")}
	if len(q.State) > mostState {
		q.State = ""
		fault = oidc.ErrInvalidRequest().WithDescription("state is longer than %d characters", mostState)
	}
	switch mode := oidc.ResponseMode(params.Get("response_mode")); mode {
	case "", oidc.ResponseModeQuery:
	case oidc.ResponseModeFragment, oidc.ResponseModeFormPost:
		q.Mode = string(mode)
	default:
		fault = oidc.ErrInvalidRequest().WithDescription("response_mode is query, fragment or form_post")
	}
	for name, values := range params {
		if len(values) > 1 { // RFC 6749 section 3.1
			fault = oidc.ErrInvalidRequest().WithDescription("the parameter %.40q was sent twice", name)
		}
	}
	return q, fault
}

// read reads the rest of the question, and what it demands of the sign-in.
func (q *question) read(params url.Values, client *Client, now time.Time) (d app.Demand, fault *oidc.Error) {
	switch {
	case params.Get("request") != "":
		return d, oidc.ErrRequestNotSupported().WithDescription("request objects are not taken: send the parameters, or use /oidc/par")
	case params.Get("request_uri") != "":
		return d, &oidc.Error{ErrorType: requestURINotSupported, Description: "only a request_uri of /oidc/par is taken"}
	case params.Get("registration") != "":
		return d, &oidc.Error{ErrorType: registrationNotSupported}
	case params.Get("response_type") == "":
		return d, oidc.ErrInvalidRequest().WithDescription("response_type is missing")
	case params.Get("response_type") != string(oidc.ResponseTypeCode):
		return d, &oidc.Error{ErrorType: unsupportedResponseType, Description: "response_type is code"}
	case !client.Grant("authorization_code"):
		return d, oidc.ErrUnauthorizedClient().WithDescription("authorization_code is not among the client's grants")
	}
	if q.Scope = client.allow(words(params.Get("scope"))); len(q.Scope) == 0 {
		return d, oidc.ErrInvalidScope().WithDescription("none of the scopes is one that the client may have; openid is what asks for a sign-in")
	}
	if q.Nonce = params.Get("nonce"); len(q.Nonce) > mostNonce {
		return d, oidc.ErrInvalidRequest().WithDescription("nonce is longer than %d characters", mostNonce)
	}
	q.ACR = words(params.Get("acr_values"))
	if fault = q.readChallenge(params, client); fault != nil {
		return d, fault
	}
	if fault = q.readClaims(params.Get("claims"), client, &d); fault != nil {
		return d, fault
	}
	return d, readPrompt(params, now, &d)
}

// readChallenge takes S256 and nothing else: with plain, whoever reads the request has the verifier (RFC 9700 section 2.1.1,
// threat T59).
func (q *question) readChallenge(params url.Values, client *Client) *oidc.Error {
	challenge, method := params.Get("code_challenge"), params.Get("code_challenge_method")
	switch sum, err := base64.RawURLEncoding.Strict().DecodeString(challenge); {
	case challenge == "" && client.Public():
		return oidc.ErrInvalidRequest().WithDescription("code_challenge is missing: an app that cannot keep a secret needs PKCE (RFC 7636)")
	case challenge == "" && method == "":
		return nil
	case method != string(oidc.CodeChallengeMethodS256):
		return oidc.ErrInvalidRequest().WithDescription("code_challenge_method is S256")
	case err != nil || len(sum) != 32:
		return oidc.ErrInvalidRequest().WithDescription("code_challenge is not the SHA-256 of anything")
	}
	q.Challenge = challenge
	return nil
}

func readPrompt(params url.Values, now time.Time, d *app.Demand) *oidc.Error {
	prompts := words(params.Get("prompt"))
	for _, prompt := range prompts {
		switch prompt {
		case oidc.PromptNone:
			d.Passive = true
		case oidc.PromptLogin:
			d.Since = now
		case oidc.PromptConsent:
			d.Consent = true
		case oidc.PromptSelectAccount:
			d.Choose = true
		default:
			return oidc.ErrInvalidRequest().WithDescription("prompt is none, login, consent or select_account")
		}
	}
	if d.Passive && len(prompts) > 1 {
		return oidc.ErrInvalidRequest().WithDescription("prompt=none goes with no other prompt")
	}
	if text := params.Get("max_age"); text != "" {
		seconds, err := strconv.ParseUint(text, 10, 31)
		if err != nil {
			return oidc.ErrInvalidRequest().WithDescription("max_age is a number of seconds")
		}
		// auth_time is told in whole seconds; who signed in within this second has not signed in too long ago.
		if since := now.Add(-time.Duration(seconds) * time.Second); since.After(d.Since) {
			d.Since = since
		}
	}
	d.Hint = strings.TrimSpace(params.Get("login_hint"))
	if len(d.Hint) > 254 {
		d.Hint = ""
	}
	return nil
}

// The acr values (OpenID Connect Core section 2) are those of REFEDS, which say how many factors were proved.
const (
	acrMulti = "https://refeds.org/profile/mfa"
	acrOne   = "https://refeds.org/profile/sfa"
)

// acr is what the app is told of the level: what it wished for, if that is true, else what is true. It is not ok when one
// has to be reached that was not.
func (q *question) acr(multi bool) (value string, ok bool) {
	reached := []string{acrOne}
	if multi {
		reached = []string{acrMulti, acrOne}
	}
	if len(q.MustACR) > 0 {
		i := slices.IndexFunc(q.MustACR, func(v string) bool { return slices.Contains(reached, v) })
		if i < 0 {
			return "", false
		}
		return q.MustACR[i], true
	}
	for _, wish := range q.ACR {
		if slices.Contains(reached, wish) {
			return wish, true
		}
	}
	return reached[0], true
}
