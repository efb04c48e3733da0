// Tokens (RFC 7519): ours, signed with the application's key, and Vonage's, signed with the account's signature secret.

package vonage

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"strings"
	"time"
)

var encoding = base64.RawURLEncoding

// readKey reads the application's private key as the dashboard gives it: PEM, PKCS #8 or PKCS #1.
func readKey(text string) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("the private key is no PEM file: take the one that the application's page offers")
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if private, ok := key.(*rsa.PrivateKey); err == nil && ok {
		return private, nil
	}
	return nil, errors.New("the private key is not an RSA key")
}

// tokenLife is how long a token of ours is good: for one request.
const tokenLife = 2 * time.Minute

// newToken makes a token for one request (RS256).
func newToken(application string, key *rsa.PrivateKey, now time.Time) (string, error) {
	claims, err := json.Marshal(map[string]any{"application_id": application, "iat": now.Unix(), "exp": now.Add(tokenLife).Unix(), "jti": rand.Text()})
	if err != nil {
		return "", err
	}
	text := encoding.EncodeToString([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + encoding.EncodeToString(claims)
	hash := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, hash[:])
	return text + "." + encoding.EncodeToString(signature), err
}

// claims are what Vonage's tokens say.
type claims struct {
	IssuedAt    int64  `json:"iat"`
	PayloadHash string `json:"payload_hash"`
	APIKey      string `json:"api_key"`
	Application string `json:"application_id"`
}

// skew is how far clocks may be apart, and how old a request may be.
const skew = 5 * time.Minute

// checkToken tells whether the token is Vonage's, for this body and of now. The header is not asked which algorithm it
// likes: there is one.
func checkToken(token, secret string, body []byte, now time.Time) (c claims, ok bool) {
	part := strings.Split(token, ".")
	if len(part) != 3 || secret == "" {
		return c, false
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(part[0] + "." + part[1]))
	signature, err := encoding.DecodeString(part[2])
	if err != nil || !hmac.Equal(signature, mac.Sum(nil)) {
		return c, false
	}
	head, err := encoding.DecodeString(part[0])
	var header struct{ Alg string }
	if err != nil || json.Unmarshal(head, &header) != nil || header.Alg != "HS256" {
		return c, false
	}
	text, err := encoding.DecodeString(part[1])
	if err != nil || json.Unmarshal(text, &c) != nil {
		return c, false
	}
	hash := sha256.Sum256(body)
	if age := now.Sub(time.Unix(c.IssuedAt, 0)); age > skew || age < -skew || !strings.EqualFold(c.PayloadHash, hex.EncodeToString(hash[:])) {
		return c, false
	}
	return c, true
}
