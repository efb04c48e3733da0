// What Entra reads of us, and keeps for a day: who we are, and our keys.
package externalmfa

import (
	"crypto/rsa"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"slices"
	"strconv"

	"woggle/internal/keys/signing"
)

// The addresses, below the base address. The one of authorizing is registered in Entra, so it never changes.
const (
	issuerPath    = "/microsoft"
	DiscoveryPath = issuerPath + "/.well-known/openid-configuration" // the whole of it is typed into Entra
	AuthorizePath = issuerPath + "/authorize"
	KeysPath      = issuerPath + "/keys"
)

// metadata is our document (OpenID Connect Discovery 1.0 section 3). Only the implicit flow is used, so there is no token
// endpoint.
type metadata struct {
	Issuer         string   `json:"issuer"`
	Authorization  string   `json:"authorization_endpoint"`
	Keys           string   `json:"jwks_uri"`
	Scopes         []string `json:"scopes_supported"`
	ResponseTypes  []string `json:"response_types_supported"`
	ResponseModes  []string `json:"response_modes_supported"`
	GrantTypes     []string `json:"grant_types_supported"`
	ACRs           []string `json:"acr_values_supported"`
	AMRs           []string `json:"amr_values_supported"`
	SubjectTypes   []string `json:"subject_types_supported"`
	SigningAlgs    []string `json:"id_token_signing_alg_values_supported"`
	ClaimTypes     []string `json:"claim_types_supported"`
	Claims         []string `json:"claims_supported"`
	ClaimsWelcome  bool     `json:"claims_parameter_supported"`
	RequestWelcome bool     `json:"request_parameter_supported"`
	URIWelcome     bool     `json:"request_uri_parameter_supported"`
}

func (p *Provider) metadata() metadata {
	return metadata{Issuer: p.issuer(), Authorization: p.Base + AuthorizePath, Keys: p.Base + KeysPath, Scopes: []string{"openid"},
		ResponseTypes: []string{"id_token"}, ResponseModes: []string{"form_post"}, GrantTypes: []string{"implicit"}, ACRs: acrs,
		AMRs: slices.Sorted(maps.Keys(amrs)), SubjectTypes: []string{"public"}, SigningAlgs: []string{string(signing.RS256)},
		ClaimTypes: []string{"normal"}, Claims: []string{"iss", "sub", "aud", "nonce", "iat", "exp", "acr", "amr"}, ClaimsWelcome: true}
}

// issuer is compared character for character with the address that the document was read from.
func (p *Provider) issuer() string { return p.Base + issuerPath }

func (p *Provider) discovery(w http.ResponseWriter, r *http.Request) { p.document(w, r, p.metadata()) }

// jwk is one public key (RFC 7517 section 4). Entra wants the certificate as well.
type jwk struct {
	Type        string   `json:"kty"`
	Use         string   `json:"use"`
	ID          string   `json:"kid"`
	Alg         string   `json:"alg"`
	N           string   `json:"n"`
	E           string   `json:"e"`
	Certificate []string `json:"x5c"`
	Thumbprint  string   `json:"x5t"` // of the certificate, with SHA-1, as its definition wants it (RFC 7517 section 4.8)
}

func (p *Provider) keySet(w http.ResponseWriter, r *http.Request) {
	// The first key is made when it is first asked for, so that Entra finds one when the method is added.
	_, err := p.Signing.Active(r.Context(), signing.ExternalMFA, signing.RS256)
	var published []signing.Key
	if err == nil {
		published, err = p.Signing.Published(r.Context(), signing.ExternalMFA)
	}
	set := struct {
		Keys []jwk `json:"keys"`
	}{Keys: []jwk{}}
	for _, key := range published {
		if public, is := key.Private.Public().(*rsa.PublicKey); is && key.Alg == signing.RS256 {
			set.Keys = append(set.Keys, asJWK(key, public))
		}
	}
	if err != nil || len(set.Keys) == 0 {
		p.Log.Error("the signing keys cannot be read", "error", err)
		http.Error(w, "The keys cannot be read now.", http.StatusServiceUnavailable)
		return
	}
	p.document(w, r, set)
}

func asJWK(key signing.Key, public *rsa.PublicKey) jwk {
	thumbprint := sha1.Sum(key.Certificate.Raw)
	return jwk{Type: "RSA", Use: "sig", ID: key.ID, Alg: string(key.Alg), N: base64.RawURLEncoding.EncodeToString(public.N.Bytes()),
		E:           base64.RawURLEncoding.EncodeToString(big.NewInt(int64(public.E)).Bytes()),
		Certificate: []string{base64.StdEncoding.EncodeToString(key.Certificate.Raw)},
		Thumbprint:  base64.RawURLEncoding.EncodeToString(thumbprint[:])}
}

// document answers with JSON in one piece and says how long it is: Entra takes no chunks.
func (p *Provider) document(w http.ResponseWriter, r *http.Request, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Errorf("a document that is no JSON: %w", err)) // unreachable: strings and lists of them
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("Cache-Control", "public, max-age=300")
	if r.Method != http.MethodHead {
		w.Write(body)
	}
}
