// The answer: a token that Entra believes, or an error, posted by the browser.
package externalmfa

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"

	"woggle/internal/app"
	"woggle/internal/keys/signing"
)

const tokenLife = 5 * time.Minute

// claims are those of the token.
type claims struct {
	Issuer   string   `json:"iss"`
	Audience string   `json:"aud"`
	Subject  string   `json:"sub"` // that of the hint: Entra's own name for the person
	Nonce    string   `json:"nonce"`
	IssuedAt int64    `json:"iat"`
	Expires  int64    `json:"exp"`
	ACR      string   `json:"acr"`
	AMR      []string `json:"amr"` // exactly one
}

// sign makes the token. It must not be called within a transaction.
func (p *Provider) sign(ctx context.Context, a *asked, amr string, now time.Time) (string, error) {
	key, err := p.Signing.Active(ctx, signing.ExternalMFA, signing.RS256)
	if err != nil {
		return "", err
	}
	options := (&jose.SignerOptions{}).WithType("JWT")
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key.Private, KeyID: key.ID}}, options)
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(claims{Issuer: p.issuer(), Audience: a.ClientID, Subject: a.Hint.Subject, Nonce: a.Nonce,
		IssuedAt: now.Unix(), Expires: now.Add(tokenLife).Unix(), ACR: a.ACR, AMR: []string{amr}})
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(body)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

// post sends the browser back to Entra with the fields, and with the state, if there was one.
func (p *Provider) post(w http.ResponseWriter, r *http.Request, q question, fields ...app.Field) error {
	if q.State != "" {
		fields = append(fields, app.Field{Name: "state", Value: q.State})
	}
	return p.Desk.Post(w, r, microsoft, q.Redirect, fields)
}

func (p *Provider) refuse(w http.ResponseWriter, r *http.Request, q question, why *refusal) error {
	p.Log.Info("external MFA was refused", "error", why.Code, "because", why.Description, "client_request_id", q.Request)
	return p.post(w, r, q, app.Field{Name: "error", Value: why.Code}, app.Field{Name: "error_description", Value: why.Description})
}
