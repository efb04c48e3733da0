// What there is: the discovery document and the keys (OpenID Connect Discovery section 3, RFC 8414, RFC 7517).
package oidc

import (
	"crypto/x509"
	"net/http"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"golang.org/x/text/language"

	"woggle/internal/keys/signing"
)

// discovery has what the library's type lacks.
type discovery struct {
	oidc.DiscoveryConfiguration
	PushedAuthorizationRequestEndpoint         string   `json:"pushed_authorization_request_endpoint"`          // RFC 9126
	AuthorizationResponseIssParameterSupported bool     `json:"authorization_response_iss_parameter_supported"` // RFC 9207
	PromptValuesSupported                      []string `json:"prompt_values_supported"`                        // OpenID Connect Prompt Create 1.0
}

// discover answers the same whoever asks and by whatever name (threat T56).
func (p *Provider) discover(w http.ResponseWriter, _ *http.Request) error {
	secrets := []oidc.AuthMethod{oidc.AuthMethodBasic, oidc.AuthMethodPost, oidc.AuthMethodPrivateKeyJWT}
	all := append([]oidc.AuthMethod{oidc.AuthMethodNone}, secrets...)
	var uiLocales oidc.Locales
	for _, l := range p.Pages.Locales.All() {
		uiLocales = append(uiLocales, language.Make(l.Code))
	}
	claims := []string{"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "azp", "at_hash", "sid", "name", "given_name", "family_name",
		"preferred_username", "locale", "email", "phone_number", "address", "groups"}
	w.Header().Set("Cache-Control", "public, max-age=300")
	w.Header().Del("Pragma")
	return writeJSON(w, http.StatusOK, discovery{
		DiscoveryConfiguration: oidc.DiscoveryConfiguration{
			Issuer:                                             p.Base,
			AuthorizationEndpoint:                              p.Base + "/oidc/authorize",
			TokenEndpoint:                                      p.Base + "/oidc/token",
			UserinfoEndpoint:                                   p.Base + "/oidc/userinfo",
			IntrospectionEndpoint:                              p.Base + "/oidc/introspect",
			RevocationEndpoint:                                 p.Base + "/oidc/revoke",
			EndSessionEndpoint:                                 p.Base + "/oidc/logout",
			DeviceAuthorizationEndpoint:                        p.Base + "/oidc/device",
			JwksURI:                                            p.Base + "/oidc/keys",
			ScopesSupported:                                    append([]string{oidc.ScopeOfflineAccess}, standardScopes...),
			ResponseTypesSupported:                             []string{string(oidc.ResponseTypeCode)},
			ResponseModesSupported:                             []string{string(oidc.ResponseModeQuery), string(oidc.ResponseModeFragment), string(oidc.ResponseModeFormPost)},
			GrantTypesSupported:                                []oidc.GrantType{oidc.GrantTypeCode, oidc.GrantTypeRefreshToken, oidc.GrantTypeClientCredentials, oidc.GrantTypeDeviceCode},
			ACRValuesSupported:                                 []string{acrMulti, acrOne},
			SubjectTypesSupported:                              []string{"public"},
			IDTokenSigningAlgValuesSupported:                   []string{string(jose.RS256), string(jose.ES256)},
			TokenEndpointAuthMethodsSupported:                  all,
			TokenEndpointAuthSigningAlgValuesSupported:         assertionAlgs,
			RevocationEndpointAuthMethodsSupported:             all,
			RevocationEndpointAuthSigningAlgValuesSupported:    assertionAlgs,
			IntrospectionEndpointAuthMethodsSupported:          secrets,
			IntrospectionEndpointAuthSigningAlgValuesSupported: assertionAlgs,
			DisplayValuesSupported:                             []oidc.Display{oidc.DisplayPage},
			ClaimTypesSupported:                                []string{"normal"},
			ClaimsSupported:                                    claims,
			ClaimsParameterSupported:                           true,
			CodeChallengeMethodsSupported:                      []oidc.CodeChallengeMethod{oidc.CodeChallengeMethodS256},
			UILocalesSupported:                                 uiLocales,
			BackChannelLogoutSupported:                         true,
			BackChannelLogoutSessionSupported:                  true,
		},
		PushedAuthorizationRequestEndpoint:         p.Base + "/oidc/par",
		AuthorizationResponseIssParameterSupported: true,
		PromptValuesSupported:                      []string{oidc.PromptNone, oidc.PromptLogin, oidc.PromptConsent, oidc.PromptSelectAccount},
	})
}

// jwks shows the public keys: those that sign, those that will, those that did. Both kinds are made before the first app asks
// for them, so that none finds a token signed with a key that its copy does not have.
func (p *Provider) jwks(w http.ResponseWriter, r *http.Request) error {
	for _, alg := range []signing.Alg{signing.RS256, signing.ES256} {
		if _, err := p.Signing.Active(r.Context(), signing.OIDC, alg); err != nil {
			return err
		}
	}
	published, err := p.Signing.Published(r.Context(), signing.OIDC)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "public, max-age=3600") // a new key is shown for days before it signs
	w.Header().Del("Pragma")
	return writeJSON(w, http.StatusOK, jose.JSONWebKeySet{Keys: publicKeys(published)})
}

func certificates(key signing.Key) []*x509.Certificate {
	if key.Certificate == nil {
		return nil
	}
	return []*x509.Certificate{key.Certificate}
}
