// The token endpoint: client credentials, by certificate or secret.
package entra

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const tokenLife = time.Hour

// refuseToken answers as the token endpoint does: an error of RFC 6749, with a number of Microsoft's in its words.
func refuseToken(w http.ResponseWriter, status int, code string, number int, words string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]any{"error": code, "error_codes": []int{number},
		"error_description": fmt.Sprintf("AADSTS%d: %s Trace ID: 7f8a Correlation ID: 9b1c", number, words), "trace_id": "7f8a"})
}

func (e *Entra) token(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "application/x-www-form-urlencoded" || r.ParseForm() != nil || r.URL.RawQuery != "" {
		refuseToken(w, 400, "invalid_request", 900144, "The request body must contain the following parameter: 'grant_type'.")
		return
	}
	tenant := e.tenant(r.PathValue("tenant"))
	form := r.PostForm
	switch {
	case tenant == nil:
		refuseToken(w, 400, "invalid_request", 90002, "Tenant not found.")
		return
	case form.Get("grant_type") != "client_credentials":
		refuseToken(w, 400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
		return
	case form.Get("scope") != "https://graph.microsoft.com/.default":
		refuseToken(w, 400, "invalid_scope", 1002012, "The provided value for scope is not valid.")
		return
	}
	i := slices.IndexFunc(tenant.Apps, func(a *App) bool { return a.ID == form.Get("client_id") })
	if i < 0 {
		refuseToken(w, 400, "unauthorized_client", 700016, "Application was not found in the directory.")
		return
	}
	app := tenant.Apps[i]
	if form.Has("client_assertion") {
		if number, words := e.proof(app, r); number != 0 {
			refuseToken(w, 401, "invalid_client", number, words)
			return
		}
	} else if !slices.Contains(app.Secrets, form.Get("client_secret")) || form.Get("client_secret") == "" {
		refuseToken(w, 401, "invalid_client", 7000215, "Invalid client secret provided.")
		return
	}
	token := rand.Text()
	e.tokens[token] = grant{tenant, app, e.now().Add(tokenLife)}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	json.NewEncoder(w).Encode(map[string]any{"token_type": "Bearer", "expires_in": int(tokenLife.Seconds()), "access_token": token})
}

// proof tells what is wrong with the assertion: a number of Microsoft's, 0 for nothing.
func (e *Entra) proof(app *App, r *http.Request) (int, string) {
	if r.PostForm.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
		return 50027, "JWT token is invalid or malformed."
	}
	signed, err := jose.ParseSignedCompact(r.PostForm.Get("client_assertion"), []jose.SignatureAlgorithm{jose.PS256, jose.RS256})
	if err != nil || len(signed.Signatures) != 1 {
		return 50027, "JWT token is invalid or malformed."
	}
	header := signed.Signatures[0].Protected
	print, _ := header.ExtraHeaders["x5t#S256"].(string)
	if header.ExtraHeaders["typ"] != "JWT" || print == "" {
		return 50027, "JWT token is invalid or malformed: no certificate is named."
	}
	i := slices.IndexFunc(app.Certificates, func(c *x509.Certificate) bool {
		sum := sha256.Sum256(c.Raw)
		return base64.RawURLEncoding.EncodeToString(sum[:]) == print
	})
	if i < 0 {
		return 700027, "The certificate with identifier used to sign the client assertion is not registered on application."
	}
	if now := e.now(); now.After(app.Certificates[i].NotAfter) {
		return 700027, "Client assertion failed signature validation: the key was expired."
	}
	payload, err := signed.Verify(app.Certificates[i].PublicKey)
	if err != nil {
		return 700027, "Client assertion failed signature validation."
	}
	var claims struct {
		Aud, Iss, Sub, Jti string
		Nbf, Exp           int64
	}
	if json.Unmarshal(payload, &claims) != nil || claims.Jti == "" {
		return 50027, "JWT token is invalid or malformed."
	}
	now := e.now().Unix()
	switch {
	case claims.Iss != app.ID || claims.Sub != app.ID:
		return 700021, "Client assertion application identifier doesn't match 'client_id' parameter."
	case !strings.EqualFold(claims.Aud, e.URL+r.URL.Path):
		return 700023, "Client assertion audience claim does not match Realm issuer."
	case claims.Exp < now-300 || claims.Nbf > now+300 || claims.Exp > now+24*3600:
		return 700024, "Client assertion is not within its valid time range."
	case e.proofs[claims.Jti]:
		return 700024, "Client assertion was used before."
	}
	e.proofs[claims.Jti] = true
	return 0, ""
}
